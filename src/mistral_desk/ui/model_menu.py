"""The menu of the model chip: which model answers, how it runs here, and a file from the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from mistral_desk.core.words import tr
from mistral_desk.services import model_title
from mistral_desk.ui.commands import BY_ID
from mistral_desk.ui.theme.icons import icon

if TYPE_CHECKING:
    from mistral_desk.ui.desk import Desk


def show_model_menu(desk: Desk) -> None:
    """Open it over the chip."""
    chip = desk.page.composer.model
    menu = QMenu(desk.window)
    desk.theme.dress_menu(menu)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for model in desk.shelf.ids():
        action = menu.addAction(model_title(model))
        action.setCheckable(True)
        action.setChecked(model == desk.model.id)
        action.triggered.connect(lambda _on=False, model=model: desk.open_model(model))
    menu.addSeparator()
    ink = desk.theme.colours.text
    here = menu.addAction(icon("chip", ink), tr(BY_ID["fit"].words))
    here.triggered.connect(lambda _on=False: desk.fits.show())
    menu.addAction(icon("file", ink), tr("Open a GGUF file…")).triggered.connect(desk.ask_file)
    hint = menu.sizeHint()
    menu.popup(chip.mapToGlobal(QPoint(chip.width() - hint.width(), -hint.height() - 4)))
