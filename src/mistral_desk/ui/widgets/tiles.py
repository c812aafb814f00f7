"""A few facts beside each other, each its name above its value, in as many columns as there is room for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6.QtCore import QEvent, QPointF, QSize, Qt
from PySide6.QtGui import QPainter, QTextLayout
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.paragraph import laid_out
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

NARROWEST: Final = 156
LEAST: Final = 132
"""Pixels of a column at the system's text size, and of one of two."""
_KEPT: Final = 8


class Tiles(QWidget):
    """Fill it with `add`."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tiles: list[Tile] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE[3])
        self._grid.setVerticalSpacing(SPACE[2])

    def add(self, name: str, value: str, *, ink: str = "text", tip: str = "") -> None:
        """One more fact; `tip` explains it to a pointer."""
        tile = Tile(self._theme, name, value, self, ink=ink)
        if tip:
            tile.setToolTip(plain_tip(tip))
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


class Tile(QLabel):
    """One fact. A widget for each of its words would take four times as long to be there."""

    def __init__(self, theme: Theme, name: str, value: str, parent: QWidget, *, ink: str) -> None:
        super().__init__(parent)
        self._theme, self._name, self._value, self._ink = theme, name, value, ink
        self._known: dict[int, Written] = {}
        self.setAccessibleName(tr("{name}: {value}", name=name, value=value))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self._restyle)

    def heightForWidth(self, width: int) -> int:
        """Of all lines."""
        return self._written(width).height

    def sizeHint(self) -> QSize:
        """As wide as a column at least is."""
        return QSize(LEAST, self.heightForWidth(max(LEAST, self.width())))

    def minimumSizeHint(self) -> QSize:
        """It may become narrow, then it grows."""
        return QSize(40, 0)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The name, and the value below it."""
        written = self._written(self.width())
        painter = QPainter(self)
        painter.setPen(self._theme.colour("muted"))
        written.name.draw(painter, QPointF(0, 0))
        painter.setPen(self._theme.colour(self._ink))
        written.value.draw(painter, QPointF(0, written.top))
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Mirrored with its window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self._restyle()

    def _written(self, width: int) -> Written:
        found = self._known.get(width)
        if found is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            mirrored = self.isRightToLeft()
            name, above = laid_out(self._name, self._theme.font("small"), width, mirrored=mirrored)
            value, below = laid_out(self._value, self._theme.font(), width, mirrored=mirrored)
            top = math.ceil(above) + 2
            found = self._known[width] = Written(name, value, top, top + math.ceil(below))
        return found

    def _restyle(self) -> None:
        self._known.clear()
        self.updateGeometry()
        self.update()


class Written(NamedTuple):
    """Both laid out; pixels from which the value stands, and of all."""

    name: QTextLayout
    value: QTextLayout
    top: int
    height: int
