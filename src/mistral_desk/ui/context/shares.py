"""Where the tokens of a context go, as a bar of shares and a line for each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import tr
from mistral_desk.ui.theme.contrast import blend
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.chat.context import Budget
    from mistral_desk.ui.theme.theme import Theme

TALL = 14


class Part(NamedTuple):
    """A share of the context. `depth` 0 to 1: how much of the accent it is painted with; None: it is free."""

    words: str
    tokens: int
    depth: float | None


def parts(budget: Budget) -> tuple[Part, ...]:
    """What a budget consists of, in the order in which the model reads it; nothing that is not there."""
    every = (
        Part(tr("System prompt and the template's own words"), budget.system, 0.35),
        Part(tr("Conversation so far"), budget.earlier, 0.75),
        Part(tr("Pictures"), budget.pictures, 0.55),
        Part(tr("This message"), budget.message, 1.0),
    )
    return (*(part for part in every if part.tokens), Part(tr("Room for the answer"), budget.room, None))


class Bar(QLabel):
    """The shares beside each other."""

    def __init__(self, theme: Theme, shown: Sequence[Part], parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._parts = theme, shown
        self.setAccessibleName(tr("Where the tokens go"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """A thick line."""
        return QSize(200, round(TALL * max(1.0, self._theme.text_size / 100)))

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Each share as wide as it is large; what is free stays empty."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        whole = max(1, sum(part.tokens for part in self._parts))
        x = 0.0
        for part in self._parts:
            width = self.width() * part.tokens / whole
            box = QRectF(x, 0, max(0.0, width - 1), self.height())
            if self.isRightToLeft():
                box.moveRight(self.width() - x)
            painter.setBrush(colour(self._theme, part))
            painter.drawRoundedRect(box, 2, 2)
            x += width
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.colour("border"), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
        painter.end()


class _Swatch(QWidget):
    """A patch of a share's colour."""

    def __init__(self, theme: Theme, part: Part, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._part = theme, part
        theme.changed.connect(self._restyle)
        self._restyle()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("border"), 1))
        painter.setBrush(colour(self._theme, self._part))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)
        painter.end()

    def _restyle(self) -> None:
        side = round(12 * max(1.0, self._theme.text_size / 100))
        self.setFixedSize(side, side)
        self.update()


class Shares(QWidget):
    """The bar and its lines."""

    def __init__(self, theme: Theme, budget: Budget, parent: QWidget) -> None:
        super().__init__(parent)
        shown = parts(budget)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, SPACE[1], 0, SPACE[1])
        grid.setHorizontalSpacing(SPACE[1])
        grid.setVerticalSpacing(SPACE[1])
        grid.setColumnStretch(1, 1)
        grid.addWidget(Bar(theme, shown, self), 0, 0, 1, 3)
        for line, part in enumerate(shown, start=1):
            grid.addWidget(_Swatch(theme, part, self), line, 0, Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(Label(theme, part.words, wrap=True, parent=self), line, 1)
            number = Label(theme, amounts.number(part.tokens), parent=self)
            number.setAlignment(Qt.AlignmentFlag.AlignTrailing | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(number, line, 2)


def colour(theme: Theme, part: Part) -> QColor:
    """The colour of a share on a sheet."""
    ground = theme.colours.canvas if theme.scheme == "light" else theme.colours.raised
    return QColor(ground) if part.depth is None else QColor(blend(theme.colours.accent, ground, part.depth))
