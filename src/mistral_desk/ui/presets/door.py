"""Opens *This chat's settings*, and has new chats begin with the preset that is meant for them."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.chat.message import ConversationSettings
from mistral_desk.chat.presets import applied
from mistral_desk.core.errors import DeskError, Words
from mistral_desk.core.words import tr
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.presets.own import Own

if TYPE_CHECKING:
    from mistral_desk.chat.presets import Preset
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.presets.sheet import ChatSettingsSheet

UNDO_SECONDS: Final = 12


class ChatSettings(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._taken_up: weakref.WeakSet[Chat] = weakref.WeakSet()
        desk.page.chat_shown.connect(self._chat_shown)

    def show(self) -> None:
        """The settings of the chat that is shown."""
        chat = self._desk.page.chat
        if chat is not None:
            self._desk.tasks.spawn(self._show(chat), "show a chat's settings")

    async def _show(self, chat: Chat) -> None:
        from mistral_desk.ui.presets.sheet import ChatSettingsSheet  # noqa: PLC0415 - no start waits for it

        desk = self._desk
        own = Own(chat, desk.services.history, desk.tasks)
        await own.load()
        measuring = desk.context.measuring
        sheet = ChatSettingsSheet(desk.theme, own, measuring.info, desk.window)
        sheet.context_asked.connect(desk.context.show)
        own.deleted.connect(lambda preset: self._deleted(own, preset))
        own.changed.connect(lambda: self._changed(own))

        def follow() -> None:
            sheet.set_model(measuring.info)

        desk.model.changed.connect(follow)
        sheet.finished.connect(lambda _result: desk.model.changed.disconnect(follow))
        desk.window.show_overlay(sheet)
        if desk.window.overlay is sheet:
            await self._tell_costs(sheet, chat)

    async def _tell_costs(self, sheet: ChatSettingsSheet, chat: Chat) -> None:
        """What another system prompt, and earlier thinking, cost in this chat: counted, where a model is ready."""
        measuring = self._desk.context.measuring
        reading: int | None = None
        thinking: int | None = None
        try:
            if not chat.turns:
                reading = 0
            elif not chat.busy and (found := await measuring.budget(chat)) is not None:
                reading = found.used - found.message
            thinking = await measuring.thinking(chat)
        except DeskError:
            pass  # then the numbers are not known
        if self._desk.window.overlay is sheet:
            sheet.tell_reading(reading)
            sheet.tell_thinking(thinking)

    def _changed(self, own: Own) -> None:
        chat = own.chat
        if own.settings.think is not None and own.settings.think != chat.think:
            self._set_think(chat, on=own.settings.think)
        if chat is self._desk.page.chat:
            self._desk.context.changed()

    def _deleted(self, own: Own, preset: Preset) -> None:
        words = Words(tr("Preset deleted"), preset.name, "")
        notice = Notice("info", words, tr("Undo"), lambda: own.restore(preset), UNDO_SECONDS, undoes=True)
        self._desk.notices.show(notice)

    # --- when a chat is opened ----------------------------------------------------------------------

    def _chat_shown(self, chat: Chat) -> None:
        if chat not in self._taken_up:
            self._taken_up.add(chat)
            self._desk.tasks.spawn(self._take_up(chat), "take up a chat's settings")

    async def _take_up(self, chat: Chat) -> None:
        if chat.conversation is None:
            if chat.own == ConversationSettings():
                presets = await self._desk.services.history.presets()
                default = next((one for one in presets if one.default), None)
                if default is not None and chat.conversation is None:
                    chat.own = applied(ConversationSettings(), default)
            think = chat.own.think
        else:
            think = (await chat.room.history.settings(chat.conversation.id)).think
            if think is None:
                think = await _as_last_time(chat)
        if think is not None:
            self._set_think(chat, on=think)

    def _set_think(self, chat: Chat, *, on: bool) -> None:
        chat.think = on
        page = self._desk.page
        if page.chat is chat and not self._desk.model.switch_reason:
            page.composer.think.setChecked(on)


async def _as_last_time(chat: Chat) -> bool | None:
    """Whether a stored chat's last answer was asked for with *Think harder*; None where it has no answer."""
    last = next((turn.message for turn in reversed(chat.turns) if turn.role == "assistant"), None)
    return None if last is None else (await chat.room.history.message(last)).effort == "high"
