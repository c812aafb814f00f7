"""The line above the pages: the conversation's title, and the sidebar's two buttons while it is hidden."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.commands import keys_of
from mistral_desk.ui.theme.tokens import COLUMN, SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

HEIGHT = 48


class TopBar(QWidget):
    """Quiet: the title is muted, the buttons are bare."""

    new_chat = Signal()
    show_sidebar = Signal()
    menu_asked = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._title = ""
        self._quiet = False
        self._show = Button(theme, tr("Show the sidebar"), icon="panel", muted=True, parent=self)
        self._show.setToolTip(tr("{what} ({keys})", what=tr("Show the sidebar"), keys=keys_of("sidebar")))
        self._new = Button(theme, tr("New chat"), icon="compose", muted=True, parent=self)
        self._new.setToolTip(tr("{what} ({keys})", what=tr("New chat"), keys=keys_of("new_chat")))
        self.more = Button(theme, tr("Menu"), icon="more", muted=True, parent=self)
        self.more.setVisible(sys.platform != "darwin")  # macOS has its menu bar
        self.more.clicked.connect(self.menu_asked)
        self._show.clicked.connect(self.show_sidebar)
        self._new.clicked.connect(self.new_chat)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE[1], 0, SPACE[1], 0)
        row.setSpacing(SPACE[0])
        row.addWidget(self._show)
        row.addWidget(self._new)
        row.addStretch(1)
        row.addWidget(self.more)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_title(self, title: str) -> None:
        """The conversation's title; empty for a new one."""
        if title != self._title:
            self._title = title
            self.setAccessibleName(title or tr("New chat"))
            self.update()

    def set_quiet(self, *, quiet: bool) -> None:
        """A page with a heading of its own needs no title here."""
        if quiet != self._quiet:
            self._quiet = quiet
            self.update()

    def set_sidebar(self, shown: bool) -> None:
        """The buttons stand here while the sidebar does not."""
        self._show.setVisible(not shown)
        self._new.setVisible(not shown)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The title in the middle, shortened where it must be."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("canvas"))
        painter.setFont(self._theme.font("body"))
        painter.setPen(self._theme.colour("muted"))
        side = (1 if self._show.isHidden() else 2) * self._theme.control + SPACE[3]
        side = max(side, (self.width() - round(COLUMN * max(1.0, self._theme.text_size / 100))) // 2)
        box = QRect(side, 0, self.width() - 2 * side, self.height())
        title = "" if self._quiet else self._title
        words = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, box.width())
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # the title's own
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), words)
        painter.end()

    def _restyle(self) -> None:
        self.setFixedHeight(max(HEIGHT, self._theme.control + SPACE[2]))
        self.update()
