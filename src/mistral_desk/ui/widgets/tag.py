"""A small button with somebody else's word: never wider than its line, and its tool tip has all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSizePolicy

from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

WIDEST: Final = 260
"""Pixels at the system's text size."""


class Tag(Button):
    """`name` is what a screen reader says; `text` is seen, shortened at its end where it must be."""

    def __init__(
        self, theme: Theme, name: str, text: str, parent: QWidget, *, icon: str = "", widest: int = WIDEST
    ) -> None:
        self._widest = widest
        super().__init__(
            theme, name, icon=icon, kind="outline", text=" ".join(text.split()), small=True, step="small", parent=parent
        )
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        long = super().sizeHint().width() > self._most()
        self.setProperty("elides", long)
        self.setToolTip(text if long else "")

    def sizeHint(self) -> QSize:
        """As wide as the word, up to a limit."""
        hint = super().sizeHint()
        return QSize(min(hint.width(), self._most()), hint.height())

    def minimumSizeHint(self) -> QSize:
        """It may become narrow."""
        hint = self.sizeHint()
        return QSize(min(hint.width(), 2 * hint.height()), hint.height())

    def _most(self) -> int:
        return round(self._widest * max(1.0, self._theme.text_size / 100))
