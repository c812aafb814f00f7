"""Moves the models from one folder to another so that a kill at any moment leaves each file whole in one of them.

Only what belongs to models is moved: GGUF files, beginnings of downloads, and their lists. On one disk each file is
renamed. To another disk each is copied beside its place, made to last, read again and compared, and only then gets its
name; the old ones are deleted when all are there and the new folder is in force. A note of what is under way lies in
the data folder before the first file is touched, so the next start goes on, or goes back. Everything here blocks.

What changed in the old folder meanwhile is copied again. What somebody else put into the new one is left alone, and not
taken for a copy because of its size and time (`pairs`).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core import lasting, private, putting
from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk, formats, journal, pairs
from mistral_desk.library.pairs import Pair
from mistral_desk.library.part import StoppedError
from mistral_desk.library.scan import ENDING
from mistral_desk.library.wanted import PART

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

Phase: TypeAlias = Literal["copying", "checking", "clearing", "going_back"]

_log: Final = logging.getLogger(__name__)
FILE: Final = "moving.json"
FORMAT: Final = 1
STAGED: Final = ".moving"
"""At the end of a copy's name while it grows."""
_MARK: Final = ".moving-here"
"""In the target while files come: a disk that is not connected leaves an empty folder, which has none."""
_LARGEST: Final = 1 << 24
_STEP: Final = 1 << 20
_AGAIN: Final = 16 << 20
"""So much of a copy's end is copied anew after a kill: what a power cut spoils is at the end."""
_READING: Final[dict[str, Phase]] = {"forward": "checking", "clearing": "clearing", "back": "going_back"}


class Note(msgspec.Struct, frozen=True):
    """What is under way. `forward`: files go to the target; `clearing`: all are there, the old ones are deleted;
    `back`: what came is taken back. `files` are those that are moved, relative to both folders; others stay. `copied`
    are those of them that this move has copied.
    """

    format: int
    source: str
    target: str
    phase: Literal["forward", "clearing", "back"]
    files: tuple[str, ...]
    copied: dict[str, Pair] = {}


class Step(msgspec.Struct, frozen=True):
    """How far a move is."""

    phase: Phase
    done: int
    total: int
    file: str = ""


def read(path: Path) -> Note | None:
    """The note of a move that was interrupted; None where there is none."""
    try:
        with path.open("rb") as file:
            note = msgspec.json.decode(file.read(_LARGEST), type=Note)
    except (OSError, ValueError, RecursionError):
        return None
    sound = note.format == FORMAT and Path(note.source).is_absolute() and Path(note.target).is_absolute()
    return note if sound else None


def write(path: Path, note: Note) -> None:
    """Put the note down, lastingly. Raises `library.list_not_saved` and `library.list_newer`."""
    formats.refuse_newer(path, FORMAT)
    disk.save_list(path, msgspec.json.encode(note))


def away(note: Note) -> Path | None:
    """The folder that must be there before it can go on, and is not."""
    source, target = Path(note.source), Path(note.target)
    if not source.is_dir():
        return source
    return None if (target / _MARK).exists() else target


def is_back(note: Note) -> bool:
    """Whether all of it has gone back, and only the note is left."""
    source, target = Path(note.source), Path(note.target)
    gone = target.is_dir() and not (target / _MARK).exists()
    return note.phase == "back" and gone and all(os.path.lexists(source / path) for path in note.files)


def begin(target: Path) -> None:
    """Make the target, before the note is put down. Raises `library.…`."""
    with disk.told(target):
        target.mkdir(parents=True, exist_ok=True)
        private.append(target / _MARK, b"")
        lasting.sync_folder(target)


def abandon(target: Path) -> None:
    """Take the mark away where nothing was begun. Never raises."""
    with contextlib.suppress(OSError):
        (target / _MARK).unlink()


def belonging(folder: Path) -> Iterator[Path]:
    """Files of models below a folder, relative to it: the files themselves, beginnings, lists."""
    for here, folders, names in os.walk(folder):
        at = Path(here).relative_to(folder)
        listed = at.name == journal.FOLDER
        folders[:] = sorted(name for name in folders if not name.startswith(".") or name == journal.FOLDER)
        for name in sorted(names):
            if (listed and name.endswith(journal.ENDING)) or name.lower().endswith((ENDING, f"{ENDING}{PART}")):
                yield at / name


class Mover:
    """One run of a move. `stop` ends it with `StoppedError`; a later run goes on."""

    def __init__(
        self,
        note: Note,
        noted: Callable[[Note], None],
        told: Callable[[Step], None],
        stop: threading.Event,
        *,
        copies: bool = False,
        reached: Callable[[str], None] = lambda _what: None,
    ) -> None:
        """`noted` puts a changed note down. `copies`: never rename. `reached` hears of each moment at which a kill
        would leave something else behind.
        """
        self.note = note
        self._source, self._target = Path(note.source), Path(note.target)
        self._noted, self._told, self._stop = noted, told, stop
        self._copies, self._reached = copies, reached
        self._done = self._total = 0
        self._alike: dict[Path, Pair] = {}

    def forward(self) -> None:
        """Bring all files to the target. Raises `library.…`."""
        with disk.told(self._target):
            linked: dict[tuple[int, int], Path] = {}
            while True:
                files = [path for path in self._files() if os.path.lexists(self._source / path)]
                self._total, self._done = disk.size_of(self._source, self._files(), self._target), 0
                for path in files:
                    self._bring(path, linked)
                fresh = [path for path in belonging(self._source) if not self._is_there(path)]
                if not fresh:
                    return
                self._take_note(fresh)

    def switched(self) -> None:
        """All is there: from now on the old ones are deleted."""
        self._put("clearing")

    def clear(self) -> None:
        """Delete in the source what is at the target. What is not there stays. Raises `library.…`."""
        files = [path for path in self._files() if os.path.lexists(self._source / path)]
        self._total, self._done = disk.size_of(self._source, files), 0
        with disk.told(self._source):
            for path in files:
                self._halt()
                self._say("clearing", path)
                if os.path.lexists(self._target / path) and self._is_there(path):
                    self._done += (self._source / path).lstat().st_size
                    (self._source / path).unlink()
                    self._reached("deleted")
            _prune(self._source, self._files())
        self._unmark()

    def back(self) -> None:
        """Take back what came: nothing of the move is left at the target. Raises `library.…`."""
        if self.note.phase != "back":
            self._put("back")
        with disk.told(self._source):
            for path in self._files():
                self._say("going_back", path)
                old, new = self._source / path, self._target / path
                new.with_name(new.name + STAGED).unlink(missing_ok=True)
                if not os.path.lexists(new):
                    continue
                if not os.path.lexists(old):
                    old.parent.mkdir(parents=True, exist_ok=True)
                    with contextlib.suppress(FileExistsError):  # somebody was faster: both stay where they are
                        disk.place(new, old)
                        self._reached("renamed back")
                elif self._is_ours(path):
                    new.unlink()  # the old one was never touched
                    self._reached("deleted back")
            _prune(self._target, self._files())
        self._unmark()

    def _files(self) -> list[Path]:
        return [Path(path) for path in self.note.files]

    def _take_note(self, fresh: list[Path]) -> None:
        """What came into the old folder meanwhile is moved too, unless the new one has something of that name."""
        for path in fresh:
            if path.as_posix() not in self.note.files and os.path.lexists(self._target / path):
                raise self._exists(path)
        files = dict.fromkeys((*self.note.files, *(path.as_posix() for path in fresh)))
        self.note = msgspec.structs.replace(self.note, files=tuple(files))
        self._noted(self.note)

    def _put(self, phase: Literal["clearing", "back"]) -> None:
        self.note = msgspec.structs.replace(self.note, phase=phase)
        self._noted(self.note)
        self._reached(phase)

    def _unmark(self) -> None:
        abandon(self._target)
        self._reached("unmarked")

    # --- one file ---------------------------------------------------------------------------------------

    def _bring(self, path: Path, linked: dict[tuple[int, int], Path]) -> None:
        self._halt()
        old, new = self._source / path, self._target / path
        try:
            status = old.lstat()
        except FileNotFoundError:
            return  # a list that went with its download
        self._say("copying", path)
        key = (status.st_dev, status.st_ino)
        if not self._is_there(path):
            new.parent.mkdir(parents=True, exist_ok=True)
            self._make_way(path)
            try:
                if old.is_symlink():
                    new.symlink_to(self._leads_to(old))
                elif not self._renamed(old, new) and not self._twin(linked.get(key), new, path):
                    self._copy(old, new, path)
            except FileExistsError as error:  # since way was made for it
                raise self._exists(path) from error
        if status.st_nlink > 1:
            linked[key] = new
        self._done += status.st_size

    def _make_way(self, path: Path) -> None:
        """Take an older copy of ours away. Raises `library.move_exists` for what somebody else has put there."""
        if os.path.lexists(self._target / path):
            if not self._is_ours(path):
                raise self._exists(path)
            (self._target / path).unlink()

    def _note_copy(self, path: Path, made: Pair) -> None:
        """Before it gets its name: no kill leaves a copy that nobody knows."""
        self.note = msgspec.structs.replace(self.note, copied={**self.note.copied, path.as_posix(): made})
        self._noted(self.note)
        self._reached("noted")

    def _renamed(self, old: Path, new: Path) -> bool:
        """Whether the file could be renamed; not to another disk."""
        if self._copies:
            return False
        try:
            putting.put(old, new)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._copies = True
            return False
        lasting.sync_folder(new.parent)
        self._reached("renamed")
        return True

    def _twin(self, first: Path | None, new: Path, path: Path) -> bool:
        """Files that share their bytes still do afterwards, where the disk can do that."""
        made = None if first is None else pairs.pair(self._source / path, first)
        if first is None or made is None:
            return False
        self._note_copy(path, made)
        try:
            os.link(first, new)
        except OSError:
            return False
        return True

    def _copy(self, old: Path, new: Path, path: Path) -> None:
        """Copy, make it last, read it again, compare, name it."""
        staged = new.with_name(new.name + STAGED)
        found = hashlib.sha256()
        status = old.stat()
        with (
            old.open("rb", buffering=0) as source,
            open(staged, "ab", buffering=0, opener=private.opened) as copy,
        ):
            begin = max(0, min(copy.tell(), status.st_size) - _AGAIN)
            copy.truncate(begin)
            at = 0
            while data := source.read(min(_STEP, begin - at) if at < begin else _STEP):
                self._halt()
                found.update(data)
                if at >= begin:
                    view = memoryview(data)
                    while view:
                        view = view[copy.write(view) :]
                at += len(data)
                self._say("copying", path, at)
                self._reached("copied")
            lasting.sync(copy.fileno())
        self._compare(staged, path, found.hexdigest())
        shutil.copystat(old, staged)
        made = pairs.pair(old, staged)
        if made is None or (made.bytes, made.old_ns) != (status.st_size, status.st_mtime_ns):
            staged.unlink()
            raise DeskError("library.move_busy", name=old.name)
        self._reached("compared")
        self._make_way(path)
        self._note_copy(path, made)
        disk.place(staged, new)
        self._reached("named")

    def _compare(self, staged: Path, path: Path, sha256: str) -> None:
        """The copy is what was read, and what was read is what once came. Raises `library.copy_differs`."""
        listed = journal.read(journal.path_for(self._source / path))
        known = listed.sha256 if listed else ""
        found, at = hashlib.sha256(), 0
        with staged.open("rb", buffering=0) as copy:
            disk.forget(copy.fileno())  # else it would come out of the memory, and prove nothing of the disk
            while data := copy.read(_STEP):
                self._halt()
                found.update(data)
                at += len(data)
                self._say("checking", path, at)
        if found.hexdigest() != sha256:
            staged.unlink()
            raise DeskError("library.copy_differs", name=path.name)
        if known and known != sha256:
            _log.warning("%s was damaged before it was moved; it was moved as it is", path.name)

    def _is_there(self, path: Path) -> bool:
        """Whether the target has the file as the source has it."""
        old, new = self._source / path, self._target / path
        if old.is_symlink():
            return new.is_symlink() and os.path.realpath(new) == os.path.realpath(self._leads_to(old))
        try:
            now = pairs.pair(old, new)
        except FileNotFoundError:
            return not os.path.lexists(old)
        if now is None or now in (self.note.copied.get(path.as_posix()), self._alike.get(path)):
            return now is not None
        if pairs.alike(old, new, lambda at: self._compared(path, at)):
            self._alike[path] = now
        return path in self._alike

    def _compared(self, path: Path, at: int) -> None:
        self._halt()
        self._say(_READING[self.note.phase], path, at)

    def _is_ours(self, path: Path) -> bool:
        """Whether what lies at the target was put there by this move."""
        old, new = self._source / path, self._target / path
        made = self.note.copied.get(path.as_posix())
        if new.is_symlink():
            return old.is_symlink() and os.path.realpath(new) in {*map(os.path.realpath, (old, self._leads_to(old)))}
        return made is not None and (pairs.is_copy(new, made) or self._is_there(path))

    def _leads_to(self, link: Path) -> Path:
        """Where a link leads from the target: to the same file, which may be one that is moved, too."""
        real, source = Path(os.path.realpath(link)), Path(os.path.realpath(self._source))
        inside = real.relative_to(source) if source in real.parents else None
        return self._target / inside if inside in self._files() else real

    def _exists(self, path: Path) -> DeskError:
        return DeskError("library.move_exists", name=path.as_posix(), path=str(self._target))

    def _halt(self) -> None:
        if self._stop.is_set():
            raise StoppedError

    def _say(self, phase: Phase, path: Path, more: int = 0) -> None:
        self._told(Step(phase, min(self._done + more, self._total), self._total, path.name))


def _prune(folder: Path, files: list[Path]) -> None:
    """Take away folders that are empty now, the top one apart."""
    for parent in sorted({p for path in files for p in path.parents if p != Path()}, key=lambda p: -len(p.parts)):
        with contextlib.suppress(OSError):
            (folder / parent).rmdir()
