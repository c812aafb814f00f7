"""Puts a file under a name that nothing has yet: whatever stands there, whoever put it there and however late, stays.

A plain rename replaces what it meets on every system but Windows, and to look before leaves a moment in between.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_TRIES: Final = 20
_PAUSE_S: Final = 0.1
_CANNOT: Final = frozenset(
    getattr(errno, name, errno.EPERM) for name in ("ENOSYS", "EINVAL", "ENOTSUP", "EOPNOTSUPP", "EPERM", "EMLINK")
)
"""What systems say of a way that a drive does not know: some network drives rename only over what is there, and drives
of cameras have no second names.
"""
_HERE: Final = -100
"""Names are meant from the folder that a program is in (Linux)."""
_NO_REPLACE: Final = 1
_EXCLUSIVE: Final = 4
"""The same on macOS."""


def put(staged: Path, target: Path) -> None:
    """Rename a file or a link to `target`, where nothing may stand: no file, no folder, no link to anywhere, and no
    name in other letters where the disk takes both for one. Windows waits for 2 s at most, for virus scanners.

    Raises `FileExistsError`, and `OSError` as a rename does; `staged` stays then.
    """
    if sys.platform == "win32":
        _patiently(staged, target)
    else:
        for way in _WAYS:
            try:
                way(staged, target)
            except OSError as error:
                if error.errno not in _CANNOT:
                    raise
            else:
                return
        _by_claim(staged, target)


def aside(path: Path, mark: str = "", ending: str | None = None) -> Path:
    """Rename a file, so that it is not written over, to a free name beside it: with `mark`, else what is said of one
    that makes no sense, and a number where that is needed, before its own `ending`. Its path now. Raises `OSError`.
    """
    mark = mark or f"-damaged-{time.strftime('%Y%m%d-%H%M%S')}"
    ending = path.suffix if ending is None else ending
    number = 1
    while True:
        free = path.with_name(f"{path.name.removesuffix(ending)}{mark}{f'-{number}' if number > 1 else ''}{ending}")
        try:
            put(path, free)
        except FileExistsError:
            number += 1
        else:
            return free


def _patiently(staged: Path, target: Path) -> None:
    """Windows replaces nothing by itself. A virus scanner holds what has just been written, and tells nobody when it
    lets go.
    """
    for _ in range(_TRIES):
        with contextlib.suppress(PermissionError):
            staged.rename(target)
            return
        time.sleep(_PAUSE_S)
    staged.rename(target)


def _by_kernel(staged: Path, target: Path) -> None:
    """In one step, which no kill divides."""
    import ctypes  # noqa: PLC0415 - not on Windows

    system = ctypes.CDLL(None, use_errno=True)
    old, new = os.fsencode(staged), os.fsencode(target)
    if sys.platform == "darwin":
        arguments: tuple[object, ...] = (old, new, ctypes.c_uint(_EXCLUSIVE))
        rename = getattr(system, "renamex_np", None)
    else:
        arguments = (ctypes.c_int(_HERE), old, ctypes.c_int(_HERE), new, ctypes.c_uint(_NO_REPLACE))
        rename = getattr(system, "renameat2", None)
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(staged), None, str(target))
    if rename(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(staged), None, str(target))


def _by_link(staged: Path, target: Path) -> None:
    """A second name is given to no name that is taken; then the first one goes. Not for links: macOS would follow."""
    if staged.is_symlink():
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(staged), None, str(target))
    os.link(staged, target)
    try:
        staged.unlink()
    except OSError:
        target.unlink()
        raise


def _by_claim(staged: Path, target: Path) -> None:
    """An empty file takes the name where it is free, and is replaced."""
    claimed = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(claimed)
    try:
        staged.replace(target)
    except OSError:
        target.unlink()
        raise


_WAYS: Final[tuple[Callable[[Path, Path], None], ...]] = (_by_kernel, _by_link)
