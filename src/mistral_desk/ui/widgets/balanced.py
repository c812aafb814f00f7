"""Lines of about the same length: a sentence that does not fit into one leaves no single word below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QMargins, QRect, Qt
from PySide6.QtWidgets import QLabel, QWidget

from mistral_desk.ui.theme import direction
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtGui import QFontMetrics, QResizeEvent

_FLAGS: Final = int(Qt.TextFlag.TextWordWrap)
_TALL: Final = 2**14


def narrowest(metrics: QFontMetrics, text: str, width: int) -> int:
    """The least width in which a text takes no more lines than in this one."""
    height = metrics.boundingRect(QRect(0, 0, width, _TALL), _FLAGS, text).height()
    if height < 2 * metrics.height():
        return width
    low, high = width // 2, width
    while low < high:
        middle = (low + high) // 2
        box = metrics.boundingRect(QRect(0, 0, middle, _TALL), _FLAGS, text)
        low, high = (low, middle) if box.height() <= height and box.width() <= middle else (middle + 1, high)
    return high


class Balanced(QLabel):
    """Plain text in the middle; `side` pixels stay free beside it."""

    def __init__(self, parent: QWidget, *, side: int = 0) -> None:
        super().__init__(parent)
        self._side = side
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setContentsMargins(side, 0, side, 0)

    def setText(self, text: str) -> None:
        """Other words."""
        super().setText(text)
        self._balance()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width."""
        super().resizeEvent(event)
        self._balance()

    def _balance(self) -> None:
        room = self.width() - 2 * self._side
        if room <= 0:
            return
        spare = (room - narrowest(self.fontMetrics(), self.text(), room)) // 2
        side = self._side + max(0, spare - 1)
        if side != self.contentsMargins().left():
            self.setContentsMargins(side, 0, side, 0)


class Even(Label):
    """A paragraph that begins where lines begin."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width."""
        super().resizeEvent(event)
        self._even()

    def _restyle(self) -> None:
        super()._restyle()
        self._even()

    def _even(self) -> None:
        spare = self.width() - narrowest(self.fontMetrics(), self.text(), self.width())
        margins = QMargins(*direction.margins(self, 0, 0, max(0, spare - 1), 0))
        if margins != self.contentsMargins():
            self.setContentsMargins(margins)
