"""Small files and folders of the program that nobody but their owner may look at, whatever the system's habit is.

Not by a umask: that would be inherited by the browser and the file manager that are started from here. Windows hands on
what `%LOCALAPPDATA%` allows.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path
from typing import Final

FILE_MODE: Final = 0o600
FOLDER_MODE: Final = 0o700
_REFUSES_LINKS: Final = getattr(os, "O_NOFOLLOW", 0)


def opened(path: str | Path, flags: int, *, refuses_links: int = _REFUSES_LINKS) -> int:
    """The descriptor of a file, for `open(…, opener=opened)`: of that file, never of what a link in its place leads to.

    Raises `OSError`, with `errno.ELOOP` for a link. A system without a flag for that is asked beforehand.
    """
    if not refuses_links and Path(path).is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
    return os.open(path, flags | refuses_links, FILE_MODE)


def write(path: Path, content: bytes) -> None:
    """Write a file, or what is in it anew; it need not last through a power cut. Raises `OSError`, as `opened`."""
    with open(path, "wb", opener=opened) as file:
        file.write(content)


def append(path: Path, content: bytes) -> None:
    """Write behind what is in a file, which need not be there yet. Raises `OSError`, as `opened`."""
    with open(path, "ab", opener=opened) as file:
        file.write(content)


def folder(path: Path) -> None:
    """Make a folder and those above it that are missing. Raises `OSError`."""
    missing = [one for one in (path, *path.parents) if not one.exists()]
    for one in reversed(missing):
        one.mkdir(exist_ok=True, mode=FOLDER_MODE)
    path.mkdir(exist_ok=True)  # where a file is in its place, this says so


def is_ours(path: Path) -> bool:
    """Whether a folder is this person's (or root's, where nobody else may write): nobody prepared it for them. From
    others the right to put something into it is taken away, where the file system knows such rights.

    Not every one does: FAT, exFAT and many network drives call all files somebody's, whoever made them. There a folder
    is ours if a new file of ours has the same owner; who else may write is as the drive was mounted. Raises `OSError`.
    """
    if sys.platform == "win32":
        return True
    else:
        me, link, found = os.geteuid(), path.lstat(), path.stat()
        if stat.S_ISLNK(link.st_mode) and link.st_uid not in {me, 0}:
            return False
        open_ = bool(found.st_mode & (stat.S_IWGRP | stat.S_IWOTH))
        if found.st_uid == 0 and not open_:
            return True
        if found.st_uid != me and found.st_uid != _owner_of_new(path):
            return False
        if open_:
            with contextlib.suppress(OSError):
                path.chmod(FOLDER_MODE)
        return True


def _owner_of_new(folder: Path) -> int | None:
    """Whom a file belongs to that is made in a folder now, and is gone again; None where none may be made."""
    path = folder / f".owner-{os.urandom(6).hex()}"
    try:
        descriptor = opened(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except PermissionError:
        return None
    try:
        return os.fstat(descriptor).st_uid
    finally:
        os.close(descriptor)
        path.unlink()
