"""How fast it may be and how fast it is: a limit that all downloads share, and a speed that does not flicker."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_BURST_S: Final = 0.25
_SMOOTH_S: Final = 5.0
"""After so many seconds a change of speed shows to two thirds."""
_SURE_S: Final = 1.5
"""Before that many seconds no speed is told: the first moment of a connection says little."""
_LONGEST_S: Final = 1000 * 3600.0
"""A time left that is longer says nothing."""


class Pace:
    """A limit in bytes a second, asked for anew each time; 0 is none. For one asyncio loop."""

    def __init__(self, limit: Callable[[], int] = lambda: 0) -> None:
        self._limit = limit
        self._free_at = 0.0

    async def take(self, size: int) -> None:
        """Wait until so many bytes fit under the limit."""
        limit = self._limit()
        if limit <= 0:
            return
        now = time.monotonic()
        self._free_at = max(self._free_at, now - _BURST_S) + size / limit
        if (pause := self._free_at - now) > 0:
            await asyncio.sleep(pause)


class Meter:
    """A smoothed speed out of a growing count; `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._at = clock()
        self._began: float | None = None
        """The last look before the first byte: what a connection takes until then says nothing of its speed."""
        self._count = 0
        self._speed = 0.0

    def add(self, size: int) -> None:
        """So many bytes came."""
        self._count += size

    def speed(self) -> float | None:
        """Bytes a second; None while it is too early to tell, and where nothing comes. Call it regularly."""
        now = self._clock()
        passed = now - self._at
        if self._began is None and self._count:
            self._began = self._at
        if self._began is None:
            self._at = now
            return None
        if passed > 0:
            # Early on the plain mean is better than a smooth value that comes up from nothing.
            weight = max(1 - math.exp(-passed / _SMOOTH_S), passed / max(now - self._began, passed))
            self._speed += weight * (self._count / passed - self._speed)
            self._at, self._count = now, 0
        return self._speed if now - self._began >= _SURE_S and self._speed >= 1 else None


def time_left(missing: int, speed: float | None) -> float | None:
    """Seconds for `missing` bytes; None where that cannot be told."""
    if speed is None or speed < 1:
        return 0.0 if missing == 0 else None
    seconds = missing / speed
    return seconds if seconds < _LONGEST_S else None
