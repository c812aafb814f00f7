"""Tells listeners what is new: at once where it was quiet, and never more than ten times a second."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

OFTEN_S: Final = 0.1
"""Listeners are told at most this often."""


class Teller(Generic[T]):
    """For one asyncio loop, the one that `open` was called in. Listeners are called in it."""

    def __init__(self, now: Callable[[], T], goes_on: Callable[[], bool] = lambda: False) -> None:
        """`now` is what is told; while `goes_on` it is told again and again."""
        self._now, self._goes_on = now, goes_on
        self._listeners: list[Callable[[T], None]] = []
        self._ticker: asyncio.TimerHandle | None = None
        self._told_at = 0.0
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """From now on it tells."""
        self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """Nobody is told any more."""
        self._loop = None
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None

    def listen(self, listener: Callable[[T], None]) -> Callable[[], None]:
        """Be told; what comes back ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def soon(self) -> None:
        """Something is new."""
        if self._ticker is None and self._loop is not None:
            pause = max(0.0, self._told_at + OFTEN_S - self._loop.time())
            self._ticker = self._loop.call_later(pause, self._tell)

    def _tell(self) -> None:
        self._ticker = None
        self._told_at = asyncio.get_running_loop().time()
        found = self._now()
        for listener in tuple(self._listeners):
            listener(found)
        if self._goes_on():
            self.soon()
