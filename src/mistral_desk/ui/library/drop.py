"""Model files that are dropped on the window, whatever page is open; pictures go on to the chat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.core.words import tr
from mistral_desk.ui.attaching.drop import Drops, DropSign

if TYPE_CHECKING:
    from PySide6.QtCore import QMimeData
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.theme.theme import Theme

ENDING: Final = ".gguf"


def models_in(data: QMimeData) -> tuple[Path, ...]:
    """The model files among what is dragged, by their names alone."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return tuple(path for path in paths if path.suffix.lower() == ENDING)


def model_drops(theme: Theme, window: QWidget, target: QWidget) -> Drops:
    """Drops that tell the paths of model files; the sign lies over `target`."""
    sign = DropSign(theme, target, tr("Drop to add to the library"), "library")
    return Drops(window, sign, lambda data: bool(models_in(data)), models_in)
