"""Work in threads that nobody leaves behind: who is cancelled meanwhile gets out only when the work has ended."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    T = TypeVar("T")


async def to_its_end(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """As `asyncio.to_thread`, for work that holds something which the caller lets go of next: a file, a reader."""
    return await over(asyncio.ensure_future(asyncio.to_thread(work, *args, **kwargs)))


async def over(future: asyncio.Future[T], stop: Callable[[], object] = lambda: None) -> T:
    """What it returns or raises; who is cancelled gets out only when it is over, which `stop` hastens."""
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop()
        await ended(future)
        raise


async def ended(future: asyncio.Future[T]) -> None:
    """Wait until it is over, however often somebody cancels; what it raised is dropped."""
    cancelled = False
    while not future.done():
        try:
            await asyncio.wait((future,))
        except asyncio.CancelledError:
            cancelled = True
    with contextlib.suppress(asyncio.CancelledError):
        future.exception()  # looked at, so that nobody warns of it
    if cancelled:
        raise asyncio.CancelledError
