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
from mistral_desk.ui.sidebar.download_row import DownloadsLine
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
PAGES = {
    "models": (mark("Models"), "models"),
    "library": (mark("Library"), "library"),
    "settings": (mark("Settings"), "settings"),
}
"""The ways to the other pages: words and icon. A command of the same name has the keys."""


class Sidebar(QWidget):
    """Signals go up; the window hands in what there is to show."""

    new_chat = Signal()
    opened = Signal(int)
    renamed = Signal(int, str)
    delete_asked = Signal(int)
    page_asked = Signal(str)
    """One of `PAGES` is wanted."""
    downloads_asked = Signal()
    """The library's downloads are wanted."""
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
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self._nothing.setIndent(SPACE[1])
        self.downloads = DownloadsLine(theme, self)
        self.downloads.clicked.connect(self.downloads_asked)
        self.ways = {page: self._way(page) for page in PAGES}
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
        for name, way in self.ways.items():
            way.setChecked(name == page)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.chats if self.model.rowCount() else self.new]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Its own ground, and a hairline towards the page."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("sidebar"))
        x = 0 if self.isRightToLeft() else self.width() - 1
        painter.fillRect(x, 0, 1, self.height(), self._theme.colour("hairline"))
        painter.fillRect(0, self._views.geometry().bottom() + 1, self.width(), 1, self._theme.colour("hairline"))
        painter.end()

    def _way(self, page: str) -> Button:
        words, icon = PAGES[page]
        button = Button(self._theme, tr(words), icon=icon, text=tr(words), kind="row", parent=self)
        button.setToolTip(tr("{what} ({keys})", what=tr(words), keys=keys_of(page)))
        button.setCheckable(True)
        button.clicked.connect(lambda: self.page_asked.emit(page))
        return button

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
        self.chats.opened.connect(self.opened)
        self.chats.delete_asked.connect(self.delete_asked)
        self.model.renamed.connect(self.renamed)
        self._theme.changed.connect(self._restyle)

    def _lay_out(self) -> None:
        self._views = QStackedWidget(self)
        self._views.addWidget(self.chats)
        self._views.addWidget(self._nothing)
        self._nothing.setContentsMargins(0, SPACE[0], 0, 0)
        head = QHBoxLayout()
        head.addSpacing(SPACE[1])
        head.addWidget(self._name, 1)
        head.addWidget(self._hide)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE[1] + 2, 0, SPACE[1])
        column.setSpacing(SPACE[0])
        column.addLayout(_inset(head))
        column.addSpacing(SPACE[1])
        column.addLayout(_inset(self.new))
        column.addLayout(_inset(self.search))
        column.addSpacing(SPACE[1])
        column.addLayout(_inset(self._views, to_the_edge=True), 1)  # the list's bar stands in the margin
        column.addSpacing(SPACE[0] + 1)
        column.addLayout(_inset(self.downloads))
        for way in self.ways.values():
            column.addLayout(_inset(way))
        stops = (self._hide, self.new, self.search, self.chats, self.downloads, *self.ways.values())
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


def _inset(what: QWidget | QHBoxLayout, *, to_the_edge: bool = False) -> QHBoxLayout:
    """With the sidebar's margin on both sides; a layout's own margins are not mirrored."""
    row = QHBoxLayout()
    row.setSpacing(0)
    row.addSpacing(SPACE[2])
    if isinstance(what, QWidget):
        row.addWidget(what, 1)
    else:
        row.addLayout(what, 1)
    if not to_the_edge:
        row.addSpacing(SPACE[2])
    return row
