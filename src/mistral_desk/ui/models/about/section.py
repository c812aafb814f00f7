"""A part of the page: its heading, and what stands below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from mistral_desk.ui.theme.theme import Theme


class Section(QFrame):
    """Add to it with `put`; `note` is a quiet line below the heading."""

    def __init__(self, theme: Theme, title: str, parent: QWidget, *, note: str = "") -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(title)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(SPACE[1])
        self.column.addWidget(Label(theme, title, "lead", strong=True, wrap=True, parent=self))
        if note:
            self.tell(note)

    def put(self, widget: QWidget) -> None:
        """One more thing."""
        self.column.addWidget(widget)

    def tell(self, text: str, *, ink: str = "muted") -> None:
        """A quiet line."""
        self.column.addWidget(Paragraph(self._theme, text, "small", ink=ink, parent=self))
