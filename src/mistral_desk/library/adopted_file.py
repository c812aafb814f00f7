"""The models that lie outside the models folders and were taken into the library where they are.

Not a cache: nothing on the disk says again what a person has chosen here. A list that makes no sense is set aside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import Problem
from mistral_desk.library import disk, formats
from mistral_desk.library.shelf_file import Installed

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "adopted.json"
FORMAT: Final = 1
_LARGEST: Final = 16 << 20


class _Kept(msgspec.Struct, frozen=True):
    format: int
    models: tuple[Installed, ...]


def load(path: Path) -> tuple[tuple[Installed, ...], Problem | None]:
    """The models as they were registered, and what there is to tell."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST)
        if formats.is_newer(content, FORMAT):
            return (), Problem("library.list_newer", {"path": str(path)})
        kept = msgspec.json.decode(content, type=_Kept)
        if kept.format != FORMAT:
            raise msgspec.ValidationError("another format")
    except FileNotFoundError:
        return (), None
    except (OSError, ValueError, RecursionError):
        return (), Problem("library.adopted_damaged", {"name": disk.set_aside(path)})
    return kept.models, None


def save(path: Path, models: tuple[Installed, ...]) -> None:
    """Write the list, whole or not at all. Raises `library.list_not_saved` and `library.list_newer`."""
    formats.refuse_newer(path, FORMAT)
    disk.save_list(path, msgspec.json.encode(_Kept(FORMAT, models)))
