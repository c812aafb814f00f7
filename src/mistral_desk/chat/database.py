"""The history's file as SQLite sees it: opening, checking, migrating, and naming what can go wrong.

Everything here blocks; it runs in the history's own threads. No sqlite3 error leaves this room unnamed.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import sqlite3
import struct
import sys
import threading
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mistral_desk.chat.schema import APPLICATION_ID, MIGRATIONS
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

log = logging.getLogger(__name__)

BUSY_S: Final = 5.0
"""How long a statement waits for another program's lock before it gives up."""
CHECK_S: Final = 1.0
"""How long the check at start may take. A larger file is checked in full when its daily copy is made."""
SIDECARS: Final = ("-wal", "-shm", "-journal")
_HEADER: Final = 100
_MAGIC: Final = b"SQLite format 3\x00"


class DamagedError(Exception):
    """The file is no database of ours, or one that contradicts itself."""


def named(error: sqlite3.Error | OSError, path: str) -> DeskError:
    """The message for a person that fits what SQLite or the system said about the file at `path`."""
    if isinstance(error, OSError):
        if error.errno is not None and error.errno in _FULL_ERRNOS:
            return DeskError("history.disk_full", str(error), path=path)
        if isinstance(error, PermissionError) or error.errno in _READ_ONLY_ERRNOS:
            return DeskError("history.read_only", str(error), path=path)
        return DeskError("history.failed", str(error), path=path, reason=error.strerror or type(error).__name__)
    code = getattr(error, "sqlite_errorcode", None)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    message_id = _NAMES.get(code & 0xFF) if code is not None else None
    detail = f"{name}: {error}"
    if message_id is None:
        return DeskError("history.failed", detail, path=path, reason=str(error))
    return DeskError(message_id, detail, path=path)


def is_damage(error: sqlite3.Error) -> bool:
    """True where SQLite says that the file itself is broken or is no database."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; on the disk when it returns."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def connect(path: Path | None, *, query_only: bool = False, mode: str = "rw") -> sqlite3.Connection:
    """A connection with the history's own settings, for the thread that calls this; None: a new one in memory.

    The file has to be there: one that vanished must not come back empty.

    Text that is no UTF-8 (a damaged byte inside a message) is read with replacement characters, so that one bad
    byte hides no conversation.
    """
    where = _address(path, mode) if path else ":memory:"
    connection = sqlite3.connect(where, timeout=BUSY_S, isolation_level=None, uri=path is not None)
    try:
        connection.text_factory = _text
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")  # what is deleted for good is not left in free pages
        if sys.platform == "darwin":  # a plain fsync does not reach the disk there
            connection.execute("PRAGMA fullfsync = ON")
            connection.execute("PRAGMA checkpoint_fullfsync = ON")
        if query_only:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def refuse_newer(path: Path) -> None:
    """Raise `history.newer` if a newer version of the program wrote this file, without changing a byte of it.

    The header is read first, then through a read-only connection, because the latest header may stand in the
    write-ahead log. Raises `DamagedError` for a file that is no database.
    """
    head = _head(path)
    if not head:
        return
    if len(head) < _HEADER or not head.startswith(_MAGIC):
        raise DamagedError("the file does not begin like a database")
    _known(path, *_version(head))
    if path.with_name(path.name + "-wal").exists():
        with contextlib.closing(sqlite3.connect(_address(path, "ro"), uri=True)) as connection:
            connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
            _known(path, _pragma(connection, "user_version"), _pragma(connection, "application_id"))


def prepare(connection: sqlite3.Connection, check_s: float | None, before_migration: Callable[[int], None]) -> None:
    """Make an open file ready for use: writable, ours, sound, write-ahead, of the newest format.

    `check_s` bounds the check (None: in full). `before_migration` is called with the file's format if there is
    something that a migration could harm. Raises `DamagedError` or `sqlite3.Error`.
    """
    version = _pragma(connection, "user_version")
    _prove_writable(connection, version)
    owner = _pragma(connection, "application_id")
    if owner != APPLICATION_ID and (owner or version or _tables(connection)):
        raise DamagedError("the file is another program's database")
    if version:
        check(connection, check_s)
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode not in {"wal", "memory"}:
        log.warning("the history's file system takes no write-ahead log; journal mode is %s", mode)
    if version < len(MIGRATIONS):
        if version:
            before_migration(version)
        migrate(connection)


def migrate(connection: sqlite3.Connection) -> None:
    """Run the migrations that are missing, all of them or none."""
    with transaction(connection):
        done = _pragma(connection, "user_version")  # again: another process may have been faster
        for number, statements in enumerate(MIGRATIONS[done:], start=done + 1):
            for statement in statements:
                connection.execute(statement)
            log.info("history migrated to format %d", number)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {max(done, len(MIGRATIONS))}")


def check(connection: sqlite3.Connection, limit_s: float | None) -> bool:
    """SQLite's `quick_check`; True when it came to its end, False when `limit_s` seconds were not enough.

    A thread interrupts it, because SQLite 3.40 asks no progress handler while it walks a tree; again and again,
    because an interrupt that meets no running statement is lost. Raises `DamagedError`.
    """
    done = threading.Event()

    def interrupt(limit: float) -> None:
        wait = limit
        while not done.wait(wait):
            connection.interrupt()
            wait = 0.01

    watch = threading.Thread(target=interrupt, args=(limit_s,), daemon=True) if limit_s is not None else None
    if watch:
        watch.start()
    try:
        rows = [str(row[0]) for row in connection.execute("PRAGMA quick_check(20)")]
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
        log.info("the history is too large for the check at start; its next copy is checked in full")
        return False
    finally:
        done.set()
        if watch:
            watch.join()
    if rows != ["ok"]:
        raise DamagedError("; ".join(rows))
    return True


def began_empty(journal: Path) -> bool:
    """True where a rollback journal is not there, or is one of a database that had no page yet: a first start that was
    cut off (https://sqlite.org/fileformat.html, 3: the size in pages stands at 16).
    """
    try:
        with journal.open("rb") as file:
            return not any(file.read(20)[16:])
    except FileNotFoundError:
        return True


def _prove_writable(connection: sqlite3.Connection, version: int) -> None:
    """Raise `sqlite3.Error` now rather than at the first message; BEGIN IMMEDIATE alone passes a read-only file."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version = {version}")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _address(path: Path, mode: str) -> str:
    """The file as SQLite's kind of address, for paths on a network share too (https://sqlite.org/uri.html, 3.1)."""
    plain = path.absolute().as_posix()
    return f"file://{'' if plain.startswith('/') else '/'}{quote(os.fsencode(plain))}?mode={mode}"


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _tables(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADER)


def _version(head: bytes) -> tuple[int, int]:
    """`user_version` and `application_id` of a database's header (https://sqlite.org/fileformat.html, 1.3)."""
    (version,) = struct.unpack_from(">i", head, 60)
    (owner,) = struct.unpack_from(">i", head, 68)
    return version, owner


def _known(path: Path, version: int, owner: int) -> None:
    if owner == APPLICATION_ID and version > len(MIGRATIONS):
        raise DeskError("history.newer", path=str(path), found=version, known=len(MIGRATIONS))


_NAMES: Final = {
    sqlite3.SQLITE_BUSY: "history.busy",
    sqlite3.SQLITE_LOCKED: "history.busy",
    sqlite3.SQLITE_PROTOCOL: "history.busy",
    sqlite3.SQLITE_READONLY: "history.read_only",
    sqlite3.SQLITE_CANTOPEN: "history.read_only",
    sqlite3.SQLITE_PERM: "history.read_only",
    sqlite3.SQLITE_FULL: "history.disk_full",
    sqlite3.SQLITE_CORRUPT: "history.unreadable",
    sqlite3.SQLITE_NOTADB: "history.unreadable",
}

_FULL_ERRNOS: Final = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_READ_ONLY_ERRNOS: Final = {errno.EROFS, errno.ENOTDIR, errno.EACCES, errno.EPERM}
