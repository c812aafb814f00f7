"""One answer at a time: other programs wait here in the order in which they came, and only the first of them stands in
line with the window's chats. So a script with a hundred requests is in nobody's way for longer than one answer.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from mistral_desk.chat.attachments import Pixels, take_in
from mistral_desk.chat.message import Part
from mistral_desk.chat.parts import lookup, picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.prompting import turn_of
from mistral_desk.chat.thought_limit import usual
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.projector_file import LONG_SIDE
from mistral_desk.inference.protocol import Finished, Piece, PromptProgress, Turn
from mistral_desk.server.stops import Stops

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.inference.client import Engine
    from mistral_desk.inference.model_spec import ModelSpec
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.server.ground import Ground
    from mistral_desk.server.reading import Asked, Said

Event: TypeAlias = PromptProgress | Piece | Finished
_PICTURE: Final = "picture"


class Line:
    """For the loop that the engine belongs to. `waiting` and `answering` are what a window shows."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._first = asyncio.Lock()
        self.waiting = 0
        self.answering = ""
        """The title of the model that answers another program just now; empty while none does."""
        self.answered = 0
        self.changed: Callable[[], None] = lambda: None

    async def answer(self, asked: Asked, tell: Callable[[Event], None]) -> None:
        """Answer when it is its turn; `tell` hears of it, last of a `Finished`. Who is cancelled stops the engine.

        Raises `server.no_model`, `server.interrupted`, and as `Engine.ensure`, `Engine.generate` and `take_in`.
        """
        self.waiting += 1
        waits = True
        self.changed()
        try:
            model = await self._ground.named(asked.model)
            spec = await self._ground.spec(model)
            async with self._first:
                turns, pictures = await self._turns(asked, spec)
                async with self._ground.free:
                    self.waiting, waits, self.answering = self.waiting - 1, False, model.title
                    self.changed()
                    await self._answered(asked, spec, turns, pictures, tell)
            self.answered += 1
            await self._used(model)
        finally:
            if waits:
                self.waiting -= 1
            else:
                self.answering = ""
            self.changed()

    async def _answered(
        self,
        asked: Asked,
        spec: ModelSpec,
        turns: tuple[Turn, ...],
        pictures: PicturesInMemory,
        tell: Callable[[Event], None],
    ) -> None:
        engine = self._ground.engine()
        await engine.ensure(spec)
        answer = engine.generate(
            turns,
            asked.effort,
            asked.sampling,
            asked.max_tokens,
            lookup(pictures),
            grammar=asked.grammar,
            budget=usual(self._ground.settings),
        )
        stops = Stops(asked.stops)
        async with contextlib.aclosing(answer) as events:
            async for event in events:
                match event:
                    case PromptProgress() | Piece(kind="thinking"):
                        tell(event)
                    case Piece(text=text) if not stops.met:
                        if kept := stops.take(text):
                            tell(msgspec.structs.replace(event, text=kept))
                        self._cut(engine, stops)
                    case Finished(reason=reason):
                        if reason == "stopped" and not stops.met:
                            raise DeskError("server.interrupted")  # whoever asked would have been cancelled
                        if kept := stops.rest():
                            tell(Piece(event.request, "text", kept))
                        tell(msgspec.structs.replace(event, reason="stop") if stops.met else event)

    @staticmethod
    def _cut(engine: Engine, stops: Stops) -> None:
        """End the answer where its last word has come; the figures are still to come."""
        if stops.met:
            engine.stop()

    async def _turns(self, asked: Asked, spec: ModelSpec) -> tuple[tuple[Turn, ...], PicturesInMemory]:
        """What the engine is asked; pictures are decoded in a caged child, as all pictures are."""
        pictures = PicturesInMemory()
        if asked.sees and (problem := await self._ground.engine().blindness(spec)):
            raise DeskError.of(problem)
        head = (Turn("system", asked.system),) if asked.system else ()
        return (*head, *[await self._turn(said, pictures) for said in asked.talk]), pictures

    async def _turn(self, said: Said, pictures: PicturesInMemory) -> Turn:
        if said.role == "assistant":
            return Turn("assistant", "".join(part for part in said.parts if isinstance(part, str)), said.thinking)
        parts = [Part("text", part) if isinstance(part, str) else await _taken(part, pictures) for part in said.parts]
        return turn_of(parts)

    async def _used(self, model: Installed) -> None:
        with contextlib.suppress(DeskError, OSError):
            await self._ground.library.used(model.id)


async def _taken(encoded: bytes, pictures: PicturesInMemory) -> Part:
    taken = await take_in(encoded, _PICTURE, LONG_SIDE)
    if not isinstance(taken, Pixels):
        raise DeskError("attachment.not_a_picture", name=_PICTURE)
    return picture_part(await pictures.put(taken), taken.name)
