"""What a sheet shows while it works, and why that came to nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.note import Note
from mistral_desk.ui.widgets.progress import Figures, Progress

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem
    from mistral_desk.ui.theme.theme import Theme


class Working(QWidget):
    """A bar, and a line that says in words how far it is."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.bar = Progress(theme, name, self)
        self.told = Figures(theme, "", self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE[1], 0, SPACE[1])
        column.setSpacing(SPACE[1])
        column.addWidget(self.bar)
        column.addWidget(self.told)

    def show_share(self, share: float, words: str) -> None:
        """How far it is."""
        self.bar.show_share(share, words)
        self.told.say(words)


def problem_note(theme: Theme, problem: Problem, parent: QWidget) -> Note:
    """Why it came to nothing."""
    return Note(theme, "error", in_words(problem, tr), parent)
