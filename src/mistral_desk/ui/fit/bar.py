"""Where a model's bytes go, as a bar with a legend: each place has its own pattern, and its number stands beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.fit.verdict import part_words
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.fit.verdict import Part, Where
    from mistral_desk.ui.theme.theme import Theme

HEIGHT: Final = 16
SWATCH: Final = 14
GAP: Final = 2
_ROUND: Final = 4
_LEAST: Final = 8
"""Pixels: a place that holds little is seen too."""
_Style = Qt.BrushStyle
INKS: Final[dict[Where, tuple[str, Qt.BrushStyle]]] = {
    "gpu": ("accent", _Style.SolidPattern),
    "shared": ("accent", _Style.SolidPattern),
    "memory": ("muted", _Style.BDiagPattern),
    "disk": ("warning", _Style.Dense5Pattern),
    "room": ("muted", _Style.BDiagPattern),
    "missing": ("danger", _Style.NoBrush),
}
"""A colour and a pattern for each place; what is missing is an empty frame of dashes."""


def fill(painter: QPainter, theme: Theme, box: QRectF, where: Where) -> None:
    """One piece: a tint, the pattern over it, and an edge that stands out from every ground."""
    name, pattern = INKS[where]
    colours = theme.colours
    ink = theme.colour(name)
    solid = pattern == _Style.SolidPattern
    ground = ink if solid else QColor(blend(ink.name(), colours.canvas, 0.12))
    path = QPainterPath()
    radius = min(_ROUND, box.width() / 4)
    path.addRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.fillPath(path, ground)
    if not solid and pattern != _Style.NoBrush:
        painter.fillPath(path, QBrush(ink, pattern))
    line = Qt.PenStyle.DashLine if where == "missing" else Qt.PenStyle.SolidLine
    painter.setPen(QPen(ink, 1, line))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)


class Bar(QWidget):
    """The pieces side by side, each as long as its share, from where lines begin."""

    def __init__(self, theme: Theme, parts: Sequence[Part], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._parts = tuple(parts)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()

    def pieces(self) -> list[tuple[QRectF, Part]]:
        """Where each piece is painted."""
        total = sum(part.bytes for part in self._parts) or 1
        room = self.width() - GAP * max(0, len(self._parts) - 1)
        widths = [max(_LEAST, room * part.bytes / total) for part in self._parts]
        over = sum(widths) - room
        if widths and over > 0:
            widths[widths.index(max(widths))] -= over
        made, x = [], 0.0
        for part, width in zip(self._parts, widths, strict=True):
            left = self.width() - x - width if self.isRightToLeft() else x
            made.append((QRectF(left, 0, width, self.height()), part))
            x += width + GAP
        return made

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(200, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The pieces."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for box, part in self.pieces():
            fill(painter, self._theme, box, part.where)
        painter.end()

    def _restyle(self) -> None:
        self.setFixedHeight(round(HEIGHT * max(1.0, self._theme.text_size / 100)))
        self.update()


class _Swatch(QWidget):
    """A piece as small as a letter."""

    def __init__(self, theme: Theme, where: Where, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._where: Where = where
        theme.changed.connect(self._restyle)
        self._restyle()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The same pattern as in the bar."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        fill(painter, self._theme, QRectF(self.rect()), self._where)
        painter.end()

    def _restyle(self) -> None:
        side = round(SWATCH * max(1.0, self._theme.text_size / 100))
        self.setFixedSize(side, side)
        self.update()


class Places(QFrame):
    """The bar and its legend; a screen reader gets the numbers."""

    def __init__(self, theme: Theme, parts: Sequence[Part], parent: QWidget) -> None:
        super().__init__(parent)
        told = [part_words(part) for part in parts]
        self.setAccessibleName(tr("Where its bytes go: {places}", places=", ".join(told)))
        legend = QWidget(self)
        flow = FlowLayout(legend, spacing=SPACE[2])
        for part, text in zip(parts, told, strict=True):
            item = QWidget(legend)
            row = QHBoxLayout(item)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(6)
            row.addWidget(_Swatch(theme, part.where, item))
            row.addWidget(Label(theme, text, "small", ink="muted", parent=item))
            flow.addWidget(item)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        column.addWidget(Bar(theme, parts, self))
        column.addWidget(legend)
