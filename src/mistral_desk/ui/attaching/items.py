"""What stands in the composer beside the text: files while the decode child reads them, then parts of a message.

Each file is read in its own child and its own task; one that fails takes nothing with it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from mistral_desk.chat.attachments import Pixels, take_in
from mistral_desk.chat.parts import file_part, picture_part, read_file, read_picture
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.words import trn
from mistral_desk.inference.projector_file import LONG_SIDE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Sequence

    from mistral_desk.chat.attachments import PictureBody
    from mistral_desk.chat.message import Part
    from mistral_desk.chat.parts import FileBody
    from mistral_desk.ui.attaching.album import Album
    from mistral_desk.ui.attaching.sources import Source
    from mistral_desk.ui.tasks import Tasks

MOST: Final = 50
"""Files with one message; a model's context holds fewer pictures than that."""
_LETTERS_A_TOKEN: Final = 4
"""Of Latin text in large vocabularies; other scripts take about a token for each letter and a half."""


_BLIND: Final = frozenset({"model.no_eyes", "model.eyes_off", "endpoint.no_eyes"})
"""Problems of a model that sees nothing, beside all that begin with `projector.`."""


@dataclass(eq=False)
class Item:
    """One file. `part` is None while it is read; then a picture has a size in pixels, and a text or a document so many
    tokens: `counted` by the model's own vocabulary, else about so many.
    """

    name: str
    source: Source | None = None
    part: Part | None = None
    sha256: str = ""
    size: tuple[int, int] = (0, 0)
    tokens: int = 0
    counted: bool = False
    task: asyncio.Task[None] | None = field(default=None, repr=False)

    @property
    def ready(self) -> bool:
        """Whether it can be sent."""
        return self.part is not None

    @property
    def picture(self) -> PictureBody | None:
        """What the part says of a picture."""
        return read_picture(self.part) if self.part is not None and self.sha256 else None

    @property
    def file(self) -> FileBody | None:
        """What the part says of a text or a document."""
        return read_file(self.part) if self.part is not None and not self.sha256 else None

    @classmethod
    def of(cls, part: Part) -> Item | None:
        """One that was read before; None where it is damaged."""
        if part.kind == "image":
            picture = read_picture(part)
            if picture is None:
                return None
            size = (picture.width, picture.height)
            return cls(picture.name, part=part, sha256=picture.sha256, size=size)
        file = read_file(part)
        return cls(file.name, part=part, tokens=about_tokens(file.text)) if file is not None else None


@dataclass(frozen=True)
class Blind:
    """Pictures that the model cannot see: why, and what they were."""

    problem: Problem
    sources: tuple[Source, ...]


class Attachments(QObject):
    """The files of one draft, in order."""

    changed = Signal()
    rejected = Signal(object)
    """Problems of the files of one drop that cannot be attached, as a tuple."""
    blind = Signal(object)
    """A `Blind`."""
    too_many = Signal(int)
    """So many of a drop were left out."""

    def __init__(
        self, album: Album, tasks: Tasks, blindness: Callable[[], Awaitable[Problem | None]], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._of = parent  # as long as a file is read, so that its signals have their place still
        self.album = album
        self._tasks = tasks
        self._blindness = blindness
        self.count: Callable[[Part], Awaitable[int | None]] | None = None
        """How many tokens a part takes; None where no model is there to count them."""
        self.items: list[Item] = []

    @property
    def reading(self) -> bool:
        """Whether a file is still being read."""
        return any(not item.ready for item in self.items)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What can be sent, in order."""
        return tuple(item.part for item in self.items if item.part is not None)

    # --- in -----------------------------------------------------------------------------------------

    def add(self, sources: Sequence[Source]) -> None:
        """Read these and put them at the end, up to `MOST`."""
        room = max(0, MOST - len(self.items))
        taken = [Item(source.name, source) for source in sources[:room]]
        if len(sources) > room:
            self.too_many.emit(len(sources) - room)
        if taken:
            self.items += taken
            self.changed.emit()
            self._tasks.spawn(self._read(taken), "read attached files")

    def set_parts(self, parts: Iterable[Part]) -> None:
        """Have these instead, read before; what was there is not deleted."""
        for item in self.items:
            self._forget(item)
        made = (Item.of(part) for part in parts)
        self.items = [item for item in made if item]
        for item in self.items:
            if item.sha256:
                self.album.hold(item.sha256)
        self.changed.emit()
        self.count_anew()

    async def _read(self, items: Sequence[Item]) -> None:
        loop = asyncio.get_running_loop()
        seeing = loop.create_task(self._ask_blindness())
        problems: list[Problem] = []
        unseen: list[Source] = []

        async def one(item: Item) -> None:
            try:
                if source := await self._one(item, seeing):
                    unseen.append(source)
            except DeskError as error:
                problems.append(error.problem)
            finally:
                if item.ready:
                    self.changed.emit()
                else:
                    self._drop(item)

        for item in items:
            item.task = loop.create_task(one(item))
        try:
            done = await asyncio.gather(*(item.task for item in items if item.task), return_exceptions=True)
        finally:
            seeing.cancel()
        if unseen and (problem := await self._ask_blindness()):
            self.blind.emit(Blind(problem, tuple(unseen)))
        if problems:
            self.rejected.emit(tuple(problems))
        for error in done:
            if isinstance(error, Exception):
                raise error

    async def _one(self, item: Item, seeing: asyncio.Task[Problem | None]) -> Source | None:
        """Read one; a picture that the model cannot see comes back."""
        source = item.source
        if source is None:
            return None
        result = await take_in(await source.plain(), item.name, LONG_SIDE)
        if not isinstance(result, Pixels):
            item.tokens = await asyncio.to_thread(about_tokens, result.text)
            item.part = file_part(result)
            self._tasks.spawn(self._count(item), "count an attached text's tokens")
            return None
        if await asyncio.shield(seeing):
            return source
        picture = await self.album.put(result)
        if item not in self.items:  # taken out at the last moment
            self.album.let_go((picture.sha256,))
            return None
        item.sha256, item.size = picture.sha256, (picture.width, picture.height)
        item.part = picture_part(picture, result.name)
        return None

    def count_anew(self) -> None:
        """Another model has another vocabulary."""
        for item in self.items:
            if item.file is not None:
                self._tasks.spawn(self._count(item), "count an attached text's tokens")

    async def _count(self, item: Item) -> None:
        """What it takes in truth; what was guessed stays where nobody can say."""
        if self.count is None or (part := item.part) is None:
            return
        tokens = await self.count(part)
        if tokens is None and item.counted and (file := item.file) is not None:
            tokens, item.counted = about_tokens(file.text), False
        elif tokens is not None:
            item.counted = True
        if tokens is not None and item in self.items:
            item.tokens = tokens
            self.changed.emit()

    async def _ask_blindness(self) -> Problem | None:
        return await self._blindness()

    # --- out ----------------------------------------------------------------------------------------

    def remove(self, item: Item) -> None:
        """Take one out; a file that is still being read is read no further."""
        if item in self.items:
            self.items.remove(item)
            if item.task is not None and not item.ready:
                item.task.cancel()
            if item.sha256:
                self.album.let_go((item.sha256,))
            self.changed.emit()

    def clear(self) -> None:
        """Take all out, to be sent no more."""
        for item in tuple(self.items):
            self.remove(item)

    def take(self) -> tuple[Part, ...]:
        """What is sent now; nothing stays."""
        parts = self.parts
        self.set_parts(())
        return parts

    def move(self, item: Item, step: int) -> bool:
        """So many places further; whether it went anywhere."""
        here = self.items.index(item)
        there = min(len(self.items) - 1, max(0, here + step))
        if here == there:
            return False
        self.items.insert(there, self.items.pop(here))
        self.changed.emit()
        return True

    def _drop(self, item: Item) -> None:
        if item in self.items:
            self.items.remove(item)
            self.changed.emit()

    def _forget(self, item: Item) -> None:
        if item.task is not None and not item.ready:
            item.task.cancel()
        if item.sha256:
            self.album.release(item.sha256)


def cannot_see(problem: Problem) -> bool:
    """Whether it says that a model cannot see."""
    return problem.id in _BLIND or problem.id.startswith("projector.")


def amount(tokens: int, pages: int = 0, *, counted: bool = False) -> tuple[str, ...]:
    """How much a text or a document is, in words: its pages where it has such, and its tokens."""
    told = trn("{n} token", "{n} tokens", tokens) if counted else trn("about {n} token", "about {n} tokens", tokens)
    return (trn("{n} page", "{n} pages", pages), told) if pages else (told,)


def about_tokens(text: str) -> int:
    """A guess at how many tokens a text takes: only the model's own vocabulary knows."""
    latin = sum(letter < "\u0250" for letter in text[:100_000])
    seen = max(1, min(len(text), 100_000))
    share = latin / seen
    return max(1, round(len(text) * (share / _LETTERS_A_TOKEN + (1 - share) / 1.5)))
