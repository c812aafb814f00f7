"""Looks through all chats while somebody types, and goes to the place that they choose.

One search at a time: the next one begins with the answer of the last, so that a slow disk is asked less often.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from mistral_desk.chat.search import Found, Hit
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
        self._running = self._thorough = False
        self._asked: asyncio.Task[Found] | None = None
        sidebar = desk.window.sidebar
        sidebar.searched.connect(self.look)
        sidebar.found.results.more_wanted.connect(self._more)
        sidebar.found.opened.connect(self.open)
        sidebar.found.thorough_asked.connect(self._go_through_all)

    def look(self, text: str) -> None:
        """Look for this; nothing ends the search."""
        if self._thorough and self._asked is not None:
            self._asked.cancel()  # that one may take long; nobody waits for it any more
        self._text, self._limit, self._thorough = text.strip(), FIRST, False
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
        words = self._text.replace('"', " ").strip() or hit.snippet[begin:end]
        self._chats.open_at(hit.conversation.id, hit.message, words)

    def _more(self) -> None:
        if self._limit < MOST and self._desk.window.sidebar.found.results.rowCount() >= self._limit:
            self._limit = min(MOST, 2 * self._limit)
            self.again()

    def _go_through_all(self) -> None:
        self._thorough = True
        self.again()

    async def _run(self) -> None:
        panel = self._desk.window.sidebar.found
        done = -1
        try:
            while self._text and done != self._round:
                done, thorough = self._round, self._thorough
                panel.show_searching(thorough=thorough)
                found = await self._answer()
                if found is not None and done == self._round:
                    left = found.more and not thorough and len(found.hits) < self._limit
                    panel.show_found(found, thorough=left)
        except DeskError:
            panel.show_failed()
            raise
        finally:
            self._running = False

    async def _answer(self) -> Found | None:
        """What is found; None where nobody wants to know any more."""
        search = self._desk.services.history.search(self._text, limit=self._limit, thorough=self._thorough)
        self._asked = asyncio.ensure_future(search)
        try:
            return await self._asked
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():  # the window closes
                self._asked.cancel()
                raise
            return None
