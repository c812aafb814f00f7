"""Background work of the window: every task is kept, belongs to an object and reports how it failed.

A task that nobody holds can vanish in mid-air, and its exception would surface only at garbage collection.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol, TypeVar

from mistral_desk.core import threads
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from mistral_desk.core.errors import Problem

T = TypeVar("T")
log = logging.getLogger(__name__)


class Reporter(Protocol):
    """Who is told about a task that failed."""

    def error(self, error: BaseException) -> None:
        """Show and log an exception."""

    def problem(self, problem: Problem) -> None:
        """Show a problem."""


class Tasks:
    """The tasks of one owner; `notices` hears about failures, `cancel` ends all of them."""

    def __init__(self, notices: Reporter, whole: Tasks | None = None) -> None:
        self._notices = notices
        self._whole = whole
        self._running: set[asyncio.Task[object]] = set()
        self._last = False

    def part(self) -> Tasks:
        """Some of these, which can be ended without the others."""
        return Tasks(self._notices, self)

    def spawn(self, work: Coroutine[object, object, T], name: str, *, may_fail: bool = False) -> None:
        """Start `work` now. It is kept until it ends; an exception is shown and logged.

        With `may_fail` a `DeskError` is an answer that a person gets, and nothing for the log. After `close_door`
        nothing starts any more.
        """
        if self.closing:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work, name=name)
        self.count(task)
        task.add_done_callback(self._answered if may_fail else self._ended)

    def count(self, task: asyncio.Task[object]) -> None:
        """This one is waited for and cancelled with the others; what it ends with is told elsewhere."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        if self._whole is not None:
            self._whole.count(task)

    @property
    def closing(self) -> bool:
        """Whether nothing begins any more."""
        return self._last or (self._whole is not None and self._whole.closing)

    def close_door(self) -> None:
        """The program closes: nothing begins any more."""
        self._last = True

    async def settled(self) -> None:
        """Wait until nothing runs any more, what starts meanwhile included."""
        while self._running:
            await asyncio.wait(tuple(self._running))

    async def cancel(self) -> None:
        """Cancel everything that still runs and wait for it."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    def _answered(self, task: asyncio.Task[object]) -> None:
        if not task.cancelled() and isinstance(error := task.exception(), DeskError):
            self._notices.problem(error.problem)
        else:
            self._ended(task)

    def _ended(self, task: asyncio.Task[object]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            log.debug("the task %s failed", task.get_name())
            self._notices.error(error)


async def ended(task: asyncio.Task[T]) -> None:
    """Wait until a task has ended, however it did; who is cancelled meanwhile takes it along and waits for its end."""
    try:
        await asyncio.wait((task,))
    except asyncio.CancelledError:
        task.cancel()
        await threads.ended(task)
        raise
