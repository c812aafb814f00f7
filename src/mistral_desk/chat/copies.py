"""The copies of the history as a person sees them: which there are, one more at a wish, one in the history's place."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

from mistral_desk.chat import backups
from mistral_desk.chat.database import SIDECARS, DamagedError, is_damage, named
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mistral_desk.chat.history import History

log = logging.getLogger(__name__)

Kind: TypeAlias = Literal["daily", "closed", "migration", "own", "replaced"]
"""`daily`: made once a day when something changed, the last five · `closed`: when the app was last closed ·
`migration`: before an update changed the file · `own`: wished for · `replaced`: what stood there before another one
was restored.
"""


class Backup(msgspec.Struct, frozen=True):
    """A copy. `created` is the moment it shows, in seconds since 1970 (UTC). What it holds, without what is in its bin;
    None where it cannot be read.
    """

    path: str
    kind: Kind
    created: float
    bytes: int
    conversations: int | None
    messages: int | None


class Restored(msgspec.Struct, frozen=True):
    """What stands in the history's place now, and the copy of what stood there before (None: it was damaged, and is
    kept beside the history as it was).
    """

    backup: Backup
    kept: Backup | None


class Backups:
    """Made once for a program's life; the history that is open then may be another one later."""

    def __init__(self, history: Callable[[], History], quiet: Callable[[], Awaitable[None]]) -> None:
        """`quiet` ends what is being answered, so that nothing is written into the history while it is replaced."""
        self._history = history
        self._quiet = quiet
        self._restoring, self._wished = asyncio.Lock(), 0
        self._listeners: list[Callable[[], None]] = []

    @property
    def restoring(self) -> bool:
        """Whether a copy is to take the history's place: what is asked meanwhile would be asked in vain."""
        return self._wished > 0

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Be called when a backup has taken the history's place: all that is shown of it is old. Call what it returns
        to hear no more.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    async def list(self) -> tuple[Backup, ...]:
        """Every copy there is, the newest first; none of a temporary history."""
        path = self._history().path
        return await asyncio.to_thread(_all, path) if path else ()

    async def make(self) -> Backup:
        """One more copy, which stays until the person deletes it. Raises `history.…`."""
        path = _path(self._history())
        target = backups.next_own(path, backups.now())
        await self._history().keep_copy(target)
        return await asyncio.to_thread(_look, target)

    async def restore(self, backup: Backup) -> Restored:
        """Put a copy in the history's place. It is checked in full first, and the present history is kept as one more.

        Answers that are being made end. The history stays open; whoever shows chats hears of it. Raises
        `backup.unusable`, `history.newer`, or `history.…` when the disk is full or cannot be written: then nothing
        has changed. A kill in the middle leaves the old or the new. Two that are wished for at once come one after the
        other.
        """
        self._wished += 1
        try:
            async with self._restoring:
                return await self._restored(backup)
        finally:
            self._wished -= 1

    async def _restored(self, backup: Backup) -> Restored:
        history = self._history()
        path = _path(history)
        chosen = path.parent / backup.path  # its own path, where that is a whole one
        fresh = path.with_name(f"{path.name}.{os.getpid()}.restored")
        try:
            await asyncio.to_thread(_ready, chosen, fresh, str(path))
            await self._quiet()
            now = backups.now()
            kept = backups.next_own(path, now, "before-restore")
            await history.replace_by(lambda there: backups.overwrite(there, fresh, kept, now))
        finally:
            await asyncio.to_thread(_remove, fresh)
        log.info("the history was replaced by the copy %s", chosen.name)
        found = await asyncio.to_thread(_look, kept) if kept.exists() else None
        for listener in tuple(self._listeners):
            listener()
        return Restored(backup, found)

    async def delete(self, backup: Backup) -> None:
        """Delete a copy for good. Raises `history.…`."""
        path = _path(self._history())
        chosen = path.parent / backup.path
        if chosen.parent != backups.folder_of(path):
            raise DeskError("history.missing")
        try:
            await asyncio.to_thread(chosen.unlink, missing_ok=True)
        except OSError as error:
            raise named(error, str(chosen)) from error


def _path(history: History) -> Path:
    if history.path is None:
        raise DeskError("history.missing")
    return history.path


def _all(path: Path) -> tuple[Backup, ...]:
    found = []
    for copy in backups.copies(path):
        with contextlib.suppress(FileNotFoundError):  # it was the oldest of the daily ones
            found.append(_look(copy))
    return tuple(found)


def _look(copy: Path) -> Backup:
    """A copy by its file."""
    about = copy.stat()
    conversations: int | None = None
    messages: int | None = None
    try:
        with contextlib.closing(backups.reading(copy)) as connection:
            conversations = int(
                connection.execute("SELECT count(*) FROM conversation WHERE deleted_at IS NULL").fetchone()[0]
            )
            messages = int(
                connection.execute(
                    "SELECT count(*) FROM message WHERE conversation IN "
                    "(SELECT id FROM conversation WHERE deleted_at IS NULL)"
                ).fetchone()[0]
            )
    except (DamagedError, sqlite3.Error) as error:
        log.warning("the copy %s cannot be looked into: %s", copy, error)
        conversations = messages = None
    return Backup(str(copy), _kind(copy.name), about.st_mtime, about.st_size, conversations, messages)


def _kind(name: str) -> Kind:
    if name.startswith("daily"):
        return "daily"
    if name == "closed.sqlite3":
        return "closed"
    if name.startswith("before-restore-"):
        return "replaced"
    return "migration" if name.startswith("before-migration-") else "own"


def _ready(chosen: Path, fresh: Path, path: str) -> None:
    try:
        backups.ready(chosen, fresh)
    except (DamagedError, FileNotFoundError) as error:
        raise DeskError("backup.unusable", str(error), name=chosen.name) from error
    except sqlite3.Error as error:
        if is_damage(error):
            raise DeskError("backup.unusable", str(error), name=chosen.name) from error
        raise named(error, path) from error
    except OSError as error:
        raise named(error, path) from error


def _remove(fresh: Path) -> None:
    for file in (fresh, *(fresh.with_name(fresh.name + suffix) for suffix in SIDECARS)):
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
