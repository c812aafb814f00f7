"""Takes models into the library that were on this computer before: in place, read-only, or as a copy.

A person's own files come by picker, drop or double click; what other programs hold is found by a scan. What is in
place belongs to whoever put it there: it is never written, moved or deleted from here, only taken off the list.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.paths import is_file, is_folder
from mistral_desk.inference.model_file import SHARD
from mistral_desk.library import copying, disk, others
from mistral_desk.library.candidates import Candidate, candidate
from mistral_desk.library.part import StoppedError
from mistral_desk.library.programs import NAMES, Computer, Program, places
from mistral_desk.library.scan import ENDING, file_at, grouped, scan, shown
from mistral_desk.library.shelf_file import Installed
from mistral_desk.library.threads import begin, over

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import ParamSpec, TypeVar

    from mistral_desk.library.installed import Library

    P = ParamSpec("P")
    T = TypeVar("T")

_FINDERS: Final = {
    "huggingface": others.huggingface,
    "llamacpp": others.llamacpp,
    "lmstudio": others.lmstudio,
    "ollama": others.ollama,
}


class Scanning(msgspec.Struct, frozen=True):
    """Where a scan is, and how many models it has found so far."""

    program: Program
    folder: str
    found: int


class Holding(msgspec.Struct, frozen=True):
    """What a program holds in a folder. `name` is the program's; `problem` is why the folder cannot be looked into."""

    program: Program
    name: str
    folder: str
    candidates: tuple[Candidate, ...]
    problem: Problem | None = None

    @property
    def bytes(self) -> int:
        """Size of all of it."""
        return sum(one.bytes for one in self.candidates)


class Adopting:
    """For one asyncio loop; files are looked at in threads, and who cancels waits until they have let go."""

    def __init__(
        self, library: Library, models: Callable[[], Path], computer: Callable[[], Computer] = Computer
    ) -> None:
        """`models` is the folder that copies go into."""
        self._library, self._models, self._computer = library, models, computer

    async def look(self, paths: Sequence[Path]) -> tuple[Candidate, ...]:
        """What these files and folders are: parts together, broken ones named. Each is there in some way."""
        return await self._work(self._look, tuple(paths))

    async def scan(self, told: Callable[[Scanning], None] | None = None) -> tuple[Holding, ...]:
        """What other programs hold; those that hold nothing are left out. `told` is called from another thread. Cancel
        the task to end it.
        """
        return await self._work(self._scan, told or (lambda _: None))

    async def take(self, candidates: Sequence[Candidate]) -> tuple[Installed, ...]:
        """Take models into the library where they are; those with a problem are left out. They as they are in it.

        Raises `library.list_not_saved`.
        """
        good = [one.model for one in candidates if one.problem is None and not one.known]
        return await self._library.register(good)

    async def copy(self, candidate: Candidate, told: Callable[[int, int], None] | None = None) -> Installed:
        """Copy a model into the models folder, whole or not at all; `told` hears from another thread how many bytes of
        how many are there. Cancel the task to end it: nothing is left then.

        Raises what is wrong with the candidate, `library.no_room`, `library.exists`, `library.copy_differs`,
        `library.copy_failed`.
        """
        if candidate.problem is not None:
            raise DeskError.of(candidate.problem)
        models = self._models()
        try:
            path = await self._work(copying.copy, candidate.model, models, told or (lambda _done, _of: None))
        except DeskError as error:
            if (reason := disk.why(error)) is not None:
                raise DeskError("library.copy_failed", path=str(models), reason=reason) from error
            raise
        for model in await self._library.look():
            if Path(model.path) == path:
                return model
        raise DeskError("model.missing", path=str(path))

    # --- in threads -------------------------------------------------------------------------------------

    def _known(self) -> frozenset[str]:
        return frozenset(os.path.realpath(model.path) for model in self._library.look_now() if not model.away)

    def _look(self, paths: tuple[Path, ...], stop: threading.Event) -> tuple[Candidate, ...]:
        known, found = self._known(), dict[str, Candidate]()
        for path in paths:
            theirs = self._of_programs(path, stop)
            for model, wrong in (theirs,) if theirs else ((replace(m, origin="own"), None) for m in _models_at(path)):
                if stop.is_set():
                    raise StoppedError
                if model.path not in found:
                    found[model.path] = candidate(model, known, problem=wrong)
        return tuple(found.values())

    def _of_programs(self, path: Path, stop: threading.Event) -> others.Found | None:
        """The model of another program that a file in its folder belongs to, as that program calls it."""
        path = path.expanduser().absolute()
        for program, folders in places(self._computer()).items():
            for folder in folders:
                if folder in path.parents and is_file(path):
                    for model, wrong in _FINDERS[program](folder, stop):
                        if str(path) in {file.path for file in model.files}:
                            return model, wrong
        return None

    def _scan(self, told: Callable[[Scanning], None], stop: threading.Event) -> tuple[Holding, ...]:
        known, found, count = self._known(), list[Holding](), 0
        for program, folders in places(self._computer()).items():
            for folder in folders:
                told(Scanning(program, str(folder), count))
                here: dict[str, Candidate] = {}
                problem = _closed(folder)
                for model, wrong in _FINDERS[program](folder, stop) if problem is None else ():
                    if stop.is_set():
                        raise StoppedError
                    if model.path in here and (wrong or here[model.path].problem is None):
                        continue  # the same weights under another name
                    here[model.path] = candidate(model, known, problem=wrong)
                    told(Scanning(program, str(folder), count + len(here)))
                count += len(here)
                if here or problem:
                    found.append(Holding(program, NAMES[program], str(folder), tuple(here.values()), problem))
        return tuple(found)

    async def _work(self, work: Callable[..., T], *args: object) -> T:
        """Work in a thread that ends when this task is cancelled."""
        stop = threading.Event()
        return await over(begin(work, *args, stop), stop.set)


def _models_at(path: Path) -> Iterator[Installed]:
    """The models of a folder, or the one that a file belongs to."""
    path = path.expanduser().absolute()
    if is_folder(path):
        yield from scan(path) or ()
        return
    match = SHARD.match(path.name)
    names = [path.name]
    if match:
        ending = f"-of-{match['count']}{ENDING}"
        try:
            beside = sorted(entry.name for entry in os.scandir(path.parent))
        except OSError:
            beside = []
        names += [n for n in beside if n != path.name and n.startswith(f"{match['stem']}-") and n.endswith(ending)]
    files = {name: file for name in names if (file := file_at(path.parent / name)) is not None}
    # What is not there, or is no model but a projector: its candidate says so.
    alone = Installed(str(path), str(path), shown(path.name), path.stem, str(path.parent), tuple(files.values()))
    yield from tuple(grouped(path.parent, files)) or (alone,)


def _closed(folder: Path) -> Problem | None:
    """Why a folder cannot be looked into: Ollama's service has one of its own user, for example."""
    try:
        with os.scandir(folder):
            return None
    except OSError as error:
        return Problem("library.closed", {"path": str(folder), "reason": error.strerror or str(error)})
