"""Small files and folders of the program that nobody but their owner may look at, whatever the system's habit is.

Not by a umask: that would be inherited by the browser and the file manager that are started from here. Windows hands on
what `%LOCALAPPDATA%` allows.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOINHERIT", 0)
_ANEW, _BEHIND = _FLAGS | os.O_TRUNC, _FLAGS | os.O_APPEND


def write(path: Path, content: bytes) -> None:
    """Write a file, or what is in it anew; it need not last through a power cut. Raises `OSError`."""
    with os.fdopen(os.open(path, _ANEW, FILE_MODE), "wb") as file:
        file.write(content)


def append(path: Path, content: bytes) -> None:
    """Write behind what is in a file, which need not be there yet. Raises `OSError`."""
    with os.fdopen(os.open(path, _BEHIND, FILE_MODE), "ab") as file:
        file.write(content)


def folder(path: Path) -> None:
    """Make a folder and those above it that are missing. Raises `OSError`."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True, mode=FOLDER_MODE)
    path.mkdir(exist_ok=True)  # where a file is in its place, this says so


def is_ours(path: Path) -> bool:
    """Whether nobody but this person (and root) can put something into a folder; of their own, others' rights to do so
    are taken away. A file system that knows no rights is as who mounted it wanted. Raises `OSError`.
    """
    if sys.platform == "win32":
        return True
    else:
        me, found = os.geteuid(), path.stat()
        if path.lstat().st_uid not in {me, 0}:
            return False
        open_ = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
        if found.st_uid != me:
            return found.st_uid == 0 and not open_
        if open_:
            with contextlib.suppress(OSError):
                path.chmod(FOLDER_MODE)
        return True
