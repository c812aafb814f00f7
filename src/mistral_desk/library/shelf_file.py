"""What is remembered of the library between starts: when each model was used, and what lay in a folder that is away.

A cache: everything but the last use is found on the disk again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.library import formats

if TYPE_CHECKING:
    from pathlib import Path

FILE: Final = "library.json"
FORMAT: Final = 2
_LARGEST: Final = 16 << 20
SLACK_S: Final = 2.0
"""Some file systems know the time of a change to two seconds only."""
_log: Final = logging.getLogger(__name__)

Origin: TypeAlias = Literal["guide", "download", "folder", "own", "huggingface", "lmstudio", "llamacpp", "ollama"]
"""`folder`: somebody put it into one of the models folders; `own`: registered where it lies; then other programs."""
State: TypeAlias = Literal["here", "absent", "incomplete", "damaged"]
Deletes: TypeAlias = Literal["bin_or_good", "forgets", "never"]


class LibraryFile(msgspec.Struct, frozen=True):
    """A file of a model. `sha256` is what it had when it came, empty where nobody knows; so `repository` and `title`.

    `verified` is the last reading: whether it was the same, and when (seconds since 1970). `proven` is when it was last
    known to be what it should; `changed` tells that it has another size, or was written to, since then.
    """

    path: str
    bytes: int
    sha256: str = ""
    repository: str = ""
    revision: str = ""
    origin: str = ""
    set: str = ""
    title: str = ""
    verified: tuple[bool, float] | None = None
    proven: float = 0.0
    changed: bool = False

    def seen(self, size: int, written: float) -> LibraryFile:
        """It as it lies there: its size, and when it was written to last. One of another size is another file."""
        if size != self.bytes:
            return LibraryFile(self.path, size, changed=bool(self.sha256))
        return msgspec.structs.replace(self, changed=bool(self.proven) and written > self.proven + SLACK_S)


class Installed(msgspec.Struct, frozen=True):
    """A model in the library.

    `id` is what chats, menus and commands call it: `builtin`, `owner/name:quantization`, `ollama:name`, else a path.
    `path` is its first file, as the engine takes it; `title` is for people, `name` the file's. `missing` are names of
    parts that are not there; `bytes` are of all its files, the projector included, which may serve other models of its
    folder, too. `used` is in seconds since 1970. `away`: its disk is not connected, or its owner has deleted it.
    """

    id: str
    path: str
    title: str
    name: str
    folder: str
    files: tuple[LibraryFile, ...]
    projector: LibraryFile | None = None
    missing: tuple[str, ...] = ()
    used: float | None = None
    away: bool = False
    origin: Origin = "folder"
    quantization: str = ""
    repository: str = ""

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return sum(file.bytes for file in self.all)

    @property
    def all(self) -> tuple[LibraryFile, ...]:
        """Its files, and its projector."""
        return (*self.files, self.projector) if self.projector else self.files

    @property
    def state(self) -> State:
        """Whether it can be used, as far as that is known without reading it."""
        if self.away:
            return "absent"
        if self.missing:
            return "incomplete"
        return "damaged" if any(file.verified and not file.verified[0] for file in self.all) else "here"

    @property
    def doubt(self) -> Problem | None:
        """What is to be said before it is loaded: it was found damaged when it was read last, or has changed since."""
        if any(file.verified and not file.verified[0] for file in self.all):
            return Problem("model.known_damaged", {"name": self.title})
        if any(file.changed for file in self.all):
            return Problem("model.changed", {"name": self.title})
        return None

    @property
    def projector_elsewhere(self) -> str | None:
        """Its projector's path, where that is not where the engine would look for one: in other programs' folders."""
        return self.projector.path if self.projector and self.origin in {"ollama", "llamacpp"} else None

    @property
    def deletes(self) -> Deletes:
        """What deleting it does: its files belong to another program, or to nobody's folder, where it only forgets."""
        if self.origin == "guide":
            return "never"
        return "bin_or_good" if self.origin in {"download", "folder"} else "forgets"

    @property
    def problem(self) -> Problem | None:
        """Why it cannot be used."""
        match self.state:
            case "absent":
                return Problem("library.absent", {"path": self.path})
            case "incomplete":
                return Problem("library.incomplete", {"name": self.title, "missing": ", ".join(self.missing[:3])})
            case "damaged":
                return Problem("library.damaged", {"name": self.title})
        return None


class Remembered(msgspec.Struct):
    """`used` maps an id to seconds since 1970; `seen` a folder to its models."""

    format: int = FORMAT
    used: dict[str, float] = {}
    seen: dict[str, tuple[Installed, ...]] = {}


def load(path: Path) -> Remembered:
    """What was remembered; nothing where that cannot be read."""
    try:
        with path.open("rb") as file:
            found = msgspec.json.decode(file.read(_LARGEST), type=Remembered)
    except FileNotFoundError:
        return Remembered()
    except (OSError, ValueError, RecursionError) as error:
        _log.info("what was remembered of the library cannot be read: %s", type(error).__name__)
        return Remembered()
    return found if found.format == FORMAT else Remembered()


def save(path: Path, remembered: Remembered) -> None:
    """Remember it; that this did not work out is logged."""
    try:
        formats.refuse_newer(path, FORMAT)
        lasting.write_whole(path, msgspec.json.encode(remembered))
    except (OSError, DeskError) as error:
        _log.warning("what is to be remembered of the library was not saved: %s", error)
