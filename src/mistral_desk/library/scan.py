"""Finds the models below a folder: parts together, each with the projector that came with it or lies beside it.

Everything here blocks. What a download wrote down about a file says where it came from and which hash it had; a file
without that is found all the same.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from mistral_desk.catalog.hub_files import quantization_of
from mistral_desk.core import strangers
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.model_file import SHARD
from mistral_desk.inference.model_ids import printable
from mistral_desk.inference.projector_file import MARK
from mistral_desk.library import journal, there
from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.library.wanted import checked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mistral_desk.library.wanted import Wanted

ENDING: Final = ".gguf"
_MOST_PARTS: Final = 4096
_MOST_READ: Final = 4096
_read: Final[dict[Path, tuple[tuple[int, int, int], LibraryFile | None]]] = {}
_ORDER: Final = re.compile(r"[\w.-]+/[\w.-]+:[^\\]{1,600}")
"""Ids that orders have. No list can call its model as an endpoint's, the Guide, or by another file's path."""
REPAIR: Final = "repair:"
"""What stands before the id of an order that only mends."""


def scan(folder: Path) -> tuple[Installed, ...] | None:
    """The models below a folder; None where it is not there or cannot be read."""
    try:
        with os.scandir(folder):
            pass
    except OSError:
        return None
    found: list[Installed] = []
    for here, names in _folders(folder):
        files = {name: file_at(here / name) for name in names}
        found += grouped(here, {name: file for name, file in files.items() if file is not None})
    return tuple(found)


def file_at(path: Path) -> LibraryFile | None:
    """A file with what its list says of it; None where it cannot be looked at, or is none."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            return None
        known = _listed(journal.path_for(path))
    except OSError:
        return None
    if known is None:
        return LibraryFile(str(path), status.st_size)
    return replace(known, path=str(path)).seen(status.st_size, status.st_mtime)


def _listed(listed: Path) -> LibraryFile | None:
    """What a list says of its file. Lists of large models are long, so they are read once for each state of theirs.

    Raises `OSError`.
    """
    try:
        status = listed.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    state = (status.st_mtime_ns, status.st_size, status.st_ino)
    before = _read.get(listed)
    if before is not None and before[0] == state:
        return before[1]
    kept = journal.read(listed)
    found = None
    if kept is not None and kept.sha256 and _plausible(kept.head.file):
        file, head = kept.head.file, kept.head
        order = head.set.removeprefix(REPAIR)
        named = (order, strangers.title(head.title)) if _ORDER.fullmatch(order) and order.isprintable() else ("", "")
        known = (kept.sha256, file.repository, file.revision, file.path, *named)
        proven = max(kept.whole_since, kept.verified[1] if kept.verified and kept.verified[0] else 0.0)
        found = LibraryFile("", file.size, *known, kept.verified, proven)
    if len(_read) >= _MOST_READ:
        _read.clear()
    _read[listed] = (state, found)
    return found


def _plausible(file: Wanted) -> bool:
    """Whether what a list says of its file could have been ordered: lists come along with files of strangers."""
    try:
        checked(file)
    except DeskError:
        return False
    return True


def grouped(here: Path, files: Mapping[str, LibraryFile], *, above: bool = True) -> Iterator[Installed]:
    """The models among files of one folder. `above`: a projector may lie one folder up."""
    projectors = [file for name, file in files.items() if MARK in name.lower()]
    single = {name: file for name, file in files.items() if MARK not in name.lower()}
    sets: dict[tuple[str, int], dict[int, LibraryFile]] = {}
    for name, file in single.items():
        match = SHARD.match(name)
        key = (match["stem"], int(match["count"])) if match else (name, 0)
        sets.setdefault(key, {})[int(match["number"]) if match else 0] = file
    for (stem, count), parts in sorted(sets.items(), key=lambda item: item[0][0].casefold()):
        numbers = range(1, count + 1) if 0 < count <= _MOST_PARTS else range(1)
        first = f"{stem}-00001-of-{count:05}{ENDING}" if count else stem
        yield _model(
            here / first,
            tuple(parts[number] for number in sorted(parts)),
            _projector(tuple(parts.values()), projectors or (_above(here) if above else [])),
            tuple(f"{stem}-{number:05}-of-{count:05}{ENDING}" for number in numbers if count and number not in parts),
        )


def shown(name: str) -> str:
    """What a model is called by the name of its file: one line, never empty, whoever gave the name."""
    return strangers.title(printable(name)) or "?"


def _model(
    path: Path, files: tuple[LibraryFile, ...], projector: LibraryFile | None, missing: tuple[str, ...]
) -> Installed:
    match = SHARD.match(path.name)
    name = match["stem"] if match else path.name.removesuffix(ENDING)
    ordered = next((file for file in files if file.set), None)
    return Installed(
        id=ordered.set if ordered else str(path),
        path=str(path),
        title=ordered.title if ordered and ordered.title else shown(name),
        name=name,
        folder=str(path.parent),
        files=files,
        projector=projector,
        missing=missing,
        origin="download" if ordered else "folder",
        quantization=quantization_of(path.name),
        repository=next((file.repository for file in files if file.repository), ""),
    )


def _folders(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders with model files, and the files' names."""
    for folder, folders, names in os.walk(top):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(here.relative_to(top).parts) >= there.DEEPEST:
            folders.clear()
        models = sorted((name for name in names if name.lower().endswith(ENDING)), key=str.casefold)
        if models:
            yield here, models


def _projector(parts: Iterable[LibraryFile], projectors: Sequence[LibraryFile]) -> LibraryFile | None:
    """The one that was ordered together with the model, else the only one of its repository."""
    mine = tuple(parts)
    sets = {file.set for file in mine} - {""}
    together = [file for file in projectors if file.set in sets]
    if together:
        return together[0]
    repositories = {file.repository for file in mine} - {""}
    same = [file for file in projectors if file.repository in repositories]
    return same[0] if same else None


def _above(here: Path) -> list[LibraryFile]:
    """Projectors one folder up, where a repository has a folder for each size."""
    try:
        names = sorted(entry.name for entry in os.scandir(here.parent) if MARK in entry.name.lower())
    except OSError:
        return []
    found = [file_at(here.parent / name) for name in names if name.lower().endswith(ENDING)]
    return [file for file in found if file is not None and file.repository]
