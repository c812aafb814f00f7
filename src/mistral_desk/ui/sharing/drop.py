"""Chats from elsewhere that are dropped on the list of chats: JSON files and ZIP files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QDragMoveEvent, QDropEvent

from mistral_desk.core.words import tr
from mistral_desk.ui.attaching.drop import DropSign

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

ENDINGS: Final = frozenset({".json", ".zip"})
_AWAY_MS: Final = 80


def exports_in(data: QMimeData) -> tuple[Path, ...]:
    """What may hold chats among what is dragged, by its names alone."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return tuple(path for path in paths if path.suffix.lower() in ENDINGS)


class ChatDrops(QObject):
    """Listens on the list; the sign lies over it."""

    dropped = Signal(object)
    """A tuple of paths."""

    def __init__(self, theme: Theme, target: QWidget) -> None:
        super().__init__(target)
        self.sign = DropSign(theme, target, tr("Drop to import chats"), "chat")
        self._away = QTimer(self)
        self._away.setSingleShot(True)
        self._away.setInterval(_AWAY_MS)
        self._away.timeout.connect(self.sign.hide)
        target.setAcceptDrops(True)
        target.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter, move, leave and drop; what is no export goes on to the window."""
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            if exports_in(event.mimeData()):
                event.setDropAction(Qt.DropAction.CopyAction)
                event.accept()
                self._away.stop()
                self.sign.show_over()
            else:
                event.ignore()
            return True
        if kind == QEvent.Type.DragLeave:
            self._away.start()
        elif kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._away.stop()
            self.sign.hide()
            found = exports_in(event.mimeData())
            if found:
                event.setDropAction(Qt.DropAction.CopyAction)
                event.accept()
                self.dropped.emit(found)
            else:
                event.ignore()
            return True
        return super().eventFilter(watched, event)
