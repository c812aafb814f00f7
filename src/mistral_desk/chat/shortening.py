"""Makes room in a chat because a person asks for it, before it is full: as an answer would when it is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from mistral_desk.chat.events import Full, Loading, Reading, Shortened, Summarising
from mistral_desk.chat.fitting_in import Room, Talk, branch_of
from mistral_desk.chat.message import Message, Part
from mistral_desk.chat.parts import lookup, pictures_in
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.threads import ended

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from mistral_desk.chat.history import History
    from mistral_desk.chat.message import ConversationSettings, WhenFull
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.chat.running import EngineDoor
    from mistral_desk.inference.client import ModelSpec
    from mistral_desk.inference.protocol import Effort, ModelInfo

ShorteningEvent: TypeAlias = Loading | Reading | Summarising | Shortened
_NOBODYS = 2**62
"""The id of the message that nobody has written yet; larger than any that is stored."""


def with_draft(branch: Sequence[Message], conversation: int, parts: Sequence[Part]) -> tuple[Message, ...]:
    """A branch with a message behind it that is not sent yet; without any words it is one letter."""
    said = tuple(parts) if any(part.body for part in parts) else (Part("text", "?"),)
    above = branch[-1].id if branch else None
    return (*branch, Message(_NOBODYS, conversation, above, "user", 0.0, said))


async def talk_of(
    branch: Sequence[Message],
    settings: ConversationSettings,
    info: ModelInfo,
    effort: Effort,
    pictures: Gallery | None,
) -> Talk:
    """A branch as this model is asked it; which pictures are still there is looked up."""
    shown = {picture.sha256 for message in branch for picture in pictures_in(message.parts)}
    stored = await asyncio.to_thread(pictures.all) if shown and pictures else frozenset[str]()
    return Talk(branch, settings, info, effort, shown - stored)


class Shortening:
    """Leaves the oldest turns of one conversation out; `run` tells what happens, and may be closed at any time."""

    def __init__(
        self, history: History, engine: EngineDoor, engine_free: asyncio.Lock, pictures: Gallery | None
    ) -> None:
        self._history, self._engine = history, engine
        self._engine_free, self._pictures = engine_free, pictures

    async def run(
        self, conversation_id: int, spec: ModelSpec, *, summarise: bool
    ) -> AsyncGenerator[ShorteningEvent, None]:
        """Do it; the last event is `Shortened`. Raises `context.nothing_to_drop`, and as `Room.make`; nothing has
        changed then.
        """
        events: asyncio.Queue[ShorteningEvent | None] = asyncio.Queue()  # None: there are no more
        work = asyncio.get_running_loop().create_task(
            self._work(conversation_id, spec, events.put_nowait, summarise=summarise)
        )
        work.add_done_callback(lambda _: events.put_nowait(None))
        try:
            while (event := await events.get()) is not None:
                yield event
            work.result()
        finally:
            work.cancel()
            await ended(work)

    async def _work(
        self, conversation_id: int, spec: ModelSpec, tell: Callable[[ShorteningEvent], None], *, summarise: bool
    ) -> None:
        async with self._engine_free:
            info = await self._engine.ensure(spec, lambda share: tell(Loading(share)))
            settings = await self._history.settings(conversation_id)
            leaf = (await self._history.conversation(conversation_id)).leaf
            if leaf is None:
                raise DeskError("context.nothing_to_drop")
            messages = await branch_of(self._history, leaf, settings, info.context)
            branch = with_draft(messages, conversation_id, ())
            talk = await talk_of(branch, settings, info, "none", self._pictures)
            if not talk.sent.droppable:
                raise DeskError("context.nothing_to_drop")
            room = Room(self._history, self._engine, lookup(self._pictures), ask=self._nobody, tell=tell)
            await room.shorten(talk, summarise=summarise, problem=Problem("context.nothing_to_drop"))

    async def _nobody(self, _full: Full) -> WhenFull:
        return "stop"  # it was asked for already
