"""Writes that last through a power cut: small files that are there whole, old or new, and the names of files.

A file's bytes are on the disk when the file was synced, its name when its folder was.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.core import private
from mistral_desk.core.replacing import put_in_place

if TYPE_CHECKING:
    from collections.abc import Iterable


def sync(descriptor: int) -> None:
    """Make what was written to a file last. Raises `OSError`."""
    if sys.platform == "darwin":
        import fcntl  # noqa: PLC0415 - not on Windows

        with contextlib.suppress(OSError):  # some network drives do not know it
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
            return
    os.fsync(descriptor)


def sync_folder(folder: Path) -> None:
    """Make a new name inside `folder` last; Windows has no such call and needs none. Raises `OSError`."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # not every file system knows this of folders
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_whole(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Put a file in place, whole or not at all, readable for this person only; it lasts when this returns.

    Raises `OSError`; the old one stays then.
    """
    private.folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    staged = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines([content] if isinstance(content, bytes) else content)
            file.flush()
            sync(file.fileno())
        put_in_place(staged, path)
    except BaseException:
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)
