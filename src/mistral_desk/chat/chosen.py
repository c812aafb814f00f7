"""What a person chose for chats: the part of `History` that keeps presets, and changes a chat's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.chat import preset_rows, rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from mistral_desk.chat.message import ConversationSettings
    from mistral_desk.chat.presets import Preset
    from mistral_desk.chat.store import Store


class Chosen:
    """What `History` knows of settings that have a name, and of their changes."""

    _store: Store

    async def change_settings(
        self, conversation_id: int, change: Callable[[ConversationSettings], ConversationSettings]
    ) -> ConversationSettings:
        """Change a conversation's settings in one step, so that two who do so at once do not undo each other."""

        def work(connection: sqlite3.Connection) -> ConversationSettings:
            made = change(rows.settings(connection, conversation_id))
            rows.set_settings(connection, conversation_id, made)
            return made

        return await self._store.write(work)

    async def presets(self) -> tuple[Preset, ...]:
        """All presets, by name."""
        return await self._store.read(preset_rows.all_of)

    async def save_preset(self, preset: Preset) -> Preset:
        """Keep a new preset (`id` 0), or another name or other settings of one; what was kept comes back."""
        return await self._store.write(lambda c: preset_rows.put(c, preset))

    async def delete_preset(self, preset_id: int) -> None:
        """Take a preset away. Chats keep what it said; `restore_preset` brings it back."""
        await self._store.write(lambda c: preset_rows.delete(c, preset_id))

    async def restore_preset(self, preset: Preset) -> Preset:
        """Undo `delete_preset`: with its id, so that chats know it again."""
        return await self._store.write(lambda c: preset_rows.put(c, preset))
