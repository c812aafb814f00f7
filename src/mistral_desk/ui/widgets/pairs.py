"""Two things that belong together in each line, beside each other where there is room and below each other else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.theme.theme import Theme


class Pairs(QWidget):
    """Add with `add`. `equal` gives both sides the same width; else the first takes what it needs."""

    def __init__(self, theme: Theme, parent: QWidget, *, beside: int, equal: bool = False) -> None:
        super().__init__(parent)
        self._theme = theme
        self._least = beside
        self._equal = equal
        self._pairs: list[tuple[QWidget, QWidget]] = []
        self._beside = True
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE[2])
        self._grid.setVerticalSpacing(SPACE[1])
        self._stretch()

    def add(self, first: QWidget, second: QWidget) -> None:
        """One more line; both become children of this one."""
        self._pairs.append((first, second))
        self._place(len(self._pairs) - 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside each other where there is room."""
        super().resizeEvent(event)
        beside = self.width() >= self._least * max(1.0, self._theme.text_size / 100)
        if beside != self._beside:
            self._beside = beside
            for pair in self._pairs:
                for widget in pair:
                    self._grid.removeWidget(widget)
            self._stretch()
            for number in range(len(self._pairs)):
                self._place(number)
            self.updateGeometry()

    def _stretch(self) -> None:
        self._grid.setVerticalSpacing(SPACE[1] if self._beside else SPACE[0])
        for number in range(len(self._pairs)):
            last = number == len(self._pairs) - 1
            self._grid.setRowMinimumHeight(3 * number + 2, 0 if self._beside or last else SPACE[0])
        self._grid.setColumnStretch(0, 1 if self._equal or not self._beside else 0)
        self._grid.setColumnStretch(1, 1 if self._beside else 0)

    def _place(self, number: int) -> None:
        first, second = self._pairs[number]
        side = Qt.AlignmentFlag(0) if self._equal else Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeading
        if self._beside:
            self._grid.addWidget(first, 3 * number, 0, side)
            middle = Qt.AlignmentFlag(0) if self._equal else Qt.AlignmentFlag.AlignVCenter
            self._grid.addWidget(second, 3 * number, 1, middle)
        else:
            self._grid.addWidget(first, 3 * number, 0, 1, 2, side)
            self._grid.addWidget(second, 3 * number + 1, 0, 1, 2)
