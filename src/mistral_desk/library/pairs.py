"""Whether what lies at the target of a move is what lies at its source, before either of them is deleted.

Size and time prove nothing of a file that somebody else put there: models of one shape have one size, and archives give
all their files one time. So it counts as a copy when the move itself made it, or when every byte of it is the same.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.library import disk

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_STEP: Final = 1 << 20


class Pair(msgspec.Struct, frozen=True, array_like=True):
    """A file and its copy as they were when it was made: their size in bytes, and when each was changed, in ns."""

    bytes: int
    old_ns: int
    new_ns: int


def pair(old: Path, new: Path) -> Pair | None:
    """What two files look like now; None where one of them can be no copy of the other: of other sizes, no file, or one
    and the same under both names. Raises `FileNotFoundError`.
    """
    one, two = old.lstat(), new.lstat()
    if os.path.samestat(one, two) or not (stat.S_ISREG(one.st_mode) and stat.S_ISREG(two.st_mode)):
        return None
    return Pair(one.st_size, one.st_mtime_ns, two.st_mtime_ns) if one.st_size == two.st_size else None


def is_copy(new: Path, known: Pair) -> bool:
    """Whether this is still the copy that was made then, whatever has become of its original."""
    found = new.lstat()
    return stat.S_ISREG(found.st_mode) and (found.st_size, found.st_mtime_ns) == (known.bytes, known.new_ns)


def alike(old: Path, new: Path, told: Callable[[int], None]) -> bool:
    """Whether every byte is the same. `told` hears how many are compared, and may raise to end it."""
    at = 0
    with open(old, "rb", opener=disk.opened) as one, open(new, "rb", opener=disk.opened) as two:
        while True:
            told(at)
            data = one.read(_STEP)
            if data != two.read(_STEP):
                return False
            if not data:
                return True
            at += len(data)
