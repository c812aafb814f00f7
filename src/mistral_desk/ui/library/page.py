"""The library: the models that are on this computer, what each one is, and *Chat with it*."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import mark, tr
from mistral_desk.services import BUILTIN
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.card import Card
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QShowEvent

    from mistral_desk.ui.library.known import Known
    from mistral_desk.ui.theme.theme import Theme

INTRO = mark("The models on this computer. Files stay where they are; nothing is copied or sent.")
GUIDE = mark("Comes along with Mistral Desk: knows this app and little else.")


class LibraryPage(QWidget):
    """Shows what it is given; signals go up. `looked_for` asks for the list anew."""

    looked_for = Signal()
    chat_with = Signal(str)
    forget = Signal(str)
    """A file is to be taken off the list; it stays on the disk."""
    fit_asked = Signal(str)
    """How this model runs here is to be shown."""
    open_file = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Library"))
        self.cards: list[Card] = []
        self.chats: list[Button] = []
        self._shown: tuple[Sequence[Known], str] | None = None
        area = ColumnArea(theme, self)
        holder = area.holder
        column = area.column
        column.addWidget(Label(theme, tr("Library"), "title", strong=True, wrap=True, parent=holder))
        column.addSpacing(SPACE[1])
        column.addWidget(Label(theme, tr(INTRO), ink="muted", wrap=True, parent=holder))
        column.addSpacing(SPACE[4])
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE[1])
        self._looking = Label(theme, tr("Looking…"), ink="muted", parent=holder)
        column.addWidget(self._looking)
        column.addLayout(self._list)
        column.addSpacing(SPACE[3])
        words = tr("Open a GGUF file…")
        self.open_button = Button(theme, words, icon="file", text=words, kind="outline", parent=holder)
        self.open_button.clicked.connect(self.open_file)
        column.addWidget(self.open_button, 0, Qt.AlignmentFlag.AlignLeading)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(area)

    def show_models(self, models: Sequence[Known], current: str) -> None:
        """Show these; `current` is the id of the one that answers."""
        if self._shown == (models, current):
            return
        self._shown = (models, current)
        self._looking.hide()
        for card in self.cards:
            self._list.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.chats = []
        self.cards = [self._card(model, in_use=model.id == current) for model in models]
        for card in self.cards:
            self._list.addWidget(card)
        stops = [button for card in self.cards for button in card.findChildren(Button)] + [self.open_button]
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.chats[0] if self.chats else self.open_button]

    def showEvent(self, event: QShowEvent) -> None:
        """Files may have come and gone."""
        super().showEvent(event)
        self.looked_for.emit()

    def _card(self, model: Known, *, in_use: bool) -> Card:
        builtin = model.id == BUILTIN
        icon = "warning" if model.problem else "chat" if builtin else "models"
        card = Card(self._theme, icon, model.title, self, tag=tr("In use") if in_use and not model.problem else "")
        if model.problem:
            words = in_words(model.problem, tr)
            card.tell(words.title, ink="warning")
            card.place(model.path)
        else:
            name = "" if builtin else model.name
            facts = (name, amounts.file_size(model.bytes), model.quantization)
            card.tell(" · ".join(fact for fact in facts if fact))
            if builtin:
                card.tell(tr(GUIDE))
            else:
                card.place(model.path)
        if model.listed:
            words_ = tr("Take {name} off the list", name=model.title)
            button = Button(self._theme, words_, icon="close", muted=True, parent=card)
            button.setToolTip(tr("Take it off the list. The file stays where it is."))
            button.clicked.connect(lambda: self.forget.emit(model.id))
            card.tools.addWidget(button)
        if not model.problem:
            name = tr("How it runs here: {name}", name=model.title)
            fit = Button(self._theme, name, icon="chip", muted=True, parent=card)
            fit.setToolTip(tr("How it runs here"))
            fit.clicked.connect(lambda: self.fit_asked.emit(model.id))
            card.tools.addWidget(fit)
            name = tr("Chat with it: {name}", name=model.title)
            chat = Button(self._theme, name, text=tr("Chat with it"), kind="outline", parent=card)
            chat.clicked.connect(lambda: self.chat_with.emit(model.id))
            card.tools.addWidget(chat)
            self.chats.append(chat)
        return card
