"""An on-off switch with the platform-free look of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen

from mistral_desk.ui.widgets.pressable import Pressable

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme


class Switch(Pressable):
    """Checked is on. Reads as a check box to a screen reader."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setCheckable(True)
        self.setAccessibleName(name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self._restyle)

    def sizeHint(self) -> QSize:
        """Track and ring."""
        scale = max(1.0, self._theme.text_size / 100)
        return QSize(round(48 * scale), round(30 * scale))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Track, knob and the focus ring."""
        colours = self._theme.colours
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(4, 4, self.width() - 8, self.height() - 8)
        on = self.isChecked()
        painter.setPen(QPen(self._theme.colour(colours.accent if on else colours.border), 1))
        painter.setBrush(self._theme.colour(colours.accent if on else colours.canvas))
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        size = track.height() - 6
        right = on != self.isRightToLeft()
        x = track.right() - size - 3 if right else track.left() + 3
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(colours.on_accent if on else colours.border))
        painter.drawEllipse(QRectF(x, track.top() + 3, size, size))
        if self._ring and self.hasFocus():
            painter.setPen(QPen(self._theme.colour("accent"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            ring = QRectF(self.rect()).adjusted(1, 1, -1, -1)
            painter.drawRoundedRect(ring, ring.height() / 2, ring.height() / 2)
        painter.end()

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()
