"""The sheet with the guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core import words
from mistral_desk.core.words import tr
from mistral_desk.ui.guide.text import GuideText
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.overlay import Overlay

if TYPE_CHECKING:
    from mistral_desk.ui.guide.reading import Guide
    from mistral_desk.ui.theme.theme import Theme


class GuideSheet(Overlay):
    """Closes with Esc, its button, F1, or a click beside it."""

    widest = 820

    def __init__(self, theme: Theme, guide: Guide, parent: QWidget) -> None:
        super().__init__(theme, tr("User guide"), parent)
        self.close_button = Button(theme, tr("Close"), icon="close", muted=True, parent=self.card)
        self.close_button.clicked.connect(self.reject)
        self.text = _Tall(theme, guide, self.card)
        head = QHBoxLayout()
        head.addWidget(Label(theme, tr("User guide"), "heading", strong=True, parent=self.card), 1)
        head.addWidget(self.close_button)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(*direction.margins(self, SPACE[4], SPACE[3], SPACE[3], SPACE[4]))
        column.setSpacing(SPACE[1])
        column.addLayout(head)
        if words.language() != words.ENGLISH:
            note = tr("The guide is written in English; the words in bold are those of the English window.")
            column.addWidget(Label(theme, note, "small", ink="muted", wrap=True, parent=self.card))
        column.addWidget(self.text, 1)

    def first(self) -> QWidget:
        """The text, so that the arrow keys scroll."""
        return self.text


class _Tall(GuideText):
    """Takes what height there is."""

    def sizeHint(self) -> QSize:
        return QSize(600, 2000)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)
