"""Where the keyboard is, so that it is not lost with what goes; and whether it leads: a ring shows where it went, and a
click needs none.

Qt says how the focus came, but not who caused it where the program moved it: then the last thing that a person did
on the window decides, a key or the mouse.
"""

from __future__ import annotations

from functools import cache
from typing import Final
from weakref import WeakKeyDictionary

import shiboken6
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QApplication, QStackedWidget, QWidget

_BY_KEYS: Final = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
_KEYS: Final = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
_MOUSE: Final = (QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin, QEvent.Type.TabletPress)
_lent: Final[WeakKeyDictionary[QWidget, QWidget | None]] = WeakKeyDictionary()
"""Controls that are out, and what has got the keyboard instead of each."""


def watch(window: QWidget) -> None:
    """Take note of keys and mouse on this window; it has to have been shown. A second time does nothing."""
    handle = window.windowHandle()
    if handle is not None:
        handle.removeEventFilter(_watcher())
        handle.installEventFilter(_watcher())


def by_keyboard(reason: Qt.FocusReason) -> bool:
    """Whether a focus that came for this reason is the keyboard's."""
    if reason == Qt.FocusReason.MouseFocusReason:
        return False
    return reason in _BY_KEYS or _watcher().keys


def has_keyboard(widget: QWidget) -> bool:
    """Whether the keyboard is in it or in something on it, also while another program is in front."""
    here: QWidget | None = widget.window().focusWidget()
    return here is not None and (here is widget or widget.isAncestorOf(here))


def set_possible(control: QWidget, *, possible: bool) -> None:
    """Have a control go out while what it began goes on. Qt then gives the keyboard to whatever comes next; it comes
    back with the control, unless somebody has taken it elsewhere meanwhile.
    """
    held = has_keyboard(control)
    control.setEnabled(possible)
    if held and not possible:
        _lent[control] = control.window().focusWidget()
    elif possible and control in _lent and _lent.pop(control) is control.window().focusWidget():
        control.setFocus(Qt.FocusReason.OtherFocusReason)


def let_go(widget: QWidget) -> None:
    """It is about to go, and gives the keyboard up first: Qt would hand it to what comes next, a *Cancel* perhaps."""
    here: QWidget | None = widget.window().focusWidget()
    if here is not None and has_keyboard(widget):
        here.clearFocus()


def give_back(to: QWidget | None) -> bool:
    """The keyboard goes back to what had it before; False where that is gone, hidden or out."""
    if to is None or not shiboken6.isValid(to) or not to.isVisible() or not to.isEnabled():
        return False
    to.setFocus(Qt.FocusReason.OtherFocusReason)
    return True


def turn_to(pages: QStackedWidget, page: QWidget) -> None:
    """Show another page. Whatever had the keyboard on the old one gives it up first: Qt would hand it on to one control
    after the other, and each of them would be read out.
    """
    here = QApplication.focusWidget()
    if page is not pages.currentWidget() and here is not None and pages.isAncestorOf(here):
        here.clearFocus()
    pages.setCurrentWidget(page)


class _Watcher(QObject):
    keys = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if kind in _KEYS:
            self.keys = True
        elif kind in _MOUSE:
            self.keys = False
        return super().eventFilter(watched, event)


@cache
def _watcher() -> _Watcher:
    return _Watcher()
