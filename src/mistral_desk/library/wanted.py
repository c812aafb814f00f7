"""What a download is about: a file of a repository, pinned to one commit, and where on the disk it belongs.

Names come from outside, so each part of a path is looked at before it becomes one here.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark

if TYPE_CHECKING:
    from pathlib import Path

PART: Final = ".part"
_MOST_PARTS: Final = 3
_LONGEST: Final = 200
_DEVICE: Final = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_REFUSED: Final = frozenset('<>:"/\\|?*')
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_REVISION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}")

EMPTY: Final = mark("it is empty or too long")
SIGN: Final = mark("it holds a sign that no file name may hold")
DEVICE: Final = mark("it is the name of a device")
EDGE: Final = mark("it begins or ends with a dot or a space")
DEEP: Final = mark("it lies in too many folders")
NOT_HUB: Final = mark("it is no name that the hub gives")


class Wanted(msgspec.Struct, frozen=True):
    """A file of a repository at a revision. `size` in bytes; without `sha256` its content is proven by nothing else."""

    repository: str
    revision: str
    path: str
    size: int
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self.path.rpartition("/")[2]


def checked(wanted: Wanted) -> Wanted:
    """The same with a lower-case hash, if all of it can be used. Raises `library.name`."""
    owner, _, name = wanted.repository.partition("/")
    for part in (owner, name):
        _check(part, wanted.repository)
    parts = wanted.path.split("/")
    if len(parts) > _MOST_PARTS:
        raise _refused(wanted.path, DEEP)
    for part in parts:
        _check(part, wanted.path)
    if parts[-1].lower().endswith(PART):
        raise _refused(wanted.path, NOT_HUB)
    if not _REVISION.fullmatch(wanted.revision) or wanted.size < 0:
        raise _refused(wanted.path, NOT_HUB)
    sha256 = wanted.sha256.lower() if wanted.sha256 else None
    if sha256 is not None and not _HASH.fullmatch(sha256):
        raise _refused(wanted.path, NOT_HUB)
    return msgspec.structs.replace(wanted, sha256=sha256)


def place(models: Path, wanted: Wanted) -> Path:
    """Where it belongs below the models folder: owner, repository, and its path there. Raises `library.name`.

    Projectors of different models have the same name, so a repository has a folder of its own.
    """
    wanted = checked(wanted)
    return models.joinpath(*wanted.repository.split("/"), *wanted.path.split("/"))


def url(base: str, wanted: Wanted) -> str:
    """The address of a file at a hub."""
    path = quote(wanted.path, safe="/")
    return f"{base}/{quote(wanted.repository, safe='/')}/resolve/{quote(wanted.revision, safe='')}/{path}"


def _check(part: str, whole: str) -> None:
    """Whether each system takes this as a file's name, and as nothing else."""
    if not part or len(part.encode("utf-8", "surrogatepass")) > _LONGEST:
        raise _refused(whole, EMPTY)
    if any(sign in _REFUSED or unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in part):
        raise _refused(whole, SIGN)
    if part[0] in ". " or part[-1] in ". ":
        raise _refused(whole, EDGE)
    if _DEVICE.fullmatch(part):
        raise _refused(whole, DEVICE)


def _refused(name: str, reason: str) -> DeskError:
    shown = "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name[:_LONGEST])
    return DeskError("library.name", name=shown, reason=reason)
