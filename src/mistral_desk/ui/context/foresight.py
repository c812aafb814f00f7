"""Has a chat read with the other effort while its next message is written, once *Think harder* was switched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from mistral_desk.chat.parts import lookup

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.context.measuring import Measuring
    from mistral_desk.ui.desk import Desk

PAUSE_MS: Final = 400
"""How long the switch has to stay as it is: who plays with it starts nothing."""


class Foresight(QObject):
    """Belongs to the desk. It never loads a model, and whatever is asked of the engine ends it."""

    begun = Signal(object)
    """A chat is read: the task that reads it."""

    def __init__(self, desk: Desk, measuring: Measuring) -> None:
        super().__init__(desk)
        self._desk, self._measuring = desk, measuring
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._begin)
        desk.page.composer.think_toggled.connect(lambda _on: self._pause.start())

    def close(self) -> None:
        """Begin nothing any more."""
        self._pause.stop()
        self._pause.blockSignals(True)

    def _begin(self) -> None:
        chat = self._desk.page.chat
        if chat is not None and chat.turns and not chat.busy and not self._desk.services.engine_free.locked():
            self._desk.tasks.spawn(self._read(chat), "read ahead")

    async def _read(self, chat: Chat) -> None:
        talk = await self._measuring.to_come(chat)
        if talk is None or chat.conversation is None or chat.busy or self._desk.services.engine_free.locked():
            return
        owner = "" if chat.room.history.is_temporary else str(chat.conversation.id)
        pictures = lookup(chat.room.pictures)
        ahead = self._desk.services.engine.ahead
        task = ahead.read(talk.turns(), talk.effort, pictures, keep_thinking=talk.keep_thinking, owner=owner)
        if task:
            self.begun.emit(task)
