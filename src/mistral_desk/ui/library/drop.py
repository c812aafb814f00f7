"""Model files that are dropped on the window, whatever page is open; pictures go on to the chat."""

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

ENDING: Final = ".gguf"
_AWAY_MS: Final = 80


def models_in(data: QMimeData) -> tuple[Path, ...]:
    """The model files among what is dragged, by their names alone."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return tuple(path for path in paths if path.suffix.lower() == ENDING)


class ModelDrops(QObject):
    """Listens on `window`; the sign lies over `target`."""

    dropped = Signal(object)
    """A tuple of paths."""

    def __init__(self, theme: Theme, window: QWidget, target: QWidget) -> None:
        super().__init__(window)
        self.sign = DropSign(theme, target, tr("Drop to add to the library"), "library")
        self._away = QTimer(self)
        self._away.setSingleShot(True)
        self._away.setInterval(_AWAY_MS)
        self._away.timeout.connect(self.sign.hide)
        window.setAcceptDrops(True)
        window.installEventFilter(self)  # the latest filter is asked first

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter, move, leave and drop."""
        kind = event.type()
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove) and isinstance(event, QDragMoveEvent):
            if models_in(event.mimeData()):
                event.setDropAction(Qt.DropAction.CopyAction)  # the file stays where it is, whatever was offered
                event.accept()
                self._away.stop()
                self.sign.show_over()
                return True
        elif kind == QEvent.Type.DragLeave:
            self._away.start()
        elif kind == QEvent.Type.Drop and isinstance(event, QDropEvent):
            self._away.stop()
            self.sign.hide()
            if found := models_in(event.mimeData()):
                event.setDropAction(Qt.DropAction.CopyAction)
                event.accept()
                self.dropped.emit(found)
                return True
        return super().eventFilter(watched, event)
