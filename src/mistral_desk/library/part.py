"""A file while it comes: its bytes so far, which blocks of it are whole, and its hash up to the first gap.

Everything here blocks and may be called from several threads, each at work on blocks of its own. What an earlier run
left is believed only after it was read again. The SHA-256 of the file follows the writing, so that it is known moments
after the last byte; a block's CRC-32 finds what a disk or a power cut did to it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mistral_desk.core import lasting, private
from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk, journal, standing
from mistral_desk.library.journal import Head, Journal

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.library.wanted import Wanted

STEP: Final = 1 << 20
"""Bytes that are read at once."""
_AHEAD: Final = 8
"""Steps that one writer follows the hash by at most, so that it gets back to its own work."""
_NOTE_S: Final = 5.0
"""So often the beginning of a block is written down: a block may take minutes on a slow line."""


@dataclass(frozen=True)
class Remembered:
    """What was known of a part when it was closed: true as long as its file has the same `stamp`."""

    stamp: tuple[int, int, int]
    lengths: tuple[int, ...]
    crcs: tuple[int, ...]
    hash: hashlib._Hash
    front: int


class StoppedError(Exception):
    """Somebody set the event that ends long work."""


class Part:
    """Open it with `open`, end with `close`; `finish` in between puts the file in its place.

    All raise `library.…` for what the disk does; long ones end with `StoppedError` when `stop` is set.
    """

    def __init__(
        self,
        wanted: Wanted,
        final: Path,
        block: int = journal.BLOCK,
        label: tuple[str, str] = ("", ""),
        before: Remembered | None = None,
    ) -> None:
        """`label` is the id and the title of what was ordered together. `before` is what an earlier one of this program
        remembered: if nobody has touched the file since, it is not read again.
        """
        self.wanted, self.final = wanted, final
        self.path = standing.beginning(final)
        self.block = block
        self.stop = threading.Event()
        self.checked = 0
        """Bytes that were read again, while `open` or `reread` runs."""
        self.spoiled = 0
        """Bytes of an earlier run that were not as they had been written."""
        self.remembered: Remembered | None = None
        """For the next one, after `close`."""
        self._label, self._before = label, before
        self._over: standing.Before | None = None
        self._lock, self._hashing = threading.Lock(), threading.Lock()
        self._lengths: list[int] = []
        self._crcs: list[int] = []
        self._whole_known = False
        """Whether all that is there was looked at: not while `open` or `reread` is at it."""
        self._noted: dict[int, tuple[int, float]] = {}
        self._hash, self._front = hashlib.sha256(), 0
        self._file: int | None = None
        self._journal: Journal | None = None

    # --- opening and closing --------------------------------------------------------------------------

    def open(self) -> None:
        """Create it, or take up what is there: each block is read and compared first. What is not ours stays."""
        try:
            with disk.told(self.path, self.wanted.size):
                self._open()
            self._whole_known = True
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._over = standing.before(self.final, self.wanted, self._stopped)
        standing.refuse_beginning(self.final)
        self._journal = Journal(journal.path_for(self.final), self.wanted.name)
        kept = self._journal.content()
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
        if kept is None or not _same(kept.head.file, self.wanted) or standing.is_older(self._over, kept):
            over = self._over.own if self._over else None
            self._journal.begin(Head(journal.FORMAT, self.wanted, self.block, *self._label, over))
            flags |= os.O_TRUNC
            kept = None
        else:
            self.block = kept.head.block
        self._file = private.opened(self.path, flags)
        count = -(-self.wanted.size // self.block)
        self._lengths, self._crcs = [0] * count, [0] * count
        if kept is not None and self._recalled():
            return
        there = os.fstat(self._file).st_size
        if there > self.wanted.size:
            os.ftruncate(self._file, self.wanted.size)
        for index, (size, crc) in sorted(kept.blocks.items()) if kept else ():
            start = index * self.block
            if size and start + size <= there:
                self._check(index, size, crc)
            else:
                self.spoiled += size

    def _recalled(self) -> bool:
        """Whether what was remembered is still true; then it is in force."""
        before = self._before
        if before is None or self._stamp() != before.stamp or len(before.lengths) != len(self._lengths):
            return False
        self._lengths, self._crcs = list(before.lengths), list(before.crcs)
        self._hash, self._front = before.hash.copy(), before.front
        return True

    def _stamp(self) -> tuple[int, int, int]:
        status = os.fstat(self._open_file())
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _check(self, index: int, size: int, crc: int) -> None:
        """Read a block again; the hash of the file goes along while there is no gap."""
        start, found = index * self.block, 0
        front = self._hash.copy() if start == self._front else None
        for at in range(0, size, STEP):
            data = self._read(start + at, min(STEP, size - at))
            found = zlib.crc32(data, found)
            if front:
                front.update(data)
            self.checked += len(data)
        if found != crc:
            self.spoiled += size
            return
        self._lengths[index], self._crcs[index] = size, crc
        if front:
            self._hash, self._front = front, start + size

    def close(self) -> None:
        """Note how far each block is, and let go of the file. Never raises: what is not noted is fetched again."""
        with contextlib.suppress(OSError):
            if self._journal is not None and self._file is not None:
                for index, size in enumerate(self._lengths):
                    if 0 < size < self._size(index) and self._noted.get(index, (0, 0.0))[0] != size:
                        self._journal.block(index, size, self._crcs[index])
                if self._whole_known:
                    known = (tuple(self._lengths), tuple(self._crcs), self._hash, self._front)
                    self.remembered = Remembered(self._stamp(), *known)
        for closer in (self._journal.close if self._journal else None, self._shut):
            if closer is not None:
                with contextlib.suppress(OSError):
                    closer()
        self._journal = None

    def _shut(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            os.close(file)

    # --- what is there --------------------------------------------------------------------------------

    @property
    def done(self) -> int:
        """Bytes that are there."""
        return sum(self._lengths)

    @property
    def hashed(self) -> int:
        """Bytes from the beginning whose hash is known."""
        return self._front

    @property
    def blocks(self) -> int:
        """How many blocks the file has."""
        return len(self._lengths)

    def whole(self, index: int) -> bool:
        """Whether all of a block is there."""
        return self._lengths[index] == self._size(index)

    def end_of(self, index: int) -> int:
        """Where a block ends, in bytes from the file's beginning; where it is there up to: `reached`."""
        return index * self.block + self._size(index)

    def reached(self, index: int) -> int:
        """Up to where a block is there, in bytes from the file's beginning."""
        return index * self.block + self._lengths[index]

    def _size(self, index: int) -> int:
        return min(self.block, self.wanted.size - index * self.block)

    # --- writing --------------------------------------------------------------------------------------

    def write(self, offset: int, data: bytes) -> None:
        """Take bytes that belong at `offset`. What is there already is left as it is."""
        view = memoryview(data)[: max(0, self.wanted.size - offset)]
        try:
            while view:
                index = offset // self.block
                portion = view[: self.end_of(index) - offset]
                known = self.reached(index) - offset
                if 0 <= known < len(portion):
                    self._take(index, offset + known, portion[known:])
                view, offset = view[len(portion) :], offset + len(portion)
        except OSError as error:
            raise disk.problem(error, self.path, self.wanted.size - self.done) from error

    def _take(self, index: int, offset: int, data: memoryview) -> None:
        crc = zlib.crc32(data, self._crcs[index])
        self._put(offset, data)
        self._crcs[index] = crc
        self._lengths[index] += len(data)
        self._note(index)
        if self.whole(index):
            disk.begin_writing(self._open_file(), index * self.block, self._size(index))
        if self._hashing.acquire(blocking=False):  # else whoever follows just now comes to these bytes too
            try:
                if self._front == offset:
                    self._hash.update(data)
                    self._front += len(data)
                with contextlib.suppress(StoppedError):
                    self._follow(_AHEAD)
            finally:
                self._hashing.release()

    def _note(self, index: int) -> None:
        """Write down how far a block is: when it is whole, when it is half, and now and then before."""
        size, now = self._lengths[index], time.monotonic()
        if size < self._size(index):
            before = self._noted.setdefault(index, (0, now))
            if now - before[1] < _NOTE_S and size - before[0] < self.block // 2:
                return
            self._noted[index] = (size, now)
        else:
            self._noted.pop(index, None)
        with self._lock:
            self._open_list().block(index, size, self._crcs[index])

    def _follow(self, steps: int) -> None:
        """Let the hash catch up with what others have written behind the first gap; `_hashing` is held."""
        while steps and self._front < self.wanted.size and not self.stop.is_set():
            size = min(STEP, self.reached(self._front // self.block) - self._front)
            if size <= 0:
                return
            data = self._read(self._front, size)
            self._hash.update(data)
            self._front += len(data)
            steps -= 1

    # --- the end --------------------------------------------------------------------------------------

    def sha256(self) -> str:
        """The hash of the whole file; everything must be there."""
        with disk.told(self.path), self._hashing:
            self._follow(-1)
            self._stopped()
            return self._hash.hexdigest()

    def reread(self) -> tuple[int, ...]:
        """Read all blocks again and drop those that the disk has changed; which they are. The hash begins anew."""
        with disk.told(self.path), self._hashing:
            self._whole_known = False
            kept = list(enumerate(zip(self._lengths, self._crcs, strict=True)))
            self._lengths, self._crcs = [0] * len(kept), [0] * len(kept)
            self._hash, self._front, self.checked = hashlib.sha256(), 0, 0
            for index, (size, crc) in kept:
                if size:
                    self._check(index, size, crc)
            self._whole_known = True
            return tuple(index for index, (size, _) in kept if self._lengths[index] != size)

    def same(self, index: int, data: bytes) -> bool:
        """Whether a block that came once more is the one that is there."""
        return len(data) == self._lengths[index] and zlib.crc32(data) == self._crcs[index]

    def replace(self, index: int, data: bytes) -> None:
        """Put another block in its place."""
        with disk.told(self.path, len(data)):
            self._put(index * self.block, memoryview(data))
            self._lengths[index], self._crcs[index] = len(data), zlib.crc32(data)
            self._note(index)

    def finish(self, sha256: str) -> None:
        """Put the file in its place, lastingly; `sha256` is its hash, which somebody has compared."""
        with disk.told(self.final):
            standing.still(self.final, self._over)
            lasting.sync(self._open_file())
            standing.make_way(self.final, self._over)
            listed = self._open_list()
            if self.wanted.sha256 is not None:
                listed.verified(True)  # all of it went through the hash
            listed.whole(sha256)
            self._shut()  # Windows renames no open file
            try:
                standing.put(self.path, self.final, self._over)
            except DeskError:
                listed.whole("")  # it speaks of the beginning still, and of nothing that stands there
                raise

    # --- the file -------------------------------------------------------------------------------------

    def _read(self, offset: int, size: int) -> bytes:
        self._stopped()
        file = self._open_file()
        if hasattr(os, "pread"):
            data: bytes = os.pread(file, size, offset)
        else:
            with self._lock:
                os.lseek(file, offset, os.SEEK_SET)
                data = os.read(file, size)
        if not data:
            raise OSError(f"the file ends at {offset}")
        return data if len(data) == size else data + self._read(offset + len(data), size - len(data))

    def _put(self, offset: int, data: memoryview) -> None:
        file = self._open_file()
        while data:
            if hasattr(os, "pwrite"):
                written = os.pwrite(file, data, offset)
            else:
                with self._lock:
                    os.lseek(file, offset, os.SEEK_SET)
                    written = os.write(file, data)
            data, offset = data[written:], offset + written

    def _open_file(self) -> int:
        if self._file is None:
            raise OSError("the file is closed")
        return self._file

    def _open_list(self) -> Journal:
        if self._journal is None:
            raise OSError("the list is closed")
        return self._journal

    def _stopped(self) -> None:
        if self.stop.is_set():
            raise StoppedError


def left_over(final: Path) -> int:
    """Bytes of a file that an earlier run noted as there, without reading them again. Raises `OSError`."""
    if final.exists():
        return final.stat().st_size
    part = standing.beginning(final)
    kept = journal.read(journal.path_for(final)) if part.exists() else None
    return sum(size for size, _ in kept.blocks.values()) if kept else 0


def discard(final: Path) -> None:
    """Delete what there is of an unfinished file; a beginning without a list is somebody else's. Raises
    `library.in_use` and `library.not_deleted`.
    """
    where = journal.path_for(final)
    part = standing.beginning(final)
    if not where.exists():
        return
    with disk.told(part):
        held = Journal(where, final.name)
        try:
            kept = held.content()
            part.unlink(missing_ok=True)
        finally:
            held.close()
        of_beginning = kept is not None and not kept.sha256 and kept.head.over is None
        if of_beginning or not final.exists():
            journal.forget(where)


def _same(kept: Wanted, wanted: Wanted) -> bool:
    """Whether what is there belongs to the file that is wanted; its hash says so, else commit and path."""
    if kept.size != wanted.size:
        return False
    if kept.sha256 is not None or wanted.sha256 is not None:
        return kept.sha256 == wanted.sha256
    return (kept.repository, kept.revision, kept.path) == (wanted.repository, wanted.revision, wanted.path)
