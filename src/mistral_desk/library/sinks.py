"""Where the bytes of an answer go: to the part on the disk, or into memory to be compared with what is there.

Portions of up to a megabyte are handed to a thread, and while it writes and hashes one the next one comes in. So the
event loop never waits for a disk, and there are two portions of a connection in memory at most.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, Protocol

from mistral_desk.library import disk
from mistral_desk.library.threads import begin_portion, ended

if TYPE_CHECKING:
    from mistral_desk.library.part import Part

_LARGEST: Final = 1 << 20
_SMALLEST: Final = 1 << 16
_OF_A_BLOCK: Final = 8
"""A portion is so small a share of a block that one block is the most that a crash can cost a connection."""
_PATIENCE_S: Final = 0.5
"""What came is written after this time even where it is little."""


class Sink(Protocol):
    """Takes an answer's bytes in order."""

    def begin(self, offset: int) -> None:
        """An answer begins whose first byte belongs at `offset`."""

    async def add(self, data: bytes) -> None:
        """The next bytes."""

    async def flush(self) -> None:
        """Nothing more comes of this answer; returns when all is where it belongs. Raises `library.…`."""


class ToPart:
    """To the disk. `reserve` are bytes that must stay free there."""

    def __init__(self, part: Part, reserve: int) -> None:
        self._part, self._reserve = part, reserve
        self._portion = max(_SMALLEST, min(_LARGEST, part.block // _OF_A_BLOCK))
        self._offset = 0
        self._held: list[bytes] = []
        self._size = 0
        self._since = 0.0
        self._writing: asyncio.Future[None] | None = None

    def begin(self, offset: int) -> None:  # noqa: D102 - as `Sink` says
        self._offset = offset
        self._held, self._size, self._since = [], 0, time.monotonic()

    async def add(self, data: bytes) -> None:  # noqa: D102
        self._held.append(data)
        self._size += len(data)
        if self._size >= self._portion or time.monotonic() - self._since > _PATIENCE_S:
            await self._hand_over()

    async def flush(self) -> None:  # noqa: D102
        try:
            await self._hand_over()
            if self._writing is not None:
                await asyncio.shield(self._writing)
        finally:
            writing, self._writing = self._writing, None
            if writing is not None:
                await ended(writing)

    async def _hand_over(self) -> None:
        if self._writing is not None:
            await asyncio.shield(self._writing)
        if self._held:
            held, offset = self._held, self._offset
            self._offset += self._size
            self._held, self._size, self._since = [], 0, time.monotonic()
            self._writing = begin_portion(self._write, offset, held)

    def _write(self, offset: int, held: list[bytes]) -> None:
        data = b"".join(held)
        held.clear()
        folder = self._part.path.parent
        with disk.told(self._part.path):
            available = disk.free(folder) - self._reserve
        if available < len(data):
            raise disk.full(folder, self._part.wanted.size - self._part.done, available)
        self._part.write(offset, data)


class ToMemory:
    """One block, from `start` up to before `end`."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.data = bytearray()
        self._offset = 0

    def begin(self, offset: int) -> None:  # noqa: D102 - as `Sink` says
        self._offset = offset

    async def add(self, data: bytes) -> None:  # noqa: D102
        skipped = self.start + len(self.data) - self._offset
        self._offset += len(data)
        if 0 <= skipped < len(data):
            self.data += data[skipped:][: self.end - self.start - len(self.data)]

    async def flush(self) -> None:
        """All of it is here already."""
