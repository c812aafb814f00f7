"""Puts into the index what is not in there yet: all messages after an update, answers that a killed app left. And
takes out of its pages, and out of the file's log, what was deleted for good.

In small steps behind everything else, because a million messages take minutes: nobody waits for it, and a step that
is cut off is done again at the next start.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from mistral_desk.chat import index_rows
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from mistral_desk.chat.store import Store

log = logging.getLogger(__name__)

STEP: Final = 100
"""Messages of one transaction: about 30 ms, the longest that anything else waits for it."""
PAGES: Final = 200
"""Of the index, merged in one transaction."""
READER_S: Final = 1.0
"""After so long the log is tried to be emptied again, where another connection still reads in it."""


class Indexing:
    """The task that does it. Make it in the event loop of the store; it ends by itself, or with `close`."""

    def __init__(self, store: Store, before: float) -> None:
        """What was not finished `before` this moment (seconds since 1970) will not be: the app was killed."""
        self._store = store
        self._before = before
        self._wanted = True
        self._closed = False
        self._again()

    def _again(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="the index of the history")

    def look(self) -> None:
        """Look again, because something came or was deleted for good, or the index is empty; not after `close`."""
        self._wanted = True
        if self._task.done() and not self._closed:
            self._again()

    async def done(self) -> None:
        """Wait until everything is in the index, or could not be put there."""
        await asyncio.shield(self._task)

    async def close(self) -> None:
        """Stop after the step that runs."""
        self._closed = True
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _run(self) -> None:
        count = 0
        try:
            while self._wanted:
                self._wanted = False
                while await self._store.read(lambda c: index_rows.is_behind(c, self._before)):
                    begun = time.monotonic()
                    count += await self._store.write(lambda c: index_rows.step(c, STEP, self._before))
                    await asyncio.sleep(time.monotonic() - begun)  # half of the time belongs to all the rest
                settled = False
                while await self._store.read(index_rows.is_unsettled):
                    begun, settled = time.monotonic(), True
                    await self._store.write(lambda c: index_rows.settle(c, PAGES))
                    await asyncio.sleep(time.monotonic() - begun)
                while settled and not await self._store.shed():  # noqa: ASYNC110 - another program may be who reads
                    await asyncio.sleep(READER_S)
        except DeskError as error:
            log.warning("the index of the history is left to the next start: %s", error)
        if count:
            log.info("%d messages were put into the index", count)
