"""A branch that becomes a conversation of its own, in steps: a hundred thousand messages hold nobody up.

Until its last step the copy is in no list (`rows.COMING`); a kill in the middle leaves it to the next tidying.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from mistral_desk.chat import index_rows, rows
from mistral_desk.chat.backups import now as the_time
from mistral_desk.chat.copying import of_copies
from mistral_desk.chat.row_values import clean
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence

    from mistral_desk.chat.message import Conversation, ConversationSettings
    from mistral_desk.chat.store import Store

log = logging.getLogger(__name__)
STEP: Final = 1000
"""Messages of one transaction: about 15 ms of computing, the longest that anything else waits for it."""

# A path is a line: the copy of each message follows the copy of the one before. The ids come in one JSON list.
# None of these is put into the index at once: the history does that behind everything else.
_COPY: Final = (
    "INSERT INTO message (id, conversation, parent_id, role, created, model, effort, ending, figures) "
    "SELECT :base + j.key, :copy, iif(j.key = 0, :above, :base + j.key - 1), m.role, m.created, m.model, m.effort, "
    "iif(m.ending = 'unfinished', 'stopped', m.ending), m.figures "
    "FROM json_each(:ids) j CROSS JOIN message m ON m.id = j.value ORDER BY j.key"
)
_COPY_PARTS: Final = (
    'INSERT INTO part (message, "order", kind, body) SELECT :base + j.key, p."order", p.kind, p.body '
    'FROM json_each(:ids) j CROSS JOIN part p ON p.message = j.value ORDER BY j.key, p."order"'
)
_COPY_TOKENS: Final = (
    "INSERT INTO tokens (message, vocabulary, ids) SELECT :base + j.key, t.vocabulary, t.ids "
    "FROM json_each(:ids) j CROSS JOIN tokens t ON t.message = j.value"
)
_NEXT: Final = (
    "SELECT 1 + max(coalesce((SELECT max(id) FROM message), 0), "
    "coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0))"
)
_LAST_ONES: Final = "SELECT id FROM message WHERE conversation = ? ORDER BY id DESC LIMIT ?"


@dataclass(frozen=True)
class _Source:
    title: str
    settings: ConversationSettings
    ids: tuple[int, ...]


async def branch_off(store: Store, message_id: int, title: str, told: Callable[[int, int], None]) -> Conversation:
    """Make it; see `History.branch_off`."""
    source = await store.read(lambda c: _read(c, message_id))
    name, now = clean(title) or source.title, the_time()
    key = await store.write(lambda c: _begin(c, name, now, source.settings))
    copies: list[int] = []
    try:
        for first in range(0, len(source.ids), STEP):
            step = source.ids[first : first + STEP]
            above = copies[-1] if copies else None
            copies += await store.write(partial(_copy, copy=key, ids=step, above=above))
            told(len(copies), len(source.ids))
        ids = {str(old): new for old, new in zip(source.ids, copies, strict=True)}
        return await store.write(lambda c: _end(c, key, source.settings, ids, copies[-1]))
    except BaseException:
        await asyncio.shield(asyncio.ensure_future(_discard(store, key)))
        raise


def _read(connection: sqlite3.Connection, message_id: int) -> _Source:
    owner = rows.conversation(connection, rows.message(connection, message_id).conversation)
    ids = tuple(key for key, _ in rows.path_ids(connection, message_id))
    return _Source(owner.title, rows.settings(connection, owner.id), ids)


def _begin(connection: sqlite3.Connection, title: str, now: float, settings: ConversationSettings) -> int:
    key = rows.insert_conversation(connection, title, now, settings)
    rows.update_conversation(connection, key, "deleted_at", rows.COMING)
    return key


def _copy(connection: sqlite3.Connection, copy: int, ids: Sequence[int], above: int | None) -> list[int]:
    """Copies of these messages, each below the one before; their ids."""
    base = int(connection.execute(_NEXT).fetchone()[0])
    asked = {"base": base, "copy": copy, "above": above, "ids": json.dumps(ids)}
    if connection.execute(_COPY, asked).rowcount != len(ids):  # the chat was deleted for good meanwhile
        raise DeskError("history.missing")
    connection.execute(_COPY_PARTS, asked)
    connection.execute(_COPY_TOKENS, asked)
    return list(range(base, base + len(ids)))


def _end(
    connection: sqlite3.Connection, key: int, settings: ConversationSettings, ids: dict[str, int], leaf: int
) -> Conversation:
    rows.set_settings(connection, key, of_copies(settings, ids))
    rows.update_conversation(connection, key, "leaf", leaf)
    rows.update_conversation(connection, key, "updated", the_time())
    rows.update_conversation(connection, key, "deleted_at", None)
    return rows.conversation(connection, key)


async def _discard(store: Store, key: int) -> None:
    """Take back what was copied, in steps as well, from its end."""
    try:
        while await store.write(lambda c: _take_back(c, key)):
            pass
        await store.write(lambda c: rows.purge(c, [key]))
    except DeskError as error:
        log.warning("what was copied of a branch is left to the next tidying: %s", error)


def _take_back(connection: sqlite3.Connection, key: int) -> int:
    gone = connection.execute(_LAST_ONES, (key, STEP)).fetchall()
    for (message_id,) in gone:
        index_rows.take(connection, message_id)
        connection.execute("DELETE FROM message WHERE id = ?", (message_id,))
    return len(gone)
