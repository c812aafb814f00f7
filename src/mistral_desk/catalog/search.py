"""Search, filters and sort over the catalogue: what a person types and picks, and which models come of it.

Pure and quick, so that every keystroke can ask anew: texts are folded once, and a word is found anywhere in them.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, cached_property, lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.catalog.folding import Mark, fold, folded, marks
from mistral_desk.catalog.record import Record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mistral_desk.catalog.store import Catalogue

BENCHMARK: Final = "benchmark:"
SORTS: Final = ("fit", "date", "name", "size")
"""Besides these, `benchmark:<name>`."""
GB: Final = 10**9
_KINDS: Final = ("text", "image", "audio", "video")
_SPELLED: Final = {"apache-2.0": "Apache 2.0", "mit": "MIT"}
"""Licences by their short names, as people write them."""
_NOTHING: Final[Mapping[str, Fit]] = {}
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_OPEN: Final = re.compile(r"open", re.IGNORECASE)
_CLOSED: Final = re.compile(r"proprietary|closed|api[- ]only|commercial", re.IGNORECASE)


class Wishes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a person looks for; empty wishes find everything. It can be stored as JSON.

    Within one filter any of its values will do, all filters together must hold. `size` is in GB, at least and at most,
    None for no bound. `reverse` turns the natural order of `sort` (best, newest, smallest, A first).
    """

    text: str = ""
    providers: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    licenses: frozenset[str] = frozenset()
    modality: frozenset[str] = frozenset()
    open_weights: bool | None = None
    least_context: int | None = None
    size: tuple[float | None, float | None] | None = None
    fits_here: bool = False
    sort: str = "fit"
    reverse: bool = False


class Fit(NamedTuple):
    """How a model would run here, as far as was judged: its place in the order (0 is best), whether one can chat with
    it, and the bytes of the files that were judged.
    """

    rank: int
    runs: bool | None
    bytes: int | None


class Facet(msgspec.Struct, frozen=True):
    """A value that can be filtered by, and how many models have it."""

    value: str
    count: int


class Facets(NamedTuple):
    """All that can be filtered or sorted by, most frequent first."""

    providers: tuple[Facet, ...]
    tags: tuple[Facet, ...]
    licenses: tuple[Facet, ...]
    modalities: tuple[Facet, ...]
    benchmarks: tuple[Facet, ...]


class Hit(msgspec.Struct, frozen=True, eq=False, gc=False):
    """A model that was found. `marks` are looked up when they are asked for: most hits are never seen."""

    record: Record
    words: tuple[str, ...]

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Where the words stand in title, provider, description, tags and best for."""
        return tuple(marks(self.record, self.words)) if self.words else ()


def open_weights(record: Record) -> bool | None:
    """Whether a model's weights can be had: by our own facts, else by what the record calls it; None where unknown."""
    if facts_of(record.id):
        return True
    said = record.model_type or ""
    if _CLOSED.search(said):
        return False
    return True if _OPEN.search(said) else None


def facts_of(model: str) -> tuple[facts.Model, ...]:
    """What we know of the files of a record's models."""
    return _by_slug().get(model, ())


@cache
def _by_slug() -> dict[str, tuple[facts.Model, ...]]:
    found: dict[str, tuple[facts.Model, ...]] = {}
    for model in facts.models():
        found[model.catalog] = (*found.get(model.catalog, ()), model)
    return found


class _Row(msgspec.Struct, frozen=True, eq=False):
    """A record with what searching and sorting asks of it, made once."""

    record: Record
    text: str
    title: str
    provider: str
    tags: frozenset[str]
    license: str
    modality: frozenset[str]
    open: bool | None
    context: int | None
    sizes: tuple[int, ...]
    date: tuple[int, int, int] | None
    scores: dict[str, float]


class Index:
    """A catalogue, ready to be searched."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._rows = tuple(_row(record) for record in catalogue.records)
        self._last: tuple[Wishes | None, Mapping[str, Fit], list[_Row]] = (None, {}, [])

    def find(self, wishes: Wishes, fits: Mapping[str, Fit] | None = None) -> tuple[Hit, ...]:
        """The models that have every word and pass every filter, in the order that was wished for.

        What a filter or a sort asks for and nobody stated counts as no, and comes last in both directions. Where words
        were typed and nothing but the fit orders, models come first whose title has just those words in a row, then
        those that have most of them in it.
        """
        fits = _NOTHING if fits is None else fits
        words = tuple(fold(wishes.text).split())
        rows = self._filtered(wishes, fits)
        for word in words:
            rows = [row for row in rows if word in row.text]
        if words and wishes.sort == "fit":
            rows = _titled_first(rows, words)
        return tuple([Hit(row.record, words) for row in rows])

    def _filtered(self, wishes: Wishes, fits: Mapping[str, Fit]) -> list[_Row]:
        """What passes the filters, in order; kept from one keystroke to the next, which change only the words."""
        wishes = msgspec.structs.replace(wishes, text="")
        known, of, rows = self._last
        if known != wishes or of is not fits:
            rows = _ordered(self._rows, wishes.sort, fits, reverse=wishes.reverse)
            for holds in _filters(wishes, fits):
                rows = [row for row in rows if holds(row)]
            self._last = (wishes, fits, rows)
        return rows

    @cached_property
    def _facets(self) -> Facets:
        records = [row.record for row in self._rows]
        return Facets(
            _counted(record.provider for record in records),
            _counted(tag for record in records for tag in record.tags),
            _counted((licensed(record) for record in records), license_key),
            _counted(modality for record in records for modality in modalities(record)),
            _counted(score.name for record in records for score in record.benchmarks if score.value is not None),
        )

    def facets(self) -> Facets:
        """What can be filtered and sorted by in this catalogue."""
        return self._facets


def _titled_first(rows: list[_Row], words: tuple[str, ...]) -> list[_Row]:
    """Those first whose title has the words in a row (a 4 stands in 24B, too), then those whose title has most of them;
    otherwise as they were.
    """
    if len(words) == 1:  # the most frequent case, and the one with the most rows
        (word,) = words
        return [row for row in rows if word in row.title] + [row for row in rows if word not in row.title]
    phrase = " ".join(words)
    shelves: list[list[_Row]] = [[] for _ in range(len(words) + 2)]
    for row in rows:
        title, missing = row.title, 1
        if phrase in title:
            missing = 0
        else:
            for word in words:
                if word not in title:
                    missing += 1
        shelves[missing].append(row)
    return [row for shelf in shelves for row in shelf]


def licensed(record: Record) -> str | None:
    """The licence that a record states, else the one that our facts state."""
    return record.license or license_of(facts_of(record.id))


def license_of(models: Iterable[facts.Model]) -> str | None:
    """The licence of the first model that states one, spelled as people spell it."""
    known = next((found.license for found in models if found.license), None)
    return _SPELLED.get(known or "", known)


def modalities(record: Record, member: str = "") -> tuple[str, ...]:
    """What a model takes (text, image, …): as the record says, else as its tags and our facts say.

    `member` is the id of the one that is spoken of, of those that the record stands for: where it is known whether
    this one sees, it does not count what the others do.
    """
    if record.modality:
        return record.modality
    known = facts_of(record.id)
    known = tuple(model for model in known if model.id == member and model.vision is not None) or known
    sees = any(model.vision for model in known)
    reads = sees or (known != () and all(model.vision is False for model in known))
    return tuple(
        kind for kind in _KINDS if kind in record.tags or (sees and kind == "image") or (reads and kind == "text")
    )


@lru_cache(1024)
def license_key(words: str) -> str:
    """A licence's name without what its spelling varies in: “Apache 2.0” and “apache-2.0” are one."""
    return re.sub(r"[\s_-]+|licen[cs]e|\bv(?=\d)", "", fold(words))


@lru_cache(4096)
def date_of(words: str | None) -> tuple[int, int, int] | None:
    """Year, month and day of a free date (“2026-03”, “2026-04-10”, “March 2026”, “Q1 2026”), 0 for what is not said."""
    if not words:
        return None
    if match := re.search(r"\b((?:19|20)\d{2})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?!\d)", words):
        year, month, day = (int(part) if part else 0 for part in match.groups())
        if not month:
            month = _month(words)
        return (year, month, day) if month <= 12 and day <= 31 else (year, 0, 0)
    return None


def _month(words: str) -> int:
    if quarter := re.search(r"\bq([1-4])\b", words, re.IGNORECASE):
        return int(quarter[1]) * 3 - 2
    named = re.search(r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)", words, re.IGNORECASE)
    return _MONTHS.index(named[1].lower()) + 1 if named else 0


def _row(record: Record) -> _Row:
    known = facts_of(record.id)
    title = fold(record.title)
    squeezed = re.sub(r"[\s._-]+", "", title)
    named = (model.name for model in known)  # a record may stand for several
    texts = (record.provider or "", *named, *record.tags, *record.best_for, record.description or "")
    contexts = [model.context for model in known if model.context]
    stated = record.context.largest if record.context else None
    return _Row(
        record=record,
        text="\n".join((title, squeezed, record.id, fold("\n".join(texts)))),
        title="\n".join((title, squeezed, record.id)),
        provider=folded(record.provider or ""),
        tags=frozenset(map(folded, record.tags)),
        license=license_key(licensed(record) or ""),
        modality=frozenset(map(folded, modalities(record))),
        open=open_weights(record),
        context=max(contexts, default=stated),
        sizes=tuple(
            quantization.bytes
            for model in known
            for repository in model.repositories
            for quantization in repository.quantizations
            if quantization.bytes
        ),
        date=date_of(record.release_date),
        scores={score.name: score.value for score in record.benchmarks if score.value is not None},
    )


def _filters(wishes: Wishes, fits: Mapping[str, Fit]) -> list[Callable[[_Row], bool]]:
    tests: list[Callable[[_Row], bool]] = []
    if wishes.providers:
        providers = frozenset(map(fold, wishes.providers))
        tests.append(lambda row: row.provider in providers)
    if wishes.tags:
        tags = frozenset(map(fold, wishes.tags))
        tests.append(lambda row: not tags.isdisjoint(row.tags))
    if wishes.licenses:
        licenses = frozenset(map(license_key, wishes.licenses))
        tests.append(lambda row: row.license in licenses)
    if wishes.modality:
        kinds = frozenset(map(fold, wishes.modality))
        tests.append(lambda row: kinds <= row.modality)
    if wishes.open_weights is not None:
        tests.append(lambda row: row.open is wishes.open_weights)
    if least := wishes.least_context:
        tests.append(lambda row: row.context is not None and row.context >= least)
    if wishes.size is not None:
        low, high = wishes.size
        tests.append(lambda row: any(_within(size, low, high) for size in _sizes(row, fits)))
    if wishes.fits_here:
        tests.append(lambda row: (fit := fits.get(row.record.id)) is not None and fit.runs is True)
    return tests


def _sizes(row: _Row, fits: Mapping[str, Fit]) -> Iterable[int]:
    fit = fits.get(row.record.id)
    return (fit.bytes,) if fit and fit.bytes else row.sizes


def _within(size: int, low: float | None, high: float | None) -> bool:
    return (low is None or size >= low * GB) and (high is None or size <= high * GB)


def _ordered(rows: tuple[_Row, ...], sort: str, fits: Mapping[str, Fit], *, reverse: bool) -> list[_Row]:
    """Sorted by what is stated; what is not comes last in both directions."""
    keys: dict[str, Callable[[_Row], Any]] = {
        "date": lambda row: row.date,
        "size": lambda row: min(_sizes(row, fits), default=None),
        "name": lambda row: row.title,
        "fit": lambda row: fit.rank if (fit := fits.get(row.record.id)) else None,
    }
    down = sort == "date"  # whether the natural order begins with the largest
    key = keys.get(sort, keys["fit"])
    if sort.startswith(BENCHMARK):
        name, down = sort.removeprefix(BENCHMARK), True
        key = lambda row: row.scores.get(name)  # noqa: E731 - beside the others, though it needs a name
    keyed = [(key(row), row) for row in rows]
    stated = sorted((pair for pair in keyed if pair[0] is not None), key=itemgetter(0), reverse=down != reverse)
    return [row for _, row in stated] + [row for value, row in keyed if value is None]


def _counted(values: Iterable[str | None], key: Callable[[str], str] = fold) -> tuple[Facet, ...]:
    """Values with their number, spelled as most spell them."""
    spellings: dict[str, Counter[str]] = {}
    for value in values:
        if value and (name := key(value)):
            spellings.setdefault(name, Counter())[value] += 1
    found = [Facet(spelled.most_common(1)[0][0], spelled.total()) for spelled in spellings.values()]
    return tuple(sorted(found, key=lambda facet: (-facet.count, fold(facet.value))))
