"""The models that are on this computer: found on the disk anew at any time, in several folders, here or away.

The Guide is among them, and what was taken in where it lies. Nobody's index has to be believed: what is remembered is
only when a model was used, and what lay in a folder that is not connected now.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.inference.builtin import BUILTIN, BUILTIN_TITLE
from mistral_desk.library import adopted_file, deleting, shelf_file
from mistral_desk.library.scan import scan
from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.library.threads import in_thread
from mistral_desk.library.verify import verify_all

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mistral_desk.core.errors import Problem
    from mistral_desk.library.verify import Verified

_OFTEN_S: Final = 60.0


class Gone(msgspec.Struct, frozen=True):
    """What deleting did: bytes that are free now, whether it lies in the bin, or was only taken off the list."""

    freed: int
    in_bin: bool
    forgotten: bool


class Library:
    """The models of some folders, and those that were registered. For one asyncio loop."""

    def __init__(
        self,
        file: Path,
        folders: Callable[[], Sequence[Path]],
        for_good: Callable[[], bool] = lambda: False,
    ) -> None:
        """`file` remembers what the disk does not tell, one beside it what was registered. `folders` are asked for at
        each look, the one for downloads first; `for_good` is whether deleting goes past the bin.
        """
        self._file, self._folders, self._for_good = file, folders, for_good
        self._adopted = file.with_name(adopted_file.FILE)
        self._lock = threading.Lock()
        self._listeners: list[Callable[[tuple[Installed, ...]], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.models: tuple[Installed, ...] = ()
        """As they were at the last look."""
        self.let_go: Callable[[Sequence[str]], Awaitable[None]] | None = None
        """Is awaited with the paths of files that are to be deleted, so that nobody holds them open."""
        self.problem: Problem | None = None
        """What there is to tell of the list of registered models."""

    # --- looking ----------------------------------------------------------------------------------------

    async def recall(self) -> tuple[Installed, ...]:
        """What was there at the last look of an earlier run, without looking for it. For the start of the program."""
        self._loop = asyncio.get_running_loop()
        return await in_thread(self.look_now, recalled=True)

    async def look(self) -> tuple[Installed, ...]:
        """All models: the Guide, then by folder and name, then what was registered. Those of a folder that cannot be
        read are as they were seen last, and `away`.
        """
        self._loop = asyncio.get_running_loop()
        return await in_thread(self.look_now)

    def look_now(self, *, recalled: bool = False) -> tuple[Installed, ...]:
        """As `look`, in this thread."""
        with self._lock:
            kept = shelf_file.load(self._file)
            before = dict(kept.seen)
            found = [guide for guide in (_guide(),) if guide]
            for folder in self._folders():
                models = kept.seen.get(str(folder), ()) if recalled else scan(folder)
                if models is None:
                    models = tuple(replace(model, away=True) for model in kept.seen.get(str(folder), ()))
                else:
                    kept.seen[str(folder)] = models
                found += models
            registered, problem = adopted_file.load(self._adopted)
            self.problem = problem or self.problem
            found += registered if recalled else map(_as_it_is, registered)
            if kept.seen != before:
                shelf_file.save(self._file, kept)
            models = tuple(replace(model, used=kept.used.get(model.id)) for model in _told_apart(found))
            changed, self.models = models != self.models, models
        if changed and self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._tell)
        return models

    def listen(self, listener: Callable[[tuple[Installed, ...]], None]) -> Callable[[], None]:
        """Be told, in the loop, whenever a look found something else than the one before; what comes back ends it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    def find(self, model: str) -> Installed | None:
        """The one with this id or this path, as of the last look."""
        return next((one for one in self.models if one.id == model), None) or next(
            (one for one in self.models if one.path == model), None
        )

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener(self.models)

    # --- what happens to a model ------------------------------------------------------------------------

    async def used(self, model: str) -> None:
        """A model is used now; it is written down once a minute at most."""
        now = time.time()
        found = self.find(model)
        if found is None or (found.used is not None and 0 <= now - found.used < _OFTEN_S):
            return
        self.models = tuple(replace(one, used=now) if one.id == found.id else one for one in self.models)
        self._tell()
        await in_thread(self._used, found.id, now)

    async def delete(self, model: Installed, *, for_good: bool | None = None) -> Gone:
        """Delete a model, as is set where nothing is said. What lies elsewhere is only taken off the list.

        Raises `library.not_deleted`, `library.no_bin`, `library.guide_stays`, `library.absent`.
        """
        if model.deletes == "never":
            raise DeskError("library.guide_stays")
        if model.deletes == "forgets":
            await self.forget(model)
            return Gone(0, in_bin=False, forgotten=True)
        if model.away:
            raise DeskError("library.absent", path=model.path)
        good = self._for_good() if for_good is None else for_good
        keep = frozenset(self._folders())
        if self.let_go is not None:
            await self.let_go([file.path for file in model.all])
        try:
            return Gone(await in_thread(deleting.delete, model, for_good=good, keep=keep), not good, forgotten=False)
        finally:
            await self.look()

    async def register(self, models: Sequence[Installed]) -> tuple[Installed, ...]:
        """Take models into the library where they lie. They as they are in it. Raises `library.list_not_saved`."""
        await in_thread(self._register, tuple(models))
        there = await self.look()
        paths = {model.path for model in models}
        return tuple(model for model in there if model.path in paths)

    async def forget(self, model: Installed) -> None:
        """Take a registered model off the list; its files stay. Raises `library.list_not_saved`."""
        await in_thread(self._forget, model.path)
        await self.look()

    async def verify(self, model: Installed, told: Callable[[int], None] | None = None) -> tuple[Verified, ...]:
        """Read all files of a model and compare, see `verify_all`; what came of it is kept. Raises as it does."""
        results = await verify_all(model, told)
        if model.deletes == "forgets":
            await in_thread(self._note, model.path, results)
        await self.look()
        return results

    def _used(self, model: str, now: float) -> None:
        with self._lock:
            kept = shelf_file.load(self._file)
            kept.used[model] = round(now, 3)
            shelf_file.save(self._file, kept)

    def _register(self, models: tuple[Installed, ...]) -> None:
        with self._lock:
            known, self.problem = adopted_file.load(self._adopted)
            paths = {model.path for model in models}
            adopted_file.save(self._adopted, (*(one for one in known if one.path not in paths), *models))

    def _forget(self, path: str) -> None:
        with self._lock:
            known, self.problem = adopted_file.load(self._adopted)
            adopted_file.save(self._adopted, tuple(one for one in known if one.path != path))

    def _note(self, path: str, results: Sequence[Verified]) -> None:
        """What a reading of a registered model came to: in its own place nothing is written."""
        now = round(time.time(), 3)
        found = {one.path: one.good for one in results}

        def noted(file: LibraryFile) -> LibraryFile:
            good = found.get(file.path)
            return file if good is None else replace(file, verified=(good, now), proven=now if good else file.proven)

        with self._lock:
            known, self.problem = adopted_file.load(self._adopted)
            models = tuple(
                replace(
                    one, files=tuple(map(noted, one.files)), projector=noted(one.projector) if one.projector else None
                )
                if one.path == path
                else one
                for one in known
            )
            adopted_file.save(self._adopted, models)


def _guide() -> Installed | None:
    """The model that comes along with the program; None in a tree without it."""
    try:
        path = resource("model", "guide.gguf")
        file = LibraryFile(str(path), path.stat().st_size)
    except (DeskError, OSError):
        return None
    eyes = path.with_name("guide-mmproj.gguf")
    projector = LibraryFile(str(eyes), eyes.stat().st_size) if eyes.exists() else None
    return Installed(BUILTIN, str(path), BUILTIN_TITLE, path.stem, str(path.parent), (file,), projector, origin="guide")


def _as_it_is(model: Installed) -> Installed:
    """A registered model as its files are now: it is away when one is gone; one of another size is another file."""
    files = [_now(file) for file in model.files]
    eyes = _now(model.projector) if model.projector else None
    present = tuple(file for file in files if file is not None)
    if not present:
        return replace(model, away=True)
    missing = tuple(Path(old.path).name for old, new in zip(model.files, files, strict=True) if new is None)
    return replace(model, files=present, projector=eyes, missing=(*model.missing, *missing), away=False)


def _now(file: LibraryFile) -> LibraryFile | None:
    try:
        status = os.stat(file.path)  # noqa: PTH116 - a link is followed, and a name that is no path is an error
    except (OSError, ValueError):
        return None
    return file.seen(status.st_size, status.st_mtime)


def _told_apart(models: Sequence[Installed]) -> list[Installed]:
    """Each path once, and each id once: the first that has it keeps it, those after it are called by their paths."""
    found: dict[str, Installed] = {}
    ids: set[str] = set()
    for model in models:
        if model.path in found:
            continue
        ours = model if model.id not in ids else replace(model, id=model.path)
        ids.add(ours.id)
        found[model.path] = ours
    return list(found.values())
