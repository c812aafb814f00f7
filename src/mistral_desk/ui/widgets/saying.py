"""What a screen reader says by itself: news that nobody would come to by going through the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget


def say(about: QWidget, words: str) -> None:
    """Have this read out behind what is being said; `about` is what it concerns."""
    if words:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(about, words))
