"""Threads for long work on files, apart from asyncio's own, which short work of all rooms shares."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from mistral_desk.core.threads import ended, over

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")

__all__ = ["WRITERS", "begin", "begin_portion", "ended", "in_thread", "over"]

WRITERS: Final = max(1, min(4, (os.cpu_count() or 2) - 1))
"""Portions of downloads that are hashed and written at once: one processor is left to the window. More threads than
processors take turns, and one whose turn ends while it holds the interpreter's lock makes the window wait for them all.
"""
_pool: Final = ThreadPoolExecutor(12, "library")
_portions: Final = ThreadPoolExecutor(WRITERS, "portions")


def begin(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """Start it; the future belongs to the running loop. Who drops it waits with `ended` first."""
    return asyncio.get_running_loop().run_in_executor(_pool, lambda: work(*args, **kwargs))


def begin_portion(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
    """As `begin`, for the short work that each portion of a download is; it waits while `WRITERS` are at theirs."""
    return asyncio.get_running_loop().run_in_executor(_portions, lambda: work(*args, **kwargs))


async def in_thread(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What it returns or raises. Who is cancelled gets out only when the work has ended: no thread is left behind."""
    return await over(begin(work, *args, **kwargs))
