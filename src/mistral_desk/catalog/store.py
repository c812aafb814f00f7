"""The catalogue on this computer: what ships with the program, what was fetched, and what records say of others.

One file holds all that was fetched. It is replaced whole or not at all, each record in it is checked by itself, and
what a list needs stands apart from the full records, so that thousands of them are there at once.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.catalog import cache_file, facts
from mistral_desk.catalog.cache_file import Entry, Fetched, SetAside, replace, stored
from mistral_desk.catalog.record import Record, Related, read
from mistral_desk.catalog.search import date_of, license_of
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

__all__ = ["PUBLISHER", "Catalogue", "Entry", "Fetched", "SetAside", "open_catalogue", "replace", "stored"]

_log: Final = logging.getLogger(__name__)
PUBLISHER: Final = "ai-future-ready.com"
"""Who publishes the catalogue: its terms ask for this name beside what comes from it."""
_MOST_MENTIONED: Final = 2_000
"""Models that are there because others name them: the most named; records can name millions."""
_SAME_ID: Final = mark("another record has the same id")


@dataclass(frozen=True)
class Catalogue:
    """All models that are known here, by title.

    `fetched` is the Unix time of the last whole refresh, None before the first; `attribution` names the publisher.
    """

    records: tuple[Record, ...]
    set_aside: tuple[SetAside, ...] = ()
    fetched: float | None = None
    attribution: str = PUBLISHER
    base: str = ""
    states: Mapping[str, bool] = field(default_factory=dict)

    def get(self, model: str) -> Record | None:
        """The record with this id."""
        return self._by_id.get(model)

    def verified(self, model: str) -> bool | None:
        """Whether a record's text is the one that its hash was made of: compared when it was fetched, else None."""
        return self.states.get(model)

    def related_to(self, model: str) -> tuple[Record, ...]:
        """The records that name this model among those they relate to."""
        return tuple(self._by_id[other] for other in self._naming.get(model, ()))

    @cached_property
    def titles(self) -> dict[str, str]:
        """Id → title of every model."""
        return {record.id: record.title for record in self.records}

    @cached_property
    def _by_id(self) -> dict[str, Record]:
        return {record.id: record for record in self.records}

    @cached_property
    def _naming(self) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for record in self.records:
            for other in record.relates_to:
                found[other].append(record.id)
        return found


def open_catalogue(cache_folder: Path) -> Catalogue:
    """What ships with the program and what was fetched; blocks while it reads.

    A fetched record goes before a bundled one unless that is newer, a full one before a list's item. Models that are
    only mentioned by a record (`mentioned`) or only have download facts (`known`) are there too. What cannot be read is
    set aside with its reason; only a missing resource of the program itself raises (`resource.missing`).
    """
    aside: list[SetAside] = []
    found: dict[str, Record] = {}
    for record in _bundled(aside):
        found[record.id] = record
    cached = cache_file.opened(cache_folder)
    aside += cached.set_aside
    seen: set[str] = set()
    states: dict[str, bool] = {}
    for record, verified in cached.records:
        if record.id in seen:
            aside.append(SetAside(record.id, _SAME_ID))
            continue
        seen.add(record.id)
        if not _goes_before(found.get(record.id), record):
            found[record.id] = record
            if verified is not None:
                states[record.id] = verified
    for stub in (*_mentioned(tuple(found.values())), *_known()):
        found.setdefault(stub.id, stub)
    records = sorted(found.values(), key=lambda record: record.title.casefold())
    return Catalogue(tuple(records), tuple(aside), cached.when, cached.attribution or PUBLISHER, cached.base, states)


def _goes_before(own: Record | None, fetched: Record) -> bool:
    """Whether the record that ships with the program stays: it is the only full one, or was updated later."""
    if own is None or not own.whole:
        return False
    shipped, later = date_of(own.last_updated), date_of(fetched.last_updated)
    return not fetched.whole or (shipped is not None and later is not None and shipped > later)


def _bundled(aside: list[SetAside]) -> Iterable[Record]:
    for file in sorted(resource("catalog", "records").glob("*.json")):
        try:
            yield read(file.read_bytes(), "bundled")
        except (DeskError, OSError) as error:
            _log.warning("%s cannot be read: %s", file.name, error)
            reason = error.problem.params.get("reason", "") if isinstance(error, DeskError) else error.strerror
            aside.append(SetAside(file.name, str(reason or "")))


def _mentioned(records: tuple[Record, ...]) -> Iterable[Record]:
    """What records say of models that have none of their own; the tags are those that they are said to share."""
    known = {record.id for record in records}
    said: defaultdict[str, list[Related]] = defaultdict(list)
    for record in records:
        if not known.issuperset(record.relates_to):
            for other in record.related:
                if other.id not in known:
                    said[other.id].append(other)
    often = sorted(said, key=lambda model: -len(said[model]))[:_MOST_MENTIONED]
    for model, mentions in ((model, said[model]) for model in often):
        first = mentions[0]
        yield Record(
            id=model,
            title=first.title or model,
            tags=tuple(dict.fromkeys(tag for mention in mentions for tag in mention.shared_tags)),
            origin="mentioned",
            whole=False,
            source=msgspec.json.encode(first),
        )


def _known() -> Iterable[Record]:
    """Models of which only our own facts about downloads are known; their title is what all their names begin with."""
    names: defaultdict[str, list[facts.Model]] = defaultdict(list)
    for model in facts.models():
        names[model.catalog].append(model)
    for slug, models in names.items():
        yield Record(
            id=slug,
            title=_common([model.name for model in models]),
            license=license_of(models),
            origin="known",
            whole=False,
            source=b"{}",
        )


def _common(names: list[str]) -> str:
    """The words that all names begin with; the shortest name where they share none."""
    parts = [name.split() for name in names]
    shared = []
    for words in zip(*parts, strict=False):
        if len(set(words)) > 1:
            break
        shared.append(words[0])
    return " ".join(shared) or min(names, key=len)
