"""Lets a model rest that nobody has used for a while, so that its memory is there for other programs.

Nothing is ever ended for it: while something is answered, loaded, counted or downloaded, it waits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.inference.client import Engine

_log: Final = logging.getLogger(__name__)

AGAIN_S: Final = 30.0
"""After so long it is looked again whether what was in the way is over."""


class Resting:
    """A timer over one engine. All of it in one event loop; `close` it before the engine."""

    def __init__(
        self,
        engine: Callable[[], Engine],
        free: asyncio.Lock,
        after_s: Callable[[], float],
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        """After `after_s` seconds (0: never) without use the model rests, unless something is `busy`. Whoever answers
        holds `free` from before the model is loaded until after the answer.
        """
        self._engine, self._free, self._after_s, self._busy = engine, free, after_s, busy
        self._touched = time.monotonic()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self.rested: Callable[[], None] = lambda: None
        """Hears that the model was let go."""

    def touch(self) -> None:
        """The person is about to use it."""
        self._touched = time.monotonic()

    def begin(self) -> None:
        """Watch from now on; again after the time was changed."""
        self._arm(self._after_s())

    async def close(self) -> None:
        """Watch no more; returns when nothing is on its way."""
        self._arm(0)
        if self._task:
            await asyncio.wait({self._task})

    def _arm(self, seconds: float) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look) if seconds > 0 else None

    def _look(self) -> None:
        after = self._after_s()
        idle = time.monotonic() - max(self._engine().used, self._touched)
        if idle < after:
            self._arm(after - idle)
        elif self._free.locked() or self._busy():
            self._arm(min(after, AGAIN_S))
        else:
            self._arm(after)
            if self._engine().model is not None and (self._task is None or self._task.done()):
                self._task = asyncio.get_running_loop().create_task(self._rest(), name="let the model rest")

    async def _rest(self) -> None:
        async with self._free:  # who asks meanwhile waits, and loads it again
            if await self._engine().rest():
                _log.info("the model rests")
                self.rested()
