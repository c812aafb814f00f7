"""The states of the model browser and of the hub: found, not found, on its way, offline, broken, chosen."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.catalog.hub import Repository
from mistral_desk.catalog.hub_files import Listing, RemoteFile, Variant
from mistral_desk.catalog.search import Index
from mistral_desk.catalog.store import SetAside
from mistral_desk.catalog.sync import Progress
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark
from mistral_desk.fit import advice
from tests.fixtures.catalogues import catalogue_of, standing
from tools.gallery.declare import ready, state
from tools.gallery.fitting import pc
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.fit.machine import Machine
    from tools.gallery.stage import Stage

COUNT: Final = 60
HOST: Final = "ai-future-ready.com"
DAYS: Final = 3
_GB: Final = 10**9
REPOSITORIES: Final = (
    Repository("unsloth/Mistral-Small-4-119B-2603-GGUF", 184_220, 312, "2026-03-19", False, ("license:apache-2.0",)),
    Repository("somebody/Mistral-Small-4-with-a-name-that-goes-on-and-on-and-on-GGUF", 12, None, None, False, ()),
    Repository("google/gemma-3-27b-it-qat-q4_0-gguf", 1_204, 1, "2025-04-03", True, ("license:gemma",)),
)
LISTING: Final = Listing(
    REPOSITORIES[0].id,
    "bd93c721735aa32c035c0f19e738cb3371fd56ff",
    (
        Variant("IQ3_S", "UD-IQ3_S", (RemoteFile("Mistral-Small-4-UD-IQ3_S.gguf", 44 * _GB),), 44 * _GB),
        Variant(
            "Q4_K_XL",
            "UD-Q4_K_XL",
            tuple(RemoteFile(f"Mistral-Small-4-UD-Q4_K_XL-0000{n}-of-00003.gguf", 25 * _GB) for n in (1, 2, 3)),
            75 * _GB,
        ),
        Variant("Q8_0", "Q8_0", (RemoteFile("Mistral-Small-4-Q8_0-00001-of-00004.gguf", 49 * _GB),), 49 * _GB, False),
    ),
    (RemoteFile("mmproj-F16.gguf", 857_000_000),),
    (RemoteFile("README.md", 9_000),),
)


@cache
def _records() -> Catalogue:
    return catalogue_of(COUNT)


def catalogue() -> Catalogue:
    """Sixty models, fetched some days ago; two records could not be read."""
    aside = (
        SetAside("a-model-without-an-id", mark("it has no id")),
        SetAside("broken-json", mark("it is no JSON")),
    )
    return replace(_records(), fetched=time.time() - DAYS * 86_400 - 60, set_aside=aside)


def _theirs() -> list[str]:
    """Names and words of the records, and of the hub's files."""
    found = ["UD-IQ3_S", "UD-Q4_K_XL", "Q8_0", "a-model-without-an-id", "broken-json", HOST, "alder", "huggingface.co"]
    for record in _records().records:
        words = (record.provider, record.license, record.context.words if record.context else None)
        found += [record.title, *(one for one in words if one), *record.modality, *record.tags]
        found += [one.capitalize() for one in record.modality]
        found += [score.name.replace("_", " ").capitalize() for score in record.benchmarks]
    for one in REPOSITORIES:
        found += [one.id, one.license or "", "Apache 2.0"]
    found += [file.name for variant in LISTING.quantizations for file in variant.files]
    return [*found, *(file.name for file in LISTING.projectors)]


THEIRS: Final = tuple(dict.fromkeys(one for one in _theirs() if one))
"""What records and the hub say in these pictures."""


async def browse(stage: Stage, *, fetched: bool = True) -> None:
    """The models, with sixty records as they come from the server."""
    await ready(stage)
    lists = stage.services.catalogue

    async def load() -> Catalogue:
        lists.current = catalogue()
        return lists.current

    if fetched:
        lists.load = load  # type: ignore[method-assign]
    stage.desk.window.show_page("models")
    await stage.desk.tasks.settled()
    if fetched:
        stage.desk.models.browse.show_offers(*standing(_records(), pc(32, 8)))
    await idle(2)


@state()
async def browse_grid(stage: Stage) -> None:
    """Sixty models, those that fit here first."""
    await browse(stage)


@state()
async def browse_scrolled(stage: Stage) -> None:
    """Further down, the keyboard on a card, two of them marked to compare."""
    await browse(stage)
    page = stage.desk.models.browse
    for row in (7, 9):
        page.mark_model(page.model.id_at(row))
    page.grid.setFocus()
    page.grid.setProperty("ring", True)
    page.grid.go_to(10)


@state()
async def browse_filtered(stage: Stage) -> None:
    """Words and filters, each chip says what is on."""
    await browse(stage)
    page = stage.desk.models.browse
    licences = frozenset(one.value for one in Index(_records()).facets().licenses[:2])
    wishes = msgspec.structs.replace(page.wishes, text="alder", licenses=licences, open_weights=True, size=(None, 80.0))
    page.show_wishes(wishes)


@state()
async def browse_by_date(stage: Stage) -> None:
    """The newest first; each card says when it came out."""
    await browse(stage)
    page = stage.desk.models.browse
    page.show_wishes(msgspec.structs.replace(page.wishes, sort="date"))


@state()
async def browse_nothing(stage: Stage) -> None:
    """Nothing is found: what can be taken back."""
    await browse(stage)
    page = stage.desk.models.browse
    wishes = msgspec.structs.replace(
        page.wishes, text="alder", fits_here=True, least_context=1_000_000, providers=frozenset(("Grove Labs",))
    )
    page.show_wishes(wishes)


@state()
async def browse_choose(stage: Stage) -> None:
    """Tags to choose from, one is chosen."""
    await browse(stage)
    page = stage.desk.models.browse
    page.show_wishes(msgspec.structs.replace(page.wishes, tags=frozenset(("open-source",))))
    page.head.filters.many["tags"].click()
    await idle(2)


@state()
async def browse_aside(stage: Stage) -> None:
    """The records that could not be read, with their reasons."""
    await browse(stage)
    stage.desk.models.browse.aside.click()
    await idle(2)


@state()
async def browse_loading(stage: Stage) -> None:
    """The catalog is being read."""
    await ready(stage)

    async def never() -> Catalogue:
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    stage.services.catalogue.load = never  # type: ignore[method-assign]
    stage.desk.window.show_page("models")
    await idle(6)


@state()
async def browse_judging(stage: Stage) -> None:
    """The catalog is there, this computer is still being looked at: the cards wait for their words only."""
    await ready(stage)
    lists = stage.services.catalogue

    async def load() -> Catalogue:
        lists.current = catalogue()
        return lists.current

    async def never(again: bool = False) -> Machine:  # noqa: ARG001 - as the real one's
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    lists.load, stage.services.fitting.machine = load, never  # type: ignore[method-assign]
    stage.desk.window.show_page("models")
    page = stage.desk.models.browse
    page.show_expected(standing(_records(), pc(32, 8))[1])
    while not page.model.count:
        await idle(1)
    await idle(2)


@state()
async def browse_refreshing(stage: Stage) -> None:
    """The catalog is being fetched; it can be cancelled."""
    await browse(stage)

    async def refresh(progress: Callable[[Progress], None]) -> None:
        progress(Progress(23, COUNT, ""))
        await asyncio.get_running_loop().create_future()

    stage.services.catalogue.refresh = refresh  # type: ignore[method-assign, assignment]
    stage.desk.models.browse.head.again_button.click()
    await idle(6)


@state()
async def browse_error(stage: Stage) -> None:
    """The server cannot be reached; what was there stays."""
    await browse(stage)

    async def refresh(_progress: Callable[[Progress], None]) -> None:
        raise DeskError("net.unreachable", host=HOST, reason="the name is not known")

    stage.services.catalogue.refresh = refresh  # type: ignore[method-assign, assignment]
    stage.desk.models.browse.head.again_button.click()
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def browse_offline(stage: Stage) -> None:
    """Work offline is on: the list stays, and it says why it is not fetched."""
    stage.services.settings.set(declared.OFFLINE, value=True)
    await browse(stage)


@state()
async def browse_offline_first(stage: Stage) -> None:
    """Offline at the first start: what the catalog would be, and why it cannot be fetched now."""
    stage.services.settings.set(declared.OFFLINE, value=True)
    await browse(stage, fetched=False)


async def _hub(stage: Stage) -> None:
    await browse(stage)

    async def search(_text: str, _limit: int = 30) -> tuple[Repository, ...]:
        return REPOSITORIES

    async def files(_repository: str, _revision: str | None = None) -> Listing:
        return LISTING

    stage.services.hub.search = search  # type: ignore[method-assign, assignment]
    stage.services.hub.files = files  # type: ignore[method-assign, assignment]
    stage.desk.models.browse.head.hub_button.click()
    stage.desk.models.hub.search.setText("mistral small")


@state()
async def hub_empty(stage: Stage) -> None:
    """The search on the hub, before anything was sent."""
    await _hub(stage)


@state()
async def hub_found(stage: Stage) -> None:
    """Repositories that the hub found."""
    await _hub(stage)
    stage.desk.models.hub.go.click()
    await stage.desk.tasks.settled()


@state()
async def hub_repository_offline(stage: Stage) -> None:
    """A repository whose files may not be asked for: the way to the switch."""
    await hub_found(stage)

    async def files(_repository: str, _revision: str | None = None) -> Listing:
        raise DeskError("net.offline", host="huggingface.co")

    stage.services.hub.files = files  # type: ignore[method-assign, assignment]
    stage.desk.models.hub.buttons[0].click()
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def hub_repository(stage: Stage) -> None:
    """A repository: its quantizations, one with its verdict, one that is not whole."""
    await hub_found(stage)
    stage.desk.models.hub.buttons[0].click()
    await stage.desk.tasks.settled()
    where = pc(32, 8)
    found = next(one.variant for one in advice.ranking(where) if one.variant.model == "mistral-small-4")
    stage.desk.models.repository.cards["Q4_K_XL"].show_verdict(found, 11_300_000, 3)
    await idle(2)
