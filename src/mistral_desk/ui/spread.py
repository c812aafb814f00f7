"""Work that need not be done at once, a piece in each turn of Qt's loop: between two of them a key gets through.

While downloads run, other threads share the interpreter, and a piece takes three times as long as by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable


class Spread(QObject):
    """Belongs to its parent. What is due already is not due twice; it works on what is true when its turn comes."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._due: dict[Callable[[], None], None] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._next)

    def later(self, *pieces: Callable[[], None]) -> None:
        """Do these, in this order."""
        self._due.update(dict.fromkeys(pieces))
        if self._due:
            self._timer.start()

    def end(self) -> None:
        """Do nothing more."""
        self._due.clear()
        self._timer.stop()

    def _next(self) -> None:
        piece = next(iter(self._due))
        del self._due[piece]
        if not self._due:
            self._timer.stop()
        piece()
