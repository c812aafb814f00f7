"""A model's page for the command line: everything that a record says, how it would run, and claims beside truth.

As JSON one struct, as words what a person reads first, in the window's order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.catalog import claims as claimed
from mistral_desk.catalog.record import Price, Related, body, when_to_pick_something_else
from mistral_desk.catalog.search import facts_of, licensed, modalities, open_weights
from mistral_desk.cli.fit import Row as Verdict
from mistral_desk.cli.fit import verdict_row
from mistral_desk.cli.fit_words import verdicts, without_verdict
from mistral_desk.cli.tables import paragraphs
from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.fit import advice
from mistral_desk.fit import machine as machines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.claims import Claim, HeaderFacts, Said
    from mistral_desk.catalog.facts import Model
    from mistral_desk.catalog.record import Record, Score
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.fit.advice import Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.speed import Run

_SHOWN: Final = 5
"""Verdicts in words; JSON has all."""
_ABOUT: Final[dict[str, str]] = {
    "memory": mark("Memory"),
    "context": mark("Context"),
    "parameters": mark("Parameters"),
    "license": mark("Licence"),
    "images": mark("Images"),
}


class ClaimRow(msgspec.Struct, frozen=True):
    """What the catalog says beside what files say, in English, each with its source; `note` may be empty."""

    about: str
    catalog_says: str
    catalog_source: str
    facts_say: str
    facts_source: str
    note: str


class Elsewhere(msgspec.Struct, frozen=True):
    """When the publisher says to pick something else, and the ids of the models that the text names."""

    text: str
    models: tuple[str, ...]


class Page(msgspec.Struct, frozen=True):
    """A model as JSON: its record (`raw` is as published, `other` what has no field here), claims beside truth, and
    how each known file would run on the machine, best first.
    """

    id: str
    title: str
    type: str | None
    provider: str | None
    license: str | None
    model_type: str | None
    open_weights: bool | None
    website: str | None
    release_date: str | None
    last_updated: str | None
    last_verified: str | None
    verification_status: str | None
    content_verified: bool | None
    origin: str
    availability: str | None
    deprecated: bool | None
    superseded_by: str | None
    variant_of: str | None
    description: str | None
    body: str
    something_else: Elsewhere | None
    best_for: tuple[str, ...]
    tags: tuple[str, ...]
    modality: tuple[str, ...]
    capabilities: tuple[str, ...]
    context: str | None
    context_tokens: tuple[int, ...]
    parameters: str | None
    parameters_total: int | None
    parameters_active: int | None
    hardware: str | None
    claimed_video_memory_gb: float | None
    pricing: Price | None
    benchmarks: tuple[dict[str, Any], ...]
    related: tuple[Related, ...]
    other: dict[str, Any]
    oddities: tuple[str, ...]
    publisher: str
    claims: tuple[ClaimRow, ...]
    machine: dict[str, Any]
    variants: tuple[Verdict, ...]
    raw: dict[str, Any]


def variants_of(models: Sequence[Model], where: Machine, runs: Sequence[Run]) -> tuple[Variant, ...]:
    """How every known file of a record's models would run on a machine, best first."""
    found = [one for model in models for one in advice.variants(model, where, None, runs)]
    return tuple(sorted(found, key=advice.merit, reverse=True))


def model_page(
    catalogue: Catalogue,
    record: Record,
    where: Machine,
    variants: Sequence[Variant],
    header: HeaderFacts | None = None,
) -> Page:
    """The page as JSON; `header` is what one that was read from the hub said."""
    passage = when_to_pick_something_else(record, catalogue.titles)
    size = record.parameters
    return Page(
        id=record.id,
        title=record.title,
        type=record.type,
        provider=record.provider,
        license=licensed(record),
        model_type=record.model_type,
        open_weights=open_weights(record),
        website=record.website,
        release_date=record.release_date,
        last_updated=record.last_updated,
        last_verified=record.last_verified,
        verification_status=record.verification_status,
        content_verified=catalogue.verified(record.id),
        origin=record.origin,
        availability=record.availability,
        deprecated=record.deprecated,
        superseded_by=record.superseded_by,
        variant_of=record.variant_of,
        description=record.description,
        body=body(record),
        something_else=Elsewhere(passage.text, _named(passage.mentions)) if passage else None,
        best_for=record.best_for,
        tags=record.tags,
        modality=modalities(record),
        capabilities=record.capabilities,
        context=record.context.words if record.context else None,
        context_tokens=record.context.numbers if record.context else (),
        parameters=size.words if size else None,
        parameters_total=size.total if size else None,
        parameters_active=size.active if size else None,
        hardware=record.hardware,
        claimed_video_memory_gb=record.claimed_video_memory,
        pricing=record.pricing,
        benchmarks=tuple({"name": s.name, "value": s.value, "words": s.words} for s in record.benchmarks),
        related=record.related,
        other=record.extra,
        oddities=tuple(oddity.text.format(field=oddity.field) for oddity in record.oddities),
        publisher=catalogue.attribution,
        claims=tuple(_claim_row(claim) for claim in claimed.claims(record, facts_of(record.id), header)),
        machine=machines.as_description(where),
        variants=tuple(verdict_row(variant, where, ()) for variant in variants),
        raw=record.raw,
    )


def page_in_words(
    catalogue: Catalogue,
    record: Record,
    meant: Sequence[Model],
    variants: Sequence[Variant],
    header: HeaderFacts | None = None,
) -> str:
    """The page as a person reads it; `meant` are those of the record's models whose files were judged."""
    passage = when_to_pick_something_else(record, catalogue.titles)
    parts = [_head(record), _models(record, meant), paragraphs(record.description or "")]
    parts += [_section(tr("Will it run here?"), _verdicts(meant, variants))]
    told = claimed.claims(record, facts_of(record.id), header)
    parts += [_section(tr(_ABOUT[claim.about]), _claim(claim)) for claim in told]
    parts += [paragraphs(body(record))]
    if passage:
        names = [catalogue.titles.get(model, model) + f" ({model})" for model in _named(passage.mentions)]
        known = [tr("Known here: {names}.", names=", ".join(names))] if names else []
        parts.append(_section(tr("When to pick something else"), [paragraphs(passage.text), *known]))
    if record.benchmarks:
        note = tr("The publisher's own scores from 0 to 100, not official ones.")
        parts.append(_section(tr("Benchmarks"), [*map(_score, record.benchmarks), note]))
    if record.related:
        parts.append(_section(tr("Related models"), [_relation(other) for other in record.related]))
    parts += [_section(tr("Details"), _details(record)), _source(catalogue, record)]
    return paragraphs("\n\n".join(part for part in parts if part), None) + "\n"


def _head(record: Record) -> str:
    facts = (record.provider, licensed(record), record.release_date)
    lines = [record.title, " · ".join(fact for fact in facts if fact)]
    if record.superseded_by:
        lines.append(tr("Superseded by {model}.", model=record.superseded_by))
    elif record.deprecated:
        lines.append(tr("Its publisher calls it outdated."))
    if record.origin == "mentioned":
        lines.append(tr("Only what another record says of it is known here: --refresh may fetch its own."))
    elif record.origin == "known":
        lines.append(tr("Only its files are known here, by this program's own facts: --refresh may fetch a record."))
    return "\n".join(line for line in lines if line)


def _models(record: Record, meant: Sequence[Model]) -> str:
    """The ids of a record's models, where it stands for several."""
    of_record = facts_of(record.id)
    if len(of_record) < 2:
        return ""
    if len(meant) == len(of_record):
        return paragraphs(tr("Its models: {names}.", names=", ".join(one.id for one in of_record)))
    names = ", ".join(one.id for one in of_record if one not in meant)
    return paragraphs(tr("Of its models this is about {name}; the others: {names}.", name=meant[0].id, names=names))


def _verdicts(meant: Sequence[Model], variants: Sequence[Variant]) -> list[str]:
    shown, judged = variants[:_SHOWN], {variant.model for variant in variants}
    lines = verdicts([(variant, "") for variant in shown]).splitlines()
    if (more := len(variants) - len(shown)) > 0:
        lines.append(trn("and {n} other file", "and {n} other files", more))
    left = [paragraphs(line) for line in without_verdict([one for one in meant if one.id not in judged])]
    return [*lines, *left] or [tr("No file of it is known, so nothing can be said.")]


def _claim(claim: Claim) -> list[str]:
    catalog = tr("The catalog says: “{words}”", words=claim.catalogue_says)
    lines = []
    for said, source in (catalog, claim.catalogue_source), (claimed.in_words(claim.facts_say), claim.facts_source):
        lines += [paragraphs(said), paragraphs("  " + tr("Source: {source}", source=claimed.in_words(source)))]
    return [*lines, paragraphs(claimed.in_words(claim.note))] if claim.note else lines


def _score(score: Score) -> str:
    name = score.name[:1].upper() + score.name[1:]
    if score.value is None:
        unknown = tr("{name}: unknown", name=name)
        return tr("{name}: {value}", name=name, value=score.words) if score.words else unknown
    number = amounts.number(score.value, 0 if score.value.is_integer() else 1)
    return tr("{name} {number} of 100", name=name, number=number)


def _relation(other: Related) -> str:
    reason = tr("shared: {tags}", tags=", ".join(other.shared_tags)) if other.shared_tags else ""
    return f"{other.title or other.id} ({other.id})" + (f": {reason}" if reason else "")


def _details(record: Record) -> list[str]:
    """The other fields, a line each. What only another record says of it has fields of their relation, not of it."""
    extra = {} if record.origin == "mentioned" else record.extra
    said = [
        (tr("Best for"), ", ".join(record.best_for)),
        (tr("Takes"), ", ".join(modalities(record))),
        (tr("Can"), ", ".join(record.capabilities)),
        (tr("Context"), record.context.words if record.context else ""),
        (tr("Parameters"), record.parameters.words if record.parameters else ""),
        (tr("Needs"), record.hardware or ""),
        (tr("Price"), _price(record.pricing) if record.pricing else ""),
        (tr("Tags"), ", ".join(record.tags)),
        (tr("Variant of"), record.variant_of or ""),
        (tr("Availability"), record.availability or ""),
        (tr("Website"), record.website or ""),
        *((tr("Link"), link.url or link.title or "") for link in record.links),
        *((tr("Source"), source.url or source.title or "") for source in record.sources),
        *((kind, ", ".join(names)) for kind, names in record.explicit.items()),
        *((field, "" if value is None else str(value)) for field, value in extra.items()),
    ]
    return [paragraphs(tr("{name}: {value}", name=name, value=words)) for name, words in said if words]


def _price(price: Price) -> str:
    sides = [
        tr("input {price}", price=price.input) if price.input is not None else "",
        tr("output {price}", price=price.output) if price.output is not None else "",
        *(f"{name} {words}" for name, words in price.other.items()),
    ]
    elsewhere = (
        tr("{note} (not on this computer)", note=price.note) if price.note and "API" in price.note else price.note
    )
    return "; ".join(part for part in (*sides, elsewhere) if part)


def _source(catalogue: Catalogue, record: Record) -> str:
    """Whose words these are, and what is known of them."""
    if record.origin == "known":
        return ""
    states = {
        True: tr("Its text is the one that its record speaks of."),
        False: tr("Its text is not the one that its record speaks of."),
        None: "",
    }
    lines = [tr("From the catalog of {publisher}.", publisher=catalogue.attribution)]
    if record.last_updated:
        lines.append(tr("Updated {date}.", date=amounts.written(record.last_updated)))
    if record.verification_status:
        lines.append(tr("The publisher calls it “{status}”.", status=record.verification_status))
    lines.append(states[catalogue.verified(record.id)])
    lines += [tr(oddity.text, field=oddity.field) for oddity in record.oddities]
    return paragraphs(" ".join(line for line in lines if line))


def _section(title: str, lines: Sequence[str]) -> str:
    return "\n".join([title, *lines]) if lines else ""


def _named(mentions: Sequence[Any]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mention.id for mention in mentions))


def _claim_row(claim: Claim) -> ClaimRow:
    def english(said: Said | None) -> str:
        return claimed.in_english(said) if said else ""

    return ClaimRow(
        claim.about,
        claim.catalogue_says,
        english(claim.catalogue_source),
        english(claim.facts_say),
        english(claim.facts_source),
        english(claim.note),
    )
