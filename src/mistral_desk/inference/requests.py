"""The requests that a worker has not finished, by number, with what came for each of them."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.words import mark
from mistral_desk.inference.protocol import Failed

if TYPE_CHECKING:
    from mistral_desk.inference.protocol import Event, Turn


class ClosedError(DeskError):
    """The engine was closed for good: whoever asks it now is in a program that ends."""

    def __init__(self) -> None:
        super().__init__("engine.died", reason=mark("Mistral Desk is closing"))


@dataclass
class Request:
    """One request. `abandoned`: nobody waits for its events any more; `background`: nobody waits for its
    end; `stuck`: why it was given up.
    """

    events: asyncio.Queue[Event | Problem] = field(default_factory=asyncio.Queue)
    abandoned: bool = False
    background: bool = False
    watchdog: asyncio.TimerHandle | None = None
    stuck: Problem | None = None

    async def next(self) -> Event:
        """The next event. Raises what ended the request."""
        match await self.events.get():
            case Problem() as problem:
                raise DeskError.of(problem)
            case Failed(problem=problem):
                raise DeskError.of(self.stuck or problem)
            case event:
                return event


class Requests:
    """All that are open. Number 0 is the worker itself, from its start to its end."""

    def __init__(self) -> None:
        self.itself = Request()
        """For what comes before there is a request, and for the end."""
        self._open = {0: self.itself}
        self._numbers = itertools.count(1)
        self.none = asyncio.Event()
        """Set while nobody waits for anything."""
        self.none.set()

    def add(self, *, background: bool) -> tuple[int, Request]:
        """One more."""
        number, request = next(self._numbers), Request(background=background)
        self._open[number] = request
        if not background:
            self.none.clear()
        return number, request

    def get(self, number: int) -> Request | None:
        """The one with this number, None where it is over."""
        return self._open.get(number)

    def finish(self, number: int) -> Request:
        """This one is over."""
        request = self._open.pop(number)
        if request.watchdog:
            request.watchdog.cancel()
        if not self.awaited:
            self.none.set()
        return request

    @property
    def numbers(self) -> tuple[int, ...]:
        """All that are open."""
        return tuple(self._open)

    @property
    def awaited(self) -> tuple[int, ...]:
        """Those that somebody waits for."""
        return tuple(number for number, request in self._open.items() if number and not request.background)

    @property
    def stopping(self) -> bool:
        """Whether one that was awaited was told to stop and has not ended."""
        return any(self._open[number].watchdog for number in self.awaited)

    @property
    def stuck(self) -> Problem | None:
        """Why one of them was given up."""
        return next((request.stuck for request in self._open.values() if request.stuck), None)


def sendable(turn: Turn) -> Turn:
    """The turn without halves of characters (lone surrogates), which a clipboard may hold and UTF-8 cannot."""
    text, thinking = (part.encode("utf-8", "replace").decode("utf-8") for part in (turn.text, turn.thinking))
    if (text, thinking) == (turn.text, turn.thinking):
        return turn
    return msgspec.structs.replace(turn, text=text, thinking=thinking)
