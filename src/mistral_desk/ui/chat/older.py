"""The turns above those that a long conversation opens with: read once its end is on the screen, then put above it.

A conversation of thousands of messages would take half a second to open otherwise.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.services import model_title
from mistral_desk.ui import loop
from mistral_desk.ui.chat.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mistral_desk.chat.message import Message
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.tasks import Tasks

log = logging.getLogger(__name__)
FIRST: Final = 60
"""Messages that a conversation opens with: some screens of them."""


class Older:
    """Belongs to a chat: reads its newest turns, and the others a little later."""

    def __init__(self, chat: Chat, tasks: Tasks) -> None:
        self._chat, self._tasks = chat, tasks
        self._here = asyncio.Event()
        self._here.set()

    @property
    def coming(self) -> bool:
        """Whether turns are still to come above those that are there."""
        return not self._here.is_set()

    async def whole(self) -> None:
        """Wait until all turns are there (or could not be read)."""
        await self._here.wait()

    async def load(self, conversation: int) -> list[Turn]:
        """The newest turns; where there are more, those come by `Chat.preceded`."""
        messages = await self._chat.room.history.messages(conversation, tokens=False, last=FIRST)
        if len(messages) == FIRST and (above := messages[0].parent) is not None:
            self._here.clear()
            self._tasks.spawn(self._read(above), "read the older messages")
        return turns_of(messages)

    async def _read(self, last: int) -> None:
        try:
            await loop.idle()  # what is there is painted first
            messages = await self._chat.room.history.branch(last, tokens=False)
            turns = await asyncio.to_thread(turns_of, messages)
        except DeskError as error:
            if error.problem.id != "history.missing":  # deleted meanwhile
                raise
            log.info("the older messages are gone")
        else:
            self._chat.precede(turns)
        finally:
            self._here.set()


def turns_of(messages: Iterable[Message]) -> list[Turn]:
    """Messages as they are shown; the system prompt is not."""
    return [Turn.of(message, model_title(message.model)) for message in messages if message.role != "system"]
