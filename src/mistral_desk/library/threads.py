"""Threads for long work on files, apart from asyncio's own, which short work of all rooms shares."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from mistral_desk.core.threads import ended, over

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

__all__ = ["BACK", "WRITERS", "begin", "begin_portion", "ended", "in_thread", "over", "stand_back"]

WRITERS: Final = max(1, min(4, (os.cpu_count() or 2) - 1))
"""Portions of downloads that are hashed and written at once: one processor is left to the window. More threads than
processors take turns, and one whose turn ends while it holds the interpreter's lock makes the window wait for them all.
"""
BACK: Final = 5
"""Steps of niceness. With 10, beside a model that answers on all processors, they got so little that the window waited
up to 35 ms for one that held the interpreter's lock; with 5 a third of that.
"""


def stand_back() -> None:
    """Let this thread come after the window's where both want a processor.

    On Linux, where it then gets a smaller share, never none. Windows would let it wait for seconds while others
    compute, and it may hold the interpreter's lock; there the window that is in front comes first by itself. A Mac
    cannot be told for a single thread.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the process's number is its first thread's; others inherit from each other
            usual = os.getpriority(os.PRIO_PROCESS, os.getpid())
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), min(19, usual + BACK))


_pool: Final = ThreadPoolExecutor(12, "library", stand_back)
_portions: Final = ThreadPoolExecutor(WRITERS, "portions", stand_back)


def begin(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """Start it; the future belongs to the running loop. Who drops it waits with `ended` first."""
    return asyncio.get_running_loop().run_in_executor(_pool, lambda: work(*args, **kwargs))


def begin_portion(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """As `begin`, for the short work that each portion of a download is; it waits while `WRITERS` are at theirs."""
    return asyncio.get_running_loop().run_in_executor(_portions, lambda: work(*args, **kwargs))


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What it returns or raises. Who is cancelled gets out only when the work has ended: no thread is left behind."""
    return await over(begin(work, *args, **kwargs))
