"""The history's questions and changes as SQL: rows in, plain data out.

Every function takes a connection and blocks; the history runs them in its threads, changes inside a transaction.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from mistral_desk.chat import index_rows, kept_settings
from mistral_desk.chat.message import Conversation, ConversationSettings, Ending, Message, Part
from mistral_desk.chat.row_values import (
    BARE_MESSAGE,
    BARE_PARTS,
    HEAD,
    LATEST,
    MESSAGE,
    PARTS,
    as_json,
    clean,
    conversation_of,
    messages_of,
    pack,
)
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from mistral_desk.inference.protocol import Effort, Figures, Role

log = logging.getLogger(__name__)


class NewMessage(NamedTuple):
    """What a message is made of before it has an id."""

    role: Role
    parts: Sequence[Part] = ()
    model: str = ""
    effort: Effort = "none"
    ending: Ending = ""


class AnswerState(NamedTuple):
    """What an answer holds at one moment; `model` None leaves the model's name as it is."""

    parts: Sequence[Part]
    tokens: Sequence[int] = ()
    vocabulary: str = ""
    ending: Ending = "unfinished"
    figures: Figures | None = None
    model: str | None = None


# Ordered by id, because a parent is older than its children.
_PATH: Final = """
    WITH RECURSIVE branch (id, up) AS (
        SELECT id, parent_id FROM message WHERE id = ?
        UNION ALL
        SELECT above.id, above.parent_id FROM branch
        JOIN message above ON above.id = branch.up AND above.id < branch.id
        LIMIT ?
    )
    SELECT {} FROM branch JOIN message m ON m.id = branch.id {} ORDER BY m.id, p."order"
"""
_IDS: Final = _PATH.format("m.id, m.parent_id", "").replace(', p."order"', "")
_WHOLE: Final = _PATH.format(MESSAGE, PARTS)
_BARE: Final = _PATH.format(BARE_MESSAGE, BARE_PARTS)

COMING: Final = LATEST
"""`deleted_at` of a conversation that is still being copied: it stands in no list, not even in the bin."""

# The latest of its list, also where the clock was set back: others may have been said within a day after this moment.
# What is dated later than that was dated by a clock that ran wrong, and draws nothing after it.
_SAID: Final = """
    UPDATE conversation SET leaf = :leaf, updated = coalesce((
        SELECT max(other.updated) + 0.001 FROM conversation other
        WHERE other.deleted_at IS NULL AND other.archived = conversation.archived
        AND other.pinned = conversation.pinned AND other.updated > :now AND other.updated < :now + 86400
    ), :now) WHERE id = :id
"""

# --- conversations ----------------------------------------------------------------------------------


def insert_conversation(connection: sqlite3.Connection, title: str, now: float, settings: ConversationSettings) -> int:
    """A new conversation's id."""
    cursor = connection.execute(
        "INSERT INTO conversation (title, created, updated, settings) VALUES (?, ?, ?, ?)",
        (title, now, now, kept_settings.written(settings)),
    )
    return int(cursor.lastrowid or 0)


def conversation(connection: sqlite3.Connection, conversation_id: int, *, deleted: bool = False) -> Conversation:
    """One conversation's head; one that is deleted only where `deleted`. Raises `history.missing`."""
    row = connection.execute(
        f"SELECT {HEAD} FROM conversation WHERE id = ? AND (deleted_at IS NULL OR ?)",  # noqa: S608
        (conversation_id, deleted),
    ).fetchone()
    if row is None:
        raise DeskError("history.missing")
    return conversation_of(row)


def conversations(
    connection: sqlite3.Connection, limit: int, offset: int, *, archived: bool
) -> tuple[Conversation, ...]:
    """A page of the list: pinned ones first, then by the last change."""
    rows = connection.execute(
        f"SELECT {HEAD} FROM conversation WHERE deleted_at IS NULL AND archived = ? "  # noqa: S608
        "ORDER BY pinned DESC, updated DESC, id DESC LIMIT ? OFFSET ?",
        (archived, limit, offset),
    )
    return tuple(conversation_of(row) for row in rows)


def deleted(connection: sqlite3.Connection, limit: int, offset: int) -> tuple[Conversation, ...]:
    """A page of what was deleted and can still be brought back, the latest first."""
    rows = connection.execute(
        f"SELECT {HEAD} FROM conversation WHERE deleted_at < ? "  # noqa: S608
        "ORDER BY deleted_at DESC, id DESC LIMIT ? OFFSET ?",
        (COMING, limit, offset),
    )
    return tuple(conversation_of(row) for row in rows)


def update_conversation(connection: sqlite3.Connection, conversation_id: int, column: str, value: object) -> None:
    """Set one column of a conversation, deleted or not. Raises `history.missing`."""
    changed = connection.execute(
        f"UPDATE conversation SET {column} = ? WHERE id = ?",  # noqa: S608 - columns are named by our own code
        (value, conversation_id),
    ).rowcount
    if not changed:
        raise DeskError("history.missing")


def settings(connection: sqlite3.Connection, conversation_id: int) -> ConversationSettings:
    """A conversation's settings; the defaults if they cannot be read. Raises `history.missing`."""
    row = connection.execute("SELECT settings FROM conversation WHERE id = ?", (conversation_id,)).fetchone()
    if row is None:
        raise DeskError("history.missing")
    try:
        return kept_settings.read(row[0])
    except (ValueError, RecursionError) as error:
        log.warning("the settings of conversation %d are unreadable: %s", conversation_id, error)
        return ConversationSettings()


def set_settings(connection: sqlite3.Connection, conversation_id: int, value: ConversationSettings) -> None:
    """Keep a conversation's settings. Raises `history.missing`."""
    update_conversation(connection, conversation_id, "settings", kept_settings.written(value))


def purge(connection: sqlite3.Connection, conversation_ids: Sequence[int]) -> None:
    """Delete conversations for good, with everything in them."""
    if conversation_ids:
        index_rows.unsettle(connection)
    for conversation_id in conversation_ids:
        connection.execute(
            "INSERT OR IGNORE INTO loose (body) SELECT p.body FROM message m JOIN part p ON p.message = m.id "
            "WHERE m.conversation = ? AND p.kind = 'image'",
            (conversation_id,),
        )
        for (message_id,) in connection.execute(
            "SELECT id FROM message WHERE conversation = ? AND place IS NOT NULL", (conversation_id,)
        ).fetchall():
            index_rows.take(connection, message_id)
        connection.execute("DELETE FROM message WHERE conversation = ?", (conversation_id,))
        connection.execute("DELETE FROM conversation WHERE id = ?", (conversation_id,))


def deleted_before(connection: sqlite3.Connection, moment: float, begun: float) -> list[int]:
    """The conversations that were deleted before `moment`, and copies that were `begun` before and never ended."""
    rows = connection.execute(
        "SELECT id FROM conversation WHERE deleted_at < ? OR (deleted_at = ? AND created < ?)", (moment, COMING, begun)
    )
    return [int(row[0]) for row in rows]


def picture_bodies(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The bodies of all parts of kind `image`, those of deleted conversations that can be brought back included."""
    return tuple(str(row[0]) for row in connection.execute("SELECT DISTINCT body FROM part WHERE kind = 'image'"))


def loose_pictures(connection: sqlite3.Connection) -> tuple[str, ...]:
    """The bodies of pictures that were in conversations deleted for good; their files may still be there."""
    return tuple(str(row[0]) for row in connection.execute("SELECT body FROM loose"))


def forget_loose(connection: sqlite3.Connection, bodies: Sequence[str]) -> None:
    """The files of these are deleted, or needed elsewhere."""
    connection.executemany("DELETE FROM loose WHERE body = ?", [(body,) for body in bodies])


# --- messages ---------------------------------------------------------------------------------------


def insert_message(
    connection: sqlite3.Connection, conversation_id: int, parent: int | None, new: NewMessage, now: float
) -> int:
    """A new message's id; it becomes the conversation's leaf. Raises `history.missing`.

    `parent` has to be a message of the same conversation.
    """
    if parent is not None and _conversation_of(connection, parent) != conversation_id:
        raise DeskError("history.missing")
    cursor = connection.execute(
        "INSERT INTO message (conversation, parent_id, role, created, model, effort, ending) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        (conversation_id, parent, new.role, now, clean(new.model), new.effort, new.ending),
    )
    message_id = int(cursor.lastrowid or 0)
    put_parts(connection, message_id, new.parts)
    changed = connection.execute(_SAID, {"leaf": message_id, "now": now, "id": conversation_id}).rowcount
    if not changed:
        raise DeskError("history.missing")
    if new.ending != "unfinished":  # an answer is put into the index when it ends
        index_rows.put(connection, message_id)
    return message_id


def update_answer(connection: sqlite3.Connection, message_id: int, answer: AnswerState, now: float) -> None:
    """Replace what an answer holds. Raises `history.missing` if it was deleted for good."""
    index_rows.take(connection, message_id)
    figures = None if answer.figures is None else as_json(answer.figures)
    model = None if answer.model is None else clean(answer.model)
    changed = connection.execute(
        "UPDATE message SET ending = ?, figures = ?, model = coalesce(?, model) WHERE id = ?",
        (answer.ending, figures, model, message_id),
    ).rowcount
    if not changed:
        raise DeskError("history.missing")
    put_parts(connection, message_id, answer.parts)
    if answer.ending != "unfinished":
        index_rows.put(connection, message_id)
    if answer.tokens:
        connection.execute(
            "INSERT INTO tokens (message, vocabulary, ids) VALUES (?, ?, ?) "
            "ON CONFLICT (message) DO UPDATE SET vocabulary = excluded.vocabulary, ids = excluded.ids",
            (message_id, answer.vocabulary, pack(answer.tokens)),
        )
    else:
        connection.execute("DELETE FROM tokens WHERE message = ?", (message_id,))
    connection.execute(
        "UPDATE conversation SET updated = max(updated, ?) WHERE id = (SELECT conversation FROM message WHERE id = ?)",
        (now, message_id),
    )


def message(connection: sqlite3.Connection, message_id: int) -> Message:
    """One message. Raises `history.missing`."""
    found = messages_of(
        connection.execute(
            f'SELECT {MESSAGE} FROM message m {PARTS} WHERE m.id = ? ORDER BY p."order"',  # noqa: S608
            (message_id,),
        )
    )
    if not found:
        raise DeskError("history.missing")
    return found[0]


def path(
    connection: sqlite3.Connection, leaf: int, *, tokens: bool = True, last: int | None = None
) -> tuple[Message, ...]:
    """The messages from the root to `leaf`, or the `last` of them, by one recursive query; it ends even if parents were
    damaged. Token ids are read where `tokens`.
    """
    rows = connection.execute(_WHOLE if tokens else _BARE, (leaf, -1 if last is None else last))
    return tuple(messages_of(rows))


def path_ids(connection: sqlite3.Connection, leaf: int) -> list[tuple[int, int | None]]:
    """The ids of the messages from the root to `leaf`, each with its parent's."""
    return [(int(row[0]), row[1]) for row in connection.execute(_IDS, (leaf, -1))]


def versions(connection: sqlite3.Connection, message_id: int) -> tuple[int, ...]:
    """The ids of all versions of a turn, the oldest first: the message and its siblings. Raises `history.missing`."""
    row = connection.execute("SELECT conversation, parent_id, role FROM message WHERE id = ?", (message_id,)).fetchone()
    if row is None:
        raise DeskError("history.missing")
    rows = connection.execute(
        "SELECT id FROM message WHERE conversation = ? AND parent_id IS ? AND role = ? ORDER BY id", row
    )
    return tuple(int(found[0]) for found in rows)


def newest_below(connection: sqlite3.Connection, message_id: int) -> int:
    """The end of the newest branch that goes through a message; itself if nothing follows it."""
    row = connection.execute(
        "WITH RECURSIVE below (id) AS ("
        "  SELECT ? UNION ALL SELECT m.id FROM below JOIN message m ON m.parent_id = below.id AND m.id > below.id"
        ") SELECT max(id) FROM below",
        (message_id,),
    ).fetchone()
    return int(row[0])


# --- parts ---


def put_parts(connection: sqlite3.Connection, message_id: int, parts: Sequence[Part]) -> None:
    """What a message holds, in the place of what it held."""
    connection.execute('DELETE FROM part WHERE message = ? AND "order" >= ?', (message_id, len(parts)))
    connection.executemany(
        'INSERT INTO part (message, "order", kind, body) VALUES (?, ?, ?, ?) '
        'ON CONFLICT (message, "order") DO UPDATE SET kind = excluded.kind, body = excluded.body '
        "WHERE body IS NOT excluded.body OR kind IS NOT excluded.kind",
        [(message_id, order, part.kind, clean(part.body)) for order, part in enumerate(parts)],
    )


def _conversation_of(connection: sqlite3.Connection, message_id: int) -> int | None:
    row = connection.execute("SELECT conversation FROM message WHERE id = ?", (message_id,)).fetchone()
    return None if row is None else int(row[0])
