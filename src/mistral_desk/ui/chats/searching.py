"""Looks through all chats while somebody types, and goes to the place that they choose.

One search at a time: the next one begins with the answer of the last, so that a slow disk is asked less often.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from mistral_desk.chat.search import Hit
    from mistral_desk.ui.chats.door import Chats
    from mistral_desk.ui.desk import Desk

FIRST: Final = 50
MOST: Final = 1_000
"""Hits that are shown; nobody reads more."""


class Searching(QObject):
    """Belongs to `Chats`."""

    def __init__(self, desk: Desk, chats: Chats) -> None:
        super().__init__(chats)
        self._desk = desk
        self._chats = chats
        self._text = ""
        self._limit = FIRST
        self._round = 0
        self._running = False
        sidebar = desk.window.sidebar
        sidebar.searched.connect(self.look)
        sidebar.found.results.more_wanted.connect(self._more)
        sidebar.found.opened.connect(self.open)

    def look(self, text: str) -> None:
        """Look for this; nothing ends the search."""
        self._text, self._limit = text.strip(), FIRST
        self.again()

    def again(self) -> None:
        """Something has changed: look anew, if somebody searches."""
        self._round += 1
        if self._text and not self._running:
            self._running = True
            self._desk.tasks.spawn(self._run(), "search the chats")

    def open(self, hit: Hit) -> None:
        """Show the message that was found, marked."""
        begin, end = hit.marks[0] if hit.marks else (0, 0)
        self._chats.open_at(hit.conversation.id, hit.message, hit.snippet[begin:end])

    def _more(self) -> None:
        if self._limit < MOST:
            self._limit = min(MOST, 2 * self._limit)
            self.again()

    async def _run(self) -> None:
        panel = self._desk.window.sidebar.found
        done = -1
        try:
            while self._text and done != self._round:
                done = self._round
                panel.show_searching()
                found = await self._desk.services.history.search(self._text, limit=self._limit)
                if done == self._round:
                    panel.show_found(found)
        except DeskError:
            panel.show_failed()
            raise
        finally:
            self._running = False
