"""Conversations that are made whole, as SQL: a branch that becomes a conversation, and what comes from elsewhere.

Every function takes a connection and blocks; the history runs them in its threads, inside a transaction.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.chat import rows
from mistral_desk.chat.imported import in_order
from mistral_desk.chat.row_values import MESSAGE, PARTS, as_json, clean, messages_of
from mistral_desk.chat.titles import title_from

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from mistral_desk.chat.imported import Imported
    from mistral_desk.chat.message import Conversation, ConversationSettings, Message

OURS: Final = "mistral-desk:"
"""How the origin of what this program exported begins."""
_LONGEST_TITLE: Final = 1000
"""Letters; a list lays all of a title out."""
# None of these is put into the index at once: the history does that behind everything else, a long chat takes seconds.
_TAKE_IN: Final = (
    "INSERT INTO message (conversation, parent_id, role, created, model, effort, ending, figures) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)


def tree(connection: sqlite3.Connection, conversation_id: int) -> tuple[Message, ...]:
    """All messages of a conversation, every version, by id. Raises `history.missing`."""
    rows.conversation(connection, conversation_id)
    found = connection.execute(
        f'SELECT {MESSAGE} FROM message m {PARTS} WHERE m.conversation = ? ORDER BY m.id, p."order"',  # noqa: S608
        (conversation_id,),
    )
    return tuple(messages_of(found))


def origin(connection: sqlite3.Connection, conversation_id: int) -> str:
    """What a conversation of this file is called in an export: the file's own name and its id."""
    return f"{OURS}{uuid(connection)}:{conversation_id}"


def uuid(connection: sqlite3.Connection) -> str:
    """What tells this history from every other one; its copies have it too."""
    return str(connection.execute("SELECT value FROM fact WHERE name = 'uuid'").fetchone()[0])


def put(connection: sqlite3.Connection, new: Imported, now: float) -> Conversation | None:
    """Take in a conversation; None where it is here already, and not in the bin. Nothing of it is later than `now`."""
    if not in_order(new.messages):
        raise ValueError("an imported message has no parent, or a key that is there twice")
    name = clean(new.origin)
    if name and _is_here(connection, name):
        return None
    created, updated = _time(new.created, now), _time(new.updated, now)
    copy = rows.insert_conversation(connection, title_from(clean(new.title), _LONGEST_TITLE), created, new.settings)
    ids: dict[str, int] = {}
    for message in new.messages:
        figures = None if message.figures is None else as_json(message.figures)
        above = None if message.parent is None else ids[message.parent]
        about = (
            message.role,
            _time(message.created, now),
            clean(message.model),
            message.effort,
            message.ending,
            figures,
        )
        key = int(connection.execute(_TAKE_IN, (copy, above, *about)).lastrowid or 0)
        rows.put_parts(connection, key, message.parts)
        ids[message.key] = key
    rows.set_settings(connection, copy, of_copies(new.settings, ids))
    leaf = ids.get(new.leaf) if new.leaf is not None else None
    if leaf is None and ids:
        leaf = max(ids.values())
    connection.execute(
        "UPDATE conversation SET origin = ?, leaf = ?, updated = ?, pinned = ?, archived = ? WHERE id = ?",
        (name or None, leaf, max(created, updated), new.pinned, new.archived, copy),
    )
    return rows.conversation(connection, copy)


def of_copies(settings: ConversationSettings, ids: Mapping[str, int]) -> ConversationSettings:
    """Settings that speak of messages, said of their copies: `ids` by the old id, or key, as text."""
    dropped = None if settings.dropped is None else ids.get(str(settings.dropped))
    return msgspec.structs.replace(
        settings,
        dropped=dropped,
        summary=settings.summary if dropped is not None else "",
        thoughts={str(ids[key]): opened for key, opened in settings.thoughts.items() if key in ids},
    )


def _is_here(connection: sqlite3.Connection, name: str) -> bool:
    """Whether this is here already. What lies in the bin gives its name up, so that it can be taken in anew."""
    own = f"{OURS}{uuid(connection)}:"
    number = name.removeprefix(own)
    if name.startswith(own) and number.isascii() and number.isdecimal() and len(number) < 19:
        row = connection.execute("SELECT deleted_at FROM conversation WHERE id = ?", (int(number),)).fetchone()
        if row is not None and row[0] is None:
            return True
    row = connection.execute(
        "SELECT id, deleted_at FROM conversation WHERE origin = ? AND origin <> ''", (name,)
    ).fetchone()
    if row is None:
        return False
    if row[1] is None:
        return True
    connection.execute("UPDATE conversation SET origin = NULL WHERE id = ?", (row[0],))
    return False


def _time(seconds: float, now: float) -> float:
    """A moment as others said it: what lies in the future would stand above everything for years."""
    return 0.0 if math.isnan(seconds) else min(max(0.0, seconds), now)
