"""The sidebar itself: New chat, Search chats, the list, and the ways to the other pages below."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.commands import BY_ID, keys_of
from mistral_desk.ui.sidebar.chats import ChatsView
from mistral_desk.ui.sidebar.choosing import ChoosingBar
from mistral_desk.ui.sidebar.days import next_day
from mistral_desk.ui.sidebar.download_row import DownloadsLine
from mistral_desk.ui.sidebar.found import FoundPanel
from mistral_desk.ui.sidebar.menus import chats_menu, list_menu
from mistral_desk.ui.sidebar.model import ChatsModel
from mistral_desk.ui.theme.tokens import SIDEBAR, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.popup import below, opened
from mistral_desk.ui.widgets.search import SearchField
from mistral_desk.ui.widgets.tab_order import stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.theme.theme import Theme

NOTHING_YET = mark("Your chats will stand here.")
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
    delete_asked = Signal(tuple)
    pin_asked = Signal(tuple, bool)
    """These conversations, by their ids; whether they are to be pinned, or to lose their pins."""
    archive_asked = Signal(tuple)
    export_asked = Signal(tuple)
    searched = Signal(str)
    """What is looked for in all chats; empty when the search is over."""
    command_asked = Signal(str)
    """A command of the window, by its id."""
    page_asked = Signal(str)
    """One of `PAGES` is wanted."""
    downloads_asked = Signal()
    """The library's downloads are wanted."""
    hide_asked = Signal()
    menu_asked = Signal()
    """The program's menu is wanted."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.model = ChatsModel(self)
        self.chats = ChatsView(theme, self.model, self)
        self.name = Button(
            theme,
            tr("Mistral Desk menu"),
            text="Mistral Desk",
            trail="chevron-down",
            strong=True,
            small=True,
            parent=self,
        )
        self.name.setToolTip(tr("{what} ({keys})", what=tr("Menu"), keys=keys_of("menu")))
        self._hide = Button(theme, tr("Hide the sidebar"), icon="panel", small=True, muted=True, parent=self)
        self._hide.setToolTip(tr("{what} ({keys})", what=tr("Hide the sidebar"), keys=keys_of("sidebar")))
        self.new = Button(theme, tr("New chat"), icon="compose", text=tr("New chat"), kind="row", parent=self)
        self.new.setToolTip(tr("{what} ({keys})", what=tr("New chat"), keys=keys_of("new_chat")))
        self.search = SearchField(theme, tr("Search chats"), self)
        self.more = Button(theme, tr("Select, archive, bin"), icon="more", small=True, muted=True, parent=self)
        self._nothing = QLabel(tr(NOTHING_YET), self)
        self._nothing.setWordWrap(True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        self._nothing.setIndent(SPACE[1])
        self.found = FoundPanel(theme, self)
        self.choosing = ChoosingBar(theme, self.model, self)
        self.downloads = DownloadsLine(theme, self)
        self.downloads.clicked.connect(self.downloads_asked)
        self.ways = {page: self._way(page) for page in PAGES}
        self._midnight = QTimer(self)
        self._midnight.setSingleShot(True)
        self._midnight.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._midnight.timeout.connect(self._another_day)
        self._lay_out()
        self._connect()
        self._restyle()
        self._another_day()

    def show_chats(self, conversations: Sequence[Conversation], *, more: bool = False) -> None:
        """Show these; with `more` there are others behind them, which `model.more_wanted` asks for."""
        self.chats.show_chats(conversations, more=more)
        self._choose_view()

    def set_current(self, conversation: int | None) -> None:
        """Mark the conversation that is open."""
        self.chats.set_open(conversation)

    @property
    def has_keyboard(self) -> bool:
        """Whether the keyboard is somewhere in it."""
        return has_keyboard(self)

    @property
    def in_list(self) -> bool:
        """Whether the keyboard is in the list, or in the words that stand there when it is empty."""
        return has_keyboard(self._views)

    @property
    def in_use(self) -> bool:
        """Whether somebody searches or chooses in it: then it does not give way in a narrow window."""
        return self.model.choosing or bool(self.search.text())

    def escape(self) -> bool:
        """End choosing, or the search where the keyboard is in it; False where there is nothing to end."""
        if self.has_keyboard and self.search.text() and not self.chats.hasFocus():
            self.search.clear()
            self.search.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        if self.model.choosing:
            self.model.end_choosing()
            return True
        return False

    def set_page(self, page: str) -> None:
        """Mark the page that is open."""
        for name, way in self.ways.items():
            way.setChecked(name == page)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        shown = self._views.currentWidget()
        if shown is self.found and self.found.results.rowCount():
            return [self.found.list]
        return [self.chats if shown is self.chats else self.new]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Its own ground, and a hairline towards the page."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("sidebar"))
        x = 0 if self.isRightToLeft() else self.width() - 1
        painter.fillRect(x, 0, 1, self.height(), self._theme.colour("hairline"))
        painter.fillRect(0, self._rule.y(), self.width(), 1, self._theme.colour("hairline"))
        painter.end()

    def _way(self, page: str) -> Button:
        words, icon = PAGES[page]
        button = Button(self._theme, tr(words), icon=icon, text=tr(words), kind="row", parent=self)
        button.setToolTip(tr("{what} ({keys})", what=tr(words), keys=keys_of(page)))
        button.setCheckable(True)
        button.clicked.connect(lambda: self.page_asked.emit(page))
        return button

    def _choose_view(self) -> None:
        if self.search.text().strip():
            self._views.setCurrentWidget(self.found)
        else:
            self._views.setCurrentWidget(self.chats if self.model.rowCount() else self._nothing)

    def _searched(self, text: str) -> None:
        if text.strip():
            self.model.end_choosing()
        else:
            self.found.end()
        self._choose_view()
        self.searched.emit(text)

    def _show_menu(self, keys: tuple[int, ...], place: QPoint) -> None:
        menu = chats_menu(self, self._theme, keys)
        if self.isRightToLeft():
            place = place - QPoint(menu.sizeHint().width(), 0)
        opened(menu, place, tr(BY_ID["chat_menu"].words), by_pointer=self.chats.underMouse())

    def select(self, keys: Sequence[int] = ()) -> None:
        """Choosing begins, with these."""
        self.search.clear()
        self.model.choose(keys)
        self.chats.setFocus(Qt.FocusReason.OtherFocusReason)

    def _another_day(self) -> None:
        self.model.regroup()
        left = next_day(datetime.now().astimezone())
        self._midnight.start(1000 + round(1000 * left))

    def event(self, event: QEvent) -> bool:
        """Somebody comes back to the window, perhaps on another day: a computer that slept has no midnight."""
        if event.type() == QEvent.Type.WindowActivate:
            self._another_day()
        return super().event(event)

    def _connect(self) -> None:
        self._hide.clicked.connect(self.hide_asked)
        self.name.clicked.connect(self.menu_asked)
        self.new.clicked.connect(self.new_chat)
        self.search.textChanged.connect(self._searched)
        self.search.installEventFilter(self)
        self.more.clicked.connect(lambda: below(list_menu(self, self._theme), self.more))
        self.found.list.up.connect(lambda: self.search.setFocus(Qt.FocusReason.OtherFocusReason))
        self.chats.opened.connect(self.opened)
        self.chats.delete_asked.connect(self.delete_asked)
        self.chats.menu_asked.connect(self._show_menu)
        self.choosing.pin.connect(self.pin_asked)
        self.choosing.archive.connect(self.archive_asked)
        self.choosing.export.connect(self.export_asked)
        self.choosing.delete.connect(self.delete_asked)
        self.downloads.left.connect(lambda: self.ways["library"].setFocus(Qt.FocusReason.OtherFocusReason))
        self.model.renamed.connect(self.renamed)
        self._theme.changed.connect(self._restyle)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """In the field Down goes into what was found, Enter opens the first of it."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            some = self._views.currentWidget() is self.found and self.found.results.rowCount() > 0
            if event.key() == Qt.Key.Key_Down:
                target = self.found.list if some else self.chats
                target.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and some:
                self.found.open_first()
                return True
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        self._views = QStackedWidget(self)
        self._views.addWidget(self.chats)
        self._views.addWidget(self._nothing)
        self._views.addWidget(self.found)
        self._nothing.setContentsMargins(0, SPACE[0], 0, 0)
        head = QHBoxLayout()
        head.addWidget(self.name)
        head.addStretch(1)
        head.addWidget(self.more)
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
        column.addLayout(_inset(self.choosing))
        column.addSpacing(SPACE[0] + 1)
        self._rule = QWidget(self)
        self._rule.setFixedHeight(1)
        column.addWidget(self._rule)
        column.addLayout(_inset(self.downloads))
        for way in self.ways.values():
            column.addLayout(_inset(way))
        chosen = (*self.choosing.buttons, self.choosing.done)
        lists = (self.chats, self.chats.more, self.found.thorough, self.found.list)
        stops = (
            self.name,
            self.more,
            self._hide,
            self.new,
            self.search,
            *lists,
            *chosen,
            self.downloads,
            *self.ways.values(),
        )
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)
        stack(column)

    def _restyle(self) -> None:
        head = sum(button.sizeHint().width() for button in (self.name, self.more, self._hide)) + 2 * SPACE[2]
        self.setFixedWidth(max(head, round(SIDEBAR * max(1.0, min(1.4, self._theme.text_size / 100)))))
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
