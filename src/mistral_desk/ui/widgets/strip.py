"""A calm line over the composer that says what is special now, with the one way out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout, QWidget

from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.sign import Sign

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

INSET = 6
"""The composer's shadow: the strip is as wide as what is seen of the composer."""


class Strip(QWidget):
    """An icon, words, and a button; `closed` when it is pressed."""

    closed = Signal()

    def __init__(
        self, theme: Theme, icon: str, words: str, *, name: str, text: str, parent: QWidget, ink: str = ""
    ) -> None:
        """With an `ink`, a colour of the theme, sign and border have it: for what must not be overlooked."""
        super().__init__(parent)
        self._theme = theme
        self._ink = ink
        self.setAccessibleName(words)
        self.close_button = Button(theme, name, text=text, kind="outline", small=True, step="small", parent=self)
        self.close_button.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(INSET, SPACE[0], INSET, SPACE[0])
        row.setSpacing(SPACE[1])
        row.addSpacing(SPACE[1])
        row.addWidget(Sign(theme, icon, 18, ink=ink or "muted", parent=self))
        self.label = Label(theme, words, "small", wrap=True, parent=self)
        row.addWidget(self.label, 1)
        row.addWidget(self.close_button)
        row.addSpacing(SPACE[0])
        theme.changed.connect(self.update)

    def set_words(self, words: str) -> None:
        """Say something else."""
        self.label.setText(words)
        self.setAccessibleName(words)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A quiet surface."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour(self._ink or "hairline"), 1))
        painter.setBrush(self._theme.colour("raised"))
        box = QRectF(self.rect()).adjusted(INSET + 0.5, 0.5, -INSET - 0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        painter.end()
