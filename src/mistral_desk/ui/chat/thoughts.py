"""Which thoughts of a chat stand open: as the person left them, and else as the settings say.

It is kept with the chat's own settings in the history, by message: so it outlives the program, goes with the chat
when that is deleted for good, and needs no file that would have to be erased and backed up by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mistral_desk.chat.message import ConversationSettings
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.tasks import Tasks


class Thoughts:
    """Belongs to a chat. `by_default` is what the settings say."""

    def __init__(self, chat: Chat, tasks: Tasks) -> None:
        self._chat, self._tasks = chat, tasks
        self.by_default = False
        self._left: dict[str, bool] = {}

    def load(self, settings: ConversationSettings) -> None:
        """What was kept with the chat."""
        self._left = dict(settings.thoughts)

    def open(self, turns: Iterable[Turn]) -> None:
        """Have the thoughts of these turns as they were left."""
        for turn in turns:
            turn.thought_open = self._left.get(str(turn.message), self.by_default)

    def keep(self, turn: Turn) -> None:
        """The person opened or closed this one."""
        conversation = self._chat.conversation
        if turn.message is None or conversation is None:
            return
        key, opened = str(turn.message), turn.thought_open
        self._left[key] = opened

        def change(settings: ConversationSettings) -> ConversationSettings:
            return msgspec.structs.replace(settings, thoughts={**settings.thoughts, key: opened})

        history = self._chat.room.history
        self._tasks.spawn(history.change_settings(conversation.id, change), "remember a thought")
