"""Server-sent events out of bytes that come split anywhere (WHATWG HTML 9.2.6), within bounds.

A line or an event that is too long, or rubbish without end, is an error instead of memory.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_LINE: Final = 1 << 20
"""Bytes of a line, and of an event's lines together; a token of an answer takes some hundred."""
MOST_RUBBISH: Final = 1 << 20
"""Bytes between two events that say nothing: remarks, empty lines, and what is no field of an event. A remark every
second for a day is less.
"""
_EMPTY: Final = 8
"""What an empty line counts: it is work, too."""
_ENDS: Final = re.compile(rb"\r\n|\r|\n")
_MARK: Final = b"\xef\xbb\xbf"


class TooMuchError(Exception):
    """It is longer than anything that belongs here."""


class Events:
    """Takes pieces, gives the data of whole events."""

    def __init__(self, longest: int = LONGEST_LINE, rubbish: int = MOST_RUBBISH) -> None:
        self._longest, self._most_rubbish = longest, rubbish
        self._rubbish = rubbish
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
                self._data, self._size, self._rubbish = [], 0, self._most_rubbish
            else:
                self._nothing(_EMPTY)
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._size += len(value) + 1
            if self._size > self._longest:
                raise TooMuchError("event")
            self._data.append(value.removeprefix(b" "))
        else:
            self._nothing(len(line) + 1)

    def _nothing(self, size: int) -> None:
        self._rubbish -= size
        if self._rubbish < 0:
            raise TooMuchError("rubbish")
