"""How full the context of the shown chat is: counted by the model's own tokenizer, when somebody pauses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from mistral_desk.chat.context import FAR, Budget, room_for
from mistral_desk.chat.fitting_in import branch_of, budget
from mistral_desk.chat.message import Message, Part
from mistral_desk.chat.parts import lookup
from mistral_desk.chat.shortening import talk_of, with_draft
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.chat.fitting_in import Talk
    from mistral_desk.chat.message import ConversationSettings
    from mistral_desk.inference.protocol import Effort, ModelInfo
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk

log = logging.getLogger(__name__)
PAUSE_MS: Final = 350
SURELY_ROOM: Final = 0.5
"""A chat whose letters, were each a token, fill no more than this is not counted: there is room in any case."""
_MARKUP: Final = 32
"""Tokens that a template writes around a message, at most."""
_SURROUND: Final = 200
"""What it writes before all of them, and what is written around a summary."""


class Measuring(QObject):
    """`measured` carries the `Budget` of the chat that is shown, None while it is not known, or surely small."""

    measured = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._number = 0
        self._closed = False
        self._known: tuple[object, tuple[Message, ...]] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._begin)

    def soon(self) -> None:
        """Something is another: count when it stays so for a moment."""
        self._number += 1
        if not self._closed:
            self._pause.start()

    def close(self) -> None:
        """Count nothing any more."""
        self._closed = True
        self._pause.stop()

    def forget(self) -> None:
        """Another chat, or other messages: nothing is known."""
        self._known = None
        self.soon()

    @property
    def info(self) -> ModelInfo | None:
        """The model that would answer, while it is ready."""
        return self._desk.services.engine.model if self._desk.model.info is not None else None

    async def settings(self, chat: Chat) -> ConversationSettings:
        """The chat's own settings, of one that is not kept yet, too."""
        if chat.conversation is None:
            return chat.own
        return await chat.room.history.settings(chat.conversation.id)

    async def light(self, chat: Chat) -> tuple[Message, ...]:
        """The messages before the one that is being written, without token ids."""
        if chat.conversation is None:
            return ()
        messages = await chat.room.history.messages(chat.conversation.id, tokens=False)
        return _before(chat, messages)

    async def _branch(self, chat: Chat, settings: ConversationSettings, info: ModelInfo) -> tuple[Message, ...]:
        """The same with ids; kept until something is another, because a draft is counted again and again."""
        last = chat.turns[-1].message if chat.turns else None
        if chat.conversation is None or last is None:
            return ()
        key = (chat.conversation.id, last, settings.dropped)
        if self._known is None or self._known[0] != key:
            self._known = key, await branch_of(chat.room.history, last, settings, info.context)
        return _before(chat, self._known[1])

    async def budget(self, chat: Chat, *, surely: bool = True) -> Budget | None:
        """Where the tokens go, with what is being written; None where no model is ready. Without `surely` also where
        there is room in any case.
        """
        info, parts = self.info, self._draft(chat)
        if info is None:
            return None
        await chat.older.whole()
        settings = await self.settings(chat)
        said = _said(chat, settings)
        if len(said) > 1 and sum(len(turn.text) for turn in said) > FAR * info.context:
            return Budget(info.context, info.context, wanted=room_for(info.context, settings.longest), far=True)
        if not surely and _at_most(settings, said, parts, info) < SURELY_ROOM * info.context:
            return None
        talk = await self._talk(chat, settings, await self._branch(chat, settings, info), parts, info)
        engine, pictures = self._desk.services.engine, lookup(chat.room.pictures)
        return await budget(talk, engine, pictures, empty=not any(part.body.strip() for part in parts))

    async def to_come(self, chat: Chat) -> Talk | None:
        """What stands before the next message, with one letter in its place; None where no model is ready, or it is far
        too long.
        """
        info = self.info
        if info is None:
            return None
        await chat.older.whole()
        settings = await self.settings(chat)
        talk = await self._talk(chat, settings, await self._branch(chat, settings, info), (), info)
        return None if await talk.is_far() else talk

    async def thinking(self, chat: Chat) -> int | None:
        """Tokens that thoughts of earlier answers take in the prompt; None where that is not known."""
        info = self.info
        if info is None or not info.takes_thoughts or chat.busy:
            return None
        await chat.older.whole()
        settings = await self.settings(chat)
        said = _said(chat, settings)
        if not any(turn.thinking for turn in said):
            return 0
        if sum(len(turn.text) + len(turn.thinking) for turn in said) > FAR * info.context:
            return None
        branch = await self._branch(chat, settings, info)
        talk = await self._talk(chat, settings, branch, (), info)
        engine, pictures = self._desk.services.engine, lookup(chat.room.pictures)
        both = [
            (await engine.count(talk.turns(), talk.effort, keep_thinking=keep, pictures=pictures)).tokens
            for keep in (True, False)
        ]
        return max(0, both[0] - both[1])

    async def _talk(
        self,
        chat: Chat,
        settings: ConversationSettings,
        branch: Sequence[Message],
        parts: Sequence[Part],
        info: ModelInfo,
    ) -> Talk:
        key = chat.conversation.id if chat.conversation else 0
        effort: Effort = "high" if chat.think else "none"
        return await talk_of(with_draft(branch, key, parts), settings, info, effort, chat.room.pictures)

    def _draft(self, chat: Chat) -> tuple[Part, ...]:
        page = self._desk.page
        text = page.composer.text if page.chat is chat else chat.draft
        return (*chat.attachments.parts, Part("text", text))

    def _begin(self) -> None:
        chat = self._desk.page.chat
        if chat is not None and not chat.busy:  # an answer's end has it counted again
            self._desk.tasks.spawn(self._measure(chat, self._number), "measure the context")

    async def _measure(self, chat: Chat, number: int) -> None:
        try:
            found = await self.budget(chat, surely=False)
        except DeskError as error:
            log.info("the context could not be measured: %s", error.problem.id)
            found = None
        if number == self._number and chat is self._desk.page.chat:
            self.measured.emit(found)


def _before(chat: Chat, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Those before the message that is being edited, if one is."""
    edited = chat.editing.message if chat.editing is not None else None
    return messages if edited is None else tuple(one for one in messages if one.id < edited)


def _said(chat: Chat, settings: ConversationSettings) -> list[Turn]:
    """The turns that are sent with the next message: their words are here already, and nothing has to be read."""
    turns, edited = chat.turns, chat.editing
    if edited is not None and edited in turns:
        turns = turns[: turns.index(edited)]
    cut = next((place for place, turn in enumerate(turns, 1) if turn.message == settings.dropped), 0)
    return turns[cut if settings.dropped is not None else 0 :]


def _at_most(settings: ConversationSettings, said: Sequence[Turn], parts: Sequence[Part], info: ModelInfo) -> int:
    """More tokens than this it cannot be: no token is less than a byte."""
    size = sum(len(text.encode("utf-8", "replace")) for text in (settings.system, settings.summary)) + _SURROUND
    for text, attached in (*((turn.text + turn.thinking, turn.attached) for turn in said), ("", parts)):
        size += len(text.encode("utf-8", "replace")) + _MARKUP
        for part in attached:
            size += info.image_tokens if part.kind == "image" else len(part.body.encode("utf-8", "replace"))
    return size
