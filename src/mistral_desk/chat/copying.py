"""Conversations that are made whole, as SQL: a branch that becomes a conversation, and what comes from elsewhere.

Every function takes a connection and blocks; the history runs them in its threads, inside a transaction.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.chat import rows
from mistral_desk.chat.imported import in_order
from mistral_desk.chat.row_values import MESSAGE, PARTS, clean, messages_of

if TYPE_CHECKING:
    import sqlite3

    from mistral_desk.chat.imported import Imported
    from mistral_desk.chat.message import Conversation, Message

OURS: Final = "mistral-desk:"
"""How the origin of what this program exported begins."""
_LATEST: Final = 253_402_300_799.0
"""The last second of the year 9999: a time beyond it is a mistake."""


def tree(connection: sqlite3.Connection, conversation_id: int) -> tuple[Message, ...]:
    """All messages of a conversation, every version, by id. Raises `history.missing`."""
    rows.conversation(connection, conversation_id)
    found = connection.execute(
        f'SELECT {MESSAGE} FROM message m {PARTS} WHERE m.conversation = ? ORDER BY m.id, p."order"',  # noqa: S608
        (conversation_id,),
    )
    return tuple(messages_of(found))


def branch_off(connection: sqlite3.Connection, message_id: int, title: str, now: float) -> Conversation:
    """A new conversation with copies of the messages from the root to this one. Raises `history.missing`.

    `title` empty: the title it has. What the model has said keeps its token ids, so that nothing is read anew.
    """
    owner = rows.conversation(connection, rows.message(connection, message_id).conversation)
    settings = rows.settings(connection, owner.id)
    copy = rows.insert_conversation(connection, clean(title) or owner.title, now, settings)
    ids: dict[int | None, int] = {}
    for message in rows.path(connection, message_id):
        first = "unfinished" if message.role == "assistant" else message.ending
        new = rows.NewMessage(message.role, message.parts, message.model, message.effort, first)
        ids[message.id] = key = rows.insert_message(connection, copy, ids.get(message.parent), new, message.created)
        if message.role == "assistant":
            ending = "stopped" if message.ending == "unfinished" else message.ending
            state = rows.AnswerState(message.parts, message.tokens, message.vocabulary, ending, message.figures)
            rows.update_answer(connection, key, state, now)
    if settings.dropped is not None:
        dropped = ids.get(settings.dropped)
        summary = settings.summary if dropped is not None else ""
        rows.set_settings(connection, copy, msgspec.structs.replace(settings, dropped=dropped, summary=summary))
    rows.update_conversation(connection, copy, "updated", now)
    return rows.conversation(connection, copy)


def origin(connection: sqlite3.Connection, conversation_id: int) -> str:
    """What a conversation of this file is called in an export: the file's own name and its id."""
    return f"{OURS}{uuid(connection)}:{conversation_id}"


def uuid(connection: sqlite3.Connection) -> str:
    """What tells this history from every other one; its copies have it too."""
    return str(connection.execute("SELECT value FROM fact WHERE name = 'uuid'").fetchone()[0])


def put(connection: sqlite3.Connection, new: Imported) -> Conversation | None:
    """Take in a conversation; None where it is here already, and not in the bin."""
    if not in_order(new.messages):
        raise ValueError("an imported message has no parent, or a key that is there twice")
    name = clean(new.origin)
    if name and _is_here(connection, name):
        return None
    created, updated = _time(new.created), _time(new.updated)
    copy = rows.insert_conversation(connection, clean(new.title), created, new.settings)
    ids: dict[str, int] = {}
    for message in new.messages:
        above = None if message.parent is None else ids[message.parent]
        first = message.ending if message.figures is None else "unfinished"
        made = rows.NewMessage(message.role, message.parts, message.model, message.effort, first)
        ids[message.key] = rows.insert_message(connection, copy, above, made, _time(message.created))
        if message.figures is not None:
            state = rows.AnswerState(message.parts, (), "", message.ending, message.figures)
            rows.update_answer(connection, ids[message.key], state, 0.0)
    leaf = ids.get(new.leaf) if new.leaf is not None else None
    if leaf is None and ids:
        leaf = max(ids.values())
    connection.execute(
        "UPDATE conversation SET origin = ?, leaf = ?, updated = ?, pinned = ?, archived = ? WHERE id = ?",
        (name or None, leaf, max(created, updated), new.pinned, new.archived, copy),
    )
    return rows.conversation(connection, copy)


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


def _time(seconds: float) -> float:
    return min(max(0.0, seconds), _LATEST) if math.isfinite(seconds) else 0.0
