"""Copies of the history, and what happens when the file itself is damaged or gone.

A damaged file is moved aside with everything that belongs to it and never deleted; a copy is kept only after it was
checked in full. Everything here blocks.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import sqlite3
import stat
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import psutil

from mistral_desk.chat.database import SIDECARS, DamagedError, check, connect, is_damage, prepare, refuse_newer
from mistral_desk.chat.schema import APPLICATION_ID
from mistral_desk.core import lasting, private
from mistral_desk.core.errors import DeskError, Problem

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path

log = logging.getLogger(__name__)

DAY_S: Final = 24 * 3600.0
DAILIES: Final = 5
GAP: Final = 1_000_000
"""Ids left out where nobody knows which the lost file had given: drafts and exports mean a chat by its id."""
QUICK_BYTES: Final = 50_000_000
"""A history up to this size is copied when the app closes; for a larger one quitting would take seconds."""
_STEP_PAGES: Final = 4096
_MAKER: Final = re.compile(r"\.(\d{1,9})\.(?:part|restored)")


def folder_of(path: Path) -> Path:
    """The folder with the copies of the history at `path`."""
    return path.with_name(f"{path.stem}-backups")


def next_daily(path: Path, now: float) -> Path:
    """Where a daily copy made `now` goes."""
    return folder_of(path) / f"daily-{_stamp(now)}.sqlite3"


def dailies(path: Path) -> list[Path]:
    """The daily copies, the newest first; `keep_five` sees to it that there are at most five."""
    return [copy for copy in copies(path) if copy.name.startswith("daily")]


def next_own(path: Path, now: float, name: str = "own") -> Path:
    """Where a copy goes that was wished for, or is made before an older one is restored; none goes by itself."""
    number = 0
    while True:
        suffix = f"-{number}" if number else ""
        target = folder_of(path) / f"{name}-{_stamp(now)}{suffix}.sqlite3"
        if not target.exists():
            return target
        number += 1


def closing(path: Path) -> Path:
    """The copy made when the app was last closed in order, if something had changed."""
    return folder_of(path) / "closed.sqlite3"


def drop_closing(path: Path) -> None:
    """Delete the copy of the last close where a daily one is newer: of a history that became large none follows it,
    and it would keep for ever what was deleted since.
    """
    old = closing(path)
    with contextlib.suppress(OSError):
        if any(copy.stat().st_mtime > old.stat().st_mtime for copy in dailies(path)):
            old.unlink()


def before_format(path: Path, version: int) -> Path:
    """The copy made before a file of format `version` was migrated; kept for good."""
    return folder_of(path) / f"before-migration-from-{version}.sqlite3"


def is_due(path: Path, now: float) -> bool:
    """True when something changed since the last daily copy, and that is a day old. One from the future (a clock was
    set back) does not count.
    """
    made = max((time for copy in dailies(path) if (time := copy.stat().st_mtime) <= now), default=0.0)
    return now - made >= DAY_S and _changed(path) > made


def keep_five(path: Path) -> None:
    """Delete the oldest daily copies beyond five."""
    for old in dailies(path)[DAILIES:]:
        old.unlink(missing_ok=True)


class AbandonedError(Exception):
    """A copy was given up because the app closes."""


def keep(source: sqlite3.Connection, target: Path, give_up: threading.Event | None = None) -> None:
    """Copy the open history to `target`, check the copy in full, and only then put it in the old copy's place.

    The copy is one self-contained file, of one moment even while others write. Raises `DamagedError` when the
    source turned out to be damaged, `AbandonedError` after `give_up`, `sqlite3.Error` or `OSError` when there is
    no room; the old copy stays in all these cases.
    """

    def look(*_: int) -> None:
        if give_up and give_up.is_set():
            raise AbandonedError

    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        _create(part)
        with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as copy:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on it sees this moment only
            moment = time.time_ns()
            source.backup(copy, pages=_STEP_PAGES, progress=look)
            source.execute("COMMIT")
            copy.execute("PRAGMA journal_mode = DELETE")
            check(copy, None)
        os.utime(part, ns=(moment, moment))  # two copies at once: the newer is the one that saw more, not the slower
        _replace(part, target)
    finally:
        for leftover in (part, *_sidecars(part)):
            leftover.unlink(missing_ok=True)


def restore(path: Path, now: float) -> Problem | None:
    """Set aside whatever stands at `path` and put the newest good copy there; says what was done.

    Without a usable copy `path` is left free for a new file. None when there was nothing at all.
    Raises `OSError` when the files cannot be moved.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.restored")
    try:
        made = _best_copy(path, fresh)
        aside = _set_aside(path, now)
        if made is None:
            return Problem("history.damaged_empty", {"aside": str(aside)}) if aside else None
        _replace(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
    when = datetime.fromtimestamp(made, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
    if aside is None:
        return Problem("history.vanished", {"path": str(path), "when": when})
    return Problem("history.damaged", {"aside": str(aside), "when": when})


def copies(path: Path) -> list[Path]:
    """Every copy there is, the newest first."""
    made: dict[Path, float] = {}
    for copy in folder_of(path).glob("*.sqlite3"):
        with contextlib.suppress(FileNotFoundError):  # another program may delete one meanwhile
            about = copy.stat()
            if stat.S_ISREG(about.st_mode):
                made[copy] = about.st_mtime
    return sorted(made, key=made.__getitem__, reverse=True)


def _best_copy(path: Path, fresh: Path) -> float | None:
    """Write the newest good copy to `fresh`; when it was made, None if there is none."""
    for candidate in copies(path):
        try:
            refuse_newer(candidate)
            _create(fresh)
            shutil.copyfile(candidate, fresh)
            with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as copy:
                _prove_ours(copy)
                _prove_plain(copy)
                check(copy, None)
                beyond(copy, None)
        except (DamagedError, DeskError) as error:
            log.warning("the copy %s is of no use: %s", candidate, error)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            log.warning("the copy %s is of no use: %s", candidate, error)
        else:
            return candidate.stat().st_mtime
    return None


def ready(candidate: Path, fresh: Path) -> None:
    """Copy a backup to `fresh`, check it in full and bring it to the newest format. Raises `DamagedError`,
    `history.newer`, `sqlite3.Error` or `OSError`; the backup itself is only read.
    """
    refuse_newer(candidate)
    if not candidate.stat().st_size:
        raise DamagedError("the file is empty")
    _create(fresh)
    shutil.copyfile(candidate, fresh)
    with contextlib.closing(connect(fresh)) as copy:
        _prove_plain(copy)
        prepare(copy, None, lambda _: None)
        copy.execute("PRAGMA journal_mode = DELETE")
        _prove_whole(copy)
        broken = copy.execute("PRAGMA foreign_key_check").fetchone()
        if broken:
            raise DamagedError(f"a row of {broken[0]} belongs to nothing")


def _prove_ours(copy: sqlite3.Connection) -> None:
    """Raise `DamagedError` for a file that is empty, or another program's database."""
    if copy.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise DamagedError("it is no history")


def _prove_plain(copy: sqlite3.Connection) -> None:
    """Raise `DamagedError` where anything but tables and indexes is in it: a trigger would change chats whenever one is
    written, a view in a table's place may have no end. What SQLite reads is the text, not what is said of it.
    """
    strange = copy.execute(
        "SELECT name FROM sqlite_schema WHERE NOT coalesce(sql LIKE 'CREATE TABLE %' OR sql LIKE 'CREATE INDEX %' "
        "OR sql LIKE 'CREATE UNIQUE INDEX %' OR sql LIKE 'CREATE VIRTUAL TABLE words USING fts5 %', type = 'index')"
    ).fetchone()
    if strange:
        raise DamagedError(f"{str(strange[0])[:200]} does not belong there")


def _prove_whole(copy: sqlite3.Connection) -> None:
    """Raise `DamagedError` where something is missing that a new history has; only a person's hand can do that."""
    with contextlib.closing(connect(None)) as new:
        prepare(new, None, lambda _: None)
        missing = _columns(new) - _columns(copy)
    if missing:
        raise DamagedError(f"{min(missing)} is missing")
    if copy.execute("SELECT 1 FROM fact WHERE name = 'uuid'").fetchone() is None:
        raise DamagedError("its name is missing")


def _columns(connection: sqlite3.Connection) -> set[str]:
    found = connection.execute(
        "SELECT s.name, c.name FROM sqlite_schema s JOIN pragma_table_info(s.name) c WHERE s.type = 'table'"
    )
    return {f"{table}.{column}" for table, column in found}


def beyond(copy: sqlite3.Connection, other: sqlite3.Connection | None) -> None:
    """Have a copy give no id again that `other` has given, the history in whose place it comes; None: it is lost."""
    names = [str(row[0]) for row in copy.execute("SELECT name FROM sqlite_sequence")]
    if other is None:
        given = dict.fromkeys(names, GAP)
    else:
        given = {str(name): int(seq) for name, seq in other.execute("SELECT name, seq FROM sqlite_sequence")}
    for name, number in given.items():
        if name not in names:
            copy.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (name, number))
        elif other is None:
            copy.execute("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?", (number, name))
        else:
            copy.execute("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, name))


def overwrite(path: Path, fresh: Path, kept: Path, now: float) -> None:
    """Put what `ready` made in the place of the history at `path`, which is kept as `kept` before.

    SQLite itself does it, in one transaction: a kill or a power cut leaves the old or the new, whole, and other
    programs that have the file open see the one or the other. A history that is damaged is copied as it is.
    """
    with contextlib.closing(connect(path)) as present, contextlib.closing(connect(fresh)) as new:
        before: sqlite3.Connection | None = present
        try:
            keep(present, kept)
        except (DamagedError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.Error) and not is_damage(error):
                raise
            before = None
            _copy_aside(path, now)
        beyond(new, before)
        new.backup(present, progress=_impatient(path))
        present.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _impatient(path: Path) -> Callable[[int, int, int], None]:
    """Raises `history.busy` where another program holds the file: SQLite has waited for it already, and Python would
    ask it again for ever.
    """

    def look(status: int, _left: int, _all: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise DeskError("history.busy", path=str(path))

    return look


def clean(path: Path) -> None:
    """Delete what a program that was killed left half made."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        for left in (*folder_of(path).glob("*.part*"), *path.parent.glob(f"{path.name}.*.restored*")):
            maker = _MAKER.search(left.name)
            if maker and not psutil.pid_exists(int(maker[1])):
                left.unlink(missing_ok=True)


def picture_bodies(path: Path) -> set[str]:
    """The bodies of all pictures in the copies of the history at `path`. Raises `sqlite3.Error` as `OSError`."""
    found: set[str] = set()
    for copy in copies(path):
        try:
            with contextlib.closing(reading(copy)) as connection:
                found.update(str(row[0]) for row in connection.execute("SELECT body FROM part WHERE kind = 'image'"))
        except (DamagedError, sqlite3.Error) as error:
            raise OSError(f"the copy {copy} cannot be read: {error}") from error
    return found


def reading(copy: Path) -> sqlite3.Connection:
    """A connection to a copy that changes not a byte of it, nor beside it. Raises `DamagedError`, `sqlite3.Error`."""
    connection = connect(copy, mode="ro", query_only=True)
    try:
        _prove_plain(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _copy_aside(path: Path, now: float) -> None:
    """Copy the file and its log to names that SQLite can open together."""
    aside = _aside(path, now)
    for file in (path, *_sidecars(path)):
        if file.exists() and not file.name.endswith("-shm"):
            target = aside.with_name(aside.name + file.name.removeprefix(path.name))
            _create(target)
            shutil.copyfile(file, target)
    lasting.sync_folder(path.parent)
    log.error("the history was damaged; it is kept as it was as %s", aside)


def _changed(path: Path) -> float:
    """When the history was last written to, in seconds since 1970."""
    times = [0.0]
    for file in (path, path.with_name(path.name + "-wal")):
        with contextlib.suppress(FileNotFoundError):
            times.append(file.stat().st_mtime)
    return max(times)


def _stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")


def _set_aside(path: Path, now: float) -> Path | None:
    """Move the file and its sidecars to names that SQLite can still open together; None if there is none of them."""
    present = [file for file in (path, *_sidecars(path)) if file.exists()]
    if not present:
        return None
    aside = _aside(path, now)
    for file in present:
        file.rename(aside.with_name(aside.name + file.name.removeprefix(path.name)))
    lasting.sync_folder(path.parent)
    log.error("the history was damaged and is set aside as %s", aside)
    return aside


def _aside(path: Path, now: float) -> Path:
    """A name that nothing has yet."""
    number = 0
    while True:
        suffix = f"-{number}" if number else ""
        aside = path.with_name(f"{path.stem}-damaged-{_stamp(now)}{suffix}{path.suffix}")
        if not any(file.exists() for file in (aside, *_sidecars(aside))):
            return aside
        number += 1


def _sidecars(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in SIDECARS]


def _create(path: Path) -> None:
    """An empty file that only this person can read (where the system knows that)."""
    os.close(private.opened(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC))


def _replace(part: Path, target: Path) -> None:
    with part.open("rb+") as file:
        lasting.sync(file.fileno())
    part.replace(target)
    lasting.sync_folder(target.parent)


def now() -> float:
    """Seconds since 1970."""
    return time.time()
