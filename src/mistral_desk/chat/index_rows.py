"""The full-text index as SQL: what is put into it, what is taken out, and what it does not have yet.

`words` has the folded text of a message where its `place` says, and keeps no text: only in which messages each three
letters stand. To take something out, the very text that was put in has to be told, so a message is taken out before
its parts change. Every function takes a connection and blocks; all run in the transaction of what they belong to.
"""

from __future__ import annotations

import logging
import sqlite3
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.chat.row_values import LATEST
from mistral_desk.chat.schema import WORDS
from mistral_desk.chat.searching import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

TEXT: Final = "SELECT kind, body FROM part WHERE message = ? AND kind <> 'thinking' ORDER BY \"order\""
log = logging.getLogger(__name__)

_BEHIND: Final = (
    "SELECT id FROM message WHERE place IS NULL AND (ending <> 'unfinished' OR created < ?) ORDER BY id DESC LIMIT ?"
)
_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT_VTAB, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_CONSTRAINT_VTAB})
"""What FTS5 says of itself, also at a commit. Our own tables' constraints have codes of their own, which say which."""
_STEP_LETTERS: Final = 100_000
_GOLDEN: Final = 0x9E3779B97F4A7C15


class _Named(msgspec.Struct):
    """The part of an attachment's body that can be searched for."""

    name: str = ""


def text_of(parts: Iterable[tuple[str, str]]) -> str:
    """What of a message is searched: its text and the names of what is attached, never the thinking."""
    return "\n".join(body if kind == "text" else _name(body) for kind, body in parts if kind != "thinking")


def indexed(text: str) -> str:
    """The text as the index has it. The blank at the end lets its last two letters be found."""
    return fold(text) + " "


def put(connection: sqlite3.Connection, message_id: int) -> int:
    """Put a message into the index that is not in there; how many letters that were, 0 where there is no such one."""
    row = connection.execute(
        "SELECT created, role FROM message WHERE id = ? AND place IS NULL", (message_id,)
    ).fetchone()
    if row is None:
        return 0
    place = _free_place(connection, message_id, float(row[0]))
    connection.execute("UPDATE message SET place = ? WHERE id = ?", (place, message_id))
    if row[1] == "system":  # no transcript shows it
        return 0
    text = indexed(text_of(connection.execute(TEXT, (message_id,))))
    connection.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", (place, text))
    return len(text)


def take(connection: sqlite3.Connection, message_id: int) -> None:
    """Take a message out of the index, before its parts change or go. Without effect where it is not in there."""
    row = connection.execute("SELECT place, role FROM message WHERE id = ?", (message_id,)).fetchone()
    if row is None or row[0] is None:
        return
    if row[1] != "system":
        text = indexed(text_of(connection.execute(TEXT, (message_id,))))
        connection.execute("INSERT INTO words (words, rowid, text) VALUES ('delete', ?, ?)", (row[0], text))
    connection.execute("UPDATE message SET place = NULL WHERE id = ?", (message_id,))


def step(connection: sqlite3.Connection, count: int, before: float) -> int:
    """Put the newest `count` messages (fewer of long ones) into the index that are missing there; how many that were.

    An answer that is not finished waits for its end, unless it was begun before `before`: then nobody writes it.
    """
    rows = connection.execute(_BEHIND, (before, count)).fetchall()
    letters = 0
    for number, (message_id,) in enumerate(rows, start=1):
        letters += put(connection, message_id)
        if letters > _STEP_LETTERS:
            return number
    return len(rows)


def make_anew(connection: sqlite3.Connection) -> None:
    """An empty index in the place of one that is broken; everything is put into it again in the background."""
    log.error("the index of the history was broken, and is made anew")
    connection.execute("DROP TABLE words")
    connection.execute(WORDS)
    connection.execute("UPDATE message SET place = NULL WHERE place IS NOT NULL")


def is_broken(error: sqlite3.Error) -> bool:
    """Whether SQLite says that the index, and nothing but the index, contradicts itself."""
    return getattr(error, "sqlite_errorcode", None) in _BROKEN


def is_unsettled(connection: sqlite3.Connection) -> bool:
    """Whether the index's pages still have what was deleted for good."""
    return connection.execute("SELECT 1 FROM fact WHERE name = 'unsettled'").fetchone() is not None


def unsettle(connection: sqlite3.Connection) -> None:
    """Something was deleted for good: `settle` takes it out of the index's pages."""
    connection.execute("INSERT OR REPLACE INTO fact (name, value) VALUES ('unsettled', 'all')")


def settle(connection: sqlite3.Connection, pages: int) -> bool:
    """Merge some pages of the index, so that what was taken out of it is no longer in the file; True when all is done.

    SQLite only notes at first that something was taken out (https://sqlite.org/fts5.html, 6.8).
    """
    fresh = connection.execute("SELECT 1 FROM fact WHERE name = 'unsettled' AND value = 'all'").fetchone()
    if fresh:
        connection.execute("UPDATE fact SET value = 'begun' WHERE name = 'unsettled'")
    before = connection.total_changes
    connection.execute("INSERT INTO words (words, rank) VALUES ('merge', ?)", (-pages if fresh else pages,))
    if connection.total_changes - before >= 2:
        return False
    connection.execute("DELETE FROM fact WHERE name = 'unsettled'")
    return True


def is_behind(connection: sqlite3.Connection, before: float) -> bool:
    """Whether `step` has anything to do."""
    return connection.execute(_BEHIND, (before, 1)).fetchone() is not None


def _free_place(connection: sqlite3.Connection, message_id: int, created: float) -> int:
    """A place of its own near the second in which a message was made.

    Imports may say of thousands that they are of one second: the golden ratio scatters ids that follow each other
    evenly (Knuth, The Art of Computer Programming 3, 6.4), over about as many seconds as there are such messages.
    """
    wanted = min(max(1, int(created)), int(LATEST))
    for digits in range(40):
        place = wanted + (message_id * _GOLDEN % (1 << 64) >> (64 - digits))
        if connection.execute("SELECT 1 FROM message WHERE place = ?", (place,)).fetchone() is None:
            return place
    return int(connection.execute("SELECT max(place) FROM message").fetchone()[0]) + 1


def _name(body: str) -> str:
    try:
        return msgspec.json.decode(body, type=_Named).name
    except (msgspec.MsgspecError, UnicodeError):
        return ""
