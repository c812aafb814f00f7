"""Server-sent events out of bytes that come split anywhere (WHATWG HTML 9.2.6), within bounds.

A line or an event that is too long, or rubbish without end, is an error instead of memory.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_LINE: Final = 1 << 20
"""Bytes of a line, and of an event's lines together; a token of an answer takes some hundred."""
MOST_RUBBISH: Final = 1 << 20
"""Bytes of lines that are neither fields of an event nor remarks."""
_ENDS: Final = re.compile(rb"\r\n|\r|\n")
_FIELDS: Final = frozenset({b"data", b"event", b"id", b"retry"})
_MARK: Final = b"\xef\xbb\xbf"


class TooMuchError(Exception):
    """It is longer than anything that belongs here."""


class Events:
    """Takes pieces, gives the data of whole events."""

    def __init__(self, longest: int = LONGEST_LINE, rubbish: int = MOST_RUBBISH) -> None:
        self._longest, self._rubbish = longest, rubbish
        self._line = bytearray()
        self._data: list[bytes] = []
        self._size = 0
        self._after_return = False
        self._begun = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The data of each event that is whole now. Raises `TooMuchError`."""
        if self._after_return and piece:  # a line's end that was cut in two
            piece = piece.removeprefix(b"\n")
            self._after_return = False
        if not piece:
            return []
        self._after_return = piece.endswith(b"\r")
        first, *others = _ENDS.split(piece)
        found: list[bytes] = []
        self._grow(first)
        for part in others:
            line = bytes(self._line)
            self._line.clear()
            self._take(line, found)
            self._grow(part)
        return found

    def end(self) -> list[bytes]:
        """What is left at the end, where a server forgets the empty line behind its last event."""
        found: list[bytes] = []
        if self._line:
            self._take(bytes(self._line), found)
            self._line.clear()
        self._take(b"", found)
        return found

    def _grow(self, part: bytes) -> None:
        self._line += part
        if len(self._line) > self._longest:
            raise TooMuchError("line")

    def _take(self, line: bytes, found: list[bytes]) -> None:
        if not self._begun:
            self._begun, line = True, line.removeprefix(_MARK)
        if not line:
            if self._data:
                found.append(b"\n".join(self._data))
            self._data, self._size = [], 0
            return
        if line.startswith(b":"):
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._size += len(value) + 1
            if self._size > self._longest:
                raise TooMuchError("event")
            self._data.append(value.removeprefix(b" "))
        elif name not in _FIELDS:
            self._rubbish -= len(line)
            if self._rubbish < 0:
                raise TooMuchError("rubbish")
