"""A picture of the icon set as large as the text around it asks for; it says nothing to a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme


APP_MARGIN: Final = 16 / 224
"""Systems want room around the program's own sign; beside words it would stand out of line."""


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
        spare = round(self.width() * APP_MARGIN) if self._name == "app" else 0
        side = self.width() + 2 * spare
        picture = self._theme.pixmap(self._name, self._ink, side, self.devicePixelRatioF())
        painter.drawPixmap(QRectF(-spare, -spare, side, side), picture, QRectF(picture.rect()))
        painter.end()

    def _restyle(self) -> None:
        side = round(self._size * max(1.0, self._theme.text_size / 100))
        self.setFixedSize(side, side)
        self.update()
