"""The line above the pages: the conversation's title, and the sidebar's two buttons while it is hidden."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStyle, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.chat.away import AwayChip
from mistral_desk.ui.commands import keys_of
from mistral_desk.ui.theme.tokens import COLUMN, SPACE
from mistral_desk.ui.top_title import TopTitle
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.chat.away import Away
    from mistral_desk.ui.theme.theme import Theme

HEIGHT = 48


class TopBar(QFrame):
    """Quiet: the title is muted, the buttons are bare."""

    new_chat = Signal()
    show_sidebar = Signal()
    menu_asked = Signal()
    away_asked = Signal()
    """What of the chat goes to another computer is to be told."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._quiet = False
        self._away: Away | None = None
        self.title = TopTitle(theme, self)
        self.title.resized.connect(self._place_title)
        self._show = Button(theme, tr("Show the sidebar"), icon="panel", muted=True, parent=self)
        self._show.setToolTip(tr("{what} ({keys})", what=tr("Show the sidebar"), keys=keys_of("sidebar")))
        self._new = Button(theme, tr("New chat"), icon="compose", muted=True, parent=self)
        self._new.setToolTip(tr("{what} ({keys})", what=tr("New chat"), keys=keys_of("new_chat")))
        self.more = Button(theme, tr("What can be done with this chat"), icon="more", muted=True, parent=self)
        self.more.clicked.connect(self.menu_asked)
        self.away = AwayChip(theme, self)
        self.away.clicked.connect(self.away_asked)
        self._show.clicked.connect(self.show_sidebar)
        self._new.clicked.connect(self.new_chat)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE[1], 0, SPACE[1], 0)
        row.setSpacing(SPACE[0])
        row.addWidget(self._show)
        row.addWidget(self._new)
        row.addStretch(1)
        row.addWidget(self.away)
        row.addWidget(self.more)
        for before, after in pairwise((self._show, self._new, self.title, self.away, self.more)):
            QWidget.setTabOrder(before, after)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_title(self, title: str, key: int | None = None) -> None:
        """The conversation's title, empty for a new one; `key` where it is stored and the title can be changed."""
        self.title.set_title(title, key)
        self.setAccessibleName(title or tr("New chat"))
        self.title.setVisible(bool(title) and not self._quiet)

    def set_away(self, away: Away | None) -> None:
        """Where the words of the chat go; None: they stay on this computer."""
        self._away = away
        self.away.show_away(None if self._quiet else away)
        self._place_title()

    def set_quiet(self, *, quiet: bool) -> None:
        """A page with a heading of its own needs no title here, and has no chat's menu."""
        if quiet != self._quiet:
            self._quiet = quiet
            self.more.setVisible(not quiet)
            self.title.setVisible(bool(self.title.title) and not quiet)
            self.set_away(self._away)

    def set_sidebar(self, shown: bool) -> None:
        """The buttons stand here while the sidebar does not."""
        self._show.setVisible(not shown)
        self._new.setVisible(not shown)
        self._place_title()

    @property
    def first(self) -> Button:
        """Where the program's own menu opens while the sidebar, which has it, is hidden."""
        return self._show

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The canvas."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("canvas"))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The title stands in the middle."""
        super().resizeEvent(event)
        self._place_title()

    def _place_title(self) -> None:
        """As wide as it needs to be as far as there is room: in the middle over the reading column, or beside it where
        the sign at the end stands there.
        """
        self.away.setMaximumWidth(max(2 * self._theme.control, self.width() // 3))
        before = (0 if self._show.isHidden() else 2) * self._theme.control
        behind = self._theme.control
        if not self.away.isHidden():
            behind += min(self.away.sizeHint().width(), self.away.maximumWidth()) + SPACE[0]
        begin, end = (max(self._theme.control, one) + SPACE[3] for one in (before, behind))
        hint, room = self.title.sizeHint(), self.width() - begin - end
        column = round(COLUMN * max(1.0, self._theme.text_size / 100))
        width = max(0, min(hint.width(), room, column))
        x = max(begin, min((self.width() - width) // 2, self.width() - end - width))
        top = (self.height() - hint.height()) // 2
        place = QRect(x, top, width, hint.height())
        self.title.setGeometry(QStyle.visualRect(self.layoutDirection(), self.rect(), place))

    def _restyle(self) -> None:
        self.setFixedHeight(max(HEIGHT, self._theme.control + SPACE[2]))
        self._place_title()
        self.update()
