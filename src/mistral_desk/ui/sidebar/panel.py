"""The sidebar itself: New chat, Search chats, the list, and the ways to the other pages below."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.commands import keys_of
from mistral_desk.ui.sidebar.chats import ChatsModel, ChatsView
from mistral_desk.ui.sidebar.days import matching
from mistral_desk.ui.theme.tokens import SIDEBAR, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.search import SearchField

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.theme.theme import Theme

NOTHING_YET = mark("Your chats will stand here.")
NOTHING_FOUND = mark("No chat has these words in its title.")


class Sidebar(QWidget):
    """Signals go up; the window hands in what there is to show."""

    new_chat = Signal()
    opened = Signal(int)
    renamed = Signal(int, str)
    delete_asked = Signal(int)
    settings = Signal()
    hide_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._all: Sequence[Conversation] = ()
        self._current: int | None = None
        self.model = ChatsModel()
        self.chats = ChatsView(theme, self.model, self)
        self._name = QLabel("Mistral Desk", self)
        self._hide = Button(theme, tr("Hide the sidebar"), icon="panel", small=True, muted=True, parent=self)
        self._hide.setToolTip(tr("{what} ({keys})", what=tr("Hide the sidebar"), keys=keys_of("sidebar")))
        self.new = Button(theme, tr("New chat"), icon="compose", text=tr("New chat"), kind="row", parent=self)
        self.new.setToolTip(tr("{what} ({keys})", what=tr("New chat"), keys=keys_of("new_chat")))
        self.search = SearchField(theme, tr("Search chats"), self)
        self._nothing = QLabel(tr(NOTHING_YET), self)
        self._nothing.setWordWrap(True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self.settings_button = Button(
            theme, tr("Settings"), icon="settings", text=tr("Settings"), kind="row", parent=self
        )
        self._lay_out()
        self._connect()
        self._restyle()

    def show_chats(self, conversations: Sequence[Conversation]) -> None:
        """Show these, as far as they match the search."""
        self._all = conversations
        self._filter()

    def set_current(self, conversation: int | None) -> None:
        """Mark the conversation that is open."""
        self._current = conversation
        index = self.model.index_of(conversation)
        if index.isValid():
            self.chats.setCurrentIndex(index)
        else:
            self.chats.clearSelection()

    def set_page(self, page: str) -> None:
        """Mark the page that is open."""
        self.settings_button.setChecked(page == "settings")

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.chats if self.model.rowCount() else self.new]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Its own ground, and a hairline towards the page."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("sidebar"))
        x = 0 if self.isRightToLeft() else self.width() - 1
        painter.fillRect(x, 0, 1, self.height(), self._theme.colour("hairline"))
        painter.end()

    def _filter(self) -> None:
        words = self.search.text()
        shown = matching(self._all, words) if words.strip() else self._all
        self.model.show(shown)
        self._nothing.setText(tr(NOTHING_FOUND if words.strip() else NOTHING_YET))
        self._views.setCurrentWidget(self.chats if shown else self._nothing)
        self.set_current(self._current)

    def _connect(self) -> None:
        self._hide.clicked.connect(self.hide_asked)
        self.new.clicked.connect(self.new_chat)
        self.search.textChanged.connect(self._filter)
        self.settings_button.clicked.connect(self.settings)
        self.chats.opened.connect(self.opened)
        self.chats.delete_asked.connect(self.delete_asked)
        self.model.renamed.connect(self.renamed)
        self._theme.changed.connect(self._restyle)

    def _lay_out(self) -> None:
        self.settings_button.setCheckable(True)
        self._views = QStackedWidget(self)
        self._views.addWidget(self.chats)
        self._views.addWidget(self._nothing)
        head = QHBoxLayout()
        head.setContentsMargins(SPACE[1], 0, 0, 0)
        head.addWidget(self._name, 1)
        head.addWidget(self._hide)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[2], SPACE[1] + 2, SPACE[2], SPACE[2])
        column.setSpacing(SPACE[0])
        column.addLayout(head)
        column.addSpacing(SPACE[1])
        column.addWidget(self.new)
        column.addWidget(self.search)
        column.addSpacing(SPACE[1])
        column.addWidget(self._views, 1)
        column.addSpacing(SPACE[0])
        column.addWidget(self.settings_button)
        stops = (self._hide, self.new, self.search, self.chats, self.settings_button)
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _restyle(self) -> None:
        self.setFixedWidth(round(SIDEBAR * max(1.0, min(1.4, self._theme.text_size / 100))))
        self._name.setFont(self._theme.font("body", strong=True))
        self._nothing.setFont(self._theme.font("small"))
        palette = self._nothing.palette()
        palette.setColor(QPalette.ColorRole.WindowText, self._theme.colour("muted"))
        self._nothing.setPalette(palette)
        self.update()
