"""A few facts beside each other, each its name above its value, in as many columns as there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

NARROWEST: Final = 156
LEAST: Final = 132
"""Pixels of a column at the system's text size, and of one of two."""


class Tiles(QWidget):
    """Fill it with `add`."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tiles: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE[3])
        self._grid.setVerticalSpacing(SPACE[2])

    def add(self, name: str, value: str, *, ink: str = "text", tip: str = "") -> None:
        """One more fact; `tip` explains it to a pointer."""
        tile = QWidget(self)
        column = QVBoxLayout(tile)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(Label(self._theme, name, "small", ink="muted", wrap=True, parent=tile))
        told = Paragraph(self._theme, value, ink=ink, parent=tile)
        told.setAccessibleName(tr("{name}: {value}", name=name, value=value))
        column.addWidget(told)
        tile.setToolTip(tip)
        self._tiles.append(tile)
        self._columns = 0
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many columns as there is room for."""
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        room = (self.width() + SPACE[3]) // round((NARROWEST + SPACE[3]) * max(1.0, self._theme.text_size / 100))
        two = self.width() >= 2 * LEAST * max(1.0, self._theme.text_size / 100)
        columns = max(2 if two else 1, room)
        columns = max(1, min(columns, 4, len(self._tiles)))
        if columns == self._columns:
            return
        for number in range(self._columns, columns):
            self._grid.setColumnStretch(number, 1)
        for number in range(columns, self._columns):
            self._grid.setColumnStretch(number, 0)
        self._columns = columns
        for tile in self._tiles:
            self._grid.removeWidget(tile)
        for number, tile in enumerate(self._tiles):
            self._grid.addWidget(tile, number // columns, number % columns, Qt.AlignmentFlag.AlignTop)
        self.updateGeometry()
