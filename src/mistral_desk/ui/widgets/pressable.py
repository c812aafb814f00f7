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
    _turn_expected = False
    """Whether a click or this program turns it just now: what follows from that is said by them."""

    def setCheckable(self, checkable: bool) -> None:
        """Who turns it without a click presses it all the same.

        Assistive technology does so, by `toggle`, after which Qt says `toggled` and never `clicked`.
        """
        if checkable and not self.isCheckable():
            self.toggled.connect(self._turned)
        super().setCheckable(checkable)

    def setChecked(self, checked: bool) -> None:
        """By this program: nobody pressed it."""
        before, self._turn_expected = self._turn_expected, True
        super().setChecked(checked)
        self._turn_expected = before

    def nextCheckState(self) -> None:
        """By a click, or because another one of its group was chosen."""
        before, self._turn_expected = self._turn_expected, True
        super().nextCheckState()
        self._turn_expected = before

    def _turned(self, checked: bool) -> None:
        if not self._turn_expected:
            self.clicked[bool].emit(checked)  # type: ignore[index]  # the stub is wrong

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
