"""A request that is answered in the engine's loop, seen from the server's, which runs in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mistral_desk.server.line import Event, Line
    from mistral_desk.server.reading import Asked


class Running:
    """Made in the server's loop. `end` it in any case: the engine stops where it is still at it."""

    def __init__(self, line: Line, asked: Asked, engine_loop: asyncio.AbstractEventLoop) -> None:
        self._here = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._work: Future[None] = asyncio.run_coroutine_threadsafe(line.answer(asked, self._tell), engine_loop)
        self._work.add_done_callback(lambda _: self._tell(None))

    async def next(self) -> Event | None:
        """What comes next; None at the end. Raises as `Line.answer`."""
        event = await self._events.get()
        if event is None:
            if self._work.cancelled():
                raise DeskError("server.interrupted")
            self._work.result()
        return event

    def end(self) -> None:
        """Nobody wants the rest."""
        self._work.cancel()

    def _tell(self, event: Event | None) -> None:
        """In the engine's loop."""
        with contextlib.suppress(RuntimeError):  # the server has ended
            self._here.call_soon_threadsafe(self._events.put_nowait, event)
