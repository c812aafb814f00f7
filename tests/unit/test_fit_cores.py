"""Which cores compute: the fast ones only, where a processor has two kinds and the system tells."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import psutil
import pytest

from mistral_desk.fit import cores

if TYPE_CHECKING:
    from pathlib import Path


def cpus(folder: Path, siblings: dict[int, str], capacities: dict[int, int] | None = None) -> Path:
    """A folder like Linux's: for each processor which others are of the same core, and how fast it is."""
    for number, row in siblings.items():
        place = folder / f"cpu{number}" / "topology"
        place.mkdir(parents=True)
        (place / "thread_siblings_list").write_text(f"{row}\n", encoding="ascii")
        if capacities:
            (place.parent / "cpu_capacity").write_text(f"{capacities[number]}\n", encoding="ascii")
    return folder


def test_two_processors_of_a_fast_intel_core_are_one_core(tmp_path: Path) -> None:
    place = cpus(tmp_path, {0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3", 4: "4", 5: "5"})
    listed = tmp_path / "cpus"
    listed.write_text("0-3\n", encoding="ascii")
    assert cores.intel(listed, place) == 2
    listed.write_text("0-1,4\n", encoding="ascii")
    assert cores.intel(listed, place) == 2
    listed.write_text("none\n", encoding="ascii")
    assert cores.intel(listed, place) is None
    assert cores.intel(tmp_path / "missing", place) is None


@pytest.mark.parametrize(
    ("capacities", "fast"),
    [([1024, 1024, 446, 446], 2), ([1024, 900, 446, 446], 2), ([1024] * 4, None), ([0] * 4, None)],
)
def test_arm_s_slow_cores_are_left_out(tmp_path: Path, capacities: list[int], fast: int | None) -> None:
    rows = {number: str(number) for number in range(4)}
    assert cores.arm(cpus(tmp_path, rows, dict(enumerate(capacities)))) == fast
    assert cores.arm(tmp_path / "nothing") is None


@pytest.mark.parametrize("harm", ["cpu_capacity", "topology/thread_siblings_list"])
def test_what_of_arm_s_cores_cannot_be_read_tells_nothing(tmp_path: Path, harm: str) -> None:
    place = cpus(tmp_path, {0: "0", 1: "1"}, {0: 1024, 1: 446})
    assert cores.arm(place) == 1
    file = place / "cpu1" / harm
    file.write_bytes(b"fast\xff")
    assert cores.arm(place) is None
    file.unlink()
    assert cores.arm(place) is None


def record(kind: int, relation: int = 0, size: int = 48) -> bytes:
    return struct.pack("<IIBB", relation, size, 1, kind).ljust(size, b"\0")


def test_windows_counts_the_cores_of_the_highest_class() -> None:
    assert cores.windows(record(1) * 6 + record(0) * 8) == 6
    assert cores.windows(record(0) * 8) == 8
    assert cores.windows(record(0) * 2 + record(9, relation=2)) == 2
    assert cores.windows(b"") is None
    assert cores.windows(record(1)[:6]) is None
    assert cores.windows(struct.pack("<IIBB", 0, 0, 0, 0) * 3) is None, "a record without a length never ends"


def test_this_computer_has_no_more_than_its_cores() -> None:
    assert 1 <= cores.cores() <= (psutil.cpu_count() or 1)
