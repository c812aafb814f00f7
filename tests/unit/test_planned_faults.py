"""A planned model whose device or other computer is not there any more: planned anew, or a problem in words."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.core.errors import Problem
from mistral_desk.core.paths import Folders, folders
from mistral_desk.fit.plan import Wishes
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.device import Device
from mistral_desk.inference.fitting import Fitting, PlannedEngine, door, loading
from mistral_desk.inference.fitting.device_file import DeviceFile
from mistral_desk.inference.protocol import Failed, LoadProgress, Turn
from mistral_desk.inference.rpc.computers import COMPUTES, Computer
from mistral_desk.net.rpc.found import Found, Lent
from tests.fixtures import fake_worker, lending
from tests.fixtures.engines import problem_of, read, run, stopped_as_loaded
from tests.fixtures.fake_worker import HELLO, event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from mistral_desk.inference.fitting.door import Prepared
    from tests.fixtures.fake_worker import Step
    from tests.fixtures.lending import Scripted
    from tests.fixtures.small_models import SmallModels

pytestmark = pytest.mark.allow_log("had to be killed")
"""On a busy computer a process that has only begun may not hear of its end in time."""
GB: Final = 10**9
CARD: Final = Device("CUDA0", "a card that was put in", "gpu", 8 * GB, 8 * GB)


@pytest.fixture
def places(home: Path) -> Folders:
    return folders(str(home)).ensure()


@contextlib.asynccontextmanager
async def planned(fitting: Fitting, command: list[str]) -> AsyncIterator[PlannedEngine]:
    engine = PlannedEngine(fitting, command)
    try:
        yield engine
    finally:
        await engine.close()
        await fitting.close()


def fails(problem: str) -> list[Step]:
    """A worker that begins to load and then says this of it."""
    load = [event(LoadProgress(0, 0.5)), event(Failed(0, Problem(problem)))]
    return [HELLO, {"serve": {"load": load}}]


def with_card() -> list[Step]:
    hello = {"send": HELLO["send"] | {"devices": [msgspec.to_builtins(CARD)]}}
    return [hello, {"serve": {}}]


def test_where_a_device_is_gone_the_devices_are_asked_again_before_another_try(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    """And not only heard of from the worker that loads it in the end."""
    answers = fake_worker.command(tmp_path, fails("placement.device"), "engine.json")
    known: list[tuple[str, ...]] = []

    def on_progress(share: float) -> None:
        known.append(tuple(one.name for one in DeviceFile(places.cache).known() or ()))
        if share == 0.5:  # the first try is about to fail; what starts from now on is as it is without the card
            fake_worker.command(tmp_path, [HELLO, {"serve": {}}], "devices.json")
            fake_worker.command(tmp_path, [HELLO, {"serve": {"load": fake_worker.loading(0.75)}}], "engine.json")

    async def test() -> None:
        fitting = Fitting(places, command=fake_worker.command(tmp_path, with_card(), "devices.json"))
        async with planned(fitting, answers) as engine:
            await engine.ensure(ModelSpec(str(small_models["dense"])), on_progress)
            assert engine.prepared
            assert engine.prepared.spec.placement
            assert engine.prepared.spec.placement.devices == ()

    run(test())
    assert known == [("CUDA0",), ("CPU",)]


def test_one_whose_device_stays_gone_is_a_problem_in_words(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    async def test() -> None:
        fitting = Fitting(places, command=fake_worker.command(tmp_path, with_card(), "devices.json"))
        async with planned(fitting, fake_worker.command(tmp_path, fails("placement.device"))) as engine:
            problem, _, _ = await problem_of(engine.ensure(ModelSpec(str(small_models["dense"]))))
            assert problem == "placement.device"
            assert engine.prepared is None, "another try is planned anew"
            assert not await engine.rest(), "nothing is loaded that could rest"

    run(test())


# --- other computers --------------------------------------------------------------------------------------------------


class SwitchedOff(Fitting):
    """A person switches connections off just when a plan is made."""

    async def prepare(self, asked: ModelSpec, held: Sequence[str] = ()) -> Prepared:
        made = await super().prepare(asked, held)
        self.computers.offline = lambda: True
        return made


@contextlib.asynccontextmanager
async def divided(
    fitting: Fitting, there: Scripted, command: list[str], path: Path
) -> AsyncIterator[tuple[PlannedEngine, ModelSpec]]:
    """An engine with two layers of its model on the other computer."""
    at = there.address
    lent = (Lent(GB, GB, 20.0, 100.0),)
    found = Found(at.host, at.port, lent, 0.001, 0.1, 0.1, 1.0)
    await asyncio.to_thread(fitting.computers.put, str(at), Computer(str(at), found))
    await fitting.set_wishes(await fitting.key(path), Wishes(gpu_layers=2))
    async with planned(fitting, command) as engine:
        yield engine, ModelSpec(str(path), context=1024, threads=1, projector="")


@pytest.fixture(autouse=True)
def _careful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "CAREFUL", 1)


def test_who_goes_offline_after_the_plan_is_connected_to_nobody(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("Hello."))

    async def test() -> None:
        with lending.scripted(lending.honest()) as there:
            fitting = SwitchedOff(places, command=command)
            async with divided(fitting, there, command, small_models["mistral4_q8"]) as (engine, spec):
                problem, params, _ = await problem_of(engine.ensure(spec))
                assert (problem, params["host"]) == ("net.offline", str(there.address))
                assert engine.pid is None
            assert [one.why for one in fitting.computers.ledger.entries() if one.why == COMPUTES] == []

    run(test())


def test_when_all_connections_end_a_model_that_lies_elsewhere_in_part_is_let_go(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("Hello."))

    async def test() -> None:
        with lending.scripted(lending.honest()) as there:
            fitting = Fitting(places, command=command)
            async with divided(fitting, there, command, small_models["mistral4_q8"]) as (engine, spec):
                await engine.ensure(spec)
                assert engine.helpers == (str(there.address),)
                (entry,) = [one for one in fitting.computers.ledger.entries() if one.why == COMPUTES]
                assert entry.seconds is None
                await engine.leave_others()
                assert engine.model is None
                (entry,) = [one for one in fitting.computers.ledger.entries() if one.id == entry.id]
                assert entry.seconds is not None

    run(test())


def test_a_model_that_lies_here_alone_stays_when_all_connections_end(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("Hello."))

    async def test() -> None:
        async with planned(Fitting(places, command=command), command) as engine:
            await engine.ensure(ModelSpec(str(small_models["dense"])))
            pid = engine.pid
            await engine.leave_others()
            await engine.unload(["/another/model.gguf"])
            assert await read(engine.generate([Turn("user", "hi")])) == "Hello."
            assert engine.pid == pid

    run(test())


def test_a_plan_holds_where_its_model_is_there_although_somebody_stopped_in_that_moment(
    places: Folders, tmp_path: Path, small_models: SmallModels
) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("Hello."))

    async def test() -> None:
        async with planned(Fitting(places, command=command), command) as engine:
            spec = ModelSpec(str(small_models["dense"]))
            await stopped_as_loaded(engine, spec)
            before, plan = engine.pid, engine.prepared
            await engine.ensure(spec)
            assert before is not None
            assert (engine.pid, engine.prepared) == (before, plan)
            assert plan is not None

    run(test())


def test_other_computers_that_are_gone_at_each_try_end_in_words(
    places: Folders, tmp_path: Path, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MOST", 2)
    command = fake_worker.command(tmp_path, fails("helper.gone"))

    async def test() -> None:
        with lending.scripted(lending.honest()) as there:
            fitting = Fitting(places, command=command)
            async with divided(fitting, there, command, small_models["mistral4_q8"]) as (engine, spec):
                problem, _, _ = await problem_of(engine.ensure(spec))
                assert problem == "helper.gone"
            entries = [one for one in fitting.computers.ledger.entries() if one.why == COMPUTES]
            assert [one.problem for one in entries] == ["helper.gone"] * 2
            assert all(one.seconds is not None for one in entries)

    run(test())
