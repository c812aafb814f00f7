"""Chats from elsewhere that are dropped on the list of chats: JSON files and ZIP files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent

from mistral_desk.core.words import tr
from mistral_desk.ui.attaching.drop import Drops, DropSign

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData, QObject
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

ENDINGS: Final = frozenset({".json", ".zip"})


def exports_in(data: QMimeData) -> tuple[Path, ...]:
    """What may hold chats among what is dragged, by its names alone."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return tuple(path for path in paths if path.suffix.lower() in ENDINGS)


class ChatDrops(Drops):
    """Tells paths that are dropped on the list; the sign lies over it, and what is no export goes on to the window."""

    def __init__(self, theme: Theme, target: QWidget) -> None:
        sign = DropSign(theme, target, tr("Drop to import chats"), "chat")
        super().__init__(target, sign, lambda data: bool(exports_in(data)), exports_in)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As the others' and nothing for the list itself."""
        if super().eventFilter(watched, event):
            return True
        mine = event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop)
        if mine:
            event.ignore()
        return mine
