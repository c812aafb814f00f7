"""Conversations out: into one file, a folder or a ZIP archive, one conversation in memory at a time.

Whatever stands at the end was written completely: under a passing name first, then put in its place. An archive is one
file, so many conversations come out all or not at all; a folder keeps those that were done.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from mistral_desk.chat.sharing import as_html, as_markdown, own
from mistral_desk.chat.sharing.packing import Folder, OneFile, Packing, ZipFile
from mistral_desk.chat.sharing.shared import Job, Shared, gather, title_of
from mistral_desk.core.errors import DeskError
from mistral_desk.core.threads import ended, to_its_end

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import BinaryIO

    from mistral_desk.chat.history import History
    from mistral_desk.chat.message import Conversation
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.chat.sharing.shared import Format, Wish

Pack = Literal["file", "folder", "zip"]
Writer: TypeAlias = Callable[[Shared, Job], None]
"""Writes a conversation; blocks, and runs in a thread."""
WRITERS: Final[dict[Format, Writer]] = {"md": as_markdown.write, "json": own.write, "html": as_html.write}
_PACKINGS: Final[dict[Pack, Callable[[Path], Packing]]] = {"file": OneFile, "folder": Folder, "zip": ZipFile}
_PAGE: Final = 500


@dataclass(frozen=True)
class Going:
    """How far an export is: conversations that are done, of how many, and the title of the one that is written."""

    done: int
    total: int
    title: str = ""
    share: float = 0.0
    """Of all."""


@dataclass(frozen=True)
class Gone:
    """What was written. `missing` are pictures that are not there any more."""

    path: Path
    chats: int
    files: tuple[str, ...]
    bytes: int
    missing: int


@dataclass
class Export:
    """One run. `target` is the file, or the folder, which may exist; nothing in it is overwritten."""

    history: History
    pictures: Gallery | None
    ids: Sequence[int]
    target: Path
    wish: Wish
    pack: Pack
    told: Callable[[Going], None] | None = None
    writer: Writer | None = None
    """For a format that is not among `WRITERS`."""
    _stop: threading.Event = field(default_factory=threading.Event, init=False)

    async def run(self) -> Gone:
        """Do it. Cancelling the task ends it within a message. Raises `history.…`, `sharing.not_written`."""
        try:
            return await self._run()
        except asyncio.CancelledError:
            self._stop.set()
            raise
        except OSError as error:
            reason = error.strerror or str(error)
            raise DeskError("sharing.not_written", str(error), path=str(self.target), reason=reason) from error

    async def _run(self) -> Gone:
        packing = _PACKINGS[self.pack](self.target)
        loop = asyncio.get_running_loop()
        missing = 0
        try:
            await to_its_end(packing.begin)
            for number, key in enumerate(self.ids):
                origin = await self.history.origin(key) if self.wish.format == "json" else ""
                try:
                    shared = await gather(self.history, key, self.wish, origin)
                except DeskError as error:
                    if error.problem.id == "history.missing" and len(self.ids) > 1:
                        continue  # deleted meanwhile
                    raise
                now = Going(number, len(self.ids), title_of(shared), number / len(self.ids))
                self._tell(now)

                def told(share: float, now: Going = now) -> None:
                    whole = (now.done + share) / now.total
                    loop.call_soon_threadsafe(self._tell, Going(now.done, now.total, now.title, whole))

                job_made = self._job(packing, told if self.told else None)
                missing += await self._write(packing, shared, job_made)
            await to_its_end(packing.finish)
        finally:
            await to_its_end(packing.drop)
        self._tell(Going(len(self.ids), len(self.ids), "", 1.0))
        return Gone(packing.path, len(packing.files), tuple(packing.files), packing.bytes, missing)

    def _job(self, packing: Packing, told: Callable[[float], None] | None) -> Callable[[BinaryIO], Job]:
        look = self.pictures.pixels if self.pictures is not None else None

        def made(sink: BinaryIO) -> Job:
            return Job(sink, self.wish, look, packing.aside, self._stop, _seldom(told))

        return made

    async def _write(self, packing: Packing, shared: Shared, job_made: Callable[[BinaryIO], Job]) -> int:
        writer = self.writer or WRITERS[self.wish.format]

        def work() -> int:
            with packing.document(shared, f".{self.wish.format}") as sink:
                job = job_made(sink)
                writer(shared, job)
            return job.missing

        task = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self._stop.set()
            await ended(task)  # the file is let go of
            raise

    def _tell(self, now: Going) -> None:
        if self.told is not None and not self._stop.is_set():
            self.told(now)


async def everything(history: History) -> tuple[Conversation, ...]:
    """All conversations but the deleted ones, each once: as the list has them, then the archived ones."""
    found: dict[int, Conversation] = {}
    for archived in (False, True):
        place = 0
        while page := await history.conversations(_PAGE, place, archived=archived):
            place += len(page)
            found.update((one.id, one) for one in page)
    return tuple(found.values())


async def every_id(history: History) -> tuple[int, ...]:
    """The ids of `everything`."""
    return tuple(one.id for one in await everything(history))


def _seldom(told: Callable[[float], None] | None) -> Callable[[float], None] | None:
    """Only whole per cents are told."""
    if told is None:
        return None
    before = -1

    def once(share: float) -> None:
        nonlocal before
        if (percent := int(100 * share)) != before:
            before = percent
            told(share)

    return once
