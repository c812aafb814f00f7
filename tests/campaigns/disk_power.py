"""The disk as a power cut would leave it, made anew out of the list of all that reached it (`disk_layer.c`).

A file's bytes last when the file was synced, a name when its folder was. What was not is lost, or there, or there in
parts: file systems promise nothing about it, so each of these is a disk that an app has to start on.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Sequence

Leaves: TypeAlias = Literal["killed", "synced", "names", "some"]
LEAVES: Final[tuple[Leaves, ...]] = ("killed", "synced", "names", "some")
"""What is left after the cut: all (the program was killed) · only what was synced · all names, and of the bytes what
was synced · what was synced, and some of the rest, torn between sectors.
"""
_SECTOR: Final = 512


@dataclass(frozen=True)
class Op:
    """One change of the disk. `kind` as in `disk_layer.c`; a mark is something that the program said."""

    kind: str
    inode: int
    offset: int
    path: str
    other: str
    data: bytes

    @property
    def said(self) -> dict[str, Any]:
        """What a mark says."""
        told: dict[str, Any] = json.loads(self.path)
        return told


def read(log: Path) -> list[Op]:
    """The list, in the order in which it happened."""
    content, at, found = log.read_bytes(), 0, []
    while at < len(content):
        kind, first, second, inode, offset, size = _unpack(content, at)
        at += _SIZE
        path, other = content[at : at + first].decode(), content[at + first : at + first + second].decode()
        at += first + second
        data = content[at : at + size] if kind == "w" else b""
        at += len(data)
        found.append(Op(kind, inode, offset, path, other, data))
    return found


_SIZE: Final = 40


def _unpack(content: bytes, at: int) -> tuple[str, int, int, int, int, int]:
    kind, first, second, inode, offset, size = struct.unpack_from("<c3xII4xQQQ", content, at)
    return kind.decode(), first, second, inode, offset, size


@dataclass
class _File:
    """A file's bytes that last, and what was done to it since."""

    lasting: bytearray = field(default_factory=bytearray)
    since: list[Op] = field(default_factory=list)

    def content(self, ops: Sequence[Op]) -> bytearray:
        """The lasting bytes with these changes."""
        made = bytearray(self.lasting)
        for op in ops:
            _apply(made, op)
        return made


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "t":
        del content[op.offset :]
        content.extend(bytes(op.offset - len(content)))
    elif op.kind == "w":
        content.extend(bytes(max(0, op.offset - len(content))))
        content[op.offset : op.offset + len(op.data)] = op.data


class Disk:
    """What is on the disk, after each change of a list in turn."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}
        """By inode; a system gives the number of a deleted one again."""
        self._names: dict[str, _File] = {}
        self._lasting: dict[str, _File] = {}
        self._pending: list[tuple[Op, _File | None]] = []

    def take(self, op: Op) -> None:
        """One more change happened."""
        match op.kind:
            case "w" | "t":
                self._files.setdefault(op.inode, _File()).since.append(op)
            case "s" if op.inode in self._files:
                file = self._files[op.inode]
                file.lasting, file.since = file.content(file.since), []
            case "s":
                self._sync_folder(op.path)
            case "c" | "r" | "u" | "l":
                if op.kind == "c":
                    self._files[op.inode] = _File()  # inodes are used again
                _rename(self._names, op, self._files.get(op.inode))
                self._pending.append((op, self._files.get(op.inode)))
            case _:
                pass

    def _sync_folder(self, folder: str) -> None:
        left = []
        for op, file in self._pending:
            if str(Path(op.other or op.path).parent) == folder:
                _rename(self._lasting, op, file)
            else:
                left.append((op, file))
        self._pending = left

    def leave(self, how: Leaves, dice: random.Random) -> Iterator[tuple[str, bytes]]:
        """Each file that is there afterwards, with its bytes."""
        names = dict(self._names)
        if how in {"synced", "some"}:
            names = dict(self._lasting)
            kept = dice.randrange(len(self._pending) + 1) if how == "some" else 0
            for op, file in self._pending[:kept]:  # a file system's own journal keeps the order of names
                _rename(names, op, file)
        for name, left in names.items():
            if not name.endswith("-shm"):  # SQLite's own memory, which it makes anew
                yield name, bytes(self._bytes(left, how, dice))

    def _bytes(self, file: _File, how: Leaves, dice: random.Random) -> bytearray:
        if how == "killed":
            return file.content(file.since)
        if how != "some":
            return file.lasting
        return file.content([torn for op in file.since if dice.random() < 0.5 for torn in _torn(op, dice)])


def _torn(op: Op, dice: random.Random) -> list[Op]:
    """All of a write, or some of its sectors."""
    if op.kind != "w" or dice.random() < 0.5:
        return [op]
    return [
        Op("w", op.inode, op.offset + at, op.path, "", op.data[at : at + _SECTOR])
        for at in range(0, len(op.data), _SECTOR)
        if dice.random() < 0.5
    ]


def _rename(names: dict[str, _File], op: Op, file: _File | None) -> None:
    if op.kind in {"c", "l"} and file is not None:
        names[op.other or op.path] = file
    elif op.kind == "u":
        names.pop(op.path, None)
    elif op.path in names:
        names[op.other] = names.pop(op.path)
