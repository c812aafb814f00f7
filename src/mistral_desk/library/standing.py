"""What stands in the place of a download: a file that the app itself brought there may be replaced, nothing else.

What may be a bad copy of the very file that comes is kept under another name when it has come; for anything else a
person is asked. A models folder may be shared with other programs and people: they can put a file, a link or a folder
there at any time, also while the download comes. Size and time prove nothing of it, so a file counts as ours when its
list (`journal`) says that it came for this very place, and it still has the hash that it had. Everything here blocks.
"""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from mistral_desk.core import putting
from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk, journal
from mistral_desk.library.wanted import PART

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.library.journal import Kept
    from mistral_desk.library.wanted import Wanted

Stamp: TypeAlias = tuple[int, int]
"""A file as it was when it was looked at: its size in bytes, and when it was changed, in ns."""
KEPT: Final = ".kept"
"""At the end of the name that somebody else's file has then: no model, and no projector, is looked for there."""
_log: Final = logging.getLogger(__name__)
_STEP: Final = 1 << 20
_SLACK_S: Final = 2.0
"""A file gets its name a moment after its list says that it is whole."""


class Before(msgspec.Struct, frozen=True):
    """What a new file comes in the place of: an older one of ours is replaced, another one is kept."""

    stamp: Stamp
    ours: bool

    @property
    def own(self) -> Stamp | None:
        """It, where it is ours: for the list."""
        return self.stamp if self.ours else None


def stamp(path: Path) -> Stamp | None:
    """A file as it is now; None for a folder, a link, and where there is nothing. Raises `OSError`."""
    try:
        status = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def before(final: Path, wanted: Wanted, halt: Callable[[], None]) -> Before | None:
    """What a file that is wanted comes in the place of: a file of ours, or one of its own size that somebody put there;
    None where nothing stands. `halt` is called while a file is read and may raise to end that.

    Raises `library.in_the_way` for anything else, and `OSError`.
    """
    if not os.path.lexists(final):
        return None
    found, kept = stamp(final), journal.read(journal.path_for(final))
    if found is not None and kept is not None and _of_one_place(kept.head.file, wanted):
        if kept.head.over == found:
            return Before(found, ours=True)
        same = kept.sha256 and kept.head.file.size == found[0] and hashed(final, halt) == kept.sha256
        if same and stamp(final) == found:
            return Before(found, ours=True)
    if found is not None and found[0] == wanted.size:
        return Before(found, ours=False)
    raise in_the_way(final)


def is_older(before_: Before | None, kept: Kept) -> bool:
    """Whether a list speaks of what stands there, and not yet of what is to come in its place."""
    if before_ is None:
        return False
    return kept.head.over != before_.stamp if before_.ours else bool(kept.sha256)


def came(final: Path, kept: Kept | None, halt: Callable[[], None]) -> bool:
    """Whether a file is the one that its list says came whole. It is read only where somebody may have touched it.

    Raises `OSError`.
    """
    found = stamp(final)
    if found is None or kept is None or not kept.sha256 or kept.head.file.size != found[0] or kept.head.over == found:
        return False
    status = final.lstat()
    # The time of the last change of its name, too, where the system keeps it.
    if max(status.st_mtime, status.st_ctime) <= kept.whole_since + _SLACK_S:
        return True
    return hashed(final, halt) == kept.sha256


def refuse_beginning(final: Path) -> None:
    """Raise `library.in_the_way` where a beginning lies that is none of ours: other programs call theirs so, too."""
    part = beginning(final)
    if os.path.lexists(part) and not part.is_symlink() and not is_ours(final):  # links are refused when it is opened
        raise in_the_way(part)


def is_ours(final: Path) -> bool:
    """Whether a beginning of this file can only be ours: each has a list, whose file did not get its name yet. Raises
    `OSError`.
    """
    listed = journal.path_for(final)
    if not os.path.lexists(listed):
        return False
    kept, found = journal.read(listed), stamp(final)
    finished = kept is not None and bool(kept.sha256) and found is not None and found[0] == kept.head.file.size
    return not finished or (kept is not None and kept.head.over == found)


def make_way(final: Path, over: Before | None) -> None:
    """Keep what is not ours of what was there `before` under another name. To be called before the list says that the
    new file is whole: it would be believed of the old one, which has the same size. Raises `OSError`.
    """
    if over is not None and not over.ours and stamp(final) == over.stamp:
        kept = putting.aside(final, KEPT, "")
        _log.info("what was in the place of %s is kept as %s", final.name, kept.name)


def put(staged: Path, final: Path, over: Before | None) -> None:
    """Give a file its name, lastingly: where nothing stands, or in the place of what was there `before` and is ours.

    Raises `library.in_the_way`, and `OSError`.
    """
    if over is not None and over.ours and stamp(final) == over.stamp:
        disk.rename(staged, final)
        return
    try:
        disk.place(staged, final)
    except FileExistsError as error:
        raise in_the_way(final) from error


def still(final: Path, over: Before | None) -> None:
    """Raise `library.in_the_way` where something else stands there by now than what was there `before`."""
    if os.path.lexists(final) and (over is None or stamp(final) != over.stamp):
        raise in_the_way(final)


def beginning(final: Path) -> Path:
    """Where a file grows before it gets its name."""
    return final.with_name(final.name + PART)


def in_the_way(path: Path) -> DeskError:
    """The problem of what somebody else has put there, or has changed."""
    return DeskError("library.in_the_way", path=str(path))


def hashed(path: Path, halt: Callable[[], None]) -> str:
    """The SHA-256 of a file. Raises `OSError`, and what `halt` raises."""
    found = hashlib.sha256()
    with open(path, "rb", buffering=0, opener=disk.opened) as file:
        while data := file.read(_STEP):
            halt()
            found.update(data)
    return found.hexdigest()


def _of_one_place(came_: Wanted, wanted: Wanted) -> bool:
    """Not so where a disk takes names in other letters for one: a repository may have files that differ by those. Its
    own name the hub knows in any letters.
    """
    return came_.path == wanted.path and came_.repository.casefold() == wanted.repository.casefold()
