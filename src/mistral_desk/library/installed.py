"""The models that are on this computer: found on the disk anew at any time, verified, repaired, deleted.

What a download wrote down about a file says where it came from and which hash it had; a file without that is listed
all the same. Everything but `Library`'s own methods blocks.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.model_file import SHARD
from mistral_desk.inference.projector_file import MARK
from mistral_desk.library import journal, shelf_file, there
from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.library.threads import in_thread

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_ENDING: Final = ".gguf"


class Library:
    """The models in some folders. For one asyncio loop."""

    def __init__(self, file: Path, folders: Callable[[], Sequence[Path]]) -> None:
        """`file` remembers what the disk does not tell; `folders` are asked for at each look."""
        self._file, self._folders = file, folders
        self._lock = threading.Lock()

    async def look(self) -> tuple[Installed, ...]:
        """All models, by folder and name. Those of a folder that cannot be read are as they were seen last."""
        return await in_thread(self._look)

    async def used(self, model: str) -> None:
        """A model is used now."""
        await in_thread(self._used, model)

    async def delete(self, model: Installed, *, for_good: bool) -> int:
        """Delete a model, and its projector when no other model of the folder is left. Bytes that are free by that:
        none of what went to the system's bin. Raises `library.not_deleted`, `library.no_bin`.
        """
        return await in_thread(delete, model, for_good=for_good)

    def _look(self) -> tuple[Installed, ...]:
        with self._lock:
            kept = shelf_file.load(self._file)
            found: list[Installed] = []
            before = dict(kept.seen)
            for folder in self._folders():
                models = scan(folder)
                if models is None:
                    models = tuple(replace(model, away=True) for model in kept.seen.get(str(folder), ()))
                else:
                    kept.seen[str(folder)] = models
                found += (replace(model, used=kept.used.get(model.id)) for model in models)
            if kept.seen != before:
                shelf_file.save(self._file, kept)
            return tuple(found)

    def _used(self, model: str) -> None:
        with self._lock:
            kept = shelf_file.load(self._file)
            kept.used[model] = round(time.time(), 3)
            shelf_file.save(self._file, kept)


def scan(folder: Path) -> tuple[Installed, ...] | None:
    """The models below a folder; None where it is not there or cannot be read."""
    try:
        with os.scandir(folder):
            pass
    except OSError:
        return None
    found: list[Installed] = []
    for here, names in _folders(folder):
        files = {name: _file(here / name) for name in names}
        known = {name: file for name, file in files.items() if file is not None}
        found += _models(here, known)
    return tuple(found)


def delete(model: Installed, *, for_good: bool) -> int:
    """See `Library.delete`."""
    paths = [Path(file.path) for file in model.files]
    if model.projector is not None and not _needed_by_others(model):
        paths.append(Path(model.projector.path))
    freed = 0
    for path in paths:
        freed += _delete(path, for_good=for_good)
    for folder in {path.parent for path in paths}:
        with contextlib.suppress(OSError):
            folder.rmdir()  # empty ones only, and its owner's with it
            folder.parent.rmdir()
    return freed


def _delete(path: Path, *, for_good: bool) -> int:
    try:
        status = path.stat()
    except FileNotFoundError:
        _forget(path)
        return 0
    except OSError as error:
        raise _not_deleted(path, error) from error
    try:
        if for_good:
            path.unlink()
        else:
            _to_bin(path)
    except OSError as error:
        raise _not_deleted(path, error) from error
    _forget(path)
    return status.st_size if for_good and status.st_nlink == 1 else 0


def _to_bin(path: Path) -> None:
    import send2trash  # noqa: PLC0415 - rarely needed

    try:
        send2trash.send2trash(str(path))
    except FileNotFoundError:
        raise
    except OSError as error:
        if path.exists():
            raise DeskError(
                "library.no_bin", str(error), path=str(path), reason=error.strerror or str(error)
            ) from error


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError):
        journal.forget(journal.path_for(path))


def _not_deleted(path: Path, error: OSError) -> DeskError:
    return DeskError("library.not_deleted", str(error), path=str(path), reason=error.strerror or str(error))


def _folders(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders with model files, and the files' names."""
    for folder, folders, names in os.walk(top):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if len(here.relative_to(top).parts) >= there.DEEPEST:
            folders.clear()
        models = sorted((name for name in names if name.lower().endswith(_ENDING)), key=str.casefold)
        if models:
            yield here, models


def _file(path: Path) -> LibraryFile | None:
    try:
        size = path.stat().st_size
        kept = journal.read(journal.path_for(path))
    except OSError:
        return None
    if kept is None or not kept.sha256 or kept.head.file.size != size:
        return LibraryFile(str(path), size)
    file = kept.head.file
    return LibraryFile(
        str(path),
        size,
        kept.sha256,
        file.repository,
        file.revision,
        file.path,
        kept.head.set,
        kept.head.title,
        kept.verified,
    )


def _models(here: Path, files: dict[str, LibraryFile]) -> Iterator[Installed]:
    """The models in one folder: parts together, each with the projector that came with it or lies beside it."""
    projectors = [file for name, file in files.items() if MARK in name.lower()]
    single = {name: file for name, file in files.items() if MARK not in name.lower()}
    sets: dict[tuple[str, int], dict[int, LibraryFile]] = {}
    for name, file in single.items():
        match = SHARD.match(name)
        key = (match["stem"], int(match["count"])) if match else (name, 0)
        sets.setdefault(key, {})[int(match["number"]) if match else 0] = file
    for (stem, count), parts in sorted(sets.items(), key=lambda item: item[0][0].casefold()):
        numbers = range(1, count + 1) if 0 < count <= 4096 else range(1)
        first = f"{stem}-00001-of-{count:05}{_ENDING}" if count else stem
        yield Installed(
            str(here / first),
            stem.removesuffix(_ENDING) if not count else stem,
            str(here),
            tuple(parts[number] for number in sorted(parts)),
            _projector(tuple(parts.values()), projectors or _above(here)),
            tuple(f"{stem}-{number:05}-of-{count:05}{_ENDING}" for number in numbers if count and number not in parts),
        )


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
    found = [_file(here.parent / name) for name in names if name.lower().endswith(_ENDING)]
    return [file for file in found if file is not None and file.repository]


def _needed_by_others(model: Installed) -> bool:
    """Whether another model goes with the same projector."""
    if model.projector is None:
        return False
    others = scan(Path(model.projector.path).parent) or ()
    return any(
        other.id != model.id and other.projector is not None and other.projector.path == model.projector.path
        for other in others
    )
