"""A thing in a list of things: a sign, a name, what is to be known of it, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label, Shortened
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.sign import Sign

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

WORDS_AT_LEAST: Final = 260
"""Where the words would have less room than this, the buttons stand below them."""


class Card(Panel):
    """Fill `words` with lines, `tools` with buttons and `below` with what needs the whole width after it is made."""

    def __init__(self, theme: Theme, icon: str, title: str, parent: QWidget, *, tag: str = "") -> None:
        super().__init__(theme, parent, name=title, radius=RADIUS)
        head = QHBoxLayout()
        head.setSpacing(SPACE[1])
        head.addWidget(Shortened(theme, title, strong=True, parent=self), 1)
        if tag:
            head.addWidget(Label(theme, tag, "small", ink="success", strong=True, parent=self))
        self.words = QVBoxLayout()
        self.words.setSpacing(2)
        self.words.addLayout(head)
        self._tools = QWidget(self)
        self._tools.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.tools = FlowLayout(self._tools, spacing=SPACE[1])
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._line.setSpacing(SPACE[2])
        self._line.addLayout(self.words, 1)
        self._line.addWidget(self._tools, 0, Qt.AlignmentFlag.AlignVCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        row.setSpacing(SPACE[2])
        row.addWidget(Sign(theme, icon, 20, parent=self), 0, Qt.AlignmentFlag.AlignTop)
        self.below = QVBoxLayout()
        self.below.setContentsMargins(0, 0, 0, 0)
        stack = QVBoxLayout()
        stack.setSpacing(0)
        stack.addLayout(self._line)
        stack.addLayout(self.below)
        row.addLayout(stack, 1)

    def tell(self, text: str, *, ink: str = "muted") -> None:
        """One more line of words."""
        self.words.addWidget(Label(self._theme, text, "small", ink=ink, wrap=True, parent=self))

    def place(self, path: str) -> None:
        """Where it is, in one line."""
        self.words.addWidget(Shortened(self._theme, path, "small", ink="muted", parent=self))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room."""
        super().resizeEvent(event)
        need = self._tools.sizeHint().width() + WORDS_AT_LEAST * max(1.0, self._theme.text_size / 100)
        beside = self.width() >= need
        wanted = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if self._line.direction() != wanted:
            self._line.setDirection(wanted)
            align = Qt.AlignmentFlag.AlignVCenter if beside else Qt.AlignmentFlag.AlignLeading
            self._line.setAlignment(self._tools, align)
