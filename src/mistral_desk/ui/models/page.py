"""The models page: says honestly that finding and downloading models comes later, and offers what works today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.services import BUILTIN, model_title
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.card import Card
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.ui.theme.theme import Theme

LATER = mark("Finding, comparing and downloading open models comes here in a later version.")
GUIDE = mark("A small model that comes along. It knows this app and little else, and answers at once.")
FILE = mark("Any chat model in a GGUF file. It is read where it is: nothing is copied, nothing is sent.")
LIBRARY = mark("The models that are on this computer already.")


class ModelsPage(QWidget):
    """Signals go up."""

    chat_with = Signal(str)
    open_file = Signal()
    library = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Models"))
        self.buttons: list[Button] = []
        self.area = area = ColumnArea(theme, self)
        self._holder = area.holder
        column = area.column
        column.addWidget(Label(theme, tr("Models"), "title", strong=True, wrap=True, parent=area.holder))
        column.addSpacing(SPACE[1])
        column.addWidget(Label(theme, tr(LATER), ink="muted", wrap=True, parent=area.holder))
        column.addSpacing(SPACE[4])
        column.addWidget(Label(theme, tr("What you can do today"), "lead", strong=True, wrap=True, parent=area.holder))
        column.addSpacing(SPACE[2])
        talk, open_, see = tr("Chat with it"), tr("Open a GGUF file…"), tr("Show the library")
        cards = (
            self._card("chat", model_title(BUILTIN), tr(GUIDE), talk, lambda: self.chat_with.emit(BUILTIN)),
            self._card("file", tr("A model that you have"), tr(FILE), open_, self.open_file.emit),
            self._card("library", tr("Library"), tr(LIBRARY), see, self.library.emit),
        )
        for card in cards:
            column.addWidget(card)
            column.addSpacing(SPACE[1])
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.buttons[0]]

    def _card(self, icon: str, title: str, text: str, does: str, act: Callable[[], object]) -> Card:
        card = Card(self._theme, icon, title, self._holder)
        card.tell(text)
        button = Button(self._theme, does, text=does, kind="outline", parent=card)
        button.clicked.connect(lambda _on=False: act())
        card.tools.addWidget(button)
        self.buttons.append(button)
        return card
