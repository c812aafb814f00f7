"""A model as the catalogue describes it: typed where its fields are known, complete where they are not.

Records vary and are other people's data: whatever has an id can be read, and no value of it is lost. Facts about the
catalogue's form: its own schema; `content_hash` is the SHA-256 of the Markdown file that a record was made from.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import msgspec

from mistral_desk.catalog import amount as amounts
from mistral_desk.catalog import parts
from mistral_desk.catalog.amount import Amount, Parameters
from mistral_desk.catalog.leaves import LINES, PROSE, Leaf, Leaves, Oddity, bounds_broken, parsed
from mistral_desk.catalog.parts import Link, Price, Related, Score, identifier
from mistral_desk.catalog.passage import Passage, body_of, passage_of
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark

__all__ = [
    "Amount", "Leaf", "Link", "Oddity", "Parameters", "Passage", "Price", "Record", "Related", "Score", "body",
    "identifier", "read", "when_to_pick_something_else",
]  # fmt: skip

Origin: TypeAlias = Literal["bundled", "fetched", "mentioned", "known"]
LARGEST: Final = 4 << 20
"""Bytes of one record at most."""
READER: Final = 1
"""Counts up when the same bytes would be read differently: what was read before is then read again."""
_NOT_JSON: Final = mark("it is no JSON")
_NOT_OBJECT: Final = mark("it is no JSON object")
_TOO_LARGE: Final = mark("it is larger than 4 MB")
_TOO_DEEP: Final = mark("it is nested too deeply")
_TOO_MUCH: Final = mark("it holds more values than a record can have")
_NO_ID: Final = mark("it has no id")
_BAD_ID: Final = mark("its id is no plain name")
_ID_TAKEN: Final = mark("The id was missing; the slug stands for it.")
_IDS_DIFFER: Final = mark("Slug and id differ; the id counts.")


class Record(msgspec.Struct, frozen=True, kw_only=True, dict=True, array_like=True):
    """One model. A field is None, or empty, where nothing was said.

    `whole` tells a full record from a list's item or a mention. `source` holds the bytes as published: what a list
    does not need is read out of them when it is asked for, so that thousands of records are there at once.
    """

    id: str
    title: str
    description: str | None = None
    provider: str | None = None
    model_type: str | None = None
    license: str | None = None
    release_date: str | None = None
    last_updated: str | None = None
    verification_status: str | None = None
    availability: str | None = None
    deprecated: bool | None = None
    superseded_by: str | None = None
    variant_of: str | None = None
    tags: tuple[str, ...] = ()
    modality: tuple[str, ...] = ()
    best_for: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    context: Amount | None = None
    parameters: Parameters | None = None
    benchmarks: tuple[Score, ...] = ()
    relates_to: tuple[str, ...] = ()
    """The ids of `related`."""
    origin: Origin = "fetched"
    whole: bool = True
    source: bytes = b""

    @cached_property
    def raw(self) -> dict[str, Any]:
        """The JSON object as published."""
        try:
            found = parsed(self.source)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @cached_property
    def _detail(self) -> Detail:
        return _looked_at(self.raw)[1]

    @cached_property
    def extra(self) -> dict[str, Leaf]:
        """Dotted path → value of every leaf that has no field here."""
        return _looked_at(self.raw)[2].left()

    @property
    def oddities(self) -> tuple[Oddity, ...]:
        """What could not be read."""
        return self._detail.oddities

    @property
    def slug(self) -> str | None:
        """Its name in addresses."""
        return self._detail.slug

    @property
    def type(self) -> str | None:
        """What kind of thing the record describes, a model."""
        return self._detail.type

    @property
    def website(self) -> str | None:
        """The publisher's own page about it."""
        return self._detail.website

    @property
    def last_verified(self) -> str | None:
        """The day on which the catalogue's publisher verified it."""
        return self._detail.last_verified

    @property
    def generated_at(self) -> str | None:
        """When the record was made of its Markdown."""
        return self._detail.generated_at

    @property
    def content_text(self) -> str | None:
        """The text about the model, in Markdown."""
        return self._detail.content_text

    @property
    def content_length(self) -> int | None:
        """Bytes of the Markdown file."""
        return self._detail.content_length

    @property
    def content_hash(self) -> str | None:
        """SHA-256 of the Markdown file, its front matter included."""
        return self._detail.content_hash

    @property
    def sha256(self) -> str | None:
        """The same, said again."""
        return self._detail.sha256

    @property
    def markdown_url(self) -> str | None:
        """Where the Markdown file is, on the catalogue's server."""
        return self._detail.markdown_url

    @property
    def html_url(self) -> str | None:
        """Its page, on the catalogue's server."""
        return self._detail.html_url

    @property
    def api_url(self) -> str | None:
        """The record itself, on the catalogue's server."""
        return self._detail.api_url

    @property
    def hardware(self) -> str | None:
        """What it is said to need, in the publisher's words."""
        return self._detail.hardware

    @property
    def pricing(self) -> Price | None:
        """What using it costs elsewhere."""
        return self._detail.pricing

    @property
    def related(self) -> tuple[Related, ...]:
        """The models that it relates to."""
        return self._detail.related

    @property
    def links(self) -> tuple[Link, ...]:
        """Links that go with it."""
        return self._detail.links

    @property
    def explicit(self) -> dict[str, tuple[str, ...]]:
        """Relations by their kind: ids, or words."""
        return self._detail.explicit

    @property
    def sources(self) -> tuple[Link, ...]:
        """Where the publisher says that its statements come from."""
        return self._detail.sources

    @property
    def confidence(self) -> dict[str, str]:
        """How sure the publisher is, by field."""
        return self._detail.confidence

    @property
    def claimed_video_memory(self) -> float | None:
        """The GB of video memory that the words about hardware claim to be enough."""
        return amounts.video_memory(self.hardware) if self.hardware else None


def read(data: bytes | object, origin: Origin = "fetched") -> Record:
    """Read a record, or a list's item (already decoded, or its bytes).

    Raises `catalog.record` only for what is no object, too large, or without a usable id.
    """
    if isinstance(data, bytes):
        source = data
        if len(data) > LARGEST:
            raise DeskError("catalog.record", reason=_TOO_LARGE)
        try:
            document = parsed(data)
        except RecursionError as error:
            raise DeskError("catalog.record", reason=_TOO_DEEP) from error
        except ValueError as error:
            raise DeskError("catalog.record", str(error)[:200], reason=_NOT_JSON) from error
    else:
        document = data
        try:
            source = msgspec.json.encode(data)
        except RecursionError as error:
            raise DeskError("catalog.record", reason=_TOO_DEEP) from error
        except (TypeError, ValueError, UnicodeError) as error:
            raise DeskError("catalog.record", str(error)[:200], reason=_NOT_JSON) from error
    if not isinstance(document, dict):
        raise DeskError("catalog.record", reason=_NOT_OBJECT)
    if too := bounds_broken(document):
        raise DeskError("catalog.record", reason=_TOO_DEEP if too == "deep" else _TOO_MUCH)
    model = _id(Leaves(document))
    fields, detail, _ = _looked_at(document)
    fields["title"] = fields["title"] or model
    whole = bool({"metadata", "content_text"} & document.keys())
    relates_to = tuple(other.id for other in detail.related)
    return Record(id=model, **fields, relates_to=relates_to, origin=origin, whole=whole, source=source)


def when_to_pick_something_else(record: Record, known: dict[str, str] | None = None) -> Passage | None:
    """The passage of a record that says when another model is the better choice; None where it has none.

    `known` maps ids to titles of models that it may name; the record's own relations are always known.
    """
    titles = {**(known or {}), **{r.id: r.title for r in record.related if r.title}}
    titles.pop(record.id, None)
    return passage_of(record.content_text or "", titles)


def body(record: Record) -> str:
    """The record's text without its first heading and without that passage."""
    return body_of(record.content_text or "")


class Detail(msgspec.Struct, frozen=True):
    """What is read out of a record's bytes only when its page is opened; `Record` has it all as its own."""

    oddities: tuple[Oddity, ...]
    slug: str | None
    type: str | None
    website: str | None
    last_verified: str | None
    generated_at: str | None
    content_text: str | None
    content_length: int | None
    content_hash: str | None
    sha256: str | None
    markdown_url: str | None
    html_url: str | None
    api_url: str | None
    hardware: str | None
    pricing: Price | None
    related: tuple[Related, ...]
    links: tuple[Link, ...]
    explicit: dict[str, tuple[str, ...]]
    sources: tuple[Link, ...]
    confidence: dict[str, str]


def _looked_at(document: dict[str, Any]) -> tuple[dict[str, Any], Detail, Leaves]:
    """Every field of a record: those that lists need, the others, and what is left of the document."""
    leaves = Leaves(document)
    text, texts = leaves.text, leaves.texts
    context, size = text("context_window"), text("parameters")
    with contextlib.suppress(DeskError):
        _id(leaves)
    fields = {
        "title": text("title"),
        "description": text("description", LINES),
        "provider": text("provider"),
        "model_type": text("model_type"),
        "license": text("license"),
        "release_date": text("release_date"),
        "last_updated": text("last_updated"),
        "verification_status": text("verification_status"),
        "availability": text("availability_status"),
        "deprecated": leaves.flag(*found) if (found := leaves.one("deprecated")) else None,
        "superseded_by": parts.reference(leaves, "superseded_by"),
        "variant_of": parts.reference(leaves, "variant_of"),
        "tags": texts("tags"),
        "modality": texts("modality"),
        "best_for": texts("best_for"),
        "capabilities": texts("capabilities"),
        "context": amounts.amount(context) if context else None,
        "parameters": amounts.parameters(size) if size else None,
        "benchmarks": parts.scores(leaves),
    }
    related, links, explicit = parts.relations(leaves)
    detail = Detail(
        related=related,
        links=links,
        explicit=explicit,
        slug=text("slug"),
        type=text("type"),
        website=text("website", LINES),
        last_verified=text("last_verified"),
        generated_at=text("generated_at"),
        content_text=text("content_text", PROSE, lines=True),
        content_length=leaves.whole("content_length"),
        content_hash=text("content_hash"),
        sha256=text("sha256"),
        markdown_url=text("markdown_url", LINES),
        html_url=text("html_url", LINES),
        api_url=text("api_url", LINES),
        hardware=text("hardware_requirements", LINES),
        pricing=parts.price(leaves),
        sources=parts.links(leaves, *found) if (found := leaves.one("sources")) else (),
        confidence=parts.confidence(leaves),
        oddities=(),
    )
    return fields, msgspec.structs.replace(detail, oddities=tuple(leaves.oddities)), leaves


def _id(leaves: Leaves) -> str:
    """The id, else the slug. Raises `catalog.record`."""
    ids = leaves.one("id")
    if ids is None:
        slug = identifier(leaves.document.get("slug"))
        if slug is None:
            raise DeskError("catalog.record", reason=_NO_ID)
        leaves.oddities.append(Oddity(_ID_TAKEN))
        return slug
    found = identifier(ids[1])
    if found is None:
        raise DeskError("catalog.record", str(ids[1])[:200], reason=_BAD_ID)
    leaves.take(ids[0])
    if leaves.document.get("slug") not in (None, found):
        leaves.oddities.append(Oddity(_IDS_DIFFER))
    return found
