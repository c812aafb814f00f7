"""Whether the models can move into another folder, and what it would take; what stands in the way is said before."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk, journal
from mistral_desk.library.relocating import STAGED, belonging
from mistral_desk.library.wanted import PART

How: TypeAlias = Literal["rename", "copy", "nothing"]

RESERVE: Final = 500_000_000
"""Stays free at the target."""


class MovePlan(msgspec.Struct, frozen=True):
    """What a move would be. `bytes` are to be moved in so many `files`; `free` can be written at the target."""

    source: str
    target: str
    how: How
    bytes: int
    files: int
    free: int


def plan(source: Path, target: Path) -> MovePlan:
    """What moving the models there would be.

    Raises `library.move_same`, `library.move_inside`, `library.move_away`, `library.move_not_writable`,
    `library.move_exists`, `library.no_room`.
    """
    old, new = Path(os.path.realpath(source)), Path(os.path.realpath(target))
    if old == new or (new.exists() and old.exists() and old.samefile(new)):
        raise DeskError("library.move_same", path=str(target))
    if old in new.parents or new in old.parents:
        raise DeskError("library.move_inside", path=str(target), folder=str(source))
    if not old.is_dir():
        raise DeskError("library.move_away", path=str(source))
    _writable(target)
    files = list(belonging(source))
    for path in files:
        for taken in (path, path.with_name(path.name + STAGED)):  # copies grow under the second
            if os.path.lexists(target / taken):
                raise DeskError("library.move_exists", name=taken.as_posix(), path=str(target))
    size = disk.size_of(source, files)
    free = max(0, disk.free(target) - RESERVE)
    how: How = "nothing" if not files else "rename" if disk.device(target) == disk.device(source) else "copy"
    if how == "copy" and free < size:
        raise disk.no_room(target, size, free)
    return MovePlan(str(source), str(target), how, size, len(files), free)


def _writable(target: Path) -> None:
    """Raise `library.move_not_writable` where no folder can be made, or no file put into it."""
    made: list[Path] = []
    try:
        for folder in reversed((target, *target.parents)):
            if not folder.exists():
                folder.mkdir()
                made.append(folder)
        probe = target / f".writable-{os.urandom(6).hex()}"
        probe.open("xb").close()  # never what lies there, or a link to elsewhere
        probe.unlink()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DeskError("library.move_not_writable", str(error), path=str(target), reason=reason) from error
    finally:
        for folder in reversed(made):
            with contextlib.suppress(OSError):
                folder.rmdir()


def at_rest(source: Path) -> None:
    """Raise `library.move_busy` where another program downloads into the folder just now."""
    for path in belonging(source):
        if path.name.endswith(PART) and _held(source / path):
            raise DeskError("library.move_busy", name=path.name)


def _held(part: Path) -> bool:
    try:
        listed = os.open(journal.path_for(part.with_name(part.name.removesuffix(PART))), os.O_RDWR)
    except OSError:
        return False
    try:
        return not disk.lock(listed)
    finally:
        os.close(listed)
