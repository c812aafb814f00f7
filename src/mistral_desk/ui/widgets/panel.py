"""A quiet surface on which things that belong together stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QFrame, QWidget

from mistral_desk.ui.theme.tokens import RADIUS_LARGE

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme


class Panel(QFrame):
    """Raised, with a hairline around it; `name` is for screen readers."""

    def __init__(self, theme: Theme, parent: QWidget, *, name: str = "", radius: int = RADIUS_LARGE) -> None:
        super().__init__(parent)
        self._theme = theme
        self._radius = radius
        if name:
            self.setAccessibleName(name)
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Surface and hairline."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("hairline"), 1))
        painter.setBrush(self._theme.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), self._radius, self._radius)
        painter.end()
