"""Copies of the history, and what happens when the file itself is damaged or gone.

A damaged file is moved aside with everything that belongs to it and never deleted; a copy is kept only after it was
checked in full. Everything here blocks.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sqlite3
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.database import SIDECARS, DamagedError, check, is_damage, refuse_newer
from mistral_desk.core.errors import DeskError, Problem

if TYPE_CHECKING:
    import threading
    from pathlib import Path

log = logging.getLogger(__name__)

DAY_S: Final = 24 * 3600.0
QUICK_BYTES: Final = 50_000_000
"""A history up to this size is copied when the app closes; for a larger one quitting would take seconds."""
_STEP_PAGES: Final = 4096


def folder_of(path: Path) -> Path:
    """The folder with the copies of the history at `path`."""
    return path.with_name(f"{path.stem}-backups")


def daily(path: Path) -> Path:
    """The rolling copy, at most a day old while the app is used."""
    return folder_of(path) / "daily.sqlite3"


def closing(path: Path) -> Path:
    """The copy made when the app was last closed in order, if something had changed."""
    return folder_of(path) / "closed.sqlite3"


def before_format(path: Path, version: int) -> Path:
    """The copy made before a file of format `version` was migrated; kept for good."""
    return folder_of(path) / f"before-migration-from-{version}.sqlite3"


def is_due(path: Path, now: float) -> bool:
    """True when the daily copy is missing, older than a day, or from the future (a clock was set back)."""
    try:
        age = now - daily(path).stat().st_mtime
    except FileNotFoundError:
        return True
    return not 0 <= age < DAY_S


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
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        found = [copy for copy in folder_of(path).glob("*.sqlite3") if copy.is_file()]
        return sorted(found, key=lambda copy: copy.stat().st_mtime, reverse=True)
    return []


def _best_copy(path: Path, fresh: Path) -> float | None:
    """Write the newest good copy to `fresh`; when it was made, None if there is none."""
    for candidate in copies(path):
        try:
            refuse_newer(candidate)
            _create(fresh)
            shutil.copyfile(candidate, fresh)
            with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as copy:
                check(copy, None)
        except (DamagedError, DeskError) as error:
            log.warning("the copy %s is of no use: %s", candidate, error)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            log.warning("the copy %s is of no use: %s", candidate, error)
        else:
            return candidate.stat().st_mtime
    return None


def _set_aside(path: Path, now: float) -> Path | None:
    """Move the file and its sidecars to names that SQLite can still open together; None if there is none of them."""
    present = [file for file in (path, *_sidecars(path)) if file.exists()]
    if not present:
        return None
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%d-%H%M%S")
    number = 0
    while True:
        suffix = f"-{number}" if number else ""
        aside = path.with_name(f"{path.stem}-damaged-{stamp}{suffix}{path.suffix}")
        if not any(file.exists() for file in (aside, *_sidecars(aside))):
            break
        number += 1
    for file in present:
        file.rename(aside.with_name(aside.name + file.name.removeprefix(path.name)))
    sync_folder(path.parent)
    log.error("the history was damaged and is set aside as %s", aside)
    return aside


def _sidecars(path: Path) -> list[Path]:
    return [path.with_name(path.name + suffix) for suffix in SIDECARS]


def _create(path: Path) -> None:
    """An empty file that only this person can read (where the system knows that)."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))


def _replace(part: Path, target: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    part.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename inside `folder` last through a power cut; Windows has no such call and needs none."""
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def now() -> float:
    """Seconds since 1970."""
    return time.time()
