"""The parts of a record that have parts themselves (prices, scores, relations), and how each is read.

Their forms vary most: a price is a word or a number, a source is an address or an object, a relation may be an id.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from mistral_desk.catalog.leaves import LINES, MOST, NOT_LIST, SHORT, Leaves, Path, clean

_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_CONFIDENCE: Final = "_confidence"


class Score(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One benchmark: `value` from 0 to 100, None where what was published is no such number; `words` as published."""

    name: str
    value: float | None
    words: str


class Price(msgspec.Struct, frozen=True):
    """What using the model costs elsewhere, as published: words or numbers."""

    input: str | float | None = None
    output: str | float | None = None
    free: bool | None = None
    note: str | None = None
    other: dict[str, str] = {}


class Related(msgspec.Struct, frozen=True):
    """A model that a record relates to. The score counts shared tags; +1 same section, +2 provider, +1 type."""

    id: str
    title: str | None
    type: str | None
    score: float | None
    shared_tags: tuple[str, ...]
    html_url: str | None
    markdown_url: str | None


class Link(msgspec.Struct, frozen=True):
    """A reference with a title, an address, or both; also a source that a record names."""

    title: str | None
    url: str | None


def identifier(value: object) -> str | None:
    """A record's id, None for what is no plain name: ids become parts of addresses and of file names."""
    return value if isinstance(value, str) and _ID.fullmatch(value) and ".." not in value else None


def price(leaves: Leaves) -> Price | None:
    """What is said under `pricing`; words alone become the note."""
    found = leaves.one("pricing")
    if found is None:
        return None
    path, value = found
    if not isinstance(value, dict):
        note = leaves.words(path, value, LINES)
        return Price(note=note) if note else None
    sides: dict[str, str | float | None] = {}
    for side in ("input", "output"):
        part = value.get(side)
        if isinstance(part, int | float) and not isinstance(part, bool):
            sides[side] = leaves.number((*path, side), part)
        else:
            sides[side] = leaves.words((*path, side), part) if side in value else None
    free = leaves.flag((*path, "free"), value["free"]) if value.get("free") is not None else None
    note = leaves.words((*path, "note"), value["note"], LINES) if value.get("note") is not None else None
    other = {}
    for key in list(value)[:MOST]:
        if value[key] is None:
            leaves.take((*path, key))
        elif key not in {"input", "output", "free", "note"} and isinstance(value[key], str | int | float):
            other[clean(key)[:80]] = leaves.words((*path, key), value[key]) or ""
    return Price(sides["input"], sides["output"], free, note, other)


def scores(leaves: Leaves) -> tuple[Score, ...]:
    """What is said under `benchmarks`, in its order."""
    found = leaves.one("benchmarks")
    if found is None:
        return ()
    path, value = found
    if not isinstance(value, dict):
        leaves.odd(NOT_LIST, path)
        return ()
    found_here: list[Score] = []
    for key in list(value)[:MOST]:
        place, part = (*path, key), value[key]
        if isinstance(part, dict):  # a score with its source: the rest of it stays among the other fields
            inner = next((name for name in ("score", "value") if name in part), None)
            if inner is None:
                continue
            place, part = (*place, inner), part[inner]
        if isinstance(part, list):
            continue
        words = leaves.words(place, part) or ""
        number = leaves.number(place, part)
        # A null is a score that nobody knows: it has its place, without a number and without words.
        found_here.append(Score(clean(key)[:80], number if number is not None and 0 <= number <= 100 else None, words))
    return tuple(found_here)


def relations(leaves: Leaves) -> tuple[tuple[Related, ...], tuple[Link, ...], dict[str, tuple[str, ...]]]:
    """Related models, links and explicit relations. Relations without a usable id stay over."""
    found = leaves.one("relationships")
    if found is None:
        return (), (), {}
    path, value = found
    if not isinstance(value, dict):
        leaves.odd(NOT_LIST, path)
        return (), (), {}
    related: dict[str, Related] = {}
    listed = value.get("related")
    for number, item in enumerate(listed[:MOST] if isinstance(listed, list) else ()):
        place = (*path, "related", number)
        if not isinstance(item, dict) or (own := identifier(item.get("id"))) is None or own in related:
            leaves.odd(NOT_LIST, place)
            continue
        leaves.take((*place, "id"))
        related[own] = _related(leaves, place, own, item)
    linked = links(leaves, (*path, "links"), value["links"]) if value.get("links") is not None else ()
    return tuple(related.values()), linked, _explicit(leaves, (*path, "explicit"), value.get("explicit"))


def links(leaves: Leaves, path: Path, value: object) -> tuple[Link, ...]:
    """A list of addresses or titles, bare or in objects; what else an object says stays over."""
    if not isinstance(value, list):
        words = leaves.words(path, value, LINES)
        return (_link(words),) if words else ()
    found = []
    for number, item in enumerate(value[:MOST]):
        place = (*path, number)
        if isinstance(item, dict):
            title = _first(leaves, place, item, ("title", "name", "label", "id"))
            url = _first(leaves, place, item, ("url", "href", "html_url", "link"))
            if title or url:
                found.append(Link(title, url))
        elif words := leaves.words(place, item, LINES):
            found.append(_link(words))
    return tuple(found)


def reference(leaves: Leaves, name: str) -> str | None:
    """A field that names another model: an id, or an object or a list that holds one."""
    found = leaves.one(name)
    if found is None:
        return None
    path, value = found
    while isinstance(value, list | dict) and value:
        key: str | int = 0 if isinstance(value, list) else next((k for k in ("id", "slug") if k in value), "")
        if key == "":
            break
        path, value = (*path, key), value[key]  # type: ignore[index]
    return leaves.words(path, value)


def confidence(leaves: Leaves) -> dict[str, str]:
    """How sure the publisher is, by field: what stands in fields whose names end in `_confidence`."""
    found: dict[str, str] = {}
    for name in leaves.names():
        if name.endswith(_CONFIDENCE) and len(found) < MOST and (words := leaves.text(name)):
            found[clean(name.removesuffix(_CONFIDENCE))[:80]] = words
    return found


def _related(leaves: Leaves, place: Path, own: str, item: dict[str, Any]) -> Related:
    def text(name: str, most: int = SHORT) -> str | None:
        return leaves.words((*place, name), item[name], most) if name in item else None

    tags = item.get("shared_tags")
    score = leaves.number((*place, "score"), item["score"]) if "score" in item else None
    return Related(
        own,
        text("title"),
        text("type"),
        score,
        leaves.listed((*place, "shared_tags"), tags) if tags is not None else (),
        text("html_url", LINES),
        text("markdown_url", LINES),
    )


def _explicit(leaves: Leaves, path: Path, value: object) -> dict[str, tuple[str, ...]]:
    """Relations by their kind: the ids, or the words, that stand under each."""
    if not isinstance(value, dict):
        if value is not None:
            leaves.odd(NOT_LIST, path)
        return {}
    found: dict[str, tuple[str, ...]] = {}
    for key in list(value)[:MOST]:
        part, place = value[key], (*path, key)
        items = part if isinstance(part, list) else [part]
        said = []
        for number, item in enumerate(items[:MOST]):
            at = (*place, number) if isinstance(part, list) else place
            if isinstance(item, dict):
                words = _first(leaves, at, item, ("id", "slug", "title", "url"))
            else:
                words = leaves.words(at, item)
            said += [words] if words else []
        if said:
            found[clean(key)[:80]] = tuple(said)
    return found


def _first(leaves: Leaves, place: Path, item: dict[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of these fields that says something; the others stay over."""
    for name in names:
        if item.get(name) is not None and (words := leaves.words((*place, name), item[name], LINES)):
            return words
    return None


def _link(words: str) -> Link:
    return Link(None, words) if re.match(r"(?:https?:|mailto:|/)", words, re.IGNORECASE) else Link(words, None)
