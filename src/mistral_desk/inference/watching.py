"""Looks once a second at a worker that has work: tells how long it says nothing, and gives up one that hangs."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import Problem
from mistral_desk.inference import silence
from mistral_desk.inference.silence import Quiet, Silence, Stir

if TYPE_CHECKING:
    from collections.abc import Callable

_log: Final = logging.getLogger(__name__)


class Watching:
    """For one worker, in its event loop. `give_up` is called once for each hang, with what to say of it."""

    def __init__(self, pid: Callable[[], int | None], give_up: Callable[[Problem], None]) -> None:
        self._pid, self._give_up = pid, give_up
        self._silence = Silence()
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._ticked = 0.0
        self._asks = False
        self._working = False

    @property
    def quiet(self) -> Quiet | None:
        """What is to be told of its silence, None where there is nothing."""
        return self._silence.told if self._working else None

    def begin(self, *, loading: bool = False) -> None:
        """It has work from now on. What it is used to while it loads says nothing about answers."""
        if loading:
            self._silence = Silence(loading=True)
        if not self._working:
            self._working = True
            self._silence.rest()
            self._ticked = time.monotonic()
            self._next()

    def heard(self, *, asks: bool = False) -> None:
        """It said something; `asks`: and waits for an answer of ours."""
        self._asks = asks
        self._silence.heard()

    def sent(self) -> None:
        """It was told something."""
        if self._asks:
            self._asks = False
            self._silence.rest()

    def loaded(self) -> None:
        """The pace of loading is forgotten."""
        self._silence = Silence()

    def end(self) -> None:
        """It has no work any more."""
        self._working = self._asks = False
        self._silence.rest()
        for waiting in (self._timer, self._looking):
            if waiting is not None:
                waiting.cancel()
        self._timer = self._looking = None

    def _next(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(silence.TICK_S, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        elapsed, self._ticked = now - self._ticked, now
        pid = self._pid()
        if self._asks or pid is None:
            self._silence.rest()
        elif self._silence.worth_a_look:
            self._looking = asyncio.get_running_loop().create_task(self._look(pid, elapsed), name="look at a worker")
            return
        else:
            self._silence.passed(elapsed)
        self._next()

    async def _look(self, pid: int, elapsed: float) -> None:
        watched = self._silence
        found: Stir = await asyncio.to_thread(silence.look, pid)
        if watched is self._silence and watched.worth_a_look:  # else it spoke meanwhile
            watched.passed(elapsed, found)
        if watched.hangs:
            _log.info("worker %d made no progress for %d minutes", pid, watched.minutes)
            problem = Problem("engine.stuck", {"minutes": watched.minutes})
            watched.rest()
            self._give_up(problem)
        if self._working:
            self._next()
