"""Which parts of a file are there: a list that grows by a line for each, beside the file while it comes and afterwards.

A line is written after its bytes and proves itself: on the next start those bytes are read again and compared. So a
line that is missing or torn costs its block, and nothing that is written here needs to be trusted. The list holds no
address and no token.

Format: JSON lines. The first is a `Head`; then `["block", index, bytes, crc32]` (the last one of an index counts; fewer
bytes than a block has: its beginning), `["whole", sha256, when]` and `["verified", true or false, when]`, in seconds
since 1970.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.core import lasting, private
from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk
from mistral_desk.library.wanted import Wanted

if TYPE_CHECKING:
    from pathlib import Path

FOLDER: Final = ".desk"
"""In each repository's folder; hidden, so that people see models only."""
ENDING: Final = ".blocks"
BLOCK: Final = 16 << 20
FORMAT: Final = 1
_LARGEST: Final = 256 << 20
_SMALLEST_BLOCK: Final = 1 << 10


class Head(msgspec.Struct, frozen=True):
    """What the list is about. `block` in bytes; `set` names what was ordered together, `title` what people call it.

    `over` is the older file of ours that this one replaces: its size in bytes, and when it was changed, in ns.
    """

    format: int
    file: Wanted
    block: int
    set: str = ""
    title: str = ""
    over: tuple[int, int] | None = None


class Kept(msgspec.Struct):
    """A list as it was read. `blocks` maps an index to bytes and CRC-32."""

    head: Head
    blocks: dict[int, tuple[int, int]] = {}
    sha256: str = ""
    whole_since: float = 0.0
    verified: tuple[bool, float] | None = None


def path_for(final: Path) -> Path:
    """The list of a file, by the file's final place."""
    return final.parent / FOLDER / f"{final.name}{ENDING}"


def read(path: Path) -> Kept | None:
    """A list, without claiming it; None where there is none that can be used. Raises `OSError`."""
    try:
        with open(path, "rb", opener=disk.opened) as file:
            content = file.read(_LARGEST)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, disk.NotAFileError):
        return None
    return _understood(content)


def forget(path: Path) -> None:
    """Delete a list, and its folder when it was the last. Raises `OSError`."""
    path.unlink(missing_ok=True)
    try:
        path.parent.rmdir()
    except OSError:
        return  # others are in it


class Journal:
    """An open list, claimed for this program. Not for several threads at once. Its methods raise `OSError`."""

    def __init__(self, path: Path, name: str) -> None:
        """Open or create it. Raises `library.in_use` when another download has it."""
        private.folder(path.parent)
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
        self._path = path
        while True:
            self._file = private.opened(path, flags)
            if not disk.lock(self._file):
                os.close(self._file)
                raise DeskError("library.in_use", name=name)
            if self._still_there():
                break
            os.close(self._file)  # who had it before has deleted it meanwhile
        self._begun = False

    def content(self) -> Kept | None:
        """What it says; None for one that is new or of no use."""
        size = os.fstat(self._file).st_size
        os.lseek(self._file, 0, os.SEEK_SET)
        found, left = [], min(size, _LARGEST)
        while left > 0 and (part := os.read(self._file, min(left, 1 << 20))):
            found.append(part)
            left -= len(part)
        content = b"".join(found)
        kept = _understood(content)
        if kept is not None:
            self._begun = True
            if not content.endswith(b"\n"):
                self._append(b"\n")  # the last line was torn
        return kept

    def begin(self, head: Head) -> None:
        """Make it new, with nothing but this head."""
        os.ftruncate(self._file, 0)
        self._append(msgspec.json.encode(head) + b"\n")
        lasting.sync(self._file)
        lasting.sync_folder(self._path.parent)
        self._begun = True

    def block(self, index: int, size: int, crc: int) -> None:
        """So many bytes of a block are there, with this CRC-32."""
        self._line("block", index, size, crc)

    def whole(self, sha256: str) -> None:
        """All of it is there and has this SHA-256; lasts when this returns."""
        self._line("whole", sha256, round(time.time(), 3))
        lasting.sync(self._file)

    def verified(self, good: bool) -> None:
        """The file was read again, and was the same or was not."""
        self._line("verified", good, round(time.time(), 3))

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)

    def _line(self, *fields: object) -> None:
        self._append(msgspec.json.encode(fields) + b"\n")

    def _append(self, line: bytes) -> None:
        """One write for one line: what ends in the middle of it leaves a torn line, which is read as none."""
        view = memoryview(line)
        while view:
            view = view[os.write(self._file, view) :]

    def _still_there(self) -> bool:
        if sys.platform == "win32":
            return True  # no open file is deleted there
        else:
            try:
                return os.path.samestat(os.fstat(self._file), self._path.stat())
            except FileNotFoundError:
                return False


def _understood(content: bytes) -> Kept | None:
    lines = content.split(b"\n")
    try:
        head = msgspec.json.decode(lines[0], type=Head)
    except (ValueError, RecursionError):
        return None
    if head.format != FORMAT or head.block < _SMALLEST_BLOCK or head.file.size < 0:
        return None
    kept = Kept(head, {})
    for line in lines[1:]:
        try:
            fields = msgspec.json.decode(line)
        except (ValueError, RecursionError):
            continue
        _take(kept, fields)
    return kept


def _take(kept: Kept, fields: Any) -> None:
    match fields:
        case ["block", int(index), int(size), int(crc)]:
            start = index * kept.head.block
            if index >= 0 and start < kept.head.file.size and 0 <= size <= kept.head.block and 0 <= crc < 1 << 32:
                kept.blocks[index] = (min(size, kept.head.file.size - start), crc)
        case ["whole", str(sha256), int() | float() as when]:
            kept.sha256, kept.whole_since = sha256, float(when)
        case ["verified", bool(good), int() | float() as when]:
            kept.verified = (good, float(when))
        case _:
            return
