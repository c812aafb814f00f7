"""The catalogue's list of models and its list of changes, read without trust. Nothing here makes a connection.

Items name what there is; a broken one is set aside with its reason, and a list without any is refused as a whole.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import email.utils
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.catalog.cache_file import SetAside
from mistral_desk.catalog.record import identifier
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from mistral_desk.catalog.record import Record

MOST: Final = 20_000
"""Models of a list at most."""
TOO_MANY: Final = mark("there is more of it than a catalog can have")
_WEB_PAGE: Final = mark("it is a web page")
_NOT_JSON: Final = mark("it is no JSON")
_NO_ITEMS: Final = mark("it has no list of models")
_EMPTY: Final = mark("no model is in it")
_NO_OBJECT: Final = mark("it is no JSON object")
_NO_ID: Final = mark("it has no id")
_BAD_ID: Final = mark("its id is no plain name")
_TWICE: Final = mark("another one in the list has the same id")
_FIRST_DAY: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MOST_VALUES: Final = 3_000_000
"""A list of so many parts would need gigabytes; one of 20,000 whole items has fewer."""
_BOM: Final = b"\xef\xbb\xbf"
_NAMES: Final = ("items", "models", "changes", "changed", "results")


@dataclass(frozen=True)
class Item:
    """What the list says of a model: its id, and what changes when its record does (None where it is not said)."""

    id: str
    hash: str | None
    updated: str | None

    def differs(self, record: Record) -> bool:
        """Whether a record is another one than the list speaks of."""
        return self.hash_differs(record) or (self.updated is not None and self.updated != record.last_updated)

    def hash_differs(self, record: Record) -> bool:
        """Whether its text has another hash than the list speaks of."""
        return self.hash is not None and self.hash.lower() != (record.content_hash or "").lower()


def listed(body: bytes) -> tuple[tuple[Item, ...], list[SetAside]]:
    """The models of a list, and the items that cannot be used. Raises `catalog.list`."""
    raw = _elements(_decoded(body))
    if raw is None:
        raise DeskError("catalog.list", reason=_NO_ITEMS)
    if len(raw) > MOST:
        raise DeskError("catalog.list", reason=TOO_MANY)
    found: dict[str, Item] = {}
    aside = []
    for number, element in enumerate(raw, 1):
        name, reason = _id(element)
        if name in found:
            reason = _TWICE
        if reason:
            aside.append(SetAside(_called(element, number), reason))
        else:
            found[name] = Item(name, _text(element, "content_hash"), _text(element, "last_updated"))
    if not found:
        raise DeskError("catalog.list", reason=_EMPTY)
    return tuple(found.values()), aside


def changes(body: bytes) -> frozenset[str] | None:
    """The ids that a list of changes names; None for one that cannot be read: then every record is asked for."""
    try:
        raw = _elements(_decoded(body))
    except DeskError:
        return None
    if raw is None or len(raw) > MOST:
        return None
    found = set()
    for element in raw:
        name = identifier(element) if isinstance(element, str) else _id(element)[0]
        if not name:
            return None
        found.add(name)
    return frozenset(found)


def day_before(date: str) -> str:
    """The day before an HTTP date or before today, whichever is earlier: what changed since is asked so.

    A day too many costs some requests; one too few, as a clock that goes ahead gives it, could lose a change.
    """
    moment = dt.datetime.now(dt.UTC)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        moment = min(moment, email.utils.parsedate_to_datetime(date).astimezone(dt.UTC))
    return (max(moment, _FIRST_DAY) - dt.timedelta(days=1)).date().isoformat()


def _decoded(body: bytes) -> Any:
    if body.count(b",") > _MOST_VALUES:
        raise DeskError("catalog.list", reason=TOO_MANY)
    try:
        return msgspec.json.decode(body.removeprefix(_BOM))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        page = body.lstrip()[:1] == b"<"
        raise DeskError("catalog.list", str(error)[:200], reason=_WEB_PAGE if page else _NOT_JSON) from error


def _elements(document: Any) -> list[Any] | None:
    if isinstance(document, list):
        return document
    if isinstance(document, dict):
        return next((document[name] for name in _NAMES if isinstance(document.get(name), list)), None)
    return None


def _id(element: Any) -> tuple[str, str]:
    """The id, or why there is none."""
    if not isinstance(element, dict):
        return "", _NO_OBJECT
    given = element.get("id")
    given = element.get("slug") if given is None else given
    if given is None:
        return "", _NO_ID
    name = identifier(given)
    return (name, "") if name else ("", _BAD_ID)


def _called(element: Any, number: int) -> str:
    """What to call an item that cannot be used."""
    given = (
        next((str(element[key]) for key in ("id", "slug", "title") if element.get(key)), "")
        if isinstance(element, dict)
        else ""
    )
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in given[:80])
    return shown or f"#{number}"


def _text(element: Any, name: str) -> str | None:
    value = element.get(name)
    return value if isinstance(value, str) else None
