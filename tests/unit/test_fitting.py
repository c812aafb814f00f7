"""This computer's own fit, without a model: measured once, wishes kept, plans that never wait."""

from __future__ import annotations

import asyncio
import shutil
import sys
import threading
from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import Folders, folders
from mistral_desk.fit import measure
from mistral_desk.fit.measure import Measured
from mistral_desk.fit.plan import Wishes
from mistral_desk.fit.runs import Record, Seen
from mistral_desk.fit.speed import Range
from mistral_desk.inference import model_file
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.fitting import Fitting, door, shelf, wish_file
from tests.fixtures import fake_worker
from tests.fixtures.engines import problem_of, run
from tests.fixtures.machines import pc

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.fit.machine import Machine
    from tests.fixtures.small_models import SmallModels

MISSING = [sys.executable, "-c", "raise SystemExit(3)"]


@pytest.fixture
def places(home: Path) -> Folders:
    return folders(str(home)).ensure()


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Counts measurements, which are made up."""
    made: list[str] = []

    def memory() -> float:
        made.append(threading.current_thread().name)
        return 25.0

    monkeypatch.setattr(measure, "memory", memory)
    monkeypatch.setattr("mistral_desk.fit.measure.psutil.cpu_percent", lambda _seconds: 0.0)
    return made


def small(monkeypatch: pytest.MonkeyPatch, ram: float) -> None:
    """From now on this computer has so little memory (10⁹ bytes), and every file is worth a warning."""
    monkeypatch.setattr(door, "CAREFUL", 0)

    def there(_devices: object, _measured: object) -> Machine:
        return pc(ram)

    monkeypatch.setattr("mistral_desk.fit.detect.this_machine", there)


def test_what_can_be_told_at_once_is_told_before_anything_is_measured(
    places: Folders, tmp_path: Path, measured: list[str]
) -> None:
    async def test() -> None:
        fitting = Fitting(places, command=fake_worker.command(tmp_path, fake_worker.answering("")))
        expected = await fitting.expected()
        assert measured == []
        assert {one.variant.model for one in expected} == {one.variant.model for one in await fitting.ranking()}
        assert len(measured) == 1
        assert await fitting.expected() == (), "all is known: the ranking itself waits for nothing"
        await fitting.close()

    run(test())


def test_who_asks_meanwhile_shares_one_measuring(places: Folders, tmp_path: Path, measured: list[str]) -> None:
    async def test() -> None:
        fitting = Fitting(places, command=fake_worker.command(tmp_path, fake_worker.answering("")))
        found = await asyncio.gather(*(fitting.machine() for _ in range(5)))
        assert len(measured) == 1
        assert measured[0] != threading.main_thread().name
        assert {machine.gbps for machine in found} == {25.0}
        assert (await fitting.machine()).gbps == 25.0
        assert len(measured) == 1
        await fitting.machine(again=True)
        assert len(measured) == 2
        another = Fitting(places, command=MISSING)
        assert (await another.machine()).gbps == 25.0, "what was measured, and the devices, are kept for the next start"
        assert len(measured) == 2
        await fitting.close()

    run(test())


def test_who_asks_in_the_middle_of_a_measuring_waits_for_that_one(
    places: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, made = threading.Event(), threading.Event(), list[float]()

    def memory() -> float:
        made.append(25.0)
        begun.set()
        go_on.wait()
        return 25.0

    monkeypatch.setattr(measure, "memory", memory)

    async def test() -> None:
        fitting = Fitting(places, command=fake_worker.command(tmp_path, fake_worker.answering("")))
        first = asyncio.create_task(fitting.machine())
        await asyncio.to_thread(begun.wait)
        second, again = (asyncio.create_task(fitting.machine(again=again)) for again in (False, True))
        await asyncio.sleep(0)
        go_on.set()
        assert (await first).gbps == (await second).gbps == (await again).gbps == 25.0
        assert made == [25.0]
        await fitting.close()

    run(test())


def test_one_who_leaves_does_not_end_the_measuring_of_others(
    places: Folders, tmp_path: Path, measured: list[str]
) -> None:
    async def test() -> None:
        fitting = Fitting(places, command=fake_worker.command(tmp_path, fake_worker.answering("")))
        first, second = (asyncio.create_task(fitting.machine()) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).gbps == 25.0
        assert len(measured) == 1
        await fitting.close()

    run(test())


@pytest.mark.usefixtures("measured")
def test_without_an_engine_there_is_a_machine_without_devices(places: Folders) -> None:
    async def test() -> None:
        fitting = Fitting(places, command=MISSING)
        machine = await fitting.machine()
        assert machine.gpus == ()
        assert machine.cores >= 1

    run(test())


def test_eyes_that_lie_elsewhere_are_counted(places: Folders, tmp_path: Path, small_models: SmallModels) -> None:
    """As in Ollama's folder, where the engine finds them by no name."""
    path, eyes = tmp_path / "sha256-1", tmp_path / "sha256-2"
    shutil.copy(small_models["mistral4"], path)
    shutil.copy(small_models["projector"], eyes)

    async def test() -> None:
        fitting = Fitting(places, command=fake_worker.command(tmp_path, fake_worker.answering("")))
        blind, seeing = await fitting.variant(path), await fitting.variant(path, projector=str(eyes))
        assert (blind.shape.projector, seeing.shape.projector) == (0, eyes.stat().st_size)
        assert (await problem_of(fitting.variant(path, projector=str(path))))[0] == "projector.not_one"

    run(test())


def test_wishes_are_kept_by_file_and_change_the_verdict(
    places: Folders, tmp_path: Path, small_models: SmallModels, measured: list[str]
) -> None:
    async def test() -> None:
        fitting = Fitting(places, command=fake_worker.command(tmp_path, fake_worker.answering("")))
        path = small_models["dense"]
        key = await fitting.key(path)
        assert key == f"dense.gguf:{path.stat().st_size}"
        assert fitting.wishes(key) == Wishes()
        before = await fitting.variant(path)
        await fitting.set_wishes(key, Wishes(context=512))
        assert (await fitting.variant(path)).plan.context == 512 != before.plan.context
        again = Fitting(places, command=MISSING)
        assert (again.wishes(key), again.notices) == (Wishes(context=512), ())
        assert "-c 512" in await again.server_command(path)
        await again.set_wishes(key, None)
        assert Fitting(places).wishes(key) == Wishes()
        assert measured

    run(test())


@pytest.mark.parametrize("content", [b"", b"{", b"null", b'{"wishes": 3}', b"\xff\xff", b"[" * 100_000])
def test_damaged_wishes_are_set_aside_and_told(places: Folders, content: bytes) -> None:
    path = places.data / wish_file.FILE
    path.write_bytes(content)
    fitting = Fitting(places)
    (notice,) = fitting.notices
    assert notice.id == "settings.damaged"
    (aside,) = places.data.glob("model-wishes-damaged-*")
    assert aside.read_bytes() == content
    assert notice.params == {"aside": str(aside)}
    assert fitting.wishes("a:1") == Wishes()
    assert Fitting(places).notices == ()


def test_one_wish_that_makes_no_sense_does_not_cost_the_others(places: Folders) -> None:
    (places.data / wish_file.FILE).write_text(
        '{"wishes": {"a:1": {"context": "many"}, "b:2": {"context": 512, "of a later version": 1}}}', encoding="utf-8"
    )
    fitting = Fitting(places)
    assert fitting.notices == ()
    assert (fitting.wishes("a:1"), fitting.wishes("b:2")) == (Wishes(), Wishes(context=512))


def test_wishes_that_cannot_be_written_hold_for_this_run(places: Folders) -> None:
    async def test() -> None:
        fitting = Fitting(places)
        (places.data / wish_file.FILE).mkdir()
        problem, params, _ = await problem_of(fitting.set_wishes("a:1", Wishes(context=512)))
        assert problem == "settings.not_saved"
        assert params["path"] == str(places.data / wish_file.FILE)
        assert fitting.wishes("a:1") == Wishes(context=512)

    run(test())


def test_a_plan_decides_what_loading_needs(
    places: Folders, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        monkeypatch.setattr(measure, "memory", pytest.fail)
        fitting = Fitting(places, command=MISSING)
        path = small_models["mistral4"]
        prepared = await fitting.prepare(ModelSpec(str(path)))
        spec = prepared.spec
        assert prepared.made
        assert (spec.path, spec.gpu_layers, spec.projector) == (str(path), 0, None)
        assert spec.placement
        assert (spec.context, spec.threads) == (spec.placement.context, spec.placement.threads)
        assert spec.expected
        assert 0 < spec.expected.low < spec.expected.mid
        asked = await fitting.prepare(ModelSpec(str(path), context=700, threads=1))
        assert (asked.spec.context, asked.spec.threads) == (700, 1)
        await fitting.set_wishes(asked.key, Wishes(context=600))
        by_hand = await fitting.prepare(ModelSpec(str(path), context=700, threads=1))
        assert (by_hand.spec.context, by_hand.spec.threads) == (600, 1), (
            "by hand goes before the settings for all models"
        )

    run(test())


@pytest.mark.parametrize("content", [None, b"", b"GGUF", b"no model at all" * 100])
def test_what_is_wrong_with_a_file_is_left_to_loading_it(
    places: Folders, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "kaputt.gguf"
    if content is not None:
        path.write_bytes(content)

    async def test() -> None:
        asked = ModelSpec(str(path), 512)
        prepared = await Fitting(places, command=MISSING).prepare(asked)
        assert (prepared.spec, prepared.made) == (asked, None)

    run(test())


def test_a_file_is_read_once_as_long_as_it_stays_as_it_is(
    places: Folders, small_models: SmallModels, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(small_models["dense"].read_bytes())

    async def test() -> None:
        fitting = Fitting(places, command=MISSING)
        monkeypatch.setattr("mistral_desk.fit.detect.this_machine", lambda _devices, _measured: pc(32))
        first = await fitting.prepare(ModelSpec(str(path)))
        inspect = model_file.inspect
        read: list[Path] = []

        def counted(file: Path) -> model_file.ModelFile:
            read.append(file)
            return inspect(file)

        monkeypatch.setattr(model_file, "inspect", counted)
        again = await fitting.prepare(ModelSpec(str(path)))
        assert (again.key, read) == (first.key, [])
        started_anew = await Fitting(places, command=MISSING).prepare(ModelSpec(str(path)))
        assert (started_anew, read) == (first, []), "also after a restart"
        (kept,) = (places.cache / shelf.FOLDER).iterdir()
        kept.write_bytes(kept.read_bytes()[:100])
        damaged = await Fitting(places, command=MISSING).prepare(ModelSpec(str(path)))
        assert (damaged, read) == (first, [path]), "what is damaged is read again"
        read.clear()
        path.write_bytes(small_models["hybrid"].read_bytes())
        other = await fitting.prepare(ModelSpec(str(path)))
        assert other.key != first.key
        assert path in read

    run(test())


def test_what_does_not_fit_is_tried_after_a_clear_word_only(
    places: Folders, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch, 0.6)

    async def test() -> None:
        fitting = Fitting(places, command=MISSING)
        asked = ModelSpec(str(small_models["dense"]))
        problem, params, _ = await problem_of(fitting.prepare(asked))
        assert problem == "model.does_not_fit"
        assert float(str(params["lacking"])) > 0
        fitting.allow(await fitting.key(asked.path))
        assert (await fitting.prepare(asked)).spec == asked, "the engine decides for itself what it can do"

    run(test())


def test_experts_from_the_disk_cost_minutes_and_that_is_said(places: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch, 32)

    async def test() -> None:
        fitting = Fitting(places, command=MISSING)
        found = [one for one in await fitting.variants("mistral-small-4") if one.plan.spilled]
        with pytest.raises(DeskError) as caught:
            door.refuse(found[0])
        problem = caught.value.problem
        assert problem.id == "model.from_disk"
        assert 1 <= int(problem.params["minutes"]) <= int(problem.params["thinking"])
        for usable in await fitting.variants("ministral-3-8b"):
            if usable.usable:
                door.refuse(usable)

    run(test())


def test_known_models_are_ranked_with_what_runs_here_taught(
    places: Folders, monkeypatch: pytest.MonkeyPatch, measured: list[str]
) -> None:
    small(monkeypatch, 32)

    async def test() -> None:
        fitting = Fitting(places, command=MISSING)
        before = (await fitting.ranking())[0].variant
        slow = Seen(Range(6.5, 10.0, 13.5), 5.0)
        for _ in range(3):
            await fitting.record(Record("other.gguf:1", "Other", 0.0, "memory", 7, tokens_per_s=slow))
        after = {one.variant.model: one.variant for one in await fitting.ranking()}[before.model]
        assert before.plan.speed
        assert after.plan.speed
        assert after.plan.speed.runs == 3
        assert after.pace < before.pace
        assert (await fitting.comparison("other.gguf:1")).runs == 3
        assert await fitting.variants("no such model") == ()
        fitting.forget()
        assert fitting.runs("other.gguf:1") == ()
        assert measured

    run(test())


def test_a_day_is_all_that_is_kept_of_when() -> None:
    noon = door.midday(1_800_000_000.0)
    assert door.midday(noon) == noon
    assert abs(noon - 1_800_000_000.0) < 86_400


def test_kept_measurements_of_another_computer_are_not_ours(places: Folders) -> None:
    content = msgspec.json.encode(Measured(ram_gbps=1.0, key="another"))
    (places.cache / measure.FILE).write_bytes(content)
    assert measure.kept(places.cache, places.models) is None
