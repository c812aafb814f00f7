"""The folder of saved states: which of them fits a prompt best, how much room they may take, and who goes first.

Everything in it is only a saving of time. So nothing here fails a turn: what is damaged, of an older program or of
nobody any more is deleted, and a full disk means that nothing is kept. All of it blocks.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mistral_desk.core import private
from mistral_desk.inference.state_file import SUFFIX, UNFINISHED, Head, Reading, StateFileError, Writing
from mistral_desk.inference.state_messages import agreeing, saves

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from mistral_desk.inference.state_file import Identity
    from mistral_desk.inference.state_messages import NeedState, StateHead

FOLDER: Final = "states"
FREE_SHARE: Final = 10
"""Of what is free on the disk, with what they take themselves, they may take one part of so many."""
_MOST_FILES: Final = 256
_LEFT_BEHIND_S: Final = 3600
"""How old an unfinished file is that nobody finishes any more."""
_NAME_BYTES: Final = 16
_log: Final = logging.getLogger(__name__)


@dataclass
class _Kept:
    """What is remembered of a file. `used` is when it was written or served last, in seconds since 1970."""

    path: Path
    identity: Identity
    owner: str
    ids_bytes: int
    bytes: int
    used: float


class StateStore:
    """Safe to use from several threads. `most_bytes` tells how much all of it may take now; 0 keeps nothing."""

    def __init__(self, folder: Path, most_bytes: Callable[[], int]) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._kept: dict[str, _Kept] | None = None
        self._lock = threading.RLock()

    @property
    def room(self) -> int:
        """Bytes that all states together may take."""
        return min(max(0, self._most_bytes()), (_free(self.folder) + self.bytes) // FREE_SHARE)

    @property
    def bytes(self) -> int:
        """Bytes that they take."""
        with self._lock:
            return sum(kept.bytes for kept in self._all().values())

    @property
    def owners(self) -> frozenset[str]:
        """Whose states there are."""
        with self._lock:
            return frozenset(kept.owner for kept in self._all().values())

    def has(self, identity: Identity) -> bool:
        """Whether there is any state that this model could use."""
        with self._lock:
            return any(kept.identity == identity for kept in self._all().values())

    # --- reading --------------------------------------------------------------------------------------

    def best(self, identity: Identity, need: NeedState) -> Reading | None:
        """The state that spares most of a prompt, open for reading; None where none spares more than there is."""
        found: tuple[int, _Kept] | None = None
        with self._lock:
            for kept in list(self._all().values()):
                if kept.identity != identity or kept.bytes - kept.ids_bytes > need.most:
                    continue
                head = self._head(kept)
                spared = saves(head, need.ids, cuts=need.cuts) if head else 0
                if spared > (found[0] if found else need.have):
                    found = spared, kept
            return self._open(found[1]) if found else None

    @staticmethod
    def let_go(reading: Reading) -> None:
        """It was not read to its end, so nothing is known of it."""
        reading.close()

    def served(self, reading: Reading) -> None:
        """It was read to its end: where it is sound it is the last to go now, else it goes at once."""
        reading.close()
        with self._lock:
            kept = self._all().get(_name(reading.head))
            if kept is None:
                return
            if not reading.sound:
                _log.info("a saved state was damaged, and is deleted")
                self._delete(kept)
                return
            kept.used = time.time()
            with contextlib.suppress(OSError):
                os.utime(kept.path)

    # --- writing --------------------------------------------------------------------------------------

    def begin(self, identity: Identity, state: StateHead) -> Writing | None:
        """Start to write a state; None where it has no room, or is there already. Raises `OSError`."""
        head = Head(identity, state)
        with self._lock:
            if not state.owner or _name(head) in self._all() or 2 * state.bytes > self.room:
                return None
            private.folder(self.folder)
            return Writing(self.folder, head)

    def finish(self, writing: Writing) -> None:
        """It is complete: put it in its place, drop what it goes on from, make room. Raises `OSError`."""
        head, name = writing.head, _name(writing.head)
        path = self.folder / f"{name}{SUFFIX}"
        with self._lock:
            writing.finish(path)
            for older in self._gone_on_from(head):
                self._delete(older)
            ids = len(head.state.ids)
            self._all()[name] = _Kept(path, head.identity, head.state.owner, ids, writing.bytes, time.time())
            self._make_room()

    def forget(self, owners: Collection[str]) -> None:
        """Delete what is these owners'."""
        with self._lock:
            for kept in list(self._all().values()):
                if kept.owner in owners:
                    self._delete(kept)

    def clear(self) -> None:
        """Delete all, unfinished files too."""
        with self._lock:
            self._kept = {}
            for path in self._files(SUFFIX, UNFINISHED):
                _unlink(path)

    def trim(self, build: str) -> None:
        """Look at what there is: delete what no program reads any more, and what is too much."""
        with self._lock:
            for kept in list(self._all().values()):
                if kept.identity.build != build:
                    self._delete(kept)
            self._make_room()

    def shrink(self) -> None:
        """Keep to the room that there is now."""
        with self._lock:
            self._make_room()

    # --- inside ---------------------------------------------------------------------------------------

    def _all(self) -> dict[str, _Kept]:
        if self._kept is None:
            self._kept = {}
            for path in self._files(UNFINISHED):
                with contextlib.suppress(OSError):
                    if time.time() - path.stat().st_mtime > _LEFT_BEHIND_S:
                        path.unlink()
            for path in self._files(SUFFIX):
                self._look(path, self._kept)
        return self._kept

    def _look(self, path: Path, into: dict[str, _Kept]) -> None:
        try:
            with Reading(path) as reading:
                used = path.stat().st_mtime
                head = reading.head
                name = _name(head)
        except (OSError, StateFileError) as error:
            _log.info("a saved state is of no use: %s", error)
            _unlink(path)
            return
        if path.name != f"{name}{SUFFIX}":
            _unlink(path)
            return
        into[name] = _Kept(path, head.identity, head.state.owner, len(head.state.ids), reading.bytes, used)

    def _files(self, *endings: str) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.name.endswith(endings)]
        except OSError:
            return []

    def _head(self, kept: _Kept) -> StateHead | None:
        reading = self._open(kept)
        if reading is None:
            return None
        reading.close()
        return reading.head.state

    def _open(self, kept: _Kept) -> Reading | None:
        """The file, if it still is what it was; else it is dropped."""
        try:
            reading = Reading(kept.path)
        except (OSError, StateFileError) as error:
            _log.info("a saved state is of no use any more: %s", error)
            self._delete(kept)
            return None
        if _name(reading.head) != kept.path.name.removesuffix(SUFFIX):
            reading.close()
            self._delete(kept)
            return None
        return reading

    def _gone_on_from(self, head: Head) -> list[_Kept]:
        """The states of this owner which the new one begins with: it can be cut back to them, or has what they have."""
        found = []
        for kept in list(self._all().values()):
            if kept.owner == head.state.owner and kept.identity == head.identity:
                older = self._head(kept)
                if older and agreeing(older.ids, head.state.ids) * 8 == len(older.ids) < len(head.state.ids):
                    found.append(kept)
        return found

    def _make_room(self) -> None:
        kept = self._all()
        room = self.room
        for oldest in sorted(kept.values(), key=lambda one: one.used):
            if len(kept) <= _MOST_FILES and sum(one.bytes for one in kept.values()) <= room:
                return
            self._delete(oldest)

    def _delete(self, kept: _Kept) -> None:
        self._all().pop(kept.path.name.removesuffix(SUFFIX), None)
        _unlink(kept.path)


def _name(head: Head) -> str:
    """What a state is called: nothing can be read from it."""
    state, identity = head.state, head.identity
    digest = hashlib.blake2b(digest_size=_NAME_BYTES)
    for part in (identity.model, identity.build, identity.layout, state.owner):
        digest.update(len(part).to_bytes(4, "little") + part.encode("utf-8", "replace"))
    digest.update(state.ids)
    return digest.hexdigest()


def _free(folder: Path) -> int:
    """Bytes that are free where the folder is, or will be."""
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return shutil.disk_usage(place).free
    return 0


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        try:
            path.unlink()
        except OSError as error:
            _log.info("a saved state could not be deleted: %s", error)
