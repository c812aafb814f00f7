"""Which model of the library a command is about, by id, name or path; and what commands need for a download."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.catalog import facts
from mistral_desk.catalog.hub import Hub
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders, is_file, is_folder
from mistral_desk.core.settings import Settings
from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.inference.model_ids import is_name, model_title, models_folder
from mistral_desk.library import names, relocating
from mistral_desk.library.front import library_of, queue_of
from mistral_desk.library.ordering import Ordering
from mistral_desk.net.client import Net
from mistral_desk.net.ledger import FILE as CONNECTIONS
from mistral_desk.net.ledger import Ledger
from mistral_desk.net.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from mistral_desk.core.errors import Problem
    from mistral_desk.core.paths import Folders
    from mistral_desk.library.installed import Library
    from mistral_desk.library.queue import Queue


@dataclass(frozen=True)
class Meant:
    """A model that a command is about: what runs, its eyes where they are to be named, and what it is called."""

    id: str
    path: str
    projector: str | None
    title: str
    doubt: Problem | None = None
    """What is to be said before it is loaded."""


def meant(asked: str, settings: Settings) -> Meant:
    """The model of the library that is asked for; a path and the Guide stay as they are.

    Raises `library.several`; for a word that cannot be meant as a path `library.not_pulled` where a download is called
    so, else `library.unknown`; and `library.not_found` for a name of the library's own kind.
    """
    if asked == BUILTIN or is_file(asked):
        return Meant(asked, asked, None, model_title(asked))
    library = library_of(folders(), settings)
    try:
        model = names.find(asyncio.run(library.look()), asked)
    except DeskError as error:
        if error.problem.id == "library.not_found" and not is_name(asked):
            if _no_path(asked):
                known = facts.find(asked)
                named = known[0].id if len(known) == 1 else asked[:200]
                raise DeskError("library.not_pulled" if known else "library.unknown", name=named) from error
            return Meant(asked, asked, None, model_title(asked))
        raise
    return Meant(model.id, model.path, model.projector_elsewhere, model_title(model.id), model.doubt)


def _no_path(asked: str) -> bool:
    """Whether it is neither there nor written like a file's path; ENDPOINT/MODEL has a stroke, and no such folder."""
    if asked.casefold().endswith(".gguf") or os.path.lexists(asked) or {"\\", "~"} & set(asked):
        return False
    return "/" not in asked or (asked.count("/") == 1 and asked[0] not in "/." and not is_folder(Path(asked).parent))


async def used(model: Meant) -> None:
    """A model of the library has answered."""
    if is_name(model.id) or model.id == BUILTIN or Path(model.path).is_absolute():
        _, _, library = opened()
        await library.recall()
        await library.used(model.id)


def places_of(settings: Settings) -> Callable[[str], tuple[str, str | None]]:
    """Path and projector of each id of the library, for `that_see`. It looks, and so it blocks."""
    library = library_of(folders(), settings)
    library.look_now()

    def place(model: str) -> tuple[str, str | None]:
        found = library.find(model)
        return (model, None) if found is None or model == BUILTIN else (found.path, found.projector_elsewhere)

    return place


def others(settings: Settings) -> tuple[str, ...]:
    """Ids of all models that can be asked."""
    models = library_of(folders(), settings).look_now()
    return tuple(model.id for model in models if model.state == "here")


def opened() -> tuple[Folders, Settings, Library]:
    """The person's folders, settings and library."""
    places = folders().ensure()
    settings, _ = Settings.open(places.settings)
    return places, settings, library_of(places, settings)


@dataclass(frozen=True)
class Online:
    """What a download needs."""

    hub: Hub
    queue: Queue
    ordering: Ordering
    folder: Path


@contextlib.asynccontextmanager
async def online(aside: Path) -> AsyncIterator[Online]:
    """A list of downloads of its own, in the folder `aside`: what a window has in its list is not begun from here. What
    came is remembered beside the files. Raises `library.moving` while the models move.
    """
    places, settings, library = opened()
    if (note := relocating.read(places.data / relocating.FILE)) is not None and note.phase == "forward":
        raise DeskError("library.moving", path=note.target)
    net, vault = Net(settings, Ledger(places.data / CONNECTIONS)), Secrets()
    hub = Hub(net, vault)
    queue = queue_of(places, settings, net, hub, secrets=lambda: vault, file=aside / "downloads.json")
    try:
        await queue.open()
        try:
            yield Online(hub, queue, Ordering(net, hub, queue, library), models_folder(places, settings))
        finally:
            await queue.close()
    finally:
        await net.close()
