"""A computer as data: described, put together from reports, measured; nonsense is refused, guesses are marked."""

from __future__ import annotations

import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.core.errors import DeskError
from mistral_desk.fit import detect, disk, measure
from mistral_desk.fit.core_rates import CoreRates
from mistral_desk.fit.machine import (
    UNIFIED_GBPS,
    GpuReport,
    as_description,
    described,
    from_fields,
    gpus_of,
    known_speed,
    once,
)
from mistral_desk.fit.measure import Measured

if TYPE_CHECKING:
    from pathlib import Path

FULL: dict[str, Any] = {
    "cores": 8,
    "ram_gb": 96,
    "ram_available_gb": 90,
    "ram_gbps": 60,
    "ssd_gbps": 3.5,
    "ssd_random_gbps": 0.7,
    "unified": False,
    "gpus": [
        {
            "name": "a card",
            "vram_gb": 8,
            "vram_available_gb": 7.4,
            "gbps": 272,
            "pcie_gbps": 12,
            "integrated": False,
        }
    ],
    "core_gbps": {"Q8_0": 12.5, "Q4_K": 9.0},
    "core_gflops": {"Q4_K": 40.0},
}
GIB = 1 << 30


def test_a_full_description_is_taken_as_it_is_and_given_back() -> None:
    machine = described(msgspec.json.encode(FULL))
    assert machine.estimated == ()
    assert machine.gpus[0].estimated == ()
    assert machine.memory == 96 * 10**9
    assert machine.gpus[0].free == 7_400_000_000
    assert as_description(machine) == FULL


def test_what_a_description_leaves_out_is_estimated_and_marked() -> None:
    machine = from_fields({"ram_gb": 16, "gpus": [{"name": "NVIDIA GeForce RTX 3090", "vram_gb": 24}]})
    assert {"cores", "ram_available_gb", "ram_gbps", "ssd_gbps", "ssd_random_gbps", "core_gbps"} == set(
        machine.estimated
    )
    assert set(machine.gpus[0].estimated) == {"vram_available_gb", "gbps", "pcie_gbps"}
    assert machine.gpus[0].gbps == 936
    assert 0 < machine.available < machine.memory
    assert machine.ssd_random_gbps < machine.ssd_gbps


def test_a_unified_computer_has_a_gpu_with_a_share_of_the_memory() -> None:
    small, large = from_fields({"ram_gb": 32, "unified": True}), from_fields({"ram_gb": 128, "unified": True})
    assert small.gpus[0].shared
    assert large.gpus[0].shared
    assert "pcie_gbps" not in small.gpus[0].estimated, "nothing is copied to it"
    assert small.gpus[0].memory < 0.7 * small.memory
    assert 0.7 * large.memory < large.gpus[0].memory < 0.8 * large.memory
    by_hand = from_fields({"ram_gb": 32, "gpus": [{"name": "Radeon 780M", "integrated": True}]})
    assert (by_hand.gpus[0].memory, "vram_gb" in by_hand.gpus[0].estimated) == (small.gpus[0].memory, True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[]",
        "null",
        '"big"',
        "{} {}",
        '{"ram": 8}',
        '{"cores": 0}',
        '{"cores": "eight"}',
        '{"cores": true}',
        '{"ram_gb": -1}',
        '{"ram_gb": 1e300}',
        '{"ram_gb": NaN}',
        '{"ram_gbps": 0}',
        '{"unified": "yes"}',
        '{"core_gbps": 9}',
        '{"core_gbps": {"Q8_0": 0}}',
        '{"core_gbps": {"Q8_0": NaN}}',
        '{"core_gbps": {"a format": 5}}',
        '{"gpus": {}}',
        '{"gpus": [8]}',
        '{"gpus": [{}]}',
        '{"gpus": [{"vram_gb": -8}]}',
        '{"gpus": [{"vram_gb": 8, "gbps": null, "speed": 3}]}',
    ],
)
def test_a_description_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(DeskError) as caught:
        described(text)
    assert caught.value.problem.id == "machine.description"
    assert caught.value.problem.params["reason"]


ANYTHING = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=5),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.sampled_from([*FULL, "vram_gb"]), inner),
    max_leaves=12,
)


@given(ANYTHING)
def test_any_description_is_a_machine_or_refused(raw: object) -> None:
    try:
        machine = from_fields(raw)
    except DeskError:
        return
    assert 0 <= machine.available <= machine.memory
    assert machine.cores >= 1
    assert min(machine.gbps, machine.ssd_gbps, machine.ssd_random_gbps) > 0
    assert all(0 <= gpu.free <= gpu.memory and gpu.gbps > 0 for gpu in machine.gpus)


def report(kind: Any, free: int, total: int, name: str = "NVIDIA GeForce RTX 4060 Laptop GPU") -> GpuReport:
    return GpuReport("dev0", name, kind, free, total)


def test_only_graphics_devices_count_and_none_has_more_free_than_there_is() -> None:
    reports = (report("cpu", GIB, GIB), report("gpu", 10 * GIB, 8 * GIB), report("integrated", 99 * GIB, 99 * GIB))
    card, small = gpus_of(reports, 16 * GIB, 12 * GIB, 50.0)
    assert (card.memory, card.free, card.gbps) == (8 * GIB, 8 * GIB, 256)
    assert (small.memory, small.free, small.shared) == (16 * GIB, 12 * GIB, True)


def test_a_card_under_two_interfaces_is_one_and_two_alike_are_two() -> None:
    names = [("CUDA0", "RTX 3090"), ("CUDA1", "RTX 3090"), ("Vulkan0", "RTX 3090 (driver)"), ("Vulkan1", "Arc A770")]
    assert once(names) == [True, True, False, True]
    reports = tuple(GpuReport(name, described_as, "gpu", GIB, 8 * GIB) for name, described_as in names)
    assert [gpu.name for gpu in gpus_of(reports, 16 * GIB, 12 * GIB, 50.0)] == ["RTX 3090", "RTX 3090", "Arc A770"]


def test_what_was_measured_of_a_card_counts_and_is_no_estimate() -> None:
    (card,) = gpus_of((GpuReport("GPU0", "a new card", "gpu", GIB, 8 * GIB, 270.0, 10.8, True),), 16 * GIB, GIB, 50.0)
    assert (round(card.gbps), round(card.pcie_gbps), card.estimated) == (300, 12, ())
    (card,) = gpus_of((GpuReport("GPU0", "RTX 3090", "gpu", GIB, 8 * GIB, 700.0, 5.5),), 16 * GIB, GIB, 50.0)
    assert (card.gbps, round(card.pcie_gbps)) == (936, 10), "a known card's speed is its maker's"
    (card,) = gpus_of((GpuReport("GPU0", "a new card", "gpu", GIB, 8 * GIB),), 16 * GIB, GIB, 50.0)
    assert card.estimated == ("gbps", "pcie_gbps")


def test_the_longest_name_of_a_known_card_counts() -> None:
    assert known_speed("NVIDIA GeForce RTX 4070 Ti SUPER") == 672
    assert known_speed("NVIDIA GeForce RTX 4070") == 504
    assert known_speed("AMD Radeon RX 7900 XTX (RADV NAVI31)") == 960
    assert known_speed("llvmpipe") is None


def test_this_computer_is_a_machine() -> None:
    machine = detect.this_machine((), Measured(ram_gbps=30.0))
    assert machine.cores >= 1
    assert 0 < machine.available <= machine.memory
    assert machine.gbps == 30.0
    assert set(machine.estimated) == {"ssd_gbps", "ssd_random_gbps", "core_gbps"}
    processor = GpuReport("CPU", "a processor", "cpu", GIB, GIB, core=CoreRates((("Q8_0", 7.5),)))
    machine = detect.this_machine((processor,), Measured(ram_gbps=30.0))
    assert (machine.core.gbps, "core_gbps" in machine.estimated) == ((("Q8_0", 7.5),), False)


def test_what_was_measured_of_the_disk_is_no_estimate_and_random_reads_are_never_the_faster_ones() -> None:
    machine = detect.this_machine((), Measured(30.0, 0.4, 3.0))
    assert (machine.ssd_gbps, machine.ssd_random_gbps, machine.estimated) == (3.0, 0.4, ("core_gbps",))
    assert detect.this_machine((), Measured(30.0, 9.0, 3.0)).ssd_random_gbps == 3.0


def test_on_apple_s_processors_a_gpu_shares_the_memory_and_its_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "sys", SimpleNamespace(platform="darwin"))
    monkeypatch.setattr(detect, "platform", SimpleNamespace(machine=lambda: "arm64"))
    reports = (GpuReport("MTL0", "Apple M4 Max", "gpu", 20 * GIB, 24 * GIB, 400.0),)
    machine = detect.this_machine(reports, Measured(ram_gbps=110.0))
    (card,) = machine.gpus
    assert (machine.unified, card.shared, card.integrated) == (True, True, True)
    assert card.pcie_gbps == card.gbps, "nothing is copied to it"
    assert machine.gbps == max(110.0, *(gpu.gbps for gpu in machine.gpus if "gbps" not in gpu.estimated))
    assert detect.this_machine().gbps == UNIFIED_GBPS


def test_memory_moves_at_a_speed_that_can_be(monkeypatch: pytest.MonkeyPatch) -> None:
    speed = measure.memory(0.03)
    assert speed is not None
    assert 0.1 < speed < 5000
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=64 << 20))
    assert measure.memory(0.03) is None, "measuring would take what is left"


def test_a_large_file_is_read_in_order_and_at_random(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LEAST_FILE", 1 << 20)
    assert disk.disk(tmp_path) == (None, None)
    (tmp_path / "für alle").mkdir()
    (tmp_path / "für alle" / "model.gguf").write_bytes(bytes(range(256)) * (8 << 12))
    streamed, scattered = disk.disk(tmp_path, 0.05)
    for speed in (streamed, scattered):
        assert speed is None or 0 < speed < 12
    assert disk.disk(tmp_path, 0.0) == (None, None), "no time, no speed"


def test_a_file_that_ends_before_an_expert_would_has_no_random_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "LEAST_FILE", 1)
    (tmp_path / "model.gguf").write_bytes(bytes(disk.RUN - 1))
    assert disk.disk(tmp_path, 60.0)[1] is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a file that is there and cannot be read")
def test_a_disk_that_fails_has_no_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LEAST_FILE", 0)
    (tmp_path / "model.gguf").symlink_to("/proc/self/mem")
    assert disk.disk(tmp_path, 0.05) == (None, None)


def test_a_folder_that_cannot_be_looked_through_has_no_large_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_folder: Path, _pattern: str) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pathlib.Path.rglob", fails)
    assert disk.disk(tmp_path) == (None, None)


def test_of_a_file_that_one_may_not_write_the_system_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "model.gguf").write_bytes(bytes(1 << 20))
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert disk.cached(tmp_path / "model.gguf") == 0.0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be told to forget a file")
def test_how_much_of_a_model_the_system_holds(tmp_path: Path) -> None:
    whole = tmp_path / "model.gguf"
    whole.write_bytes(bytes(4 << 20))
    assert disk.cached(whole) == 1.0, "it has just been written"
    half = [tmp_path / f"two-0000{number}-of-00002.gguf" for number in (1, 2)]
    for part in half:
        part.write_bytes(bytes(4 << 20))
    with half[1].open("rb+") as stream:
        os.fsync(stream.fileno())
        os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    assert disk.parts(half[0]) == disk.parts(half[1]) == tuple(half)
    if disk.cached(half[1]) == 1.0:
        pytest.skip("this file system keeps its files in memory")
    assert disk.cached(half[0]) == disk.cached(half[1]) == 0.5, "looking reads nothing"
    assert disk.cached(tmp_path / "missing.gguf") == 0.0


def test_measurements_are_kept_and_made_again_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = iter([10.0, 20.0, 30.0, 40.0])
    monkeypatch.setattr(measure, "memory", lambda: next(speeds))
    monkeypatch.setattr(psutil, "cpu_percent", lambda _s: 0.0)
    assert measure.measured(tmp_path / "cache", tmp_path).ram_gbps == 10.0
    assert measure.measured(tmp_path / "cache", tmp_path).ram_gbps == 10.0
    assert measure.measured(tmp_path / "cache", tmp_path, again=True).ram_gbps == 20.0
    (tmp_path / "cache" / "machine.json").write_bytes(b"{")
    assert measure.measured(tmp_path / "cache", tmp_path).ram_gbps == 30.0


def test_what_a_busy_computer_measured_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = iter([10.0, 20.0])
    monkeypatch.setattr(measure, "memory", lambda: next(speeds))
    monkeypatch.setattr(psutil, "cpu_percent", lambda _s: 95.0)
    assert [measure.measured(tmp_path, tmp_path).ram_gbps for _ in range(2)] == [10.0, 20.0]


def test_a_cache_that_cannot_be_written_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "memory", lambda: 10.0)
    (tmp_path / "file").write_bytes(b"")
    assert measure.measured(tmp_path / "file" / "cache", tmp_path).ram_gbps == 10.0
