"""What every button of our own painting does: its ring is for the keyboard, and Enter presses as Space does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from mistral_desk.ui.widgets.focus import by_keyboard

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QKeyEvent


class Pressable(QAbstractButton):
    """Paint a ring where `_ring` says that the keyboard came here, and the focus is still here."""

    _ring = False

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The ring is for the keyboard; a click needs none."""
        self._ring = by_keyboard(event.reason())
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses as well as Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.isEnabled():
            self.click()
            return
        super().keyPressEvent(event)
