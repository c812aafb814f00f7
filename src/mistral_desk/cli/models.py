"""`mistral-desk models`: search the catalog, filter, sort; an id alone shows that model's page in words.

The same index and the same filters as in the window; only `--refresh` makes connections.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.catalog import facts, header_file
from mistral_desk.catalog.search import (
    BENCHMARK,
    SORTS,
    Index,
    Wishes,
    facts_of,
    licensed,
    modalities,
    open_weights,
)
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.cli.fit import described, this_computer
from mistral_desk.cli.fit_words import machine_line
from mistral_desk.cli.model_page import model_page, page_in_words, variants_of
from mistral_desk.cli.output import Status, iso_day, write_json, write_text
from mistral_desk.cli.tables import cut, paragraphs, table
from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import Settings
from mistral_desk.core.words import tr, trn
from mistral_desk.fit import advice
from mistral_desk.fit import machine as machines
from mistral_desk.fit.by_record import by_record

if TYPE_CHECKING:
    import argparse

    from mistral_desk.catalog.record import Record
    from mistral_desk.catalog.search import Fit
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.catalog.sync import Progress, Refreshed
    from mistral_desk.fit.advice import Offer
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.speed import Run

_WIDEST: Final = (44, 22, 22)
"""Letters of a title, a provider and a licence in the table."""


class Row(msgspec.Struct, frozen=True):
    """A model as JSON; null where nobody states it. From `model` on it is about the file that suits the machine best (a
    record may stand for several models), null where none is known. `context_tokens` is the largest claimed number.
    """

    id: str
    title: str
    provider: str | None
    license: str | None
    open_weights: bool | None
    modality: tuple[str, ...]
    tags: tuple[str, ...]
    context: str | None
    context_tokens: int | None
    release_date: str | None
    benchmarks: dict[str, float]
    deprecated: bool | None
    superseded_by: str | None
    origin: str
    content_verified: bool | None
    model: str | None
    speed: str | None
    quality: str | None
    quant: str | None
    bytes: int | None
    fits: bool | None


class Aside(msgspec.Struct, frozen=True):
    """What of the catalog could not be used, and why."""

    name: str
    reason: str


class Refresh(msgspec.Struct, frozen=True):
    """What a refresh changed: how many records; texts that have the hash of their record, and that have another."""

    added: int
    changed: int
    deleted: int
    unchanged: int
    verified: int
    differing: int


class Listing(msgspec.Struct, frozen=True):
    """The models that were found, of `total`. `fetched` is the day of the last refresh, null before the first."""

    total: int
    publisher: str
    fetched: str | None
    machine: dict[str, Any]
    models: tuple[Row, ...]
    set_aside: tuple[Aside, ...]
    refreshed: Refresh | None = None


def models(arguments: argparse.Namespace) -> int:
    """Run the command. Raises `catalog.sort`, what a refresh raises, and what describes a machine wrongly."""
    refreshed = asyncio.run(_refreshed()) if arguments.refresh else None
    catalogue = open_catalogue(folders().cache)
    query = " ".join(arguments.query).strip()
    record, meant = _meant(catalogue, query)
    where, runs = _machine(arguments.machine)
    if record is not None:
        variants = variants_of(meant, where, runs)
        header = header_file.said_of(facts_of(record.id), header_file.read(folders().cache))
        if arguments.json:
            write_json(model_page(catalogue, record, where, variants, header))
        else:
            write_text(page_in_words(catalogue, record, meant, variants, header), sys.stdout)
        return 0
    index = Index(catalogue)
    wishes = _wishes(arguments, query, index)
    best, fits = by_record(advice.ranking(where, None, runs))
    found = [hit.record for hit in index.find(wishes, fits)]
    if arguments.json:
        rows = tuple(_row(catalogue, record, best.get(record.id), fits.get(record.id)) for record in found)
        aside = tuple(Aside(one.name, one.reason) for one in catalogue.set_aside)
        machine, total = machines.as_description(where), len(catalogue.records)
        fetched = None if catalogue.fetched is None else iso_day(catalogue.fetched)
        listing = Listing(total, catalogue.attribution, fetched, machine, rows, aside)
        write_json(msgspec.structs.replace(listing, refreshed=_counted(refreshed) if refreshed else None))
        return 0
    if refreshed:
        write_text(_words_about(refreshed), sys.stdout)
    footer = paragraphs(_footer(catalogue, len(found)), None)
    write_text(machine_line(where) + "\n\n" + _table(found, best) + footer, sys.stdout)
    return 0


def _meant(catalogue: Catalogue, query: str) -> tuple[Record | None, tuple[facts.Model, ...]]:
    """The record that an id means, and which of its models: a record may stand for several, each with an id too."""
    wanted = query.lower()
    record = catalogue.get(query) or catalogue.get(wanted)
    if record is not None:
        return record, facts_of(record.id)
    found = tuple(one for one in facts.models() if one.id == wanted)
    return (catalogue.get(found[0].catalog) if found else None), found


def _machine(described_as: str | None) -> tuple[Machine, tuple[Run, ...]]:
    """The machine, and what this computer has measured."""
    if described_as is not None:
        return described(described_as), ()
    here = this_computer()
    return asyncio.run(here.machine()), here.corrections()


def _wishes(arguments: argparse.Namespace, query: str, index: Index) -> Wishes:
    """What the arguments ask for. Raises `catalog.sort` for an order that there is none of."""
    sorts = [*SORTS, *(BENCHMARK + facet.value for facet in index.facets().benchmarks)]
    asked = arguments.sort
    sort = next((known for known in sorts if asked in (known, known.removeprefix(BENCHMARK))), None)
    if sort is None:
        raise DeskError("catalog.sort", name=asked, known=", ".join(known.removeprefix(BENCHMARK) for known in sorts))
    return Wishes(
        text=query,
        providers=frozenset(arguments.provider),
        tags=frozenset(arguments.tag),
        licenses=frozenset(arguments.license),
        modality=frozenset({"image"}) if arguments.sees else frozenset(),
        open_weights=True if arguments.open else None,
        least_context=arguments.context,
        size=(arguments.min_size, arguments.max_size) if arguments.min_size or arguments.max_size else None,
        fits_here=arguments.fits,
        sort=sort,
        reverse=arguments.reverse,
    )


async def _refreshed() -> Refreshed:
    """Fetch the catalog anew, with a line that says how far it is. Raises as `catalog.sync.refresh`."""
    from mistral_desk.catalog.keeper import Keeper  # noqa: PLC0415 - only a refresh needs the client
    from mistral_desk.net.client import Net  # noqa: PLC0415
    from mistral_desk.net.ledger import FILE, Ledger  # noqa: PLC0415

    places = folders().ensure()
    settings, _ = Settings.open(places.settings)
    net, status = Net(settings, Ledger(places.data / FILE)), Status()
    keeper = Keeper(net, settings, places.cache)

    def tell(progress: Progress) -> None:
        count = f" {progress.done}/{progress.total}" if progress.total else ""
        status.show(tr(progress.what) + count)

    try:
        return await keeper.refresh(tell)
    finally:
        status.clear()
        await keeper.close()
        await net.close()


def _counted(done: Refreshed) -> Refresh:
    parts = (done.added, done.changed, done.deleted, done.unchanged, done.verified, done.differing)
    return Refresh(*map(len, parts))


def _row(catalogue: Catalogue, record: Record, offer: Offer | None, fit: Fit | None) -> Row:
    return Row(
        id=record.id,
        title=record.title,
        provider=record.provider,
        license=licensed(record),
        open_weights=open_weights(record),
        modality=modalities(record),
        tags=record.tags,
        context=record.context.words if record.context else None,
        context_tokens=record.context.largest if record.context else None,
        release_date=record.release_date,
        benchmarks={score.name: score.value for score in record.benchmarks if score.value is not None},
        deprecated=record.deprecated,
        superseded_by=record.superseded_by,
        origin=record.origin,
        content_verified=catalogue.verified(record.id),
        model=offer.variant.model if offer else None,
        speed=advice.SPEED_WORDS[offer.variant.word] if offer else None,
        quality=advice.QUALITY_WORDS[offer.variant.quality] if offer else None,
        quant=offer.variant.quant if offer else None,
        bytes=offer.variant.bytes if offer else None,
        fits=fit.runs if fit else None,
    )


def _table(found: list[Record], best: dict[str, Offer]) -> str:
    """A line a model: title, provider, licence, size, the two words, and its id: of a record that stands for several
    that of the model which the line is about.
    """
    rows = []
    for record in found:
        variant = offer.variant if (offer := best.get(record.id)) else None
        title = _which(record, variant.name) if variant else record.title
        cells = (title, record.provider or "–", licensed(record) or "–")
        rows.append(
            (
                *(cut(cell, most) for cell, most in zip(cells, _WIDEST, strict=True)),
                amounts.file_size(variant.bytes) if variant else "–",
                tr(advice.SPEED_WORDS[variant.word]) if variant else "–",
                tr(advice.QUALITY_WORDS[variant.quality]) if variant else "–",
                variant.model if variant else record.id,
            )
        )
    head = (tr("Model"), tr("Provider"), tr("Licence"), tr("Size"), tr("Speed"), tr("Quality"), tr("Id"))
    return table(head, rows) + "\n" if rows else ""


def _which(record: Record, model: str) -> str:
    """The title; a record that stands for several models says which of them is meant."""
    if len(facts_of(record.id)) < 2:
        return record.title
    return model if model.startswith(record.title) else f"{record.title} ({model})"


def _footer(catalogue: Catalogue, count: int) -> str:
    lines = [trn("{n} model", "{n} models", count) if count else tr("No model has all of that.")]
    if catalogue.fetched is None:
        lines.append(
            tr("Catalog: {publisher}. Nothing was fetched yet: --refresh does.", publisher=catalogue.attribution)
        )
    else:
        day = amounts.day(catalogue.fetched)
        lines.append(tr("Catalog: {publisher}, fetched on {day}.", publisher=catalogue.attribution, day=day))
    if aside := len(catalogue.set_aside):
        lines.append(trn("{n} record could not be read.", "{n} records could not be read.", aside))
    return "\n".join(lines) + "\n"


def _words_about(done: Refreshed) -> str:
    said = tr(
        "Refreshed. New: {added}, changed: {changed}, gone: {deleted}.",
        added=amounts.number(len(done.added)),
        changed=amounts.number(len(done.changed)),
        deleted=amounts.number(len(done.deleted)),
    )
    texts = tr(
        "Texts that are the ones their records speak of: {same}; that are others: {others}.",
        same=amounts.number(len(done.verified)),
        others=amounts.number(len(done.differing)),
    )
    return f"{said} {texts}\n\n"
