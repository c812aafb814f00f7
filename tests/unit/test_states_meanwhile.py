"""Whoever has kept states deleted finds nothing written afterwards, whatever was on its way, or waited behind it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.threads import to_its_end
from mistral_desk.inference.remote import Worker
from mistral_desk.inference.state_keeper import SMALL, StateKeeper
from mistral_desk.inference.state_store import StateStore
from tests.fixtures.engines import run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Writing(StateKeeper):
    """What it keeps is one file, in a thread; it begins to write when the test lets it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(StateStore(folder, lambda: 1 << 30))
        self.kept = folder / "kept"
        self.begun, self.go_on = asyncio.Event(), asyncio.Event()

    async def keep(self, worker: Worker, most: int | None = None) -> None:
        self.begun.set()
        await self.go_on.wait()
        await to_its_end(self.kept.write_bytes, b"what was read")


async def twice(keeper: Writing) -> None:
    """One is being kept, and another one waits behind it, as where a worker is let go soon after an answer."""
    worker = Worker([])
    keeper._start(worker, SMALL)
    await keeper.begun.wait()
    keeper._start(worker, None)


async def at_once(keeper: Writing) -> None:
    """Two that have it ended at the same time: a worker that is let go, and a person who deletes all data."""
    await asyncio.gather(keeper.stop(), keeper.clear())


@pytest.mark.parametrize("end", [StateKeeper.stop, StateKeeper.clear, at_once])
def test_nothing_is_kept_behind_the_end(tmp_path: Path, end: Callable[[Writing], object]) -> None:
    async def test() -> None:
        keeper = Writing(tmp_path)
        await twice(keeper)
        await end(keeper)  # type: ignore[misc]
        keeper.go_on.set()
        left = [task for task in asyncio.all_tasks() if task.get_name() == "keep what was read"]
        assert left == []
        assert not keeper.kept.exists()

    run(test())


def test_what_is_ended_twice_is_waited_for_by_both(tmp_path: Path) -> None:
    """A write that has begun is brought to its end."""

    async def test() -> None:
        keeper = Writing(tmp_path)
        go_on, ended = threading.Event(), threading.Event()

        def write() -> None:
            go_on.wait()
            ended.set()

        async def keep(*_: object) -> None:
            keeper.begun.set()
            await to_its_end(write)

        keeper.keep = keep  # type: ignore[method-assign, assignment]
        keeper._start(Worker([]), SMALL)
        await keeper.begun.wait()
        first = asyncio.create_task(keeper.stop())
        await asyncio.sleep(0)
        second = asyncio.create_task(keeper.stop())
        await asyncio.sleep(0)
        early = second.done()
        go_on.set()
        await asyncio.gather(first, second)
        assert not early
        assert ended.is_set()

    run(test())
