"""What is remembered of a model's files between starts: whether their weights were read once, and how often a worker
died while it loaded them. A cache: losing it costs one more look, or up to three more tries.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

from mistral_desk.core import replacing
from mistral_desk.inference.model_file import SHARD

if TYPE_CHECKING:
    from collections.abc import Sequence

_log: Final = logging.getLogger(__name__)
FOLDER: Final = "model-notes"
MOST: Final = 256
"""Models that are remembered, those that were written down last."""
_LARGEST: Final = 1 << 16
_MOST_PARTS: Final = 4096


class Note(msgspec.Struct, frozen=True):
    """What is known of one state of a model's files.

    `sound`: its weights were read once and are numbers. `deaths`: times in a row that a worker died while it loaded
    them, `cause` and `words` what was said of the last one. `loader`: the process of the program that began to load
    them and has not written down what came of it; 0 where none has. `engine` is the one that all of it was with.
    """

    sound: bool = False
    deaths: int = 0
    cause: str = ""
    words: str = ""
    loader: int = 0
    engine: str = ""


NOTHING: Final = Note()


class FileNotes:
    """One small file for each model in the cache folder; without a folder they last as long as this object.

    A model's files are known by path, size, time and inode, so another content is another model. Everything here may
    block; nothing raises: what cannot be kept is logged, and is not known the next time.
    """

    def __init__(self, cache: Path | None) -> None:
        self._folder = cache / FOLDER if cache else None
        self._held: dict[str, Note] = {}

    @property
    def lasting(self) -> bool:
        """Whether they outlive the program."""
        return self._folder is not None

    def get(self, path: str) -> Note:
        """What is known of the model at this path, as its files are now."""
        key = state_of(path)
        if self._folder is None or not key:
            return self._held.get(key or path, NOTHING)
        try:
            with (self._folder / key).open("rb") as file:
                return msgspec.json.decode(file.read(_LARGEST), type=Note)
        except FileNotFoundError:
            return NOTHING
        except (OSError, ValueError, RecursionError) as error:
            _log.info("what was noted of %s cannot be read: %s", path, type(error).__name__)
            return NOTHING

    def put(self, path: str, note: Note) -> None:
        """Keep what is known; a note that says nothing is deleted."""
        key = state_of(path)
        if self._folder is None or not key:
            self._held[key or path] = note
            return
        try:
            if note == NOTHING:
                (self._folder / key).unlink(missing_ok=True)
                return
            replacing.write(self._folder / key, msgspec.json.encode(note))
            _shrink(self._folder)
        except OSError as error:
            _log.info("what is to be noted of %s cannot be kept: %s", path, error)


def _shrink(folder: Path) -> None:
    """Let those go that were written down longest ago."""
    with os.scandir(folder) as found:
        names = [entry.name for entry in found]
    if len(names) <= MOST:
        return
    times = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):  # another program of ours shrinks it too
            times[folder / name] = (folder / name).stat().st_mtime_ns
    for old in sorted(times, key=times.__getitem__)[:-MOST]:
        old.unlink(missing_ok=True)


def state_of(path: str) -> str:
    """A name for the model's files as they are now; empty where they cannot be looked at."""
    try:
        states = [(str(one), found.st_size, found.st_mtime_ns, found.st_ino) for one, found in _looked_at(Path(path))]
    except (OSError, ValueError):
        return ""
    return hashlib.sha256(repr(states).encode("utf-8", "backslashreplace")).hexdigest()


def _looked_at(path: Path) -> Sequence[tuple[Path, os.stat_result]]:
    match = SHARD.match(path.name)
    count = int(match["count"]) if match else 1
    if match is None or not 1 < count <= _MOST_PARTS:
        return [(path, path.stat())]
    parts = (path.with_name(f"{match['stem']}-{number:05}-of-{count:05}.gguf") for number in range(1, count + 1))
    return [(part, part.stat()) for part in parts]


def runs(process: int) -> bool:
    """Whether the program with this process id runs still, so that what it began may be going on."""
    return process == os.getpid() or psutil.pid_exists(process)
