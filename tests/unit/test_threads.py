"""Work in threads that nobody leaves behind: who is cancelled has it stopped and waits for its end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from mistral_desk.core.threads import ended, over
from tests.fixtures.engines import run


def test_who_is_cancelled_stops_the_work_and_gets_out_when_it_has_ended() -> None:
    stop, begun = threading.Event(), threading.Event()
    said: list[str] = []

    def work() -> str:
        begun.set()
        stop.wait(60)
        said.append("ended")
        return "done"

    async def promise() -> None:
        future = asyncio.ensure_future(asyncio.to_thread(work))
        waiting = asyncio.ensure_future(over(future, stop.set))
        await asyncio.to_thread(begun.wait, 60)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert said == ["ended"]
        assert future.result() == "done"

    run(promise())


def test_nobody_cancels_and_nothing_is_stopped() -> None:
    stopped: list[bool] = []

    async def promise() -> None:
        future = asyncio.ensure_future(asyncio.to_thread(lambda: 7))
        assert await over(future, lambda: stopped.append(True)) == 7
        assert stopped == []

    run(promise())


def test_however_often_somebody_cancels_it_is_waited_for() -> None:
    stop, begun = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        stop.wait(60)
        raise ValueError("nobody asks for it any more")

    async def promise() -> None:
        future = asyncio.ensure_future(asyncio.to_thread(work))
        waiting = asyncio.ensure_future(ended(future))
        await asyncio.to_thread(begun.wait, 60)
        for _ in range(3):
            waiting.cancel()
            await asyncio.sleep(0)
            assert not waiting.done()
        stop.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert future.done()

    run(promise())
