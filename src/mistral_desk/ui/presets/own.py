"""A chat's own settings while a sheet shows them: each change holds at once, and is kept where the chat is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal

from mistral_desk.chat import presets
from mistral_desk.chat.message import ConversationSettings
from mistral_desk.chat.presets import Preset

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.chat.history import History
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.tasks import Tasks


class Own(QObject):
    """The settings of one chat, and the presets. `history` keeps the presets; the chat's room keeps the chat."""

    changed = Signal()
    deleted = Signal(object)
    """A `Preset` that can be brought back with `restore`."""

    def __init__(self, chat: Chat, history: History, tasks: Tasks) -> None:
        super().__init__(chat)
        self.chat = chat
        self._history = history
        self._tasks = tasks
        self.settings = ConversationSettings()
        self.presets: tuple[Preset, ...] = ()

    async def load(self) -> None:
        """Read what is kept."""
        self.presets = await self._history.presets()
        conversation = self.chat.conversation
        if conversation is None:
            self.settings = self.chat.own
        else:
            self.settings = await self.chat.room.history.settings(conversation.id)

    @property
    def preset(self) -> Preset | None:
        """The preset that was chosen for this chat, while it is there."""
        return presets.chosen(self.settings, self.presets)

    @property
    def beyond(self) -> tuple[str, ...]:
        """What this chat has beyond its preset, or beyond what holds by itself."""
        chosen = self.preset
        return presets.beyond(self.settings, chosen.settings if chosen else ConversationSettings())

    def say(self, field: str, value: object) -> None:
        """Another value for one of `presets.FIELDS`."""
        self._change(lambda now: presets.changed(now, field, value))

    def choose(self, preset: Preset | None) -> None:
        """What a preset says holds for this chat from now on; None: nothing of its own."""
        self._change(lambda now: presets.applied(now, preset))

    # --- presets ------------------------------------------------------------------------------------

    def save_as(self, name: str) -> None:
        """A new preset with what this chat has now."""
        self._tasks.spawn(self._save_as(name), "save a preset")

    def save(self) -> None:
        """The chosen preset says from now on what this chat has."""
        if chosen := self.preset:
            self._put(msgspec.structs.replace(chosen, settings=presets.essence(self.settings)))

    def rename(self, name: str) -> None:
        """Another name for the chosen preset."""
        if chosen := self.preset:
            self._put(msgspec.structs.replace(chosen, name=name))

    def set_default(self, preset: Preset | None) -> None:
        """New chats begin with this preset; None: with nothing of their own."""
        before = next((one for one in self.presets if one.default), None)
        if preset is not None:
            self._put(msgspec.structs.replace(preset, default=True))
        elif before is not None:
            self._put(msgspec.structs.replace(before, default=False))

    def delete(self) -> None:
        """Take the chosen preset away; the chat keeps what it said."""
        if chosen := self.preset:
            self._tasks.spawn(self._delete(chosen), "delete a preset")

    def restore(self, preset: Preset) -> None:
        """Undo `delete`."""
        self._tasks.spawn(self._restore(preset), "bring a preset back")

    def _put(self, preset: Preset) -> None:
        async def work() -> None:
            await self._history.save_preset(preset)
            await self._reread()

        self._tasks.spawn(work(), "save a preset")

    async def _save_as(self, name: str) -> None:
        made = await self._history.save_preset(Preset(0, name, presets.essence(self.settings)))
        self._change(lambda now: msgspec.structs.replace(now, preset=str(made.id)))
        await self._reread()

    async def _delete(self, preset: Preset) -> None:
        await self._history.delete_preset(preset.id)
        await self._reread()
        self.deleted.emit(preset)

    async def _restore(self, preset: Preset) -> None:
        await self._history.restore_preset(preset)
        await self._reread()

    async def _reread(self) -> None:
        self.presets = await self._history.presets()
        self.changed.emit()

    def _change(self, change: Callable[[ConversationSettings], ConversationSettings]) -> None:
        self.settings = change(self.settings)
        conversation = self.chat.conversation
        if conversation is None:
            self.chat.own = change(self.chat.own)
        else:
            self._tasks.spawn(self._kept(conversation.id, change), "keep a chat's settings")
        self.changed.emit()

    async def _kept(self, key: int, change: Callable[[ConversationSettings], ConversationSettings]) -> None:
        await self.chat.room.history.change_settings(key, change)
