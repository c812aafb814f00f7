"""Where an access token is pasted: hidden while it is written, tested before it is kept, never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import set_possible
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.text_box import NameField

if TYPE_CHECKING:
    from mistral_desk.ui.theme.theme import Theme


class Hidden(NameField):
    """Dots instead of letters; no completion, no menu that could show it, nothing of it for the clipboard."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(theme, name, parent, longest=4096)
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )


class TokenField(QWidget):
    """`given` carries what was pasted; the field is emptied at once, so that the token stays nowhere in the window."""

    given = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.edit = Hidden(theme, tr("Access token"), self)
        words = tr("Test and keep")
        self.take = Button(theme, words, text=words, kind="outline", parent=self)
        self.take.setEnabled(False)
        self.told = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
        self.told.hide()
        row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addWidget(self.edit, 1)
        row.addWidget(self.take)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[0])
        column.addLayout(row)
        column.addWidget(self.told)
        self.edit.textChanged.connect(lambda text: self.take.setEnabled(bool(text.strip())))
        self.edit.returnPressed.connect(self._give)
        self.take.clicked.connect(self._give)

    def tell(self, text: str, ink: str = "muted") -> None:
        """What came of it; nothing hides the line."""
        self.told.tell(text, ink)

    def set_busy(self, *, busy: bool) -> None:
        """It is being tested."""
        self.take.setEnabled(not busy and bool(self.edit.text()))
        set_possible(self.edit, possible=not busy)
        if busy:
            self.tell(tr("Testing it…"))

    def _give(self) -> None:
        token = self.edit.text().strip()
        if token:
            if self.take.hasFocus():  # it goes out with the words, and the field takes the next ones
                self.edit.setFocus(Qt.FocusReason.OtherFocusReason)
            self.edit.clear()
            self.given.emit(token)
