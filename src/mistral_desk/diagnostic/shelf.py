"""What `doctor` says of the library: folders, how many models of which origin, what is unfinished; no names."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.core.paths import folders
from mistral_desk.core.settings import MODELS_FOLDER, MORE_FOLDERS, Settings, glance
from mistral_desk.library import disk, orders, relocating
from mistral_desk.library.front import folders_of, library_of

if TYPE_CHECKING:
    from pathlib import Path


class ModelsFolder(msgspec.Struct, frozen=True):
    """One of the models folders; `free` bytes, None where it is not there now."""

    path: str
    free: int | None


class Shelf(msgspec.Struct, frozen=True):
    """The library: models by origin and by state, the size of all of them, downloads that are not done, and the phase
    of a move that was interrupted.
    """

    folders: tuple[ModelsFolder, ...]
    origins: dict[str, int]
    states: dict[str, int]
    bytes: int
    unfinished: int
    moving: str | None


async def shelf() -> Shelf | None:
    """The library as it is; None where it cannot be looked at."""
    try:
        return await asyncio.to_thread(_shelf)
    except OSError:
        return None


def _shelf() -> Shelf:
    places = folders()
    said = {one.name: glance(places.settings, one) for one in (MODELS_FOLDER, MORE_FOLDERS)}
    settings = Settings(places.settings, said)  # opening them would set aside what a bug report is about
    models = library_of(places, settings).look_now()
    note = relocating.read(places.data / relocating.FILE)
    return Shelf(
        folders=tuple(map(_folder, folders_of(places, settings))),
        origins=dict(Counter(model.origin for model in models)),
        states=dict(Counter(model.state for model in models)),
        bytes=sum(model.bytes for model in models),
        unfinished=_unfinished(places.data / orders.FILE),
        moving=note.phase if note else None,
    )


def _unfinished(path: Path) -> int:
    """How many orders are not done; 0 for a list that makes no sense, which only a start sets aside."""
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=orders.Kept)
    except (OSError, ValueError, RecursionError):
        return 0
    return sum(not entry.done for entry in kept.entries)


def _folder(path: Path) -> ModelsFolder:
    try:
        free = disk.free(path) if path.is_dir() else None
    except OSError:
        free = None
    return ModelsFolder(str(path), free)


def sized(count: int, unit: int = disk.GB) -> str:
    """*3.4 GB* by this unit, *12.7 MB*: what is not nought never reads as nought. English, as all of the report."""
    if count and count < 0.1 * unit:
        return f"{count / 10**6:.1f} MB" if count >= 10**5 else f"{count} byte{'s' if count > 1 else ''}"
    return f"{count / unit:.1f} GB"


def rows(found: Shelf | None) -> list[tuple[str, str]]:
    """The lines for people; English, as all of the report."""
    if found is None:
        return [("Library", "cannot be looked at")]
    lines = [
        ("Models folder", f"{one.path} ({'not there' if one.free is None else f'{sized(one.free)} free'})")
        for one in found.folders
    ]
    kinds = ", ".join(f"{count} {origin}" for origin, count in found.origins.items()) or "none"
    odd = "".join(f", {count} {state}" for state, count in found.states.items() if state != "here")
    lines.append(("Library", f"{kinds}{odd}; {sized(found.bytes)}; unfinished downloads: {found.unfinished}"))
    if found.moving:
        lines.append(("Library moves", found.moving))
    return lines
