"""The list of every connection that was made: when, to whom, why, how many bytes, and which part asked.

It lies in the data folder as JSON lines, is bounded, can be erased, and never holds an address's path, a query or a token.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from pathlib import Path

_log: Final = logging.getLogger(__name__)

FILE: Final = "connections.jsonl"
MOST: Final = 2000
"""How many connections are remembered."""
_LARGEST: Final = 8 << 20


class Connection(msgspec.Struct):
    """One connection. `began` in seconds since 1970; `received` and `sent` are bytes of bodies.

    `who` is the room that asked (catalog, hub, download); `why` an English sentence that the window translates.
    While it runs `seconds` is None; `status` is the server's answer where one came, `problem` a message id.
    """

    id: str
    began: float
    host: str
    who: str
    why: str
    received: int = 0
    sent: int = 0
    seconds: float | None = None
    status: int | None = None
    problem: str = ""


class Ledger:
    """Remembers connections, in memory and in a file. Safe to use from any thread; a full disk stops nothing."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, Connection] = OrderedDict()
        if file is not None:
            self._read(file)

    def entries(self) -> tuple[Connection, ...]:
        """All of them as they are now, the latest first."""
        with self._lock:
            return tuple(msgspec.structs.replace(entry) for entry in reversed(self._entries.values()))

    def begin(self, host: str, who: str, why: str) -> Connection:
        """Write down that a connection is about to be made, before it is."""
        entry = Connection(secrets.token_hex(8), round(time.time(), 3), host, who, why)
        with self._lock:
            self._entries[entry.id] = entry
            while len(self._entries) > MOST:
                self._entries.popitem(last=False)
            self._append(entry)
        return entry

    def end(self, entry: Connection, seconds: float, problem: str = "") -> None:
        """Write down how it ended."""
        with self._lock:
            entry.seconds, entry.problem = round(seconds, 3), problem
            if entry.id in self._entries:  # else erased meanwhile
                self._append(entry)

    def erase(self) -> None:
        """Forget all of it. Raises `OSError` when the file cannot be deleted."""
        with self._lock:
            self._entries.clear()
            if self._file is not None:
                self._file.unlink(missing_ok=True)

    def _read(self, file: Path) -> None:
        try:
            with file.open("rb") as source:
                source.seek(max(0, os.fstat(source.fileno()).st_size - _LARGEST))
                lines = source.read(_LARGEST).splitlines()
        except FileNotFoundError:
            return
        except OSError as error:
            _log.warning("the list of connections cannot be read: %s", error)
            return
        unreadable = 0
        for line in lines:
            try:
                entry = msgspec.json.decode(line, type=Connection)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                unreadable += 1
                continue
            self._entries[entry.id] = entry
        while len(self._entries) > MOST:
            self._entries.popitem(last=False)
        if unreadable:
            _log.info("%s lines of the list of connections could not be read", unreadable)
        if len(lines) > 3 * MOST or unreadable:
            self._compact(file)

    def _compact(self, file: Path) -> None:
        fresh = file.with_name(f"{file.name}.{os.getpid()}.tmp")
        try:
            fresh.write_bytes(b"".join(msgspec.json.encode(entry) + b"\n" for entry in self._entries.values()))
            fresh.replace(file)
        except OSError as error:
            _log.warning("the list of connections cannot be shortened: %s", error)
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)

    def _append(self, entry: Connection) -> None:
        if self._file is None:
            return
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("ab") as target:
                target.write(msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            _log.warning("a connection could not be written down: %s", error)
