"""Which engine is in use, how often it died, and what it was left for: one small file that every process reads anew.

A process that runs a model is told its engine when it is started (`child`); when it dies, the engine before comes back
by itself, before anybody hears of the death. Everything here blocks, and nothing but `use` raises.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import lasting, private
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.paths import folders
from mistral_desk.core.words import mark
from mistral_desk.inference.packs import manifest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_log: Final = logging.getLogger(__name__)
FOLDER: Final = "engines"
FILE: Final = "choice.json"
BUILTIN: Final = "builtin"
"""How the engine that comes along is called where a name is asked for; no pack may have it."""
LIMIT: Final = 3
"""Deaths without an answer in between, after which an engine is left."""
GONE: Final = mark("its files are gone or are not as they were")
ELSEWHERE: Final = mark("it is made for another version of Mistral Desk")
_LARGEST: Final = 64 * 1024
_WORDS: Final = 200


class Left(msgspec.Struct, frozen=True):
    """An engine that was left for the one `before`, and why; `told`: the window has said so."""

    name: str
    before: str
    reason: str
    told: bool = False

    @property
    def problem(self) -> Problem:
        """In the form that is put into words."""
        if not self.before:
            return Problem("pack.rolled_back_builtin", {"name": self.name, "reason": self.reason})
        return Problem("pack.rolled_back", {"name": self.name, "before": self.before, "reason": self.reason})


class Choice(msgspec.Struct, frozen=True):
    """The engine in use and the one before, by name; empty is the one that comes along. `deaths` are in a row."""

    current: str = ""
    before: str = ""
    deaths: int = 0
    left: Left | None = None


_lock: Final = threading.Lock()
_listeners: Final[list[Callable[[Left], None]]] = []


def place() -> Path:
    """The folder with the engines that were added."""
    return folders().data / FOLDER


def read() -> Choice:
    """The choice as it stands; the engine that comes along where none was made or the file cannot be read."""
    try:
        with (place() / FILE).open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=Choice)
    except (FileNotFoundError, NotADirectoryError):
        return Choice()
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("which engine was chosen cannot be read: %s", error)
        return Choice()


def begin() -> tuple[str, Path | None, int]:
    """The engine for a process that is about to start: its name, its libraries' folder (None: the one that comes
    along), and how often it died. One whose files are not there any more is left at once.
    """
    while True:
        choice = read()
        if not choice.current:
            return "", None, 0
        libraries, reason = _whole(choice.current)
        if libraries is not None:
            return choice.current, libraries, choice.deaths
        if not back(choice.current, reason):
            return "", None, 0


def use(name: str) -> None:
    """Use this engine from the next process on; empty for the one that comes along. Raises `pack.not_kept`."""
    with _lock:
        now = read()
        before = now.before if name == now.current else now.current
        _write(Choice(name, before if before != name else ""))


def answered(name: str) -> None:
    """This engine gave an answer: its deaths before that do not count any more."""
    with _lock:
        now = read()
        if now.current == name and now.deaths:
            _try(msgspec.structs.replace(now, deaths=0))


def died(name: str, reason: str) -> bool:
    """A process with this engine died while it worked; whether that was once too often, and the one before is back."""
    with _lock:
        now = read()
        if now.current != name:
            return False
        if now.deaths + 1 < LIMIT:
            _try(msgspec.structs.replace(now, deaths=now.deaths + 1))
            return False
    return back(name, reason)


def back(name: str, reason: str) -> bool:
    """Leave this engine for the one before it; whether it was in use, and is not any more."""
    with _lock:
        now = read()
        if now.current != name:
            return False
        left = Left(name, now.before, reason[:_WORDS])
        if not _try(Choice(now.before, left=left)):
            return False
    _log.warning("the engine %s was left for %s: %s", name, now.before or BUILTIN, reason)
    for listener in tuple(_listeners):
        listener(left)
    return True


def told(left: Left) -> None:
    """The window has said that this engine was left."""
    with _lock:
        now = read()
        if now.left == left:
            _try(msgspec.structs.replace(now, left=msgspec.structs.replace(left, told=True)))


def forget(name: str) -> None:
    """An engine was removed: it is not gone back to, and nothing is said of it."""
    with _lock:
        now = read()
        left = now.left if now.left and now.left.name != name else None
        _try(msgspec.structs.replace(now, before="" if now.before == name else now.before, left=left))


def listen(listener: Callable[[Left], None]) -> Callable[[], None]:
    """Have `listener` called when an engine is left, in whatever thread that happens; what comes back ends it."""
    _listeners.append(listener)

    def end() -> None:
        with contextlib.suppress(ValueError):
            _listeners.remove(listener)

    return end


def _whole(name: str) -> tuple[Path | None, str]:
    """The folder of an engine's libraries, if every file is there in its size (their hashes were compared once); else
    None, and why.
    """
    folder = place() / name
    try:
        made = manifest.read((folder / manifest.FILE).read_bytes(), name)
        manifest.must_fit(made)
        libraries = folder / manifest.LIBRARIES
        for file in made.files:
            if (libraries / file.name).lstat().st_size != file.bytes:
                return None, GONE
    except (OSError, ValueError, DeskError) as error:
        _log.warning("the engine %s cannot be used: %s", name, error)
        elsewhere = isinstance(error, DeskError) and error.problem.id == "pack.not_for_here"
        return None, ELSEWHERE if elsewhere else GONE
    return libraries, ""


def _try(choice: Choice) -> bool:
    try:
        _write(choice)
    except DeskError as error:
        _log.warning("which engine is in use cannot be written down: %s", error)
        return False
    return True


def _write(choice: Choice) -> None:
    path = place() / FILE
    try:
        private.folder(path.parent)
        lasting.write_whole(path, msgspec.json.encode(choice))
    except OSError as error:
        raise DeskError("pack.not_kept", path=str(path), reason=error.strerror or str(error)) from error
