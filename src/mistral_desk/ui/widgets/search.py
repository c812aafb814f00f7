"""A search field: icon, words, and a border that shows where the keyboard is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF
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
        size = self._icon()
        x = self.width() - SPACE[1] - size if self.isRightToLeft() else SPACE[1]
        sign = self._theme.pixmap("search", "muted", size, self.devicePixelRatioF())
        painter.drawPixmap(QPointF(x, (self.height() - size) / 2), sign)
        painter.end()
        super().paintEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Margins are not mirrored by Qt."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._restyle()

    def _icon(self) -> int:
        return round(_ICON * max(1.0, self._theme.text_size / 100))

    def _restyle(self) -> None:
        room = SPACE[1] + self._icon() + 2
        self.setTextMargins(*((SPACE[0], 0, room, 0) if self.isRightToLeft() else (room, 0, SPACE[0], 0)))
        self.setFont(self._theme.font("body"))
        self.setFixedHeight(self._theme.control + 2)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, self._theme.colour("muted"))
        self.setPalette(palette)
        self.update()
