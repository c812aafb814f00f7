"""Ctrl+C for commands that load a model or have it write: once to stop what is done, twice to give up."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INTERRUPTED: Final = 130
"""The exit status after Ctrl+C, as shells expect it."""


class Stoppable(Protocol):
    """What can be stopped while it is `busy`: the engine, or an answer from elsewhere."""

    @property
    def busy(self) -> bool: ...  # noqa: D102

    def stop(self) -> None: ...  # noqa: D102


@contextlib.contextmanager
def interrupts(engine: Stoppable) -> Iterator[Callable[[], int]]:
    """While inside, the first Ctrl+C stops what is loaded or written, the second gives up at once.

    Yields how often Ctrl+C was pressed. `signal.signal` and not the loop's own, which Windows' loop lacks.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    count = 0

    def interrupt(_number: int, _frame: object) -> None:
        nonlocal count
        count += 1
        if count == 1 and engine.busy:
            loop.call_soon_threadsafe(engine.stop)
        elif task:
            loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield lambda: count
    finally:
        signal.signal(signal.SIGINT, before)
