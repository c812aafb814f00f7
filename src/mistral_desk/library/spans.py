"""Who of several connections fetches what: spans of blocks, from the front, shorter towards the end.

They stay close behind each other, so that the hash of the whole never has far to go, and no connection waits long for
the last one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mistral_desk.library.part import Part

_LONGEST: Final = 8
"""Blocks of one request, where there are several connections."""


class Spans:
    """The blocks of a part that are missing, each given to one connection at a time. For one thread."""

    def __init__(self, part: Part, connections: int) -> None:
        self._part, self._connections = part, connections
        self._taken: set[int] = set()
        self._from = 0

    def take(self) -> range | None:
        """The next blocks to fetch, in order; None when all are whole or taken."""
        part = self._part
        while self._from < part.blocks and part.whole(self._from):
            self._from += 1
        first = next((i for i in range(self._from, part.blocks) if self._open(i)), None)
        if first is None:
            return None
        most = self._most(part.blocks - first)
        last = first + 1
        while last < part.blocks and last - first < most and self._open(last):
            last += 1
        found = range(first, last)
        self._taken.update(found)
        return found

    def give_back(self, span: range) -> None:
        """Done with it, whether it is whole or not."""
        self._taken.difference_update(span)
        self._from = min(self._from, span.start)

    def _open(self, index: int) -> bool:
        return index not in self._taken and not self._part.whole(index)

    def _most(self, left: int) -> int:
        if self._connections == 1:
            return left
        return min(_LONGEST, max(1, left // (2 * self._connections)))


def missing(part: Part, span: range) -> tuple[int, int] | None:
    """From where to where a span is still missing, in bytes; None when it is whole."""
    for index in span:
        if not part.whole(index):
            return part.reached(index), part.end_of(span[-1])
    return None
