"""What is shown when the window itself cannot be opened: the problem in words, *Try again* and *Quit*."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout

from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.note import Note

if TYPE_CHECKING:
    from PySide6.QtGui import QCloseEvent

    from mistral_desk.core.errors import Problem
    from mistral_desk.ui.theme.theme import Theme


class FailureWindow(QFrame):
    """`decided` carries True for *Try again*, False for *Quit*."""

    decided = Signal(bool)

    def __init__(self, theme: Theme, problem: Problem) -> None:
        super().__init__()
        self.setWindowTitle("Mistral Desk")
        self.resize(560, 200)
        self.note = Note(theme, "error", in_words(problem, tr), self)
        self.again = Button(theme, tr("Try again"), text=tr("Try again"), kind="primary", parent=self)
        self.leave = Button(theme, tr("Quit"), text=tr("Quit"), kind="outline", parent=self)
        self.again.clicked.connect(lambda: self.decided.emit(True))
        self.leave.clicked.connect(lambda: self.decided.emit(False))
        row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addStretch(1)
        row.addWidget(self.leave)
        row.addWidget(self.again)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        column.setSpacing(SPACE[3])
        column.addWidget(self.note)
        column.addStretch(1)
        column.addLayout(row)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Closing is quitting."""
        event.ignore()
        self.decided.emit(False)
