"""What is seen of a long branch while it is made: how far it is, and a way to call it off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Signal

from mistral_desk.chat.titles import called
from mistral_desk.core import amounts
from mistral_desk.core.errors import Words
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.working import Working

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.theme.theme import Theme

LONG: Final = 10_000
"""Messages of a branch from which on it is shown: fewer are there before anybody could read it."""
SAID_SECONDS: Final = 12


class BranchSheet(Sheet):
    """Closed, the work goes on; `stopped` calls it off."""

    stopped = Signal()
    widest = 480

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr("A new chat from here"), parent)
        body, column = self.anew()
        column.addWidget(Paragraph(theme, tr("All messages up to here are copied into it."), ink="muted", parent=body))
        self.progress = Working(theme, tr("Copying"), body)
        column.addWidget(self.progress)
        self.cancel = self.button(tr("Cancel"))
        self.cancel.clicked.connect(self.stopped)
        self.order()

    def first(self) -> QWidget:
        """The way out."""
        return self.cancel

    def show_going(self, done: int, all_: int) -> None:
        """How far it is."""
        words = trn("{done} of {n} message", "{done} of {n} messages", all_, done=amounts.number(done))
        self.progress.show_share(done / max(1, all_), words)


class Branching(QObject):
    """Belongs to the window's chats. At most one sheet is open; a chat makes one branch at a time."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._sheets: dict[Chat, BranchSheet | None] = {}
        """Of each long branch that is being made; None where the person closed it."""
        self._closed: set[Chat] = set()

    def show(self, chat: Chat, done: int, all_: int) -> None:
        """So many of so many messages are there."""
        if chat not in self._sheets:
            self._closed.discard(chat)  # that was a branch before, and it failed
            if all_ < LONG:
                return
            self._sheets[chat] = self._open(chat)
        sheet = self._sheets[chat]
        if sheet is not None:
            sheet.show_going(done, all_)

    def over(self, chat: Chat) -> None:
        """It is made, or was called off."""
        sheet = self._sheets.pop(chat, None)
        if sheet is not None:
            sheet.accept()

    def wanted(self, conversation: Conversation, chat: Chat) -> bool:
        """Whether a new branch is to be shown at once; who closed the sheet does something else, and is told."""
        if chat not in self._closed:
            return True
        self._closed.discard(chat)
        words = Words(tr("The new chat is there"), called(conversation.title), "")
        notice = Notice("success", words, tr("Show"), lambda: self._desk.open_chat(conversation.id), SAID_SECONDS)
        self._desk.notices.show(notice)
        return False

    def _open(self, chat: Chat) -> BranchSheet:
        sheet = BranchSheet(self._desk.theme, self._desk.window)

        def closed() -> None:
            if chat in self._sheets:
                self._sheets[chat] = None
                self._closed.add(chat)

        sheet.stopped.connect(chat.versions.stop)
        sheet.rejected.connect(closed)
        self._desk.window.show_overlay(sheet)
        return sheet
