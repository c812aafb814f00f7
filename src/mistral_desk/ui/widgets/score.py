"""A score from 0 to 100 as a bar with its number; what nobody has measured is an empty frame and a word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core.amounts import number
from mistral_desk.core.words import tr
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

FULL: Final = 100.0
THICK: Final = 8
BESIDE: Final = 320
"""Pixels at the system's text size from which the name stands beside its bar."""
_NAMES: Final = 0.4
"""Of the width: names take no more of a line."""


def score_words(value: float | None, words: str = "") -> str:
    """A score as a person reads it: *78*, *78.5*, the publisher's own words where it is no number, *unknown*."""
    if value is None:
        return words or tr("unknown")
    return number(value, 0 if value == int(value) else 1)


def score_spoken(name: str, value: float | None, words: str = "") -> str:
    """*Coding 78 of 100*."""
    if value is None:
        return tr("{name}: {value}", name=name, value=words or tr("unknown"))
    return tr("{name} {value} of 100", name=name, value=score_words(value))


def paint_bar(painter: QPainter, theme: Theme, box: QRectF, value: float | None, *, mirrored: bool) -> None:
    """Track and fill from where lines begin; an empty frame of dashes without a value."""
    radius = box.height() / 2
    if value is None:
        painter.setPen(QPen(theme.colour("border"), 1, Qt.PenStyle.DashLine))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        return
    lined = theme.high_contrast
    painter.setPen(QPen(theme.colour("border"), 1) if lined else Qt.PenStyle.NoPen)
    ground = "canvas" if lined else "bubble" if theme.scheme == "light" else "hairline"  # lines are dark where lined
    painter.setBrush(theme.colour(ground))
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5) if lined else box, radius, radius)
    share = min(1.0, max(0.0, value / FULL))
    fill = QRectF(box)
    fill.setWidth(max(box.height(), box.width() * share) if share else 0)
    if mirrored:
        fill.moveRight(box.right())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.colour("accent"))
    if share:
        painter.drawRoundedRect(fill, radius, radius)


class ScoreBar(QLabel):
    """One line: name, bar, number. A screen reader gets the sentence `spoken`."""

    def __init__(self, theme: Theme, name: str, value: float | None, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._name = " ".join(name.split())
        self._value = value
        self._words = score_words(value, " ".join(words.split()))
        self._names = 0
        self._numbers = 0
        self.spoken = score_spoken(self._name, value, words)
        self.setAccessibleName(self.spoken)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()

    def needs(self) -> tuple[int, int]:
        """Pixels that the name and the number take."""
        name, value = self._metrics()
        return name.horizontalAdvance(self._name) + 2, value.horizontalAdvance(self._words) + 2

    def set_columns(self, names: int, numbers: int) -> None:
        """Pixels for the names and the numbers, the same in all lines that stand together."""
        if (names, numbers) != (self._names, self._numbers):
            self._names, self._numbers = names, numbers
            self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(240, self._height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The name above where there is no room beside."""
        super().resizeEvent(event)
        self.setFixedHeight(self._height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Name, bar and number."""
        theme, mirrored = self._theme, self.isRightToLeft()
        names, numbers = self._metrics()
        line, width = names.height(), self.width()
        beside = self._beside()
        least = min(numbers.horizontalAdvance(self._words) + 2, width // 2) if not beside else 0
        end = max(min(self._numbers, width // 2), least)
        top = 0 if beside else line + 2
        start = min(self._names, round(width * _NAMES)) + SPACE[2] if beside else 0
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

        def place(x: float, y: float, w: float, h: float) -> QRectF:
            return QRectF(width - x - w if mirrored else x, y, w, h)

        thick = round(THICK * max(1.0, theme.text_size / 100))
        track = place(start, top + (line - thick) / 2, max(20, width - start - end - SPACE[2]), thick)
        paint_bar(painter, theme, track, self._value, mirrored=mirrored)
        painter.setLayoutDirection(Qt.LayoutDirection.LayoutDirectionAuto)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font())
        painter.setPen(theme.colour("text"))
        room = start - SPACE[2] if beside else width
        shown = names.elidedText(self._name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(place(0, 0, room, line), int(direction.start(mirrored=mirrored) | middle), shown)
        painter.setFont(theme.font(strong=self._value is not None))
        painter.setPen(theme.colour("text" if self._value is not None else "muted"))
        shown = numbers.elidedText(self._words, Qt.TextElideMode.ElideRight, end)
        box = place(width - end, top, end, line)
        painter.drawText(box, int(direction.end(mirrored=mirrored) | middle), shown)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Mirrored with its window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LayoutDirectionChange:
            self.update()

    def _metrics(self) -> tuple[QFontMetrics, QFontMetrics]:
        theme = self._theme
        return QFontMetrics(theme.font()), QFontMetrics(theme.font(strong=self._value is not None))

    def _beside(self) -> bool:
        return self.width() >= BESIDE * max(1.0, self._theme.text_size / 100)

    def _height(self) -> int:
        line = self._metrics()[0].height()
        return line if self._beside() else 2 * line + 2

    def _restyle(self) -> None:
        self.setFixedHeight(self._height())
        name, value = self.needs()
        narrow = name > self._names > 0 or value > self._numbers > 0
        self.setToolTip(tr("{name}: {value}", name=self._name, value=self._words) if narrow else "")
        self.update()


class ScoreBars(QWidget):
    """Bars below each other, their columns in line."""

    def __init__(self, theme: Theme, scores: Sequence[tuple[str, float | None, str]], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.bars = [ScoreBar(theme, *score, self) for score in scores]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        for bar in self.bars:
            column.addWidget(bar)
        theme.changed.connect(self._align, Qt.ConnectionType.QueuedConnection)
        self._align()

    def _align(self) -> None:
        needs = [bar.needs() for bar in self.bars]
        names, numbers = (max((need[side] for need in needs), default=0) for side in (0, 1))
        for bar in self.bars:
            bar.set_columns(names, numbers)
