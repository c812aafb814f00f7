"""Where an access token is pasted: hidden while it is written, tested before it is kept, never shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme


class Hidden(QLineEdit):
    """Dots instead of letters; no completion, no menu that could show it, nothing of it for the clipboard."""

    def __init__(self, theme: Theme, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setEchoMode(QLineEdit.EchoMode.Password)
        self.setInputMethodHints(
            Qt.InputMethodHint.ImhSensitiveData
            | Qt.InputMethodHint.ImhNoPredictiveText
            | Qt.InputMethodHint.ImhNoAutoUppercase
        )
        self.setMaxLength(4096)
        self.setAccessibleName(name)
        self.setPlaceholderText(name)
        self.setFrame(False)
        self.setStyleSheet("background: transparent; border: 0;")  # else Qt fills over what is painted below
        theme.changed.connect(self._restyle)
        self._restyle()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The border below, the dots above."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ring = self.hasFocus()
        painter.setPen(QPen(self._theme.colour("accent" if ring else "border"), 2 if ring else 1))
        painter.setBrush(self._theme.colour("canvas"))
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter.drawRoundedRect(box, RADIUS_SMALL, RADIUS_SMALL)
        painter.end()
        super().paintEvent(event)

    def _restyle(self) -> None:
        self.setTextMargins(SPACE[1], 0, SPACE[1], 0)
        self.setFont(self._theme.font("body"))
        self.setFixedHeight(self._theme.control + 2)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        palette.setColor(QPalette.ColorRole.PlaceholderText, self._theme.colour("muted"))
        self.setPalette(palette)
        self.update()


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
        self.edit.setEnabled(not busy)
        self.take.setEnabled(not busy and bool(self.edit.text()))
        if busy:
            self.tell(tr("Testing it…"))

    def _give(self) -> None:
        token = self.edit.text().strip()
        if token:
            self.edit.clear()
            self.given.emit(token)
