"""In a window without room for it the sidebar lies over the page for a while, and the page keeps its width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk.ui.widgets.overlay import paint_veil

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent
    from PySide6.QtWidgets import QHBoxLayout

    from mistral_desk.ui.sidebar.panel import Sidebar
    from mistral_desk.ui.theme.theme import Theme


class Drawer(QWidget):
    """The veil over the page, below the sidebar. `left` when a person turns to the page again."""

    left = Signal()

    def __init__(self, theme: Theme, sidebar: Sidebar, row: QHBoxLayout, ground: QWidget) -> None:
        super().__init__(ground)
        self._theme = theme
        self._sidebar = sidebar
        self._row = row
        self._ground = ground
        self.hide()
        if isinstance(app := QApplication.instance(), QApplication):
            app.focusChanged.connect(self._focus_moved)

    @property
    def open(self) -> bool:
        """Whether the sidebar lies over the page."""
        return not self.isHidden()

    def set_open(self, *, is_open: bool) -> None:
        """Take the sidebar out of the row and lay it over the page, or put it back."""
        if is_open != self.open:
            if is_open:
                self._row.removeWidget(self._sidebar)
            else:
                self._row.insertWidget(0, self._sidebar)
            self.setVisible(is_open)
        self.place()

    def place(self) -> None:
        """As tall as the window; the veil covers all of it."""
        if self.open:
            room, width = self._ground.rect(), min(self._sidebar.width(), self._ground.width())
            x = room.width() - width if self._ground.isRightToLeft() else 0
            self._sidebar.setGeometry(x, 0, width, room.height())
            self.setGeometry(room)
            self.raise_()
            self._sidebar.raise_()

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        """A click beside it closes it."""
        self.left.emit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The veil."""
        paint_veil(self, self._theme)

    def _focus_moved(self, _old: QWidget | None, now: QWidget | None) -> None:
        """The keyboard went on to the page."""
        if self.open and now is not None and self._ground.isAncestorOf(now) and not self._sidebar.isAncestorOf(now):
            self.left.emit()
