"""A model as the catalogue describes it: typed where its fields are known, complete where they are not.

Records vary and are other people's data: whatever has an id can be read, and no value of it is lost. Facts about the
catalogue's form: its own schema; `content_hash` is the SHA-256 of the Markdown file that a record was made from.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, Literal, TypeAlias

import msgspec

from mistral_desk.catalog import amount as amounts
from mistral_desk.catalog import parts
from mistral_desk.catalog.amount import Amount, Parameters
from mistral_desk.catalog.leaves import LINES, PROSE, Leaf, Leaves, Oddity, parsed
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
_NO_ID: Final = mark("it has no id")
_BAD_ID: Final = mark("its id is no plain name")
_ID_TAKEN: Final = mark("The id was missing; the slug stands for it.")
_IDS_DIFFER: Final = mark("Slug and id differ; the id counts.")


class Record(msgspec.Struct, frozen=True, kw_only=True, dict=True, omit_defaults=True):
    """One model. A field is None, or empty, where nothing was said.

    `whole` tells a full record from a list's item or a mention. `source` holds the bytes as published; what is large
    or rare (`raw`, `content_text`, `extra`) is read out of them when it is asked for.
    """

    id: str
    slug: str | None = None
    type: str | None = None
    title: str
    description: str | None = None
    provider: str | None = None
    model_type: str | None = None
    license: str | None = None
    website: str | None = None
    release_date: str | None = None
    last_updated: str | None = None
    last_verified: str | None = None
    verification_status: str | None = None
    generated_at: str | None = None
    content_length: int | None = None
    content_hash: str | None = None
    sha256: str | None = None
    markdown_url: str | None = None
    html_url: str | None = None
    api_url: str | None = None
    tags: tuple[str, ...] = ()
    modality: tuple[str, ...] = ()
    best_for: tuple[str, ...] = ()
    capabilities: tuple[str, ...] = ()
    context: Amount | None = None
    parameters: Parameters | None = None
    hardware: str | None = None
    pricing: Price | None = None
    benchmarks: tuple[Score, ...] = ()
    related: tuple[Related, ...] = ()
    links: tuple[Link, ...] = ()
    explicit: dict[str, tuple[str, ...]] = {}
    availability: str | None = None
    deprecated: bool | None = None
    superseded_by: str | None = None
    variant_of: str | None = None
    sources: tuple[Link, ...] = ()
    confidence: dict[str, str] = {}
    oddities: tuple[Oddity, ...] = ()
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
    def content_text(self) -> str | None:
        """The text about the model, in Markdown."""
        return Leaves(self.raw).text("content_text", PROSE, lines=True)

    @cached_property
    def extra(self) -> dict[str, Leaf]:
        """Dotted path → value of every leaf that has no field here."""
        leaves = Leaves(self.raw)
        _fields(leaves)
        return leaves.left()

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
    leaves = Leaves(document)
    found = _fields(leaves)
    found["title"] = found["title"] or found["id"]
    whole = bool({"metadata", "content_text"} & document.keys())
    return Record(**found, oddities=tuple(leaves.oddities), origin=origin, whole=whole, source=source)


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


def _fields(leaves: Leaves) -> dict[str, Any]:
    """Every field of a record but those about the record itself."""
    text, texts = leaves.text, leaves.texts
    hardware, context, size = text("hardware_requirements", LINES), text("context_window"), text("parameters")
    text("content_text", PROSE, lines=True)
    return {
        "id": _id(leaves),
        "slug": text("slug"),
        "type": text("type"),
        "title": text("title"),
        "description": text("description", LINES),
        "provider": text("provider"),
        "model_type": text("model_type"),
        "license": text("license"),
        "website": text("website", LINES),
        "release_date": text("release_date"),
        "last_updated": text("last_updated"),
        "last_verified": text("last_verified"),
        "verification_status": text("verification_status"),
        "generated_at": text("generated_at"),
        "content_length": leaves.whole("content_length"),
        "content_hash": text("content_hash"),
        "sha256": text("sha256"),
        "markdown_url": text("markdown_url", LINES),
        "html_url": text("html_url", LINES),
        "api_url": text("api_url", LINES),
        "tags": texts("tags"),
        "modality": texts("modality"),
        "best_for": texts("best_for"),
        "capabilities": texts("capabilities"),
        "context": amounts.amount(context) if context else None,
        "parameters": amounts.parameters(size) if size else None,
        "hardware": hardware,
        "pricing": parts.price(leaves),
        "benchmarks": parts.scores(leaves),
        **parts.relations(leaves),
        "availability": text("availability_status"),
        "deprecated": leaves.flag(*found) if (found := leaves.one("deprecated")) else None,
        "superseded_by": parts.reference(leaves, "superseded_by"),
        "variant_of": parts.reference(leaves, "variant_of"),
        "sources": parts.links(leaves, *found) if (found := leaves.one("sources")) else (),
        "confidence": parts.confidence(leaves),
    }


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
