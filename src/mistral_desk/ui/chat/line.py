"""A quiet line between two turns: something that is true from here on, as *Not sent any more: 4 messages*."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QWidget

from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme


class QuietLine(QWidget):
    """Words in the middle of a hairline, behind the turn of the message `after`."""

    def __init__(self, theme: Theme, after: int, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._words = words
        self._after = after
        self._found = 0
        self.setAccessibleName(words)

    def place(self, turns: Sequence[Turn]) -> int | None:
        """The number of the turn that it stands before; None where its message is not among these."""
        if not 0 < self._found <= len(turns) or turns[self._found - 1].message != self._after:
            self._found = next((number for number, turn in enumerate(turns, 1) if turn.message == self._after), 0)
        self.setVisible(bool(self._found))
        return self._found or None

    def height_for(self, width: int) -> int:
        """Pixels that it needs at this width."""
        metrics = QFontMetricsF(self._theme.font("small"))
        box = metrics.boundingRect(QRectF(0, 0, max(1, width - 2 * SPACE[3]), 10_000), _FLAGS, self._words)
        return math.ceil(box.height()) + SPACE[0]

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The words, and the line at both sides of them where there is room."""
        painter = QPainter(self)
        painter.setFont(self._theme.font("small"))
        painter.setPen(self._theme.colour("muted"))
        room = QRectF(self.rect()).adjusted(SPACE[3], 0, -SPACE[3], 0)
        painter.drawText(room, _FLAGS, self._words)
        box = painter.boundingRect(room, _FLAGS, self._words)
        middle = round(self.height() / 2)
        for left, right in ((0.0, box.left() - SPACE[2]), (box.right() + SPACE[2], float(self.width()))):
            if right > left:
                painter.fillRect(QRectF(left, middle, right - left, 1), self._theme.colour("hairline"))
        painter.end()


_FLAGS = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
