"""Tells whether the keyboard leads, so that a ring shows where it went and a click needs none.

Qt says how the focus came, but not who caused it where the program moved it: then the last thing that a person did
on the window decides, a key or the mouse.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_BY_KEYS: Final = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
_KEYS: Final = (QEvent.Type.KeyPress, QEvent.Type.ShortcutOverride)
_MOUSE: Final = (QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin, QEvent.Type.TabletPress)


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
