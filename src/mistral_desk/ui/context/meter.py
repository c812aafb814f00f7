"""The meter beside the model's name: how full the context is. It is there from 60 % on, while that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen

from mistral_desk.chat.context import NEARLY_FULL, SHOWN_FROM, Budget
from mistral_desk.core import amounts
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.theme import direction
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QColor
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

THICK = 2.5


def ink(budget: Budget) -> str:
    """The colour that says how bad it is."""
    if budget.full:
        return "danger"
    return "warning" if budget.share >= NEARLY_FULL else "muted"


def sentence(budget: Budget) -> str:
    """How full it is, for a tool tip and a screen reader."""
    if budget.far:
        return trn(
            "Far longer than the context of {n} token", "Far longer than the context of {n} tokens", budget.context
        )
    words = trn(
        "Context {share} full: {used} of {n} token",
        "Context {share} full: {used} of {n} tokens",
        budget.context,
        share=amounts.percent(budget.share),
        used=amounts.number(budget.used),
    )
    if budget.full:
        return tr("{words}. An answer does not have enough room any more.", words=words)
    return words


class Meter(Button):
    """A ring that fills, and the share in percent."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr("Context"), text=" ", muted=True, round_=True, step="small", parent=parent)
        self.budget: Budget | None = None
        self.hide()

    def show_budget(self, budget: Budget | None) -> None:
        """Another state; None: not known."""
        self.budget = budget
        shown = budget is not None and (budget.share >= SHOWN_FROM or budget.full)
        if budget is not None and shown:
            self.set_ink(ink(budget))
            self.set_label(sentence(budget), amounts.percent(budget.share))
            self.setToolTip(f"{sentence(budget)}\n{tr('Click to see where the tokens go')}")
            self.update()
        self.setVisible(shown)

    def sizeHint(self) -> QSize:
        """The ring and the number."""
        hint = super().sizeHint()
        return QSize(hint.width() + self._ring_size() + 6, hint.height())

    def _ring_size(self) -> int:
        return round(16 * max(1.0, self._theme.text_size / 100))

    def _paint_content(self, painter: QPainter, ink: QColor) -> None:
        size, side = self._ring_size(), self._side()
        mirrored = self.isRightToLeft()
        x = self.width() - side - size if mirrored else side
        ring = QRectF(x, (self.height() - size) / 2, size, size).adjusted(THICK, THICK, -THICK, -THICK)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(self._theme.colour("hairline"), THICK))
        painter.drawEllipse(ring)
        pen = QPen(ink, THICK)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        share = self.budget.share if self.budget else 0.0
        painter.drawArc(ring, 90 * 16, round((1 if mirrored else -1) * share * 360 * 16))
        painter.setPen(ink)
        painter.setFont(self.font())
        begin = side + size + 6
        box = QRectF(side if mirrored else begin, 0, self.width() - begin - side, self.height())
        painter.drawText(box, int(direction.start(mirrored=mirrored) | Qt.AlignmentFlag.AlignVCenter), self.text())
