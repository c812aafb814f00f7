"""What happens to a model or an answer while it is only on its way: nobody's wish to stop is lost, and nobody waits."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import psutil
import pytest

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Failed, Finished, LoadProgress, Piece
from mistral_desk.inference.state_keeper import StateKeeper
from mistral_desk.inference.state_store import StateStore
from tests.fixtures import fake_worker
from tests.fixtures.engines import HI, SPEC, read, run, scripted, stopped_as_loaded

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mistral_desk.inference.client import Answer

pytestmark = pytest.mark.allow_log("had to be killed", "mistral_desk.inference.remote")
"""On a busy computer a process may not hear of its end in time."""
SLOW = [
    {"until": "stop", "do": [fake_worker.event(LoadProgress(0, 0.4)), {"pause": 0.01}]},
    fake_worker.event(Failed(0, Problem("load.cancelled", {"name": "one"}))),
]
"""A load that goes on until it is stopped."""


class Held(StateKeeper):
    """Looks for what was read before as long as the test wants: the model is ready then, and nothing is asked yet."""

    def __init__(self, folder: Path) -> None:
        super().__init__(StateStore(folder, lambda: 0))
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()

    async def begin(self) -> bool:
        self.reached.set()
        await self.go_on.wait()
        return await super().begin()


@contextlib.asynccontextmanager
async def about_to_ask(folder: Path) -> AsyncIterator[tuple[Engine, Held, asyncio.Task[Answer]]]:
    """An engine that is just about to be asked, and what comes first of it."""
    async with scripted(folder, fake_worker.endless()) as engine:
        await engine.ensure(SPEC)
        held = engine.states = Held(folder / "states")
        async with contextlib.aclosing(engine.generate(HI)) as answer:
            first = asyncio.create_task(anext(answer))
            await held.reached.wait()
            yield engine, held, first


async def is_answered(engine: Engine) -> bool:
    engine.states = None
    async with contextlib.aclosing(engine.generate(HI)) as answer:
        return isinstance(await anext(answer), Piece)


def test_stop_before_there_is_a_request_is_not_lost(tmp_path: Path) -> None:
    async def test() -> None:
        async with about_to_ask(tmp_path) as (engine, held, first):
            engine.stop()
            held.go_on.set()
            last = await first
            assert isinstance(last, Finished)
            assert last.reason == "stopped"
            assert await is_answered(engine), "the next one is none of its business"

    run(test())


def test_an_answer_that_is_about_to_be_asked_for_ends_when_its_model_is_let_go(tmp_path: Path) -> None:
    async def test() -> None:
        async with about_to_ask(tmp_path) as (engine, held, first):
            await engine.unload([SPEC.path])
            held.go_on.set()
            last = await first
            assert isinstance(last, Finished)
            assert last.reason == "stopped"
            assert await is_answered(engine)

    run(test())


def test_no_model_rests_that_is_about_to_be_asked(tmp_path: Path) -> None:
    async def test() -> None:
        async with about_to_ask(tmp_path) as (engine, held, first):
            assert not await engine.rest()
            held.go_on.set()
            assert isinstance(await first, Piece)

    run(test())


@pytest.mark.parametrize("how", ["let go", "rests"])
def test_a_model_that_is_let_go_between_its_load_and_the_question_is_loaded_again(tmp_path: Path, how: str) -> None:
    async def test() -> None:
        async with scripted(tmp_path, fake_worker.answering("yes")) as engine:
            await engine.ensure(SPEC)
            before = engine.pid
            await (engine.unload() if how == "let go" else engine.rest())
            assert engine.pid is None
            assert await read(engine.generate(HI)) == "yes"
            assert engine.pid not in {None, before}

    run(test())


@pytest.mark.parametrize("paths", [[SPEC.path], None])
def test_who_deletes_a_model_while_it_is_loaded_does_not_wait_for_its_load(
    tmp_path: Path, paths: list[str] | None
) -> None:
    async def test() -> None:
        async with scripted(tmp_path, [fake_worker.HELLO, {"serve": {"load": SLOW}}]) as engine:
            begun = asyncio.Event()
            loading = asyncio.create_task(engine.ensure(SPEC, lambda _: begun.set()))
            await begun.wait()
            pid = engine.pid
            await engine.unload(paths)
            with pytest.raises(DeskError, match=r"load\.cancelled"):
                await loading
            assert pid is not None
            assert not psutil.pid_exists(pid), "no file of it is open"

    run(test())


def test_who_waits_behind_the_load_of_a_model_that_is_deleted_does_not_load_it_again(tmp_path: Path) -> None:
    """As a question does that is asked while its model is being loaded already."""

    async def test() -> None:
        async with scripted(tmp_path, [fake_worker.HELLO, {"serve": {"load": SLOW}}]) as engine:
            begun = asyncio.Event()
            loading = [asyncio.create_task(engine.ensure(SPEC, lambda _: begun.set())) for _ in range(2)]
            await begun.wait()
            await engine.unload([SPEC.path])
            for one in loading:
                with pytest.raises(DeskError, match=r"load\.cancelled"):
                    await one
            assert engine.pid is None

    run(test())


@pytest.mark.parametrize("then", ["asked again", "deleted"])
def test_a_model_that_is_loaded_as_somebody_stops_is_known_to_be_there(tmp_path: Path, then: str) -> None:
    async def test() -> None:
        async with scripted(tmp_path, fake_worker.answering("yes")) as engine:
            await stopped_as_loaded(engine, SPEC)
            before = engine.pid
            assert before is not None
            if then == "deleted":
                await engine.unload([SPEC.path])
                assert engine.pid is None, "no file of it is open"
            else:
                await engine.ensure(SPEC)
                assert engine.pid == before, "it is not loaded twice"

    run(test())


def test_another_models_files_stop_no_load(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, fake_worker.answering("yes")) as engine:
            begun = asyncio.Event()
            loading = asyncio.create_task(engine.ensure(SPEC, lambda _: begun.set()))
            await begun.wait()
            await engine.unload(["/models/other.gguf"])
            assert (await loading).path == SPEC.path
            assert engine.model is not None

    run(test())


def test_a_model_that_is_refused_leaves_the_one_before_in_its_place(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, fake_worker.answering("yes")) as engine:
            await engine.ensure(SPEC)
            before, other = engine.pid, ModelSpec("/models/two.gguf")
            for _ in range(3):
                engine._crashes.died(other, Problem("engine.died", {"reason": "x"}))
            with pytest.raises(DeskError, match=r"engine\.keeps_stopping"):
                await engine.ensure(other)
            await engine.ensure(SPEC)
            assert engine.pid == before, "nothing of it was touched"

    run(test())
