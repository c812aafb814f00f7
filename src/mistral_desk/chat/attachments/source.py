"""Opens what a person attached, and only what is a plain file: a folder, a pipe or a device is told apart before.

Reading may wait for a sleeping drive or a network, so it happens in a thread that nobody has to wait for.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.attachments.kinds import MB
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from mistral_desk.chat.attachments.kinds import Limits

_PIECE: Final = 256 * 1024


def open_file(path: Path, name: str, limits: Limits) -> int:
    """A descriptor of a plain file that is neither empty nor too large. Raises `DeskError` (`attachment.…`)."""
    try:
        _check(path.stat(), name, limits)  # before it is opened: opening a device can do something
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise DeskError("attachment.vanished", str(error), name=name) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DeskError("attachment.not_permitted", str(error), name=name, reason=reason) from error
    try:
        _check(os.fstat(descriptor), name, limits)  # it may be another one than a moment ago
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def pieces(source: Path | bytes, name: str, limits: Limits) -> Generator[bytes, None, None]:
    """What is in it, piece by piece, never more than the limit. Raises as `open_file`."""
    if isinstance(source, bytes):
        _measure(len(source), name, limits)
        yield source
        return
    descriptor = open_file(source, name, limits)
    try:
        total = 0
        while piece := os.read(descriptor, _PIECE):
            total += len(piece)
            _measure(total, name, limits)  # a file may grow while it is read
            yield piece
    except OSError as error:
        raise DeskError("attachment.vanished", str(error), name=name) from error
    finally:
        os.close(descriptor)


def _check(found: os.stat_result, name: str, limits: Limits) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise DeskError("attachment.is_folder", name=name)
    if not stat.S_ISREG(found.st_mode):
        raise DeskError("attachment.not_a_file", name=name)
    _measure(found.st_size, name, limits)


def _measure(size: int, name: str, limits: Limits) -> None:
    if size == 0:
        raise DeskError("attachment.empty", name=name)
    if size > limits.file_bytes:
        raise DeskError("attachment.too_large", name=name, size=-(-size // MB), limit=limits.file_bytes // MB)
