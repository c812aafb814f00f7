"""Cuts the conversations out of a JSON list while it is read, so that no file is in memory as a whole.

Only brackets and strings are looked at. What is cut out is judged by whoever decodes it: one that is broken does not
take the others with it, and of a file that ends too early everything before its end is used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

CHUNK: Final = 1 << 20
LARGEST: Final = 100_000_000
"""Bytes of one element that are kept; a larger one is passed over."""
_END: Final = re.compile(rb'[\\"]')
# The next bracket, over everything before it; or the quotation mark of a string that does not end in this chunk.
_TOKENS: Final = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+([{}\[\]"])', re.DOTALL)
_OPENS: Final = frozenset(b"{[")


class Source(Protocol):
    """What is read from."""

    def read(self, size: int, /) -> bytes: ...  # noqa: D102


class Split:
    """Iterate over it: each element of the list at the top as bytes, None in the place of one that is too large.

    `complete` tells at the end whether the list was closed; `read` how many bytes were read so far.
    """

    def __init__(self, stream: Source, *, largest: int = LARGEST, most: int | None = None) -> None:
        """`most` bytes are read at most: what an archive unpacks to has no end of its own."""
        self._stream, self._largest, self._most = stream, largest, most
        self.complete = False
        self.read = 0

    def __iter__(self) -> Iterator[bytes | None]:
        depth, in_string, escaped = 0, False, False
        kept: list[bytes] = []
        size = 0
        while chunk := self._stream.read(CHUNK):
            self.read += len(chunk)
            if self._most is not None and self.read > self._most:
                return
            at = begin = 0
            while at < len(chunk):
                if in_string:
                    at, in_string, escaped = _through(chunk, at, escaped=escaped)
                    continue
                found = _TOKENS.match(chunk, at)
                if found is None:  # no bracket any more
                    break
                sign, at = chunk[found.end() - 1], found.end()
                if sign == 0x22:  # a string begins that does not end here
                    in_string, escaped = True, False
                elif sign in _OPENS:
                    depth += 1
                    if depth == 2:
                        begin, kept, size = at - 1, [], 0
                else:
                    depth -= 1
                    if depth == 1:
                        size += at - begin
                        kept.append(chunk[begin:at])
                        yield b"".join(kept) if size <= self._largest else None
                        kept, size = [], 0
                    elif depth <= 0:
                        self.complete = depth == 0
                        return
            if depth >= 2:
                size += len(chunk) - begin
                if size <= self._largest:
                    kept.append(chunk[begin:])
                else:
                    kept = []


def _through(chunk: bytes, at: int, *, escaped: bool) -> tuple[int, bool, bool]:
    """Go on inside a string: where it ends or the chunk does, whether it goes on, whether a backslash was last."""
    if escaped:
        at += 1
    while (found := _END.search(chunk, at)) is not None:
        if found[0] == b'"':
            return found.end(), False, False
        if found.end() == len(chunk):
            return found.end(), True, True
        at = found.end() + 1
    return len(chunk), True, False
