"""Lists that a newer version of this program wrote: told from damaged ones, and never written over.

Whoever goes back to an older version finds everything as it was when they return to the newer one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from pathlib import Path

_LARGEST: Final = 16 << 20


class _Head(msgspec.Struct, frozen=True):
    format: int = 0


def is_newer(content: bytes, known: int) -> bool:
    """Whether a list is of a format above the one that is known here; False where it makes no sense at all."""
    try:
        return msgspec.json.decode(content, type=_Head).format > known
    except (ValueError, RecursionError):
        return False


def refuse_newer(path: Path, known: int) -> None:
    """Raise `library.list_newer` where a newer version wrote the file that is about to be written over."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST)
    except OSError:
        return  # what stands in the way of writing says so itself
    if is_newer(content, known):
        raise DeskError("library.list_newer", path=str(path))
