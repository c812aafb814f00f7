"""The sheet with the guide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize

from mistral_desk.core import words
from mistral_desk.core.words import tr
from mistral_desk.ui.guide.text import GuideText
from mistral_desk.ui.widgets.column import edged
from mistral_desk.ui.widgets.headed import HeadedSheet
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.guide.reading import Guide
    from mistral_desk.ui.theme.theme import Theme


class GuideSheet(HeadedSheet):
    """Closes with Esc, its button, F1, or a click beside it."""

    widest = 820

    def __init__(self, theme: Theme, guide: Guide, parent: QWidget) -> None:
        super().__init__(theme, tr("User guide"), parent)
        self.text = _Tall(theme, guide, self.card)
        edged(theme, self.text)
        if words.language() != words.ENGLISH:
            note = tr("The guide is written in English; the words in bold are those of the English window.")
            self.column.addWidget(Label(theme, note, "small", ink="muted", wrap=True, parent=self.card))
        self.column.addWidget(self.text, 1)

    def first(self) -> QWidget:
        """The text, so that the arrow keys scroll."""
        return self.text


class _Tall(GuideText):
    """Takes what height there is."""

    def sizeHint(self) -> QSize:
        return QSize(600, 2000)

    def minimumSizeHint(self) -> QSize:
        return QSize(120, 120)
