"""Where a menu opens: below its button, and inside of the window as far as it has room there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMenu, QWidget


def below(menu: QMenu, button: QWidget) -> None:
    """Open it below a button, from where its language begins."""
    size = menu.sizeHint()
    x = button.width() - size.width() if button.isRightToLeft() else 0
    window = button.window()
    room = QRect(window.mapToGlobal(QPoint(0, 0)), window.size())
    place = button.mapToGlobal(QPoint(x, button.height() + 2))
    menu.popup(QPoint(inside(place.x(), size.width(), room), place.y()))


def inside(x: int, width: int, room: QRect) -> int:
    """Where something so wide begins so that it ends within `room`; what is wider begins where that begins."""
    return max(room.left(), min(x, room.right() + 1 - width))
