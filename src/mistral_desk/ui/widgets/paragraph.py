"""Words that somebody else chose, as a label that never asks for more width: a word longer than the line is broken."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Unpack

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPalette, QTextLayout, QTextOption

from mistral_desk.ui.theme import direction
from mistral_desk.ui.widgets.label import Label, Look
from mistral_desk.ui.widgets.unbroken import unbroken

if TYPE_CHECKING:
    from PySide6.QtGui import QFont, QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.theme.tokens import Step

WIDEST: Final = 560
"""Pixels that it asks for at most; it takes what it gets."""
_KEPT: Final = 8


def laid_out(text: str, font: QFont, width: float, *, mirrored: bool, apart: float = 1.0) -> tuple[QTextLayout, float]:
    """A text in lines of this width, its own direction kept, and the height of all lines; longer words are broken."""
    layout = QTextLayout(unbroken(text).replace("\n", "\u2028"), font)
    option = QTextOption(direction.start(mirrored=mirrored))
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)
    layout.setTextOption(option)
    layout.beginLayout()
    y = 0.0
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(1.0, width))
        line.setPosition(QPointF(0, y + line.height() * (apart - 1) / 2))
        y += line.height() * apart
    layout.endLayout()
    return layout, max(y, float(QFontMetrics(font).height()))


class Paragraph(Label):
    """`loose` sets the lines as far apart as running text has them."""

    def __init__(
        self, theme: Theme, text: str, step: Step = "body", *, loose: bool = False, **look: Unpack[Look]
    ) -> None:
        self._apart = 1.2 if loose else 1.0
        self._heights: dict[int, int] = {}
        self._line = -1
        self._longest = self._natural = 0
        super().__init__(theme, text, step, wrap=True, **look)
        self.setAccessibleName(text)

    def say(self, text: str) -> None:
        """Other words."""
        if text != self.text():
            self._line = -1
            self.setText(text)
            self.setAccessibleName(text)

    def heightForWidth(self, width: int) -> int:
        """Pixels that the lines need; layouts ask many times for the same width."""
        self._measure()
        found = self._heights.get(width)
        if found is None:
            if len(self._heights) >= _KEPT:
                self._heights.clear()
            one = self._natural <= width and "\n" not in self.text()
            found = math.ceil(self._line * self._apart if one else self._laid_out(width)[1])
            self._heights[width] = found
        return found

    def sizeHint(self) -> QSize:
        """As wide as its text, up to a limit."""
        self._measure()
        width = min(self._natural, WIDEST)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """It may become narrow, then it grows."""
        self._measure()
        return QSize(40, self._line)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Says whether a word is broken on purpose."""
        super().resizeEvent(event)
        self._measure()
        self.setProperty("elides", self._longest > self.width())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The lines."""
        layout, height = self._laid_out(self.width())
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        layout.draw(painter, QPointF(0, max(0.0, (self.height() - height) / 2)))
        painter.end()

    def _measure(self) -> None:
        """Height of a line, widths of the longest line and of the longest word."""
        if self._line >= 0:
            return
        metrics = self.fontMetrics()
        self._heights.clear()
        self._line = metrics.height()
        self._natural = max((metrics.horizontalAdvance(line) for line in self.text().split("\n")), default=0) + 2
        words = sorted(self.text().split(), key=len)[-3:]
        self._longest = max((metrics.horizontalAdvance(word) for word in words), default=0)

    def _laid_out(self, width: int) -> tuple[QTextLayout, float]:
        return laid_out(self.text(), self.font(), width, mirrored=self.isRightToLeft(), apart=self._apart)

    def _restyle(self) -> None:
        self._line = -1
        super()._restyle()
