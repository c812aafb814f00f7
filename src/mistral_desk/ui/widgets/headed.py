"""A sheet that is only read: its title and a cross at its top, and below them what it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout

from mistral_desk.core.words import tr
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.overlay import Overlay

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme


class HeadedSheet(Overlay):
    """Closes with Esc, with its button, or with a click beside it. Subclasses go on in `column`."""

    gap = SPACE[1]
    """Pixels between its parts."""
    foot = SPACE[4]
    """Pixels below the last one."""

    def __init__(self, theme: Theme, name: str, parent: QWidget, *, title: str = "") -> None:
        """`name` is what a screen reader says, and the title where no other is given."""
        super().__init__(theme, name, parent)
        self.close_button = Button(theme, tr("Close"), icon="close", muted=True, parent=self.card)
        self.close_button.clicked.connect(self.reject)
        head = QHBoxLayout()
        head.addWidget(Label(theme, title or name, "heading", strong=True, parent=self.card), 1)
        head.addWidget(self.close_button)
        self.column = QVBoxLayout(self.card)
        self.column.setContentsMargins(*direction.margins(self, SPACE[4], SPACE[3], SPACE[3], self.foot))
        self.column.setSpacing(self.gap)
        self.column.addLayout(head)
