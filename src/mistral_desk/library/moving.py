"""The models folder moves: downloads pause, files go over, the setting changes, the old ones go, downloads go on.

What a kill interrupts goes on by itself at the next start, before the first download does; what cannot go on because a
disk is not there waits, and is said.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError, Problem, as_problem
from mistral_desk.library import disk, move_plan, relocating
from mistral_desk.library.move_plan import MovePlan
from mistral_desk.library.part import StoppedError
from mistral_desk.library.relocating import Mover, Note, Phase, Step
from mistral_desk.library.telling import Teller
from mistral_desk.library.threads import begin, in_thread, over

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.core.settings import Settings
    from mistral_desk.library.installed import Library
    from mistral_desk.library.queue import Queue

__all__ = ["MovePlan", "Moved", "Moving"]

_log: Final = logging.getLogger(__name__)
_PHASES: Final[dict[str, Phase]] = {"forward": "copying", "clearing": "clearing", "back": "going_back"}


class Moved(msgspec.Struct, frozen=True):
    """How far a move is, in bytes; `problem` is why it does not go on."""

    phase: Phase
    done: int
    total: int
    file: str
    source: str
    target: str
    problem: Problem | None = None


class Moving:
    """For one asyncio loop. `open` it after the downloads, which must be held if a move was `interrupted`; `close` it
    before them.
    """

    def __init__(
        self, data: Path, settings: Settings, folder: Callable[[], Path], queue: Queue, library: Library
    ) -> None:
        """`data` is where the note of what is under way lies; `folder` is the models folder."""
        self._file = data / relocating.FILE
        self._settings, self._folder, self._queue, self._library = settings, folder, queue, library
        self._teller: Teller[Moved | None] = Teller(lambda: self.now)
        self._task: asyncio.Task[None] | None = None
        self._begun_before: asyncio.Task[None] | None = None
        self._stop = threading.Event()
        self._closing = False
        self.copies = False
        """Never rename, even on one disk. For tests, as the next."""
        self.reached: Callable[[str], None] = lambda _what: None
        self.now: Moved | None = None
        """What is under way; None where nothing is."""

    async def interrupted(self) -> bool:
        """Whether a move is to be taken up."""
        return await in_thread(relocating.read, self._file) is not None

    async def open(self) -> None:
        """Go on with what was interrupted; the downloads are held until it is over."""
        self._teller.open()
        note = await in_thread(relocating.read, self._file)
        if note is not None:
            await self._queue.hold()
            self._task = self._begun_before = self._begin(note, first=False)

    async def taken_up(self) -> None:
        """Wait for the end of what an earlier run began, if it did. Raises why it ended otherwise than it should, which
        nobody else is told.
        """
        if self._begun_before is not None:
            await asyncio.shield(self._begun_before)

    async def close(self) -> None:
        """Stop; the next start goes on."""
        self._closing = True
        self._stop.set()
        if self._task is not None:
            await asyncio.wait((self._task,))
        self._teller.close()

    def listen(self, listener: Callable[[Moved | None], None]) -> Callable[[], None]:
        """Be told how it goes, at most ten times a second, and None when it is over; what comes back ends it."""
        return self._teller.listen(listener)

    async def plan(self, target: Path) -> MovePlan:
        """What a move there would be. Raises `library.moving` and as `move_plan.plan`."""
        self._refuse()
        return await in_thread(lambda: move_plan.plan(self._folder(), target.expanduser().absolute()))

    async def move(self, target: Path) -> None:
        """Move the models there and make it the models folder. Cancel the task: all goes back, as long as the old files
        are still there.

        Raises as `plan`, `library.move_busy`, and `library.…` and `settings.not_saved` when it did not work out; all is
        as before then.
        """
        plan = await self.plan(target)
        self._refuse()
        await self._queue.hold()
        try:
            note = await in_thread(_note, plan)
            await self._let_go(note)
            await in_thread(relocating.begin, Path(plan.target))
            await in_thread(relocating.write, self._file, note)
        except BaseException:
            await in_thread(relocating.abandon, Path(plan.target))
            await self._queue.release()
            raise
        self._task = task = self._begin(note, first=True)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            if self.now is not None and self.now.phase in {"copying", "checking"}:
                self._stop.set()
                await asyncio.wait((task,))
            raise

    async def go_on(self) -> None:
        """Try again what waits for a disk. Raises `library.…`, and stays as it is then."""
        if self._task is not None:
            await asyncio.wait((self._task,))
        if (note := await in_thread(relocating.read, self._file)) is not None:
            await self._queue.hold()
            self._task = task = self._begin(note, first=False)
            await asyncio.shield(task)

    def _refuse(self) -> None:
        if self.now is not None:
            raise DeskError("library.moving", path=self.now.target)

    def _begin(self, note: Note, *, first: bool) -> asyncio.Task[None]:
        self._stop = threading.Event()
        self.now = Moved(_PHASES[note.phase], 0, 0, "", note.source, note.target)
        self._teller.soon()
        task = asyncio.get_running_loop().create_task(self._run(note, first=first), name="move models")
        task.add_done_callback(self._over)
        return task

    def _over(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled() and (error := task.exception()) is not None and not isinstance(error, DeskError):
            _log.error("a move ended by an error of the program", exc_info=error)

    async def _run(self, note: Note, *, first: bool) -> None:
        loop = asyncio.get_running_loop()
        mover = Mover(
            note,
            lambda new: relocating.write(self._file, new),
            lambda step: self._said(loop, step),
            self._stop,
            copies=self.copies,
            reached=self.reached,
        )
        old, new = Path(note.source), Path(note.target)
        moved = note.phase == "clearing"
        try:
            if not moved and not first:
                await in_thread(_at_hand, note)
            if note.phase == "forward":
                moved = await self._forward(mover)
            elif note.phase == "back" and not await in_thread(relocating.is_back, note):
                await self._work(mover.back)
            if moved:
                self._settings.set(declared.MODELS_FOLDER, str(new))
                await self._queue.release(old, new)
                if not self._closing:
                    self._stop.clear()  # who cancelled now came too late
                if await in_thread(old.is_dir):
                    await self._let_go(mover.note)
                    await self._work(mover.clear)
            await in_thread(self._file.unlink, missing_ok=True)
        except StoppedError:
            return  # the program ends; the note stays
        except DeskError as error:
            raise await self._failed(mover, error, moved=moved) from error
        except Exception as error:
            self._trouble(as_problem(error))
            raise
        finally:
            if not self._closing:
                await self._queue.release()
                await self._library.look()
        self.now = None
        self._teller.soon()

    async def _forward(self, mover: Mover) -> bool:
        """Whether all files are at the target; False when a person has cancelled, and all is back."""
        try:
            await self._work(mover.forward)
            await self._work(mover.switched)
        except StoppedError:
            if self._closing:
                raise
            self._stop.clear()
            await self._work(mover.back)
            return False
        return True

    async def _failed(self, mover: Mover, error: DeskError, *, moved: bool) -> DeskError:
        """Go back where nothing is deleted yet; else what is left to do waits for the next start. What there is to tell
        of it.
        """
        source, target = mover.note.source, mover.note.target
        away = error.problem.id == "library.move_away"
        if not away and (not moved or error.problem.id == "settings.not_saved"):
            try:
                self._stop.clear()
                await self._work(mover.back)
                with contextlib.suppress(DeskError):  # it holds for this run, and the file has the old one
                    self._settings.set(declared.MODELS_FOLDER, source)
                await in_thread(self._file.unlink, missing_ok=True)
            except StoppedError:
                pass
            except DeskError as stuck:
                error = stuck
            else:
                self.now = None
                self._teller.soon()
                reason = disk.why(error)
                return DeskError("library.move_failed", path=target, reason=reason) if reason else error
        if (reason := disk.why(error)) is not None:
            error = DeskError("library.move_unfinished", path=source, reason=reason)
        self._trouble(error.problem)
        return error

    async def _let_go(self, note: Note) -> None:
        """Nobody holds a file open that is to be moved or deleted."""
        if self._library.let_go is not None:
            await self._library.let_go([str(Path(note.source, path)) for path in note.files])

    def _trouble(self, problem: Problem) -> None:
        if self.now is not None:
            self.now = msgspec.structs.replace(self.now, problem=problem)
            self._teller.soon()

    def _said(self, loop: asyncio.AbstractEventLoop, step: Step) -> None:
        """Called in the mover's thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(self._show, step)

    def _show(self, step: Step) -> None:
        if self.now is not None:
            self.now = Moved(step.phase, step.done, step.total, step.file, self.now.source, self.now.target)
            self._teller.soon()

    async def _work(self, work: Callable[[], None]) -> None:
        """Long work in a thread, which `_stop` ends."""
        await over(begin(work), self._stop.set)


def _note(plan: MovePlan) -> Note:
    """What is put down. Raises `library.move_busy`."""
    source = Path(plan.source)
    move_plan.at_rest(source)
    files = tuple(path.as_posix() for path in relocating.belonging(source))
    return Note(relocating.FORMAT, plan.source, plan.target, "forward", files)


def _at_hand(note: Note) -> None:
    """Raise `library.move_away` where a folder is not there that is needed."""
    if (folder := relocating.away(note)) is not None and not relocating.is_back(note):
        raise DeskError("library.move_away", path=str(folder))
