"""The history's rows as plain data: what stands in a column, and how it is read.

What a newer or damaged file may hold is read as its most cautious meaning.
"""

from __future__ import annotations

import logging
import sys
from array import array
from typing import TYPE_CHECKING, Final, cast, get_args

import msgspec

from mistral_desk.chat.message import Conversation, Ending, Message, Part, PartKind
from mistral_desk.inference.protocol import Effort, Figures, Role

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

log = logging.getLogger(__name__)

Row = tuple[object, ...]

LATEST: Final = 253_402_300_799.0
"""The last second of the year 9999: a time beyond it is a mistake."""

HEAD: Final = "id, title, created, updated, leaf, pinned, archived, deleted_at"
MESSAGE: Final = (
    "m.id, m.conversation, m.parent_id, m.role, m.created, m.model, m.effort, m.ending, m.figures, "
    "p.kind, p.body, t.vocabulary, t.ids"
)
# The ids stand beside the first part only, so that a long answer's blob is not copied for each part.
PARTS: Final = (
    'LEFT JOIN part p ON p.message = m.id LEFT JOIN tokens t ON t.message = m.id AND coalesce(p."order", 0) = 0'
)
BARE_MESSAGE: Final = MESSAGE.replace("t.vocabulary, t.ids", "NULL, NULL")
BARE_PARTS: Final = "LEFT JOIN part p ON p.message = m.id"
"""The same without token ids, which only an answer that goes on needs: they weigh more than the words."""
_KINDS: Final = frozenset(get_args(PartKind))
_EFFORTS: Final = frozenset(get_args(Effort))
_ENDINGS: Final = frozenset({"stop", "length", "context", "stopped", "unfinished", "failed", ""})


def pack(tokens: Sequence[int]) -> bytes:
    """Token ids as 32-bit little-endian integers."""
    ids = array("i", tokens)
    if sys.byteorder == "big":  # pragma: no cover - another kind of processor
        ids.byteswap()
    return ids.tobytes()


def unpack(blob: bytes) -> tuple[int, ...]:
    """The reverse of `pack`; a blob that is cut off loses its last, incomplete id."""
    ids = array("i")
    ids.frombytes(blob[: len(blob) - len(blob) % ids.itemsize])
    if sys.byteorder == "big":  # pragma: no cover - another kind of processor
        ids.byteswap()
    return tuple(ids)


def clean(text: str) -> str:
    """The text as SQLite can store it: halves of surrogate pairs, which no UTF-8 knows, are joined or replaced."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def conversation_of(row: Row) -> Conversation:
    """A conversation from a row of `HEAD`."""
    key, title, created, updated, leaf, pinned, archived, gone = row
    return Conversation(
        cast("int", key),
        cast("str", title),
        cast("float", created),
        cast("float", updated),
        cast("int | None", leaf),
        bool(pinned),
        bool(archived),
        cast("float | None", gone),
    )


def messages_of(rows: Iterable[Row]) -> list[Message]:
    """Messages from rows of message × part that are ordered by message, then part."""
    found: list[Message] = []
    for head, parts, vocabulary, ids in _grouped(rows):
        key, owner, parent, role, created, model, effort, ending, figures = head
        found.append(
            Message(
                id=cast("int", key),
                conversation=cast("int", owner),
                parent=cast("int | None", parent),
                role=cast("Role", role),
                created=cast("float", created),
                parts=tuple(parts),
                model=cast("str", model),
                effort=cast("Effort", effort if effort in _EFFORTS else "none"),
                ending=cast("Ending", ending if ending in _ENDINGS else "failed"),
                figures=_figures(cast("str | None", figures)),
                tokens=unpack(cast("bytes", ids)) if ids is not None else (),
                vocabulary=cast("str", vocabulary) if vocabulary is not None else "",
            )
        )
    return found


def _grouped(rows: Iterable[Row]) -> Iterator[tuple[Row, list[Part], object, object]]:
    current: tuple[Row, list[Part], object, object] | None = None
    for row in rows:
        head, (kind, body, vocabulary, ids) = row[:9], row[9:]
        if current is None or current[0][0] != head[0]:
            if current is not None:
                yield current
            current = (head, [], vocabulary, ids)
        if kind is not None:
            current[1].append(Part(cast("PartKind", kind if kind in _KINDS else "text"), cast("str", body)))
    if current is not None:
        yield current


def _figures(raw: str | None) -> Figures | None:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=Figures)
    except (ValueError, RecursionError) as error:
        log.warning("the figures of an answer are unreadable: %s", error)
        return None


def as_json(value: msgspec.Struct) -> str:
    """A struct as it is stored."""
    return msgspec.json.encode(value).decode("utf-8")
