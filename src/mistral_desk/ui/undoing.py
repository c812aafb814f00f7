"""Ctrl+Z where a field has nothing of its own to take back: then it belongs to what a notice offers to undo.

Qt's fields keep the key for themselves even where their own history is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QTextEdit, QWidget

if TYPE_CHECKING:
    from mistral_desk.ui.main_window import MainWindow


class Undoing(QObject):
    """Looks at the field that has the keyboard, and at no other widget."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        if isinstance(app := QApplication.instance(), QApplication):
            app.focusChanged.connect(self._moved)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The key goes on to the window's shortcuts."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.matches(QKeySequence.StandardKey.Undo)
            and self._window.banners.undoable is not None
            and not _has_own(watched)
        ):
            event.ignore()
            return True
        return super().eventFilter(watched, event)

    def _moved(self, old: QWidget | None, now: QWidget | None) -> None:
        if old is not None:
            old.removeEventFilter(self)
        if isinstance(now, QLineEdit | QPlainTextEdit | QTextEdit):
            now.installEventFilter(self)


def _has_own(field: QObject) -> bool:
    if isinstance(field, QLineEdit):
        return field.isUndoAvailable()
    return isinstance(field, QPlainTextEdit | QTextEdit) and field.document().isUndoAvailable()
