"""A picture of the icon set as large as the text around it asks for; it says nothing to a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme


class Sign(QWidget):
    """The icon `name` in a colour of the theme, `size` pixels at the system's text size."""

    def __init__(self, theme: Theme, name: str, size: int = 20, *, ink: str = "muted", parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = name
        self._size = size
        self._ink = ink
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_icon(self, name: str, ink: str) -> None:
        """Another picture, another colour."""
        self._name, self._ink = name, ink
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The picture."""
        painter = QPainter(self)
        picture = self._theme.pixmap(self._name, self._ink, self.width(), self.devicePixelRatioF())
        painter.drawPixmap(QRectF(self.rect()), picture, QRectF(picture.rect()))
        painter.end()

    def _restyle(self) -> None:
        side = round(self._size * max(1.0, self._theme.text_size / 100))
        self.setFixedSize(side, side)
        self.update()
