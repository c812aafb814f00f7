"""Names and values in lines, beside each other where there is room and below each other where there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

BESIDE: Final = 420
"""Pixels at the system's text size from which a value stands beside its name."""


class Facts(QWidget):
    """`add` lines; a line's value may have several columns, and `head` names them."""

    def __init__(self, theme: Theme, parent: QWidget, *, columns: int = 1) -> None:
        super().__init__(parent)
        self._theme = theme
        self._columns = columns
        self._lines: list[tuple[Label, list[Label]]] = []
        self._heads: list[str] = []
        self._beside = True
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(SPACE[3])
        self._grid.setVerticalSpacing(SPACE[0])
        self._grid.setColumnStretch(1, 1)

    def head(self, *names: str) -> None:
        """What the columns are."""
        self._heads = list(names)
        self._place(Label(self._theme, "", "small", parent=self), [self._label(name, strong=True) for name in names])

    def add(self, name: str, *values: str) -> None:
        """One more line; one without values is not added."""
        if not any(values):
            return
        label = Label(self._theme, name, "small", ink="muted", parent=self)
        label.setWordWrap(True)
        cells = [self._label(value) for value in values]
        for number, cell in enumerate(cells):
            column = self._heads[number] if number < len(self._heads) else ""
            spoken = tr("{name}: {value}", name=name, value=cell.text())
            cell.setAccessibleName(f"{column}, {spoken}" if column else spoken)
        self._place(label, cells)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Beside each other where there is room."""
        super().resizeEvent(event)
        beside = self.width() >= (BESIDE + 120 * (self._columns - 1)) * max(1.0, self._theme.text_size / 100)
        if beside == self._beside:
            return
        self._beside = beside
        self._grid.setColumnStretch(0, 0 if beside else 1)
        self._grid.setColumnStretch(self._columns, 1 if beside else 0)
        for label, cells in self._lines:
            for widget in (label, *cells):
                self._grid.removeWidget(widget)
        lines, self._lines = self._lines, []
        for label, cells in lines:
            self._place(label, cells)
        self.updateGeometry()

    def _label(self, text: str, *, strong: bool = False) -> Label:
        ink = "muted" if strong else "text"
        return Label(self._theme, text, "small", ink=ink, wrap=True, copied=not strong, parent=self)

    def _place(self, label: Label, cells: list[Label]) -> None:
        row = 2 * len(self._lines)
        top = Qt.AlignmentFlag.AlignTop
        self._lines.append((label, cells))
        if self._beside:
            self._grid.addWidget(label, row, 0, top)
            for number, cell in enumerate(cells):
                self._grid.addWidget(cell, row, 1 + number, top)
                self._grid.setColumnStretch(1 + number, 1)
            return
        self._grid.addWidget(label, row, 0, 1, 1 + self._columns)
        for number, cell in enumerate(cells):
            span = 1 + self._columns if self._columns == 1 else 1
            self._grid.addWidget(cell, row + 1, number, 1, span, top)
