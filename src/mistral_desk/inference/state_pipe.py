"""The worker's end of what moves states to and from the app: two threads meet here, and nobody waits for ever.

The thread that reads commands puts in what came; the inference thread asks, waits, and gives. When something more
urgent comes while states are given, giving ends at the next part.
"""

from __future__ import annotations

import ctypes
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mistral_desk.inference.state_messages import (
    PART_BYTES,
    NeedState,
    StateEnd,
    StateHead,
    StatePart,
    StateTaken,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.inference.protocol import Command, Event


@dataclass
class Incoming:
    """A state that comes in: its head, and a buffer for each of the states in it."""

    head: StateHead
    buffers: list[Any] = field(default_factory=list)  # ctypes byte arrays
    filled: int = 0

    def add(self, data: bytes) -> bool:
        """Put the next bytes where they belong; false where they are too many."""
        at, rest = self.filled, memoryview(data)
        for buffer in self.buffers:
            size = len(buffer)
            if rest and at < size:
                count = min(size - at, len(rest))
                ctypes.memmove(ctypes.addressof(buffer) + at, bytes(rest[:count]), count)
                self.filled, rest, at = self.filled + count, rest[count:], at + count
            at -= size
            if at < 0:
                break
        return not rest

    @property
    def complete(self) -> bool:
        """Whether every byte has come."""
        return self.filled == self.head.bytes


class StatePipe:
    """Safe from both threads. `send` writes an event to the app."""

    def __init__(self, send: Callable[[Event], None]) -> None:
        self._send = send
        self._changed = threading.Condition()
        self._asked: NeedState | None = None
        self._incoming: Incoming | None = None
        self._answered = False
        self._taken = 0
        self._hurry = False

    # --- the thread that reads commands ---------------------------------------------------------------

    def takes(self, command: Command) -> bool:
        """Whether this was a command for the pipe; it is done then."""
        match command:
            case StateHead():
                self._begin(command)
            case StatePart():
                self._more(command)
                self._send(StateTaken(command.request))
            case StateEnd():
                self._end(command)
            case StateTaken():
                with self._changed:
                    self._taken += 1
                    self._changed.notify_all()
            case _:
                return False
        return True

    def make_way(self, hurry: bool = True) -> None:
        """Something else is to be done now: end giving, even what has not begun. False: the next order is to give."""
        with self._changed:
            self._hurry = hurry
            self._changed.notify_all()

    def wake(self) -> None:
        """Have who waits look again whether it is given up."""
        with self._changed:
            self._changed.notify_all()

    # --- the inference thread -------------------------------------------------------------------------

    def ask(self, need: NeedState, given_up: Callable[[], bool]) -> Incoming | None:
        """A state for a prompt, whole and sound; None where there is none, or it was given up."""
        with self._changed:
            self._asked, self._incoming, self._answered = need, None, False
        self._send(need)
        with self._changed:
            while not self._answered and not given_up():
                self._changed.wait()
            found: Incoming | None = self._incoming
            self._incoming = self._asked = None
            return found if self._answered and found is not None and found.complete else None

    def give(self, head: StateHead, states: Sequence[Any], given_up: Callable[[], bool]) -> bool:
        """Send a state in parts, each when the one before was taken; false where something more urgent came."""
        with self._changed:
            self._taken = 0
        self._send(head)
        sent = 0
        for state in states:
            view = memoryview(state).cast("B")
            for begin in range(0, len(view), PART_BYTES):
                if not self._wait_for(sent + 1, given_up):  # the head is acknowledged, too
                    return False
                self._send(StatePart(head.request, view[begin : begin + PART_BYTES].tobytes()))
                sent += 1
        return self._wait_for(sent + 1, given_up)

    def _wait_for(self, taken: int, given_up: Callable[[], bool]) -> bool:
        with self._changed:
            while self._taken < taken:
                if self._hurry or given_up():
                    return False
                self._changed.wait()
            return not (self._hurry or given_up())

    # --- inside ---------------------------------------------------------------------------------------

    def _begin(self, head: StateHead) -> None:
        with self._changed:
            asked = self._asked
            if asked and asked.request == head.request and head.bytes <= asked.most and not self._incoming:
                buffers = [(ctypes.c_uint8 * extent.bytes)() for extent in head.extents]
                self._incoming = Incoming(head, buffers)
        self._send(StateTaken(head.request))

    def _more(self, part: StatePart) -> None:
        with self._changed:
            incoming = self._incoming
            if incoming and incoming.head.request == part.request and not incoming.add(part.data):
                self._incoming = None

    def _end(self, end: StateEnd) -> None:
        with self._changed:
            if self._asked and self._asked.request == end.request:
                if not end.sound:
                    self._incoming = None
                self._answered = True
                self._changed.notify_all()
