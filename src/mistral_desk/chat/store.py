"""The history's threads and its file: one thread writes, one reads, one makes copies; asyncio only waits.

Opening repairs what can be repaired: a damaged file is set aside and the newest good copy takes its place.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, TypeVar

from mistral_desk.chat import backups, index_rows, search
from mistral_desk.chat.database import (
    BUSY_S,
    CHECK_S,
    DamagedError,
    began_empty,
    connect,
    is_damage,
    named,
    prepare,
    refuse_newer,
    transaction,
)
from mistral_desk.core import private
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


log = logging.getLogger(__name__)

T = TypeVar("T")

MEMORY: Final = ":memory:"
SEARCH_CACHE_KB: Final = 16_000
LOOK_EVERY_S: Final = 3600.0
"""How often an app that stays open looks whether the daily copy is due."""


class Store:
    """A database file (`path`) or one in memory (None), used from one event loop. Connections stay in their threads."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._where = str(path) if path else MEMORY
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="history-writer")
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="history-reader") if path else self._writer
        self._searcher = ThreadPoolExecutor(1, thread_name_prefix="history-searcher") if path else self._writer
        self._copier = ThreadPoolExecutor(1, thread_name_prefix="history-copier")
        self._write_connection: sqlite3.Connection | None = None
        self._read_connection: sqlite3.Connection | None = None
        self._search_connection: sqlite3.Connection | None = None
        self.index_made_anew: Callable[[], None] = lambda: None
        """Called in the event loop when the index was broken and is empty now."""
        self._anew = False
        self._changed = False
        self._next_look = 0.0
        self._give_up = threading.Event()
        self._closing: asyncio.Task[None] | None = None
        self._ended = False

    async def open(self) -> Problem | None:
        """Open or make the file; says what had to be repaired. Raises a `DeskError` with nothing changed."""
        path = self.path
        try:
            if path is None:
                await self._in(self._writer, self._open_memory)
                return None
            notice = await self._in(self._writer, lambda: self._open(path))
            await self._in(self._reader, self._open_reader)
        except BaseException:
            await self.close()
            raise
        self._copy_if_due(path)
        return notice

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Ask something, in the reading thread."""

        def run() -> T:
            return work(self._opened(self._read_connection or self._write_connection))

        return await self._in(self._reader, run)

    async def look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Search, in a thread of its own: nothing that is opened meanwhile waits for it."""

        def run() -> T:
            return work(self._searching())

        def careful() -> T | None:
            try:
                return run()
            except sqlite3.Error as error:
                if not index_rows.is_broken(error):
                    raise
                return None

        found = await self._in(self._searcher, careful)
        if found is None:
            self._anew = True
            await self.write(index_rows.make_anew)
            found = await self._in(self._searcher, run)
        return found

    async def write(self, work: Callable[[sqlite3.Connection], T], then: Callable[[], None] = lambda: None) -> T:
        """Change something in one transaction, in the writing thread; on the disk when this returns.

        `then` is called in the event loop once it is there, also where the caller is cancelled meanwhile.
        """

        def run() -> T:
            connection = self._writing()
            before = connection.total_changes
            try:
                with transaction(connection):
                    result = work(connection)
            except sqlite3.Error as error:
                if not index_rows.is_broken(error):
                    raise
                with transaction(connection):  # what is said is never refused because it cannot be indexed
                    index_rows.make_anew(connection)
                    result = work(connection)
                self._anew = True
            self._changed |= connection.total_changes != before
            return result

        def written() -> None:
            if self._anew:
                self._anew = False
                self.index_made_anew()
            then()

        result = await self._in(self._writer, run, written)
        if self.path and time.monotonic() >= self._next_look:
            self._copy_if_due(self.path)
        return result

    async def shed(self) -> bool:
        """Empty the write-ahead log, where old pages still have what was deleted since; False while somebody reads."""

        def run() -> bool:
            connection = self._writing()
            connection.execute("PRAGMA busy_timeout = 0")  # nobody's message waits for a reader
            try:
                return not connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")

        return await self._in(self._writer, run)

    async def keep(self, target: Path) -> None:
        """Copy the history to `target`. Raises what stands in the way, with no copy made."""

        def run() -> None:
            with contextlib.closing(connect(self.path, query_only=True)) as source:
                backups.keep(source, target)

        await self._in(self._copier, run)

    async def replace(self, work: Callable[[Path], T]) -> T:
        """Have the file overwritten by `work`, with nobody writing to it; who writes next opens it again."""
        path = self.path
        if path is None:
            raise RuntimeError("a history in memory has no copies")

        def run() -> T:
            self._close_writer()  # what SQLite's index remembers of the old file goes with the connection
            try:
                return work(path)
            finally:
                self._changed = True

        return await self._in(self._writer, run)

    async def close(self) -> None:
        """Finish what was asked for, make a copy if something changed, let go of the file. Idempotent."""
        if self._closing is None:
            self._closing = asyncio.ensure_future(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        path = self.path
        try:
            await self._in(self._writer, lambda: None)  # what was asked for before
            if path and self._changed:
                await self._last_copy(path)
            self._give_up.set()
            await self._in(self._copier, lambda: None)
        finally:
            self._ended = True
            await self._in(self._searcher, self._close_searcher)
            await self._in(self._reader, self._close_reader)
            await self._in(self._writer, self._close_writer)
            for executor in (self._writer, self._reader, self._searcher, self._copier):
                executor.shutdown(wait=False)

    async def _last_copy(self, path: Path) -> None:
        size = await self._in(self._writer, lambda: _size(path))
        if size is None:
            await self._in(self._writer, lambda: self._rescue(path))
        elif size <= backups.QUICK_BYTES:
            await self._in(self._copier, lambda: self._copy(backups.closing(path)))
        else:
            await self._in(self._copier, lambda: backups.drop_closing(path))

    async def _in(
        self, executor: ThreadPoolExecutor, work: Callable[[], T], then: Callable[[], None] | None = None
    ) -> T:
        """Run `work` in a thread of ours, to its end even if the caller is cancelled; `then` is called if it did it.

        Raises `history.failed` where the history is closed.
        """

        def run() -> T:
            try:
                return work()
            except (DamagedError, sqlite3.Error, OSError) as error:
                log.warning("history: %s: %s", getattr(error, "sqlite_errorname", type(error).__name__), error)
                if isinstance(error, DamagedError):
                    raise DeskError("history.unreadable", str(error), path=self._where) from error
                if self.path and isinstance(error, sqlite3.Error) and is_damage(error):
                    _suspect(self.path)
                raise named(error, self._where) from error

        try:
            future: Future[T] = executor.submit(run)
        except RuntimeError as error:  # its threads have ended
            raise _closed(self._where) from error
        waiting = asyncio.wrap_future(future)
        waiting.add_done_callback(lambda done: _retrieve(done, then))
        return await asyncio.shield(waiting)

    # --- in the writing thread ----------------------------------------------------------------------

    def _open(self, path: Path) -> Problem | None:
        private.folder(path.parent)
        notice: Problem | None = None
        backups.clean(path)
        if self._is_lost(path):
            notice = backups.restore(path, backups.now())
        try:
            self._open_file(path)
        except (DamagedError, sqlite3.Error) as error:
            self._close_writer()
            if isinstance(error, sqlite3.Error) and not is_damage(error):
                raise
            log.error("history: %s is damaged: %s", path, error)  # noqa: TRY400 - the reason says all
            notice = backups.restore(path, backups.now()) or notice
            self._open_file(path)
        _suspicion(path).unlink(missing_ok=True)
        return notice

    def _is_lost(self, path: Path) -> bool:
        """No file or an empty one, and yet something of it is left; an old log must never meet a new file."""
        if path.exists() and path.stat().st_size:
            return False
        wal, journal = (path.with_name(path.name + suffix) for suffix in ("-wal", "-journal"))
        return wal.exists() or not began_empty(journal) or bool(backups.copies(path))

    def _open_file(self, path: Path) -> None:
        if not path.exists():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        refuse_newer(path)
        with path.open("rb+"):
            pass  # before SQLite opens it read-only and leaves a log that is read-only too when the rights are back
        connection = self._write_connection = connect(path)
        limit = None if _suspicion(path).exists() else CHECK_S
        prepare(connection, limit, lambda version: backups.keep(connection, backups.before_format(path, version)))

    def _open_memory(self) -> None:
        self._write_connection = connect(None)
        prepare(self._write_connection, None, lambda _: None)

    def _writing(self) -> sqlite3.Connection:
        """The connection that writes, made anew where the file was overwritten."""
        if self._write_connection is None and self.path and not self._ended:
            self._write_connection = connect(self.path)
        return self._opened(self._write_connection)

    def _close_writer(self) -> None:
        if self._write_connection:
            self._write_connection.close()
            self._write_connection = None

    def _rescue(self, path: Path) -> None:
        """The file was deleted while it was open: what is still readable through it becomes a copy."""
        log.warning("the history's file is gone; what it held is kept as a copy")
        try:
            backups.keep(self._writing(), backups.closing(path))
        except (DamagedError, sqlite3.Error, OSError) as error:
            log.warning("no copy of the history was made: %s", error)

    # --- in the other threads -----------------------------------------------------------------------

    def _opened(self, connection: sqlite3.Connection | None) -> sqlite3.Connection:
        if connection is None:
            raise _closed(self._where)
        return connection

    def _open_reader(self) -> None:
        self._read_connection = connect(self.path, query_only=True)

    def _searching(self) -> sqlite3.Connection:
        """The connection that searches, made with the first search."""
        if self._search_connection is None and not self._ended:
            if self.path is None:
                self._search_connection = self._write_connection
                search.prepare(self._opened(self._search_connection))
            else:
                self._search_connection = connect(self.path)
                search.prepare(self._search_connection)
                self._search_connection.execute(f"PRAGMA cache_size = -{SEARCH_CACHE_KB}")
                self._search_connection.execute("PRAGMA query_only = ON")
        return self._opened(self._search_connection)

    def _close_searcher(self) -> None:
        if self._search_connection and self._search_connection is not self._write_connection:
            self._search_connection.close()
        self._search_connection = None

    def _close_reader(self) -> None:
        if self._read_connection:
            self._read_connection.close()
            self._read_connection = None

    def _copy_if_due(self, path: Path) -> None:
        """Have the daily copy made if it is due; asked again with the first write an hour later."""
        self._next_look = time.monotonic() + LOOK_EVERY_S
        now = backups.now()
        if backups.is_due(path, now):
            self._copier.submit(self._copy_daily, path, now)

    def _copy_daily(self, path: Path, now: float) -> None:
        if self._copy(backups.next_daily(path, now)):
            with contextlib.suppress(OSError):  # the next one tries again
                backups.keep_five(path)

    def _copy(self, target: Path) -> bool:
        """Make a copy. That it cannot be made is logged and stops nobody; damage is looked into at the next start."""
        try:
            with contextlib.closing(connect(self.path, query_only=True)) as source:
                if source.execute("SELECT 1 FROM conversation LIMIT 1").fetchone():
                    backups.keep(source, target, self._give_up)
        except backups.AbandonedError:
            log.info("the copy of the history is left to the next start")
        except (DamagedError, sqlite3.Error, OSError) as error:
            log.warning("no copy of the history was made: %s", error)
            if self.path and (
                isinstance(error, DamagedError) or (isinstance(error, sqlite3.Error) and is_damage(error))
            ):
                _suspect(self.path)
        else:
            return True
        return False


def _size(path: Path) -> int | None:
    """The file's bytes; None if it is gone. Where its folder cannot be looked into, the copy will say so."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
    except OSError:
        return 0


def _suspicion(path: Path) -> Path:
    """A mark beside the file: something in it could not be read, so the next start checks all of it."""
    return path.with_name(f"{path.name}.check")


def _suspect(path: Path) -> None:
    try:
        _suspicion(path).touch(private.FILE_MODE)
    except OSError as error:
        log.warning("the history could not be marked for a check: %s", error)


def _closed(where: str) -> DeskError:
    """What is said to whoever comes too late."""
    return DeskError("history.failed", "the history is closed", path=where, reason=mark("Mistral Desk is closing"))


def _retrieve(future: asyncio.Future[T], then: Callable[[], None] | None) -> None:
    """Take note of a result that nobody may be waiting for any more; `_in` has logged what went wrong."""
    if not future.cancelled() and future.exception() is None and then is not None:
        then()
