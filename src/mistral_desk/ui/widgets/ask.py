"""Asks before something is lost: a title, a sentence, and two buttons of which the harmless one has the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.overlay import Overlay

if TYPE_CHECKING:
    from mistral_desk.ui.theme.theme import Theme


class Question(Overlay):
    """`accepted` when the person wants it, `rejected` in every other case; `final` where it cannot be undone."""

    widest = 440

    def __init__(
        self,
        theme: Theme,
        title: str,
        text: str,
        *,
        yes: str,
        no: str = "",
        final: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        if parent is None:
            raise ValueError("a question stands over a window")
        super().__init__(theme, title, parent)
        self.setAccessibleDescription(text)
        self.no = Button(theme, no or tr("Cancel"), text=no or tr("Cancel"), kind="outline", parent=self.card)
        self.yes = Button(theme, yes, text=yes, kind="danger" if final else "primary", parent=self.card)
        self.no.clicked.connect(self.reject)
        self.yes.clicked.connect(self.accept)
        row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addStretch(1)
        row.addWidget(self.no)
        row.addWidget(self.yes)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[3])
        column.setSpacing(SPACE[1])
        column.addWidget(Label(theme, title, "lead", strong=True, wrap=True, parent=self.card))
        column.addWidget(Label(theme, text, ink="muted", wrap=True, parent=self.card))
        column.addSpacing(SPACE[2])
        column.addLayout(row)

    def first(self) -> QWidget:
        """The harmless one."""
        return self.no
