"""The models page: which of the known models run on this computer and how well, and what can be done today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr, trn
from mistral_desk.services import BUILTIN, model_title
from mistral_desk.ui.fit import verdict as words
from mistral_desk.ui.fit.card import ModelCard
from mistral_desk.ui.fit.fold import Fold
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.card import Card
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QShowEvent

    from mistral_desk.fit.advice import Offer
    from mistral_desk.fit.machine import Machine
    from mistral_desk.ui.fit.verdict import Verdict
    from mistral_desk.ui.theme.theme import Theme

INTRO = mark("How well each model runs on this computer. Searching and downloading come here in a later version.")
LOOKING = mark("Looking at this computer…")
GUIDE = mark("A small model that comes along. It knows this app and little else, and answers at once.")
FILE = mark("Any chat model in a GGUF file. It is read where it is: nothing is copied, nothing is sent.")
LIBRARY = mark("The models that are on this computer already.")
SHOWN: Final = 5
"""Models that are shown before the list is unfolded; the one that the program is named for is always among them."""

SETTLE_MS: Final = 50
"""After which what was unfolded has its height; the page then shows it from its top."""


class ModelsPage(QWidget):
    """Shows what it is given; signals go up."""

    chat_with = Signal(str)
    open_file = Signal()
    library = Signal()
    looked_for = Signal()
    """The ranking is wanted: answer with `show_offers`."""
    measure = Signal()
    """This computer is to be measured anew."""
    advanced_opened = Signal(object)
    """An `Advanced` was unfolded: answer what it wishes."""
    asked = Signal(str)
    """The verdict on a model is wanted: answer with `show_verdict`."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Models"))
        self.buttons: list[Button] = []
        self.cards: dict[str, ModelCard] = {}
        self.more: Fold | None = None
        self._wanted = self._opened = ""
        self.area = ColumnArea(theme, self)
        self._holder = self.area.holder
        self._lay_out()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.again]

    def show_offers(self, machine: Machine, offers: Sequence[Offer], unknown: Sequence[tuple[str, str]]) -> None:
        """Show the ranking; `unknown` are id and name of models of whose files nothing is known."""
        self._computer.setText(words.computer_words(machine))
        body = self._empty()
        lasting = [number for number, offer in enumerate(offers) if offer.variant.model == words.NAMESAKE]
        first = [*range(min(SHOWN, len(offers))), *(number for number in lasting if number >= SHOWN)]
        for number in first:
            body.addWidget(self._offer(offers[number], self._list))
        rest = [offer for number, offer in enumerate(offers) if number not in first]
        if count := len(rest) + len(unknown):
            text = trn("{n} more model", "{n} more models", count)
            self.more = Fold(self._theme, text, text, lambda parent: self._rest(rest, unknown, parent), self._list)
            self.more.toggled.connect(lambda _on: self._chain())
            body.addWidget(self.more)
        self._chain()
        if self._wanted:
            self.show_model(self._wanted)

    def show_verdict(self, model: str, verdict: Verdict) -> None:
        """What was asked for."""
        if model in self.cards:
            self.cards[model].show_verdict(verdict)
            if model == self._opened:
                QTimer.singleShot(SETTLE_MS, self, lambda: self._scroll_to(model))

    def show_model(self, model: str) -> None:
        """Unfold this model's card, as soon as it is there."""
        self._wanted = ""
        if model not in self.cards and self.more is not None:
            self.more.set_open(open_=True)
        if model in self.cards:
            self._opened = model
            self.cards[model].open()
            QTimer.singleShot(0, self, lambda: self._scroll_to(model))
        elif not self.cards:
            self._wanted = model

    def showEvent(self, event: QShowEvent) -> None:
        """Memory comes and goes, and so do models that fit into it."""
        super().showEvent(event)
        if not self.cards:
            self.looked_for.emit()

    def _scroll_to(self, model: str) -> None:
        if card := self.cards.get(model):
            top = card.mapTo(self._holder, QPoint(0, 0)).y()
            self.area.verticalScrollBar().setValue(top)

    # --- look ---------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        theme, holder, column = self._theme, self._holder, self.area.column
        column.addWidget(Label(theme, tr("Models"), "title", strong=True, wrap=True, parent=holder))
        column.addSpacing(SPACE[1])
        column.addWidget(Label(theme, tr(INTRO), ink="muted", wrap=True, parent=holder))
        column.addSpacing(SPACE[3])
        self._computer = Label(theme, tr(LOOKING), wrap=True, parent=holder)
        column.addWidget(self._computer)
        column.addSpacing(SPACE[1])
        again = tr("Measure again")
        self.again = Button(theme, again, icon="retry", text=again, kind="outline", muted=True, parent=holder)
        self.again.setToolTip(tr("Looks at this computer anew; it takes about a second."))
        self.again.clicked.connect(self._measure)
        column.addWidget(self.again, 0, Qt.AlignmentFlag.AlignLeading)
        column.addSpacing(SPACE[2])
        self._list = QWidget(holder)
        inner = QVBoxLayout(self._list)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SPACE[1])
        column.addWidget(self._list)
        column.addSpacing(SPACE[4])
        column.addWidget(Label(theme, tr("What you can do today"), "lead", strong=True, wrap=True, parent=holder))
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

    def _measure(self) -> None:
        self.again.setEnabled(False)
        self._computer.setText(tr(LOOKING))
        self.measure.emit()

    def _empty(self) -> QVBoxLayout:
        layout = self._list.layout()
        assert isinstance(layout, QVBoxLayout)  # noqa: S101 - made above
        while (item := layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.cards, self.more = {}, None
        return layout

    def _rest(self, offers: Sequence[Offer], unknown: Sequence[tuple[str, str]], parent: QWidget) -> QWidget:
        holder = QWidget(parent)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        for offer in offers:
            column.addWidget(self._offer(offer, holder))
        for model, name in unknown:
            column.addWidget(self._known(ModelCard(self._theme, model, name, None, holder)))
        return holder

    def _offer(self, offer: Offer, parent: QWidget) -> ModelCard:
        one = offer.variant
        return self._known(ModelCard(self._theme, one.model, one.name, one, parent, role=offer.role))

    def _known(self, card: ModelCard) -> ModelCard:
        card.asked.connect(self.asked)
        card.alternative.connect(self.show_model)
        card.advanced_opened.connect(self.advanced_opened)
        card.changed.connect(self._chain)
        self.cards[card.model] = card
        return card

    def _chain(self) -> None:
        chain(self._holder)

    def _card(self, icon: str, title: str, text: str, does: str, act: Callable[[], object]) -> Card:
        card = Card(self._theme, icon, title, self._holder)
        card.tell(text)
        button = Button(self._theme, does, text=does, kind="outline", parent=card)
        button.clicked.connect(lambda _on=False: act())
        card.tools.addWidget(button)
        self.buttons.append(button)
        return card
