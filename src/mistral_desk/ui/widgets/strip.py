"""A calm line over the composer that says what is special now, with the ways out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QWidget

from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.sign import Sign

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

INSET = 6
"""The composer's shadow: the strip is as wide as what is seen of the composer."""

BESIDE = 0.4
"""Of the strip's width that buttons may take beside the words."""


class Strip(QFrame):
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
        self.label = Label(theme, words, "small", wrap=True, parent=self)
        said = QHBoxLayout()
        said.setSpacing(SPACE[1])
        said.addWidget(Sign(theme, icon, 18, ink=ink or "muted", parent=self))
        said.addWidget(self.label, 1)
        self._acts = QHBoxLayout()
        self._acts.setSpacing(SPACE[1])
        self._acts.addStretch(1)
        self._acts.addWidget(self.close_button)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(*direction.margins(self, INSET + SPACE[1], SPACE[0], INSET + SPACE[0], SPACE[0]))
        self._row.setSpacing(SPACE[1])
        self._row.addLayout(said, 1)
        self._row.addLayout(self._acts)
        theme.changed.connect(self.update)

    def set_words(self, words: str) -> None:
        """Say something else."""
        self.label.setText(words)
        self.setAccessibleName(words)

    def put_before(self, button: Button) -> None:
        """Another way out, before the one that closes it."""
        self._acts.insertWidget(self._acts.count() - 1, button)
        QWidget.setTabOrder(button, self.close_button)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons that would leave the words too little of the line stand below them."""
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Place the buttons; tell it when they say something else."""
        below = self._acts.sizeHint().width() > round((self.width() - 2 * INSET) * BESIDE)
        edge = SPACE[1] if below else SPACE[0]
        self._row.setContentsMargins(*direction.margins(self, INSET + SPACE[1], edge, INSET + edge, edge))
        way = QBoxLayout.Direction.TopToBottom if below else QBoxLayout.Direction.LeftToRight
        if way != self._row.direction():
            self._row.setDirection(way)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A quiet surface."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour(self._ink or "hairline"), 1))
        painter.setBrush(self._theme.colour("raised"))
        box = QRectF(self.rect()).adjusted(INSET + 0.5, 0.5, -INSET - 0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS, RADIUS)
        painter.end()
