"""A model that is not used is let go, and a process waits for the next one: on scripted workers, real processes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import psutil

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.protocol import LoadProgress, Piece
from mistral_desk.inference.resting import Resting
from tests.fixtures.engines import HI, SPEC, problem_of, read, run, scripted
from tests.fixtures.fake_worker import HELLO, answering, endless, event

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from mistral_desk.inference.client import Engine

SOON_S = 0.01


class Watched:
    """A `Resting` over an engine, and whether it has let the model go."""

    def __init__(self, engine: Engine, after_s: float = SOON_S) -> None:
        self.free, self.rested, self.busy = asyncio.Lock(), asyncio.Event(), False
        self.looked = asyncio.Event()
        self.resting = Resting(lambda: engine, self.free, lambda: after_s, self._is_busy)
        self.resting.rested = self.rested.set

    def _is_busy(self) -> bool:
        self.looked.set()
        return self.busy


def test_a_model_that_nobody_uses_is_let_go_and_comes_back(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            await made.ensure(SPEC)
            first, watched = made.pid, Watched(made)
            watched.resting.begin()
            await watched.rested.wait()
            assert (made.model, made.pid, made.resting) == (None, None, True)
            assert first is not None
            assert not psutil.pid_exists(first)
            await watched.resting.close()
            await made.ensure(SPEC)
            assert await read(made.generate(HI)) == "yes"
            assert not made.resting

    run(test())


def test_where_no_model_is_ready_nothing_is_let_go(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            watched = Watched(made)
            watched.resting.begin()
            await watched.looked.wait()
            await watched.resting.close()
            assert not watched.rested.is_set()
            assert not made.resting
            await made.ensure(SPEC)
            assert await read(made.generate(HI)) == "yes"

    run(test())


def test_it_stays_while_something_else_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            await made.ensure(SPEC)
            watched = Watched(made)
            watched.busy = True
            watched.resting.begin()
            for _ in range(3):
                watched.looked.clear()
                await watched.looked.wait()
            assert made.model is not None
            watched.busy = False
            await watched.rested.wait()
            await watched.resting.close()

    monkeypatch.setattr("mistral_desk.inference.resting.AGAIN_S", SOON_S)
    run(test())


def test_no_answer_is_ever_ended_for_it(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, endless()) as made:
            await made.ensure(SPEC)
            pieces = 0
            async for event_ in made.generate(HI):
                assert pieces >= 5 or not await made.rest()
                pieces += isinstance(event_, Piece)
                if pieces == 5:
                    made.stop()
            assert await made.rest()

    run(test())


def test_between_the_load_and_the_answer_of_a_turn_it_waits_too(tmp_path: Path) -> None:
    """A turn holds the engine while nothing runs in it: the chat is being read meanwhile."""

    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            watched = Watched(made)
            async with watched.free:
                await made.ensure(SPEC)
                watched.resting._look()
                assert watched.resting._task is None
                assert await read(made.generate(HI)) == "yes"
            watched.resting.begin()
            await watched.rested.wait()
            await watched.resting.close()

    run(test())


def test_never_means_never(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            await made.ensure(SPEC)
            watched = Watched(made, after_s=0)
            watched.resting.begin()
            assert watched.resting._timer is None
            await watched.resting.close()

    run(test())


def test_a_touch_begins_the_time_anew(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            await made.ensure(SPEC)
            watched = Watched(made, after_s=3600)
            watched.resting._touched -= 7200
            made._used -= 7200
            watched.resting.touch()
            watched.resting._look()
            assert watched.resting._task is None
            watched.resting._touched -= 7200
            watched.resting._look()
            await watched.rested.wait()
            await watched.resting.close()

    run(test())


def test_the_process_that_waits_is_the_one_that_loads(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            made.prepare()
            made.prepare()
            await made._spare._starting  # type: ignore[misc]
            hello = made.hello
            assert hello is not None
            assert made.model is None
            await made.ensure(SPEC)
            assert made.pid == hello.pid
            made.prepare()  # there is a model: nothing to prepare
            assert made._spare.worker is None

    run(test())


def test_a_process_that_waits_and_dies_is_replaced(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            made.prepare()
            await made._spare._starting  # type: ignore[misc]
            waiting = made._spare.worker
            assert waiting is not None
            waiting.kill("gone")
            await waiting._over.wait()
            await made.ensure(SPEC)
            assert await read(made.generate(HI)) == "yes"

    run(test())


def test_closing_ends_the_process_that_waits(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, answering("yes")) as made:
            made.prepare()
            await made._spare._starting  # type: ignore[misc]
            pid = made._spare.worker.pid if made._spare.worker else None
        assert pid is not None
        assert not psutil.pid_exists(pid)

    run(test())


def test_a_process_that_does_not_start_says_why_once_it_is_needed(tmp_path: Path) -> None:
    async def test() -> None:
        async with scripted(tmp_path, [{"exit": 3}]) as made:
            made.prepare()
            assert (await problem_of(made.ensure(SPEC)))[0] == "engine.start_failed"

    run(test())


def test_who_waits_for_a_load_that_is_on_its_way_hears_how_far_it_is(tmp_path: Path) -> None:
    script = [
        HELLO,
        {"await": "load"},
        event(LoadProgress(0, 0.1)),
        {"expect": "stop"},
    ]

    async def test() -> None:
        async with scripted(tmp_path, script) as made:
            first = asyncio.Event()
            second: list[float] = []
            other: list[float] = []
            loading = asyncio.create_task(made.ensure(SPEC, lambda _share: first.set()))
            waiting = asyncio.create_task(made.ensure(SPEC, second.append))
            elsewhere = asyncio.create_task(made.ensure(ModelSpec("/models/other.gguf"), other.append))
            await first.wait()
            assert (second, other) == ([0.1], [])
            for task in (elsewhere, waiting, loading):
                task.cancel()
            done = await asyncio.gather(loading, waiting, elsewhere, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError | DeskError) for one in done)

    run(test())
