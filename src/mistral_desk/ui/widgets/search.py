"""A search field: icon, words, and a border that shows where the keyboard is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QLineEdit, QWidget

from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

_ICON = 18


class SearchField(QLineEdit):
    """A line of text without Qt's frame; Escape empties it."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(name)
        self.setPlaceholderText(name)
        self.setFrame(False)
        self.setStyleSheet("background: transparent; border: 0;")  # else Qt fills over what is painted below
        self.setClearButtonEnabled(True)
        self.setTextMargins(SPACE[1] + _ICON + 2, 0, SPACE[0], 0)
        theme.changed.connect(self._restyle)
        self._restyle()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Surface and icon below, the text above."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self.hasFocus()
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.setPen(QPen(self._theme.colour("accent" if ring else "border"), 2 if ring else 1))
        painter.setBrush(self._theme.colour("canvas"))
        painter.drawRoundedRect(box, RADIUS_SMALL, RADIUS_SMALL)
        x = self.width() - SPACE[1] - _ICON if self.isRightToLeft() else SPACE[1]
        sign = self._theme.pixmap("search", "muted", _ICON, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(x, (self.height() - _ICON) / 2), sign)
        painter.end()
        super().paintEvent(event)

    def _restyle(self) -> None:
        self.setFont(self._theme.font("body"))
        self.setFixedHeight(self._theme.control + 2)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, self._theme.colour("muted"))
        self.setPalette(palette)
        self.update()
