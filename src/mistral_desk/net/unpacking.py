"""Unpacks what a server packed with gzip, never to more than was asked for.

The library would unpack whatever it knows and pass on whatever it does not; here a packing that was not asked for is
refused, and a small answer that would become a huge one ends at its limit.
"""

from __future__ import annotations

import zlib
from typing import Final

_KNOWN: Final = frozenset({"gzip", "x-gzip"})
_PLAIN: Final = frozenset({"", "identity"})
_GZIP: Final = zlib.MAX_WBITS | 16


class UnknownPackingError(Exception):
    """It is packed in a way that was not asked for."""


class DamagedPackingError(Exception):
    """It does not unpack."""


class TooLargeError(Exception):
    """There is more of it than was asked for."""


class Unpacker:
    """Collects a body of at most `limit` bytes, unpacked; `encoding` is the header `Content-Encoding`."""

    def __init__(self, encoding: str, limit: int) -> None:
        """Raise `UnknownPackingError`."""
        kind = encoding.strip().lower()
        if kind not in _KNOWN | _PLAIN:
            raise UnknownPackingError
        self._gzip = zlib.decompressobj(_GZIP) if kind in _KNOWN else None
        self._limit = limit
        self._body = bytearray()
        self._taken = 0

    def add(self, piece: bytes) -> None:
        """Take the next piece. Raises `TooLargeError` and `DamagedPackingError`."""
        self._taken += len(piece)
        if self._gzip is None:
            self._body += piece
        else:
            try:
                self._body += self._gzip.decompress(piece, self._limit + 1 - len(self._body))
            except zlib.error as error:
                raise DamagedPackingError(str(error)) from error
        if max(len(self._body), self._taken) > self._limit:
            raise TooLargeError

    def done(self) -> bytes:
        """The whole body. Raises `DamagedPackingError` when its end is missing."""
        if self._gzip is not None and self._taken and not self._gzip.eof:
            raise DamagedPackingError("the end is missing")
        return bytes(self._body)
