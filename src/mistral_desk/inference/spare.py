"""A worker that is started before it is known what it will run: starting Python and llama.cpp is half of a short load.

A worker takes one model and is then locked in with it, so the spare one is used up by the next model.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from mistral_desk.inference.remote import Worker

_log: Final = logging.getLogger(__name__)


class Spare:
    """At most one worker without a model. All of it in one event loop."""

    def __init__(self, make: Callable[[], Worker]) -> None:
        self._make = make
        self._worker: Worker | None = None
        self._starting: asyncio.Task[None] | None = None
        self._failure: DeskError | None = None

    @property
    def worker(self) -> Worker | None:
        """The worker that waits, None where there is none or it has not said hello."""
        there = self._worker
        return there if there and there.alive and there.hello else None

    def begin(self) -> None:
        """Start one, unless there is one."""
        if self._starting is None and self.worker is None:
            self._worker, self._failure = self._make(), None
            self._starting = asyncio.get_running_loop().create_task(self._start(self._worker), name="spare worker")

    async def take(self) -> Worker | None:
        """The worker that waits, or that is being started; None where there is none. Raises why one did not start."""
        if self._starting:
            await asyncio.wait({self._starting})
        worker, self._worker = self.worker, None
        failure, self._failure = self._failure, None
        if failure:
            raise failure
        return worker

    async def close(self) -> None:
        """End it; returns when the process is gone."""
        if self._starting:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        worker, self._worker = self._worker, None
        if worker:
            await worker.close()

    async def _start(self, worker: Worker) -> None:
        try:
            await worker.start()
        except DeskError as error:
            _log.info("no spare worker: %s", error)
            self._failure = error
            await worker.close()
        finally:
            self._starting = None


@contextlib.asynccontextmanager
async def replacing(worker: Worker, prepare: Callable[[], None]) -> AsyncGenerator[None]:
    """Whoever comes behind a worker that died meanwhile finds a process that is being started already."""
    try:
        yield
    finally:
        if worker.ended:
            prepare()
