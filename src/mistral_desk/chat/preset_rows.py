"""The table of presets as SQL. Every function takes a connection and blocks; the history runs them in its threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from mistral_desk.chat.presets import Preset, body, fitting_name, from_body

if TYPE_CHECKING:
    import sqlite3


def all_of(connection: sqlite3.Connection) -> tuple[Preset, ...]:
    """Every preset, by name."""
    rows = connection.execute("SELECT id, name, body FROM preset")
    found = [from_body(int(key), str(name), str(raw)) for key, name, raw in rows]
    return tuple(sorted(found, key=lambda one: (one.name.casefold(), one.id)))


def put(connection: sqlite3.Connection, preset: Preset) -> Preset:
    """Keep a preset as it is now: a new one where its id is 0 or gone. Its name gives way to those that are there."""
    others = [one for one in all_of(connection) if one.id != preset.id]
    made = msgspec.structs.replace(preset, name=fitting_name(preset.name, (one.name for one in others)))
    if made.default:
        for one in others:
            if one.default:
                _write(connection, msgspec.structs.replace(one, default=False))
    if made.id:
        _write(connection, made)
        return made
    cursor = connection.execute("INSERT INTO preset (name, body) VALUES (?, ?)", (made.name, body(made)))
    return msgspec.structs.replace(made, id=int(cursor.lastrowid or 0))


def delete(connection: sqlite3.Connection, preset_id: int) -> None:
    """Take a preset away; chats that were begun with it keep what it said."""
    connection.execute("DELETE FROM preset WHERE id = ?", (preset_id,))


def _write(connection: sqlite3.Connection, preset: Preset) -> None:
    connection.execute(
        "INSERT INTO preset (id, name, body) VALUES (?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = excluded.name, body = excluded.body",
        (preset.id, preset.name, body(preset)),
    )
