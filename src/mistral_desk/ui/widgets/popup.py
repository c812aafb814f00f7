"""How a menu opens: below its button, inside of the window as far as it has room there, and with a name.

Who comes without the pointer stands on the line that holds, or on the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt

from mistral_desk.ui.theme.icons import icon

if TYPE_CHECKING:
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QMenu, QWidget

    from mistral_desk.ui.theme.theme import Theme


def below(menu: QMenu, button: QWidget) -> None:
    """Open it below a button, from where its language begins."""
    size = menu.sizeHint()
    x = button.width() - size.width() if button.isRightToLeft() else 0
    room = room_of(button)
    place = button.mapToGlobal(QPoint(x, button.height() + 2))
    at = QPoint(inside(place.x(), size.width(), room), place.y())
    opened(menu, at, button.accessibleName(), by_pointer=button.underMouse())


def opened(menu: QMenu, at: QPoint, name: str, *, by_pointer: bool) -> None:
    """Open it there. Without a name of its own it is read out as the program."""
    menu.setAccessibleName(name)
    menu.triggered.connect(menu.close)  # assistive technology presses a line, and Qt leaves the menu open
    menu.popup(at)
    lines = [line for line in menu.actions() if line.isEnabled() and not line.isSeparator()]
    if lines and not by_pointer:
        menu.setFocus(Qt.FocusReason.PopupFocusReason)  # so that one hears where the keyboard is when it closes
        menu.setActiveAction(next((line for line in lines if line.isChecked()), lines[0]))


def room_of(widget: QWidget) -> QRect:
    """The window around a widget as far as it is on its screen, in the screen's pixels; all of it where none is."""
    window = widget.window()
    whole = QRect(window.mapToGlobal(QPoint(0, 0)), window.size())
    seen = whole & window.screen().availableGeometry()
    return whole if seen.isEmpty() else seen


def narrow(menu: QMenu, width: int) -> None:
    """Shorten what is too long for so many pixels; the middle gives way, since both ends tell names apart."""
    over = menu.sizeHint().width() - width
    if over <= 0:
        return
    letters = menu.fontMetrics()
    words = {line: line.text().replace("&&", "&") for line in menu.actions()}
    most = max(map(letters.horizontalAdvance, words.values())) - over
    for line, text in words.items():
        line.setText(letters.elidedText(text, Qt.TextElideMode.ElideMiddle, most).replace("&", "&&"))


def tick(theme: Theme, line: QAction, *, on: bool) -> None:
    """A line that holds, or could. The sign is ours: Qt's own stays small beside large words."""
    line.setCheckable(True)
    line.setChecked(on)
    if on:
        line.setIcon(icon("check", theme.colours.text))


def inside(x: int, width: int, room: QRect) -> int:
    """Where something so wide begins so that it ends within `room`; what is wider begins where that begins."""
    return max(room.left(), min(x, room.right() + 1 - width))
