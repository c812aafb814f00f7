"""The thread that downloads come through: an event loop of its own, so that the window's has no part in their bytes.

A fast line costs a loop all its time, and the window's is the one that a person feels.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from mistral_desk.library.threads import over, stand_back

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import TypeVar

    from mistral_desk.net.client import Net

    T = TypeVar("T")


class Lines:
    """The thread begins with the first download and ends with `close`. For one asyncio loop that asks."""

    def __init__(self, net: Net) -> None:
        self._net = net
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    async def run(self, work: Callable[[], Coroutine[object, object, T]]) -> T:
        """Run it there; what it returns or raises. Who is cancelled gets out only when it has ended."""
        here, there = asyncio.get_running_loop(), self._loop or self._begin()
        result: asyncio.Future[T] = here.create_future()
        tasks: list[asyncio.Task[T]] = []

        def begin() -> None:
            tasks.append(there.create_task(work()))
            tasks[0].add_done_callback(tell)

        def tell(task: asyncio.Task[T]) -> None:
            with contextlib.suppress(RuntimeError):  # the loop that asked is closed
                here.call_soon_threadsafe(_settle, result, task)

        def end() -> None:
            tasks[0].cancel()

        there.call_soon_threadsafe(begin)
        return await over(result, lambda: there.call_soon_threadsafe(end))

    async def close(self) -> None:
        """Close its connections and end the thread; nothing may be under way."""
        if self._loop is None or self._thread is None:
            return
        await self.run(self._net.let_go)
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop = self._thread = None

    def _begin(self) -> asyncio.AbstractEventLoop:
        loop = self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_turn, args=(loop,), name="downloads", daemon=True)
        self._thread.start()
        return loop


def _turn(loop: asyncio.AbstractEventLoop) -> None:
    """The life of the thread."""
    stand_back()
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()


def _settle(result: asyncio.Future[T], task: asyncio.Task[T]) -> None:
    """Hand over how the task ended."""
    if result.done():
        return
    if task.cancelled():
        result.cancel()
    elif (error := task.exception()) is not None:
        result.set_exception(error)
    else:
        result.set_result(task.result())
