"""What was ordered, how far it is, and the file that remembers it over restarts, crashes and power cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.core.errors import Problem
from mistral_desk.library import disk, formats
from mistral_desk.library.wanted import Wanted

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.catalog.hub_files import Listing, Variant

FILE: Final = "downloads.json"
FORMAT: Final = 1
_LARGEST: Final = 16 << 20

State: TypeAlias = Literal["queued", "checking", "fetching", "finishing", "repairing", "waiting", "paused", "done"]


class Order(msgspec.Struct, frozen=True):
    """A model: all files that it needs (parts, projector), which come as one thing. `title` is what people call it."""

    id: str
    title: str
    files: tuple[Wanted, ...]

    @property
    def bytes(self) -> int:
        """Size of all files, each content once."""
        return sum({file.sha256 or (file.repository, file.path): file.size for file in self.files}.values())


def order_of(listing: Listing, variant: Variant) -> Order:
    """The order for a quantization of a repository: its parts and the projector that goes with them."""
    files = (*variant.files, *((listing.projector,) if listing.projector else ()))
    wanted = (Wanted(listing.repository, listing.revision, file.path, file.size, file.sha256) for file in files)
    name = variant.quantization or variant.name
    return Order(f"{listing.repository}:{name}", facts.called(listing.repository, name), tuple(wanted))


class Download(msgspec.Struct, frozen=True):
    """How far an order is. Sizes in bytes, times in seconds, `speed` in bytes a second.

    `waiting` goes on by itself, after `retry_s` where that is known, `paused` when a person says; `problem` says why.
    `speed` and `left_s` are None where they cannot be told yet. `file` is the name of the one that comes now, the
    `number`th of them.
    """

    order: Order
    folder: str
    state: State
    done: int
    total: int
    speed: float | None = None
    left_s: float | None = None
    file: str = ""
    number: int = 0
    problem: Problem | None = None
    retry_s: float | None = None


class Room(msgspec.Struct, frozen=True):
    """Bytes that an order still needs, and that are free for it (the reserve is taken off)."""

    folder: str
    needed: int
    free: int

    @property
    def enough(self) -> bool:
        """Whether all of it fits."""
        return self.free >= self.needed


class Entry(msgspec.Struct):
    """An order in the list. `folder` is the models folder that it was ordered into."""

    order: Order
    folder: str
    paused: bool = False
    done: bool = False
    problem: Problem | None = None


class Kept(msgspec.Struct, frozen=True):
    """What the file remembers. `line_speed` is what the line gave to the last download, in bytes a second."""

    format: int
    entries: tuple[Entry, ...]
    line_speed: float | None = None


def load(path: Path) -> tuple[Kept, Problem | None]:
    """The list as it was saved, and what there is to tell. A list that makes no sense is set aside, never deleted."""
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST)
        if formats.is_newer(content, FORMAT):
            return Kept(FORMAT, ()), Problem("library.list_newer", {"path": str(path)})
        kept = msgspec.json.decode(content, type=Kept)
        if kept.format != FORMAT:
            raise msgspec.ValidationError("another format")
    except FileNotFoundError:
        return Kept(FORMAT, ()), None
    except (OSError, ValueError, RecursionError):
        return Kept(FORMAT, ()), Problem("library.list_damaged", {"name": disk.set_aside(path)})
    return kept, None


def save(path: Path, kept: Kept) -> None:
    """Write the list, whole or not at all. Raises `library.list_not_saved` and `library.list_newer`."""
    formats.refuse_newer(path, kept.format)
    disk.save_list(path, msgspec.json.encode(kept))
