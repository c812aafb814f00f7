"""A model lies on another computer in part: the same tokens, a tight cage, and a death of it is a calm word."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import Folders, folders
from mistral_desk.core.settings import OFFLINE, Settings
from mistral_desk.fit.plan import Wishes
from mistral_desk.inference import cage
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.fitting import Fitting, PlannedEngine
from mistral_desk.inference.packs import standing
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.protocol import Piece, Turn
from mistral_desk.inference.rpc import computers
from mistral_desk.inference.rpc import places as names
from mistral_desk.inference.rpc.computers import COMPUTES
from mistral_desk.net.rpc import address, probe
from mistral_desk.net.rpc.wire import Command, Wire
from tests.fixtures import engine_packs
from tests.fixtures.conversations import GREEDY, ask
from tests.fixtures.engines import END_OF_WORLD_S, run
from tests.fixtures.lending import Helper, library

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

QUESTION = [Turn("user", "Why? " * 40)]
TOKENS = 24


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(names.LIBRARY, str(library()))
    monkeypatch.setattr(computers, "_LOOK_S", END_OF_WORLD_S)  # a busy computer's helper is there, too


@pytest.fixture
def helper() -> Iterator[Helper]:
    made = Helper()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def lender() -> Iterator[Helper]:
    """One for all that leave it as it was."""
    made = Helper()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def places(home: Path) -> Folders:
    return folders(str(home)).ensure()


async def tokens(engine: Engine) -> tuple[int, ...]:
    return (await ask(engine, QUESTION, "none", TOKENS)).tokens


async def alone(path: Path) -> tuple[int, ...]:
    engine = Engine()
    try:
        await engine.ensure(ModelSpec(str(path), placement=Placement(context=1024, threads=1), projector=""))
        return await tokens(engine)
    finally:
        await engine.close()


@contextlib.asynccontextmanager
async def divided(
    places: Folders, helper: Helper, path: Path
) -> AsyncIterator[tuple[Fitting, PlannedEngine, ModelSpec]]:
    """An engine that was told to put two layers of the model elsewhere, which is on the helper only."""
    fitting = Fitting(places)
    engine = PlannedEngine(fitting, learns=False, steady=True)
    try:
        await fitting.computers.add(helper.address)
        spec = ModelSpec(str(path), context=1024, threads=1, projector="")
        await fitting.set_wishes(await fitting.key(path), Wishes(gpu_layers=2))
        yield fitting, engine, spec
    finally:
        await engine.close()
        await fitting.close()


def test_the_same_tokens_with_a_part_elsewhere_and_then_a_death(
    places: Folders, helper: Helper, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One test for the whole way, because helpers and workers take seconds to start."""
    monkeypatch.setattr("mistral_desk.inference.fitting.door.CAREFUL", 1)
    path = small_models["mistral4_q8"]

    async def test() -> None:
        expected = await alone(path)
        async with divided(places, helper, path) as (fitting, engine, spec):
            info = await engine.ensure(spec)
            assert engine.helpers == (helper.address,)
            there = sum(one.bytes for one in info.placed if one.device == f"RPC0[{helper.address}]")
            assert there > 0, "a part of it lies on the helper"
            assert [one.id for one in info.changes] == ["helper.used"]
            assert await tokens(engine) == expected
            if sys.platform == "linux":
                assert engine.cage
                assert engine.cage.helpers == (helper.address,)
                assert engine.cage.tight, "no other connection, no file, no program"
                assert helper.address in cage.in_words(engine.cage)
            (entry,) = [one for one in fitting.computers.ledger.entries() if one.seconds is None]
            assert entry.host == helper.address.partition(":")[0], "the connection is in the list while it lasts"
            assert entry.why == COMPUTES
            with pytest.raises(DeskError) as death:
                await _killed_in_mid_answer(engine, helper)
            assert death.value.problem.id == "helper.gone"
            (over,) = [one for one in fitting.computers.ledger.entries() if one.id == entry.id]
            assert over.problem == "helper.gone"
            await fitting.set_wishes(await fitting.key(path), None)
            assert await tokens(engine) == expected, "it was loaded again, without the helper"
            assert not engine.helpers

    run(test())


async def _killed_in_mid_answer(engine: Engine, helper: Helper) -> None:
    async with contextlib.aclosing(engine.generate(QUESTION, "none", GREEDY, 900)) as events:
        async for event in events:
            if isinstance(event, Piece):
                await asyncio.to_thread(helper.kill)


def test_offline_no_worker_connects(
    places: Folders, lender: Helper, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was planned with a helper is planned anew; the helper counts who connects."""
    monkeypatch.setattr("mistral_desk.inference.fitting.door.CAREFUL", 1)
    path = small_models["mistral4_q8"]

    async def test() -> None:
        async with divided(places, lender, path) as (fitting, engine, spec):
            settings, _ = Settings.open(places.settings)
            settings.set(OFFLINE, True)
            before = len(fitting.computers.ledger.entries())
            with pytest.raises(DeskError, match=r"model\.does_not_fit"):  # by hand it was to lie where nothing is now
                await engine.ensure(spec)
            await fitting.set_wishes(await fitting.key(path), None)
            info = await engine.ensure(spec)
            assert all("RPC" not in one.device for one in info.placed)
            assert len(fitting.computers.ledger.entries()) == before

    run(test())


def test_who_goes_offline_in_the_middle_of_a_load_is_connected_to_nobody_after_it(
    places: Folders, lender: Helper, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mistral_desk.inference.fitting.door.CAREFUL", 1)

    async def test() -> None:
        async with divided(places, lender, small_models["mistral4_q8"]) as (fitting, engine, spec):
            leaving: list[asyncio.Task[None]] = []

            def switch(_share: float) -> None:
                assert engine.helpers
                if not leaving:
                    leaving.append(asyncio.create_task(engine.leave_others()))

            with contextlib.suppress(DeskError):  # the switch may come when all is loaded
                await engine.ensure(spec, switch)
            await asyncio.gather(*leaving)
            assert leaving
            assert engine.model is None
            entries = fitting.computers.ledger.entries()
            assert entries
            assert all(one.seconds is not None for one in entries), "each connection is over"
            fitting.computers.offline = lambda: True
            with pytest.raises(DeskError, match=r"model\.does_not_fit"):
                await engine.ensure(spec)
            assert len(fitting.computers.ledger.entries()) == len(entries)

    run(test())


def test_a_helper_lends_no_more_than_it_was_told(lender: Helper) -> None:
    line = Wire(address.parsed(lender.address), 30.0)
    try:
        line.hello()
        free, whole = line.memory(0)
        assert 200_000_000 < free <= whole == 218_750_000, "an eighth is kept for what is on its way"
        with pytest.raises(OSError, match="no room"):
            line.allocate(0, 2 * 10**9)
        handle, _ = line.allocate(0, 100_000_000)
        assert line.memory(0)[0] < whole - 80_000_000
        line.free(handle)
        assert line.memory(0)[0] > whole - 50_000_000
    finally:
        line.close()


def test_a_client_that_ends_it_ends_only_what_it_used(lender: Helper) -> None:
    """A graph that is none makes the server abort; another process takes its place."""
    at = address.parsed(lender.address)
    line = Wire(at, 30.0)
    try:
        line.hello()
        line.send(Command.GRAPH_COMPUTE, b"\0\0\0\0" + b"\xff" * 32)
        line.send(Command.GET_TENSOR, b"\xff" * 312)
    except OSError:
        pass
    finally:
        line.close()
    probe.until_there(at, END_OF_WORLD_S)
    assert lender.process.poll() is None


def test_a_helper_ends_when_it_is_told_to(helper: Helper) -> None:
    helper.process.terminate()
    rest, _ = helper.process.communicate(timeout=END_OF_WORLD_S)
    assert helper.process.returncode == 0
    assert b"Nothing is lent any more." in rest
    with pytest.raises(DeskError, match=r"helper\.absent"):
        probe.look(address.parsed(helper.address))


@pytest.mark.parametrize(("bind", "why"), [("8.8.8.8", b"your own network"), ("nothing:at:all", b"no address")])
def test_a_helper_listens_nowhere_else(bind: str, why: bytes) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mistral_desk", "--rpc-worker", "--bind", bind], capture_output=True, check=False
    )
    assert done.returncode == 1
    assert why in done.stderr


def test_a_helper_lends_with_the_engine_that_was_chosen(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part for other computers comes with an engine pack, so the lending process has to be told of it, too."""
    lib = engine_packs.libraries(tmp_path / "lib")
    shutil.copyfile(library(), lib / library().name)
    engine_packs.installed(lib, "with-rpc")
    standing.use("with-rpc")
    monkeypatch.setenv(names.LIBRARY, "")
    made = Helper()
    try:
        assert any(b"Lent at" in line for line in made.said)
    finally:
        made.close()
