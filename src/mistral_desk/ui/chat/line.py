"""A quiet line between two turns: something that is true from here on, as *Not sent any more: 4 messages*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QFrame, QWidget

from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme


class QuietLine(QFrame):
    """Words in the middle of a hairline, behind the turn of the message `after`; a press tells more."""

    pressed = Signal()

    def __init__(self, theme: Theme, after: int, words: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._after = after
        self._found = 0
        self.setAccessibleName(words)
        self._words = Button(theme, words, text=words, step="small", muted=True, small=True, parent=self)
        self._words.clicked.connect(self.pressed)

    def place(self, turns: Sequence[Turn]) -> int | None:
        """The number of the turn that it stands before; None where its message is not among these."""
        if not 0 < self._found <= len(turns) or turns[self._found - 1].message != self._after:
            self._found = next((number for number, turn in enumerate(turns, 1) if turn.message == self._after), 0)
        self.setVisible(bool(self._found))
        return self._found or None

    @property
    def needed(self) -> int:
        """Pixels of height that it needs."""
        return self._words.sizeHint().height()

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here."""
        return [self._words]

    def resizeEvent(self, _event: QResizeEvent) -> None:
        """The words in the middle."""
        width = min(self.width(), self._words.sizeHint().width())
        self._words.setGeometry((self.width() - width) // 2, 0, width, self.height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The line at both sides of the words."""
        painter = QPainter(self)
        box, middle = self._words.geometry(), round(self.height() / 2)
        for left, right in ((0, box.left() - SPACE[0]), (box.right() + SPACE[0], self.width())):
            if right > left:
                painter.fillRect(QRectF(left, middle, right - left, 1), self._theme.colour("hairline"))
        painter.end()
