"""The tree behind a chat: which versions a turn has, going to another one, and a new chat that begins here.

Going back to a version shows what was last seen behind it, as long as the chat is open; after that its newest end.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from mistral_desk.chat.titles import LIMIT, title_from
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark, tr
from mistral_desk.inference.model_ids import model_title
from mistral_desk.ui.chat.turns import Turn

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.tasks import Tasks

log = logging.getLogger(__name__)
BRANCH: Final = mark("Branch · {title}")
"""The title of a chat that was branched off."""


class Versions(QObject):
    """Belongs to a chat."""

    going = Signal(int, int)
    """So many of so many messages of a branch are copied."""
    over = Signal()
    """No branch is being made any more."""

    def __init__(self, chat: Chat, tasks: Tasks) -> None:
        super().__init__(chat)
        self._chat, self._tasks = chat, tasks
        self._seen: dict[int, int] = {}
        """The last message that was shown behind a version."""
        self._branching = False
        self._making: asyncio.Task[object] | None = None

    def look(self, turn: Turn) -> None:
        """Find out whether a turn has other versions; it changes when it has."""
        if turn.message is not None and not turn.live and not turn.versions:
            self._tasks.spawn(self._look(turn, turn.message), "look for versions")

    def show(self, turn: Turn, step: int) -> None:
        """Show the version that is `step` places further, with what followed it."""
        chat = self._chat
        if not chat.busy and turn in chat.turns and turn.message in turn.versions:
            place = turn.versions.index(turn.message) + step
            if 0 <= place < len(turn.versions):
                self._tasks.spawn(self._select(turn, turn.versions[place]), "show a version")

    def branch(self, turn: Turn) -> None:
        """A new chat that holds this one up to here."""
        if turn.message is not None and turn in self._chat.turns and not self._branching:
            self._branching = True
            self._tasks.spawn(self._branch(turn.message), "branch off")

    def stop(self) -> None:
        """Make no branch after all."""
        if self._making is not None:
            self._making.cancel()

    async def _look(self, turn: Turn, message: int) -> None:
        try:
            versions = await self._chat.room.history.versions(message)
        except DeskError as error:
            log.info("no versions: %s", error.problem.id)  # deleted meanwhile
            return
        if len(versions) > 1 and versions != turn.versions:
            turn.versions = versions
            self._chat.touch(turn)

    async def _select(self, turn: Turn, message: int) -> None:
        chat = self._chat
        history = chat.room.history
        if turn.message is not None and chat.turns[-1].message is not None:
            self._seen[turn.message] = chat.turns[-1].message
        try:
            conversation = await history.select(self._seen.get(message, message))
        except DeskError:
            conversation = await history.select(message)  # what followed it is gone
        messages = await history.messages(conversation.id, tokens=False)
        if chat.busy or turn not in chat.turns:
            return
        chat.conversation = conversation
        ids = [one.id for one in messages]
        if message not in ids:
            return
        fresh = [Turn.of(one, model_title(one.model)) for one in messages[ids.index(message) :]]
        fresh[0].versions = turn.versions
        chat.replace(turn, fresh)

    async def _branch(self, message: int) -> None:
        chat = self._chat
        self._making = asyncio.current_task()
        try:
            title = chat.conversation.title if chat.conversation else ""
            conversation = await chat.room.history.branch_off(message, branch_title(title), self.going.emit)
        finally:
            self._branching, self._making = False, None
            self.over.emit()
        chat.branched.emit(conversation)


def branch_title(title: str) -> str:
    """The title of a branch of a chat with this title; a branch of a branch is called as the first one is."""
    begin, _, end = tr(BRANCH, title="\0").partition("\0")
    if title.startswith(begin) and title.endswith(end):
        return title
    rest = title_from(title, LIMIT - len(begin) - len(end))
    return tr(BRANCH, title=rest) if rest else ""  # with the marks that keep it apart in a language from right to left
