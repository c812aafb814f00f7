"""What a record says, in a person's words: dates, yes and no, why one model is related to another. No widget."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog.record import body
from mistral_desk.catalog.store import PUBLISHER
from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr, trn

if TYPE_CHECKING:
    from mistral_desk.catalog.record import Record, Related
    from mistral_desk.catalog.store import Catalogue

UNKNOWN: Final = mark("unknown")
_FIRST: Final = re.compile(r"\s*#[ \t]+([^\n]+)")
_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(?:T.*)?")
_API: Final = re.compile(r"\bAPIs?\b")
WORDS: Final = {
    "text": mark("Text"),
    "image": mark("Images"),
    "audio": mark("Audio"),
    "video": mark("Video"),
    "code": mark("Code"),
    "open-source": mark("Open weights"),
    "open-weights": mark("Open weights"),
    "proprietary": mark("Not open"),
    "closed-source": mark("Not open"),
    "reasoning": mark("Reasoning"),
    "coding": mark("Coding"),
    "math": mark("Math"),
    "writing": mark("Writing"),
    "multilingual": mark("Multilingual"),
    "speed": mark("Speed"),
    "verified": mark("Verified"),
    "unverified": mark("Unverified"),
}
"""Words of the catalogue that have one in the person's language; all others stay as they were published."""


def word(text: str) -> str:
    """One of the catalogue's words; an unknown one begins with a capital and is otherwise as it was."""
    known = WORDS.get(text.strip().lower())
    if known:
        return tr(known)
    text = " ".join(text.replace("_", " ").split())
    return text[:1].upper() + text[1:]


def date(text: str | None) -> str:
    """*March 2026*, *10 April 2026*; what is no date stays as it was, and nothing is *unknown*."""
    if not text:
        return tr(UNKNOWN)
    match = _DATE.fullmatch(text.strip())
    if not match:
        return text
    year, month, day = match[1], int(match[2] or 0), int(match[3] or 0)
    if not 1 <= month <= 12 or not 0 <= day <= 31:
        return year if not match[2] else text
    named = amounts.month(int(year), month)
    return tr("{day} {month}", day=day, month=named) if day else named


def whence(record: Record, catalogue: Catalogue) -> str:
    """Whose data it is and from where it came; nothing of a record that is none of the catalog's."""
    host = catalogue.attribution
    if record.origin == "known":
        return ""
    if record.origin == "bundled":
        return tr("Catalog data by {publisher}, as it came with Mistral Desk.", publisher=PUBLISHER)
    if host == PUBLISHER:
        return tr("Catalog data by {publisher}.", publisher=PUBLISHER)
    return tr("Catalog data from {host}, which is not {publisher} itself.", host=host, publisher=PUBLISHER)


def yes_no(value: bool | None) -> str:
    """Yes, no or unknown."""
    return tr(UNKNOWN) if value is None else tr("Yes") if value else tr("No")


def speaks_of_api(text: str | None) -> bool:
    """Whether a note says that the model can be had through somebody's API."""
    return bool(text and _API.search(text))


def related_reason(related: Related, record: Record, other: Record | None) -> str:
    """How the score came about: *3 shared tags + 1 for the same section + 2 for the same provider = 7*.

    The provider of a model that is known by name only is not stated: its two points are then told as what is left.
    """
    shared = len(related.shared_tags)
    parts = [trn("{n} shared tag", "{n} shared tags", shared)] if shared else []
    counted = float(shared)
    if _section(related.html_url) and _section(related.html_url) == _section(record.html_url):
        counted += 1
        parts.append(tr("1 for the same section"))
    known = other.provider if other is not None and other.origin != "mentioned" else None
    same_type = bool(related.type) and related.type == record_type(record)
    left = (related.score or 0) - counted - same_type
    if (known is not None and known == record.provider) or (known is None and left == 2):
        counted += 2
        parts.append(tr("2 for the same provider"))
    if same_type:
        counted += 1
        parts.append(tr("1 for the same type"))
    if related.score is None:
        return " + ".join(parts)
    told = score(related.score)
    if not parts:
        return tr("Score {score}; the record does not say what for.", score=told)
    if counted != related.score:
        return tr("Score {score}: {parts}, and more that is not told.", score=told, parts=" + ".join(parts))
    return tr("Score {score}: {parts}.", score=told, parts=" + ".join(parts))


def score(value: float) -> str:
    """*7*, *7.5*."""
    return amounts.number(value, 0 if value == int(value) else 1)


def record_type(record: Record) -> str:
    """What kind of thing the record is of (`model`)."""
    found = record.raw.get("type")
    return found if isinstance(found, str) else ""


def _section(address: str | None) -> str:
    return (address or "").strip("/").partition("/")[0]


def told(record: Record) -> str:
    """The record's text; its first heading only where it is not the title, which stands above already."""
    text = body(record)
    first = _FIRST.match(record.content_text or "")
    if first is None or _folded(first[1]) == _folded(record.title):
        return text
    return f"## {first[1].strip()}\n\n{text}"


def named_in(record: Record, catalogue: Catalogue | None) -> dict[str, str]:
    """The models whose names may stand in a record's text: of thousands few do, and only those are looked for."""
    if catalogue is None or not record.content_text:
        return {}
    text = _folded(record.content_text)
    return {model: title for model, title in catalogue.titles.items() if _folded(title)[:5] in text or model in text}


def _folded(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).lower()
