"""Copies a model into the models folder: all its files or none, and never a half one under a model's name.

The copies grow in a folder that no scan looks into (`.copying`), are compared, made to last, and then get their names
one after the other. What a killed program left there is deleted by the next copy. Everything here blocks.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.core import lasting
from mistral_desk.core.errors import DeskError
from mistral_desk.library import disk, standing, there
from mistral_desk.library.part import StoppedError
from mistral_desk.library.scan import ENDING
from mistral_desk.library.wanted import Wanted, checked, place

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator

    from mistral_desk.library.shelf_file import Installed, LibraryFile

FOLDER: Final = ".copying"
_LOCK: Final = "lock"
_STEP: Final = 1 << 20
_RESERVE: Final = 500_000_000
"""Stays free on the disk."""
_SIGNS: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')


def copy(model: Installed, models: Path, told: Callable[[int, int], None], stop: threading.Event) -> Path:
    """Copy all files of a model; where its first one is then. See `Adopting.copy`."""
    targets = _targets(model, models)
    with disk.told(models, model.bytes):
        models.mkdir(parents=True, exist_ok=True)
        _room(model, models)
        there_already = {file.path for file, target in targets if _same(file, target, stop)}
        with _workplace(models) as folder:
            staged = []
            done = sum(file.bytes for file, _ in targets if file.path in there_already)
            for number, (file, target) in enumerate(targets):
                if file.path in there_already:
                    continue
                fresh = folder / str(number)
                _copied(file, fresh, lambda size, before=done: told(before + size, model.bytes), stop)  # type: ignore[misc]
                done += file.bytes
                staged.append((fresh, target, file))
            for _, target, _ in staged:  # a copy takes long, and others write into the folder, too
                if os.path.lexists(target):
                    raise DeskError("library.exists", path=str(target))
            for fresh, target, file in reversed(staged):  # the first part last: without it there is no model
                target.parent.mkdir(parents=True, exist_ok=True)
                _named(fresh, target, model, file)
    return targets[0][1]


def _targets(model: Installed, models: Path) -> list[tuple[LibraryFile, Path]]:
    """Where each file goes: as a download would put it where its origin is known, else under its own name."""
    found = []
    single = len(model.all) == 1
    folder = models if single else models / _plain(model.title)
    if model.repository and len(model.repository.split("/")) == 2:
        folder = models.joinpath(*map(_plain, model.repository.split("/")))
    for file in model.all:
        wanted = _wanted(file)
        name = Path(file.path).name
        if not name.lower().endswith(ENDING):  # Ollama calls files by their hashes
            eyes = model.projector is not None and file.path == model.projector.path
            name = f"{'mmproj-' if eyes else ''}{_plain(model.title)}{ENDING}"
        found.append((file, place(models, wanted) if wanted else folder / name))
    return found


def _wanted(file: LibraryFile) -> Wanted | None:
    """What a download of it would be; None where its origin is not known to the last letter."""
    if not (file.repository and file.revision and file.origin and file.sha256):
        return None
    wanted = Wanted(file.repository, file.revision, file.origin, file.bytes, file.sha256)
    try:
        return checked(wanted)
    except DeskError:
        return None


def _same(file: LibraryFile, target: Path, stop: threading.Event) -> bool:
    """Whether the content lies there already. Raises `library.exists` where something else does."""
    if not target.exists():
        return False
    if target.stat().st_size == file.bytes:
        ours = file.sha256 or there.sha256_of(Path(file.path), stop)
        if there.sha256_of(target, stop) == ours:
            return True
    raise DeskError("library.exists", path=str(target))


def _copied(file: LibraryFile, target: Path, told: Callable[[int], None], stop: threading.Event) -> None:
    """Copy one file and make it last. Raises `library.copy_differs`."""
    found, at = hashlib.sha256(), 0
    with Path(file.path).open("rb", buffering=0) as old, target.open("xb", buffering=0) as new:
        while data := old.read(_STEP):
            if stop.is_set():
                raise StoppedError
            view = memoryview(data)
            while view:
                view = view[new.write(view) :]
            found.update(data)
            at += len(data)
            told(at)
        lasting.sync(new.fileno())
    sha256 = found.hexdigest()
    if at != file.bytes or (file.sha256 and sha256 != file.sha256):
        raise DeskError("library.copy_differs", name=Path(file.path).name)


def _named(fresh: Path, target: Path, model: Installed, file: LibraryFile) -> None:
    """Give a copy its name, and write down where it came from, so that it can be verified and repaired as a download
    can. Raises `library.exists` for what somebody has put there meanwhile.
    """
    wanted = _wanted(file)
    try:
        if wanted is None:
            standing.put(fresh, target, None)
        else:
            there.put_proven(fresh, target, wanted, (model.id, model.title))
    except DeskError as error:
        if error.problem.id == "library.in_the_way":
            raise DeskError("library.exists", path=str(target)) from error
        raise


def _room(model: Installed, models: Path) -> None:
    free = disk.free(models) - _RESERVE
    if free < model.bytes:
        raise disk.no_room(models, model.bytes, free)


@contextlib.contextmanager
def _workplace(models: Path) -> Iterator[Path]:
    """A folder for copies, locked while this program lives and deleted in the end, as those of dead programs are."""
    top = models / FOLDER
    top.mkdir(exist_ok=True)
    clear(models)
    folder = top / secrets.token_hex(8)
    folder.mkdir(parents=True)
    held = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    disk.lock(held)
    try:
        yield folder
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            top.rmdir()


def clear(models: Path) -> None:
    """Delete what copies of programs have left that live no more. Never raises."""
    try:
        folders = [Path(entry.path) for entry in os.scandir(models / FOLDER)]
    except OSError:
        return
    for folder in folders:
        with contextlib.suppress(OSError):
            lock = os.open(folder / _LOCK, os.O_RDWR)
            try:
                alive = not disk.lock(lock)
            finally:
                os.close(lock)
            if not alive:
                shutil.rmtree(folder, ignore_errors=True)


def _plain(name: str) -> str:
    """A name that every system takes for a folder's or a file's."""
    cleaned = _SIGNS.sub("-", name).strip(" .-")[:100]
    return cleaned or "model"
