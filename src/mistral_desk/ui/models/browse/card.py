"""What stands on a model's card, without a widget: the record's words beside what this computer makes of the model.

What nobody published is said to be unknown; nothing is guessed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog.search import BENCHMARK, licensed, modalities, open_weights
from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.fit import meaning, verdict
from mistral_desk.ui.fit.waiting import MEASURING
from mistral_desk.ui.models.about.said import UNKNOWN, date, word

if TYPE_CHECKING:
    from mistral_desk.catalog.record import Record
    from mistral_desk.fit.advice import Offer

BARS: Final = 3
"""A card has room for so many benchmarks: the strongest."""
NO_DETAILS: Final = mark("No details here yet")
NOT_KNOWN: Final = mark("Speed not known yet")
NOT_OPEN: Final = mark("Only online")
ROLES: Final = {"best": mark("Best here"), "fast": mark("The fast one")}
CONTENT: Final[dict[bool | None, tuple[str, str, str]]] = {
    True: ("check", "success", mark("Content verified: the text file has the checksum that its record announces.")),
    False: (
        "warning",
        "warning",
        mark("Content differs: the text file differs from its record's checksum."),
    ),
    None: ("info", "muted", mark("Content not checked: the text file was not fetched and compared yet.")),
}
"""An icon, a colour and a sentence for each: neither of the first two says anything alone."""


@dataclass(frozen=True)
class Bar:
    """One benchmark in small: the publisher's own score, 0 to 100."""

    name: str
    value: float

    @property
    def said(self) -> str:
        """*Coding 78 of 100*."""
        return tr("{name} {value} of 100", name=self.name, value=figure(self.value))


@dataclass(frozen=True)
class Card:
    """Everything that is painted, in the person's language. `verdict` is an icon, a colour and words."""

    id: str
    title: str
    by: str
    facts: str
    verdict: tuple[str, str, str]
    quality: str = ""
    role: str = ""
    bars: tuple[Bar, ...] = ()
    content: bool | None = None
    quiet: bool = False
    note: str = ""

    @property
    def spoken(self) -> str:
        """The whole card as a screen reader says it."""
        runs = tr("On this computer: {words}", words=", ".join(one for one in (self.verdict[2], self.quality) if one))
        bars = ", ".join(bar.said for bar in self.bars) or self.note
        content = "" if self.quiet else tr(CONTENT[self.content][2])
        parts = (self.title, self.role, self.by, self.facts, runs, bars, content)
        return ". ".join(part.rstrip(".") for part in parts if part)


def card_of(
    record: Record, offer: Offer | None, content: bool | None, sort: str = "fit", *, looking: bool = False
) -> Card:
    """The card of a record; `offer` is its best model on this computer, None where nothing is known of its files, or
    nothing yet: `looking` says that it is being found out.

    What the cards are sorted by is said first, also where it is not known.
    """
    quiet = record.origin in ("mentioned", "known")
    is_open = open_weights(record)
    openness = "" if is_open is None else tr("Open weights") if is_open else tr("Not open")
    provider = record.provider if record.provider and any(map(str.isalnum, record.provider)) else ""
    by = verdict.joined(provider or ("" if quiet else tr("Provider unknown")), licensed(record) or "", openness)
    size = verdict.size(offer.variant) if offer else ""
    context = context_words(record)
    first = sorted_by(record, size, sort)
    kinds = ", ".join(word(one) for one in modalities(record, offer.variant.model if offer else ""))
    size = "" if sort == "size" else size
    called = offer.variant.name if offer and offer.variant.name != record.title else ""
    member = tr("{quant}, {size}", quant=called, size=size) if called and size else called
    facts = verdict.joined(first, member, kinds, context, "" if called else size)
    shown = strongest(record, sort.removeprefix(BENCHMARK) if sort.startswith(BENCHMARK) else "")
    note = "" if shown else tr(NO_DETAILS) if quiet else tr("No benchmarks published")
    sign, quality = (("info", "muted", tr(MEASURING)), "") if looking and offer is None else verdict_of(record, offer)
    role = tr(ROLES[offer.role]) if offer and offer.role else ""
    content = None if quiet else content
    return Card(record.id, record.title, by, facts, sign, quality, role, shown, content, quiet, note)


def sorted_by(record: Record, size: str, sort: str) -> str:
    """What the cards are sorted by, where it does not stand on them anyway."""
    if sort == "date":
        released = date(record.release_date) if record.release_date else ""
        return tr("Released {date}", date=released) if released else tr("Release date unknown")
    if sort == "size":
        return size or tr("Size unknown")
    if sort.startswith(BENCHMARK):
        name = sort.removeprefix(BENCHMARK)
        scores = {one.name: one.value for one in record.benchmarks}
        if scores.get(name) is None:
            return tr("{name}: {value}", name=word(name), value=tr(UNKNOWN))
    return ""


def verdict_means(offer: Offer | None) -> str:
    """What the words of the verdict mean, for whoever asks."""
    if offer is None:
        return ""
    variant = offer.variant
    return "\n".join((meaning.speed(variant), *([meaning.quality(variant)] if variant.plan.fits else ())))


def verdict_of(record: Record, offer: Offer | None) -> tuple[tuple[str, str, str], str]:
    """The sign for how it runs here, and the word for its quality."""
    if offer is not None:
        variant = offer.variant
        icon, ink = verdict.SIGNS[variant.word]
        return (icon, ink, verdict.speed_word(variant)), verdict.quality_word(variant) if variant.plan.fits else ""
    if open_weights(record) is False:
        return ("info", "muted", tr(NOT_OPEN)), ""
    return ("info", "muted", tr(NOT_KNOWN)), ""


def context_words(record: Record) -> str:
    """How much text it sees at once, as it was published."""
    if record.context is None:
        return ""
    words = " ".join(record.context.words.split())
    return words if any(sign.isalpha() for sign in words) else tr("{number} tokens", number=words)


def strongest(record: Record, first: str = "") -> tuple[Bar, ...]:
    """Its best scores, the best first; before them the one that is named `first`."""
    known = [(one.value, one.name) for one in record.benchmarks if one.value is not None]
    best = sorted(known, key=lambda one: (one[1] != first, -one[0], one[1]))[:BARS]
    return tuple(Bar(word(name), value) for value, name in best)


def figure(value: float) -> str:
    """A score with the digits that it has."""
    return amounts.number(value, 0 if value == int(value) else 1)
