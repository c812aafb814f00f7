"""The list of every connection that was made: when, to whom, why, how many bytes, and which part asked.

It lies in the data folder as JSON lines, is bounded, can be erased, and never holds a path, a query or a token.
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import private, replacing

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_log: Final = logging.getLogger(__name__)

FILE: Final = "connections.jsonl"
MOST: Final = 2000
"""How many connections are remembered."""
_MOST_LINES: Final = 3 * MOST
_LARGEST: Final = 8 << 20
_MOST_JOBS: Final = 64
_OFTEN_S: Final = 1.0
"""A job that goes on is written down again after so many seconds."""


class Connection(msgspec.Struct):
    """What went to one host and came from it for one purpose. `began` in seconds since 1970.

    `who` is the room that asked (catalog, hub, download); `why` an English sentence that the window translates.
    `received` and `sent` are bytes of HTTP messages with their headers, without what encryption adds. A job, the
    refreshing of a catalogue say, is one entry per host with its `requests` counted, and `opened`: how many connections
    were begun for them (one may serve many requests, also of the entry before). While it runs `seconds` is None;
    `status` is the server's last answer where one came, `problem` the id of a message, empty when all went well.
    """

    id: str
    began: float
    host: str
    who: str
    why: str
    requests: int = 0
    received: int = 0
    sent: int = 0
    seconds: float | None = None
    status: int | None = None
    problem: str = ""
    opened: int = 0


class Ledger:
    """Remembers connections, in memory and in a file. Safe to use from any thread; a full disk stops nothing.

    Only `flush`, `look_again` and `erase` touch the file, and may block. What earlier runs wrote is there after
    `look_again`.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._entries: OrderedDict[str, Connection] = OrderedDict()
        self._jobs: OrderedDict[tuple[str, str], Connection] = OrderedDict()
        self._running: dict[str, int] = {}
        self._started: dict[str, float] = {}
        self._written: dict[str, float] = {}
        self._unwritten: dict[str, None] = {}
        self._lines = -1
        """Lines in the file; -1 before it was looked at."""

    def entries(self) -> tuple[Connection, ...]:
        """All of them as they are now, the latest first."""
        with self._lock:
            found = [msgspec.structs.replace(entry) for entry in reversed(self._entries.values())]
        return tuple(sorted(found, key=lambda entry: entry.began, reverse=True))

    def begin(self, host: str, who: str, why: str, job: str = "") -> Connection:
        """A request is about to be made; `flush` before it is. Requests with the same `job` to a host are one entry."""
        with self._lock:
            entry = self._jobs.get((job, host)) if job else None
            if entry is None or entry.id not in self._entries:
                entry = Connection(secrets.token_hex(8), round(time.time(), 3), host, who, why)
                self._entries[entry.id] = entry
                self._started[entry.id] = time.monotonic()
                self._unwritten[entry.id] = None
                if job:
                    self._jobs[job, host] = entry
                    while len(self._jobs) > _MOST_JOBS:
                        self._jobs.popitem(last=False)
                self._forget_old()
            entry.requests += 1
            entry.seconds = None
            self._running[entry.id] = self._running.get(entry.id, 0) + 1
        return entry

    def end(self, entry: Connection, problem: str = "") -> None:
        """How that request ended; the entry keeps the last problem. `flush` when there is time."""
        with self._lock:
            left = self._running.pop(entry.id, 1) - 1
            if left > 0:
                self._running[entry.id] = left
            entry.problem = problem or entry.problem
            now = time.monotonic()
            if left <= 0:
                entry.seconds = round(now - self._started.get(entry.id, now), 3)
            if entry.id in self._entries and (left <= 0 or now - self._written.get(entry.id, 0) > _OFTEN_S):
                self._unwritten[entry.id] = None  # an entry that was erased meanwhile stays erased

    @property
    def unwritten(self) -> bool:
        """Whether something is to be written."""
        return bool(self._unwritten)

    def flush(self) -> None:
        """Write down what is new. Never raises: what cannot be written is logged."""
        if self._lines < 0:
            self.look_again()
        with self._writing:
            with self._lock:
                new = [self._entries[name] for name in self._unwritten if name in self._entries]
                self._unwritten.clear()
                lines = [msgspec.json.encode(entry) + b"\n" for entry in new]
                for entry in new:
                    self._written[entry.id] = time.monotonic()
            if self._file is None or not lines:
                return
            try:
                private.folder(self._file.parent)
                private.append(self._file, b"".join(lines))
            except OSError as error:
                if error.errno == errno.ELOOP:
                    _log.info("a link stood in the place of the list of connections; it is a file again")
                    self._compact(self._file)
                else:
                    _log.warning("a connection could not be written down: %s", error)
                return
            self._lines += len(lines)
        if self._lines > _MOST_LINES:
            self.look_again()  # another program may have written too: its lines stay when the file is made shorter

    def look_again(self) -> None:
        """Take over what earlier runs have written, and another program (the command line beside the window)."""
        self._lines = max(self._lines, 0)
        if self._file is None:
            return
        try:
            with open(self._file, "rb", opener=private.opened) as source:
                source.seek(max(0, os.fstat(source.fileno()).st_size - _LARGEST))
                lines = source.read(_LARGEST).splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.ELOOP:
                _log.warning("the list of connections cannot be read: %s", error)
            return
        found, unreadable = _decoded(lines)
        with self._lock:
            own = self._entries
            # In the order in which they were written down; what is of this run is known better here.
            self._entries = OrderedDict(
                (name, own.pop(name) if name in self._started else entry)
                for name, entry in found.items()
                if name not in self._started or name in own
            )
            for name, entry in own.items():
                self._entries.setdefault(name, entry)
            self._forget_old()
        self._lines = len(lines)
        if unreadable:
            _log.info("%s lines of the list of connections could not be read", unreadable)
        if len(lines) > _MOST_LINES or unreadable:
            with self._writing:
                self._compact(self._file)

    def erase(self) -> None:
        """Forget all of it. Raises `OSError` when the file cannot be deleted."""
        with self._writing:
            with self._lock:
                self._entries.clear()
                self._jobs.clear()
                self._unwritten.clear()
                self._lines = 0
            if self._file is not None:
                self._file.unlink(missing_ok=True)

    def _forget_old(self) -> None:
        while len(self._entries) > MOST:
            name, _ = self._entries.popitem(last=False)
            for table in (self._started, self._written):
                table.pop(name, None)

    def _compact(self, file: Path) -> None:
        """Write one line for each entry, in place of all the lines that it took."""
        with self._lock:
            lines = [msgspec.json.encode(entry) + b"\n" for entry in self._entries.values()]
        try:
            replacing.write(file, b"".join(lines))
            self._lines = len(lines)
        except OSError as error:
            _log.warning("the list of connections cannot be shortened: %s", error)


def _decoded(lines: Iterable[bytes]) -> tuple[dict[str, Connection], int]:
    """The entries in the lines, the last line of each counting, and how many lines could not be read."""
    found: dict[str, Connection] = {}
    unreadable = 0
    for line in lines:
        try:
            entry = msgspec.json.decode(line, type=Connection)
            time.localtime(entry.began)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, OverflowError, OSError):
            unreadable += 1
        else:
            found[entry.id] = entry
    return found, unreadable
