"""What downloads ask of the file system: room, locks, and writes that last through a power cut, on each system.

The errors that a system gives become a few problems that say what a person can do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
import time
from typing import TYPE_CHECKING, Final

from mistral_desk.core import lasting, putting
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GB: Final = 1_000_000_000
NO_ROOM: Final = mark("there is not enough room")
_FULL: Final = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_LOCK_AT: Final = 1 << 62
"""Windows locks bytes, not files: one that no file reaches."""
_TRIES: Final = 20


def free(folder: Path) -> int:
    """Bytes that this person can still write where `folder` is, or will be. Raises `OSError`."""
    return shutil.disk_usage(_nearest(folder)).free


def _nearest(folder: Path) -> Path:
    """The folder, else the nearest one above it that is there. Raises `OSError`."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def size_of(folder: Path, files: list[Path], other: Path | None = None) -> int:
    """Size of files, those that share their bytes once; each in the `other` folder where it is not in this one."""
    found: dict[tuple[int, int], int] = {}
    for path in files:
        for at in (folder, other):
            with contextlib.suppress(OSError):
                if at is not None:
                    status = (at / path).lstat()
                    found[status.st_dev, status.st_ino] = status.st_size
                    break
    return sum(found.values())


class NotAFileError(OSError):
    """It is no file: a pipe or a device in its place would be waited for without end."""


def opened(path: str | Path, flags: int) -> int:
    """The descriptor of a file to read, for `open(…, opener=opened)`, where somebody else may have put it.

    Raises `OSError`; `NotAFileError` for what is none.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAFileError(errno.EINVAL, os.strerror(errno.EINVAL), str(path))
    return descriptor


def device(folder: Path) -> int:
    """Which disk a folder is on, or will be; -1 where that cannot be told."""
    try:
        return _nearest(folder).stat().st_dev
    except OSError:
        return -1


def full(folder: Path, needed: int, available: int) -> DeskError:
    """The problem of too little room, in bytes."""
    return DeskError(
        "library.disk_full", folder=str(folder), needed=round(needed / GB, 2), free=round(max(0, available) / GB, 2)
    )


def no_room(folder: Path, needed: int, available: int) -> DeskError:
    """The problem of what is not begun because it does not fit, in bytes."""
    return DeskError(
        "library.no_room", folder=str(folder), needed=round(needed / GB, 1), free=round(max(0, available) / GB, 1)
    )


def problem(error: OSError, path: Path, needed: int = 0) -> DeskError:
    """Our error for the system's; `needed` are the bytes that were still to be written."""
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        try:
            available = free(path.parent)
        except OSError:
            available = 0
        return full(path.parent, needed, available)
    message_id = "library.not_writable" if error.errno in _FORBIDDEN else "library.disk"
    return DeskError(message_id, str(error), path=str(path), reason=reason)


@contextlib.contextmanager
def told(path: Path, needed: int = 0) -> Iterator[None]:
    """Turn the system's errors inside into ours."""
    try:
        yield
    except OSError as error:
        raise problem(error, path, needed) from error


def why(error: DeskError) -> str | None:
    """What the system said, of a problem that `told` made; None for any other."""
    problem_ = error.problem
    if problem_.id == "library.disk_full":
        return NO_ROOM
    return str(problem_.params["reason"]) if problem_.id in {"library.disk", "library.not_writable"} else None


def forget(descriptor: int) -> None:
    """Let the system drop what it keeps of a file in memory; what is read next comes from the disk. Linux only."""
    if sys.platform == "linux":
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def begin_writing(descriptor: int, offset: int, size: int) -> None:
    """Let the system begin to write out what lies in its memory, so that `sync` has less to wait for. Linux only.

    It says that these bytes are not needed: those that are not on the disk yet are put on their way there and stay.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # some drives take no advice
            os.posix_fadvise(descriptor, offset, size, os.POSIX_FADV_DONTNEED)


def place(old: Path, new: Path) -> None:
    """Rename `old` to a name that nothing has, lastingly. Raises `FileExistsError`, `OSError`."""
    putting.put(old, new)
    lasting.sync_folder(new.parent)


def rename(old: Path, new: Path) -> None:
    """Put `old` in the place of `new`, which is known to be ours, lastingly. Raises `OSError`."""
    if sys.platform == "win32":
        _rename_patiently(old, new)
    else:
        old.replace(new)
    lasting.sync_folder(new.parent)


def _rename_patiently(old: Path, new: Path) -> None:
    """A virus scanner holds what has just been written, and Windows tells nobody when it lets go."""
    for _ in range(_TRIES):
        with contextlib.suppress(PermissionError):
            old.replace(new)
            return
        time.sleep(0.1)
    old.replace(new)


def save_list(path: Path, content: bytes) -> None:
    """Write a list, whole or not at all. Raises `library.list_not_saved`."""
    try:
        lasting.write_whole(path, content)
    except OSError as error:
        raise DeskError("library.list_not_saved", path=str(path), reason=error.strerror or str(error)) from error


def set_aside(path: Path) -> str:
    """Keep a file that makes no sense from being written over; what it is called now. Never raises."""
    try:
        return putting.aside(path).name
    except OSError:
        return path.name


def lock(descriptor: int) -> bool:
    """Claim an open file for this program until it is closed; False where another one has it."""
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - only there

            os.lseek(descriptor, _LOCK_AT, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - not on Windows

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A drive that knows no locks must not stop a download.
        return error.errno not in {errno.EACCES, errno.EAGAIN, errno.EDEADLK}
    return True
