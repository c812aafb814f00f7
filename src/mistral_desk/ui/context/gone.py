"""What is not sent any more, and the summary in its place, which can be read, changed, and taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from mistral_desk.core.words import tr, trn
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.text_box import TextBox

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme


class GoneSheet(Sheet):
    """`changed` carries another summary; `taken_back`: everything is to be sent again."""

    changed = Signal(str)
    taken_back = Signal()
    widest = 560

    def __init__(self, theme: Theme, messages: int, summary: str, parent: QWidget) -> None:
        super().__init__(theme, tr("Not sent any more"), parent)
        self._summary = summary
        body, column = self.anew()
        words = trn(
            "The oldest message of this chat is not sent to the model any more. The chat keeps it.",
            "The {n} oldest messages of this chat are not sent to the model any more. The chat keeps them.",
            messages,
        )
        column.addWidget(Label(theme, words, wrap=True, parent=body))
        column.addSpacing(SPACE[1])
        about = tr("What is written here, the model is told in their place. Empty: nothing.")
        name = tr("Summary of what is not sent")
        column.addWidget(Label(theme, name, strong=True, wrap=True, parent=body))
        column.addWidget(Label(theme, about, "small", ink="muted", wrap=True, parent=body))
        self.box = TextBox(theme, name, body, least=4, most=12)
        self.box.set_text(summary)
        column.addWidget(self.box)
        self.back = self.button(tr("Send them again"))
        self.save = self.button(tr("Save"), primary=True)
        self.back.clicked.connect(self._take_back)
        self.save.clicked.connect(self.accept)
        self.order()

    def first(self) -> QWidget:
        """To read first."""
        return self.box.edit

    def done(self, result: int) -> None:
        """What was written is kept, however the sheet is closed."""
        if self.box.text.strip() != self._summary.strip():
            self._summary = self.box.text
            self.changed.emit(self.box.text.strip())
        super().done(result)

    def _take_back(self) -> None:
        self._summary = self.box.text
        self.taken_back.emit()
        self.accept()
