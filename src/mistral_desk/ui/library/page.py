"""The library: what is being downloaded, then the models that are on this computer and what can be done with each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.downloads.rows import DownloadRows
from mistral_desk.ui.library.model_card import ModelCard
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.focus import has_keyboard, let_go
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QResizeEvent, QShowEvent

    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.ui.theme.theme import Theme

INTRO = mark("The models on this computer. Nothing of them, and nothing of what you ask them, is sent anywhere.")
NOTHING = mark("No model of your own yet")
NOTHING_YET = mark(
    "The Guide knows this app and little else. Get a model that suits this computer, or add one that is here already."
)

NARROW: Final = 400
"""Pixels at the system's text size below which the button stands under the heading."""


class LibraryPage(QFrame):
    """Shows what it is given; signals go up, with a model's id. `looked_for` asks for the list anew."""

    looked_for = Signal()
    chat_with = Signal(str)
    fit_asked = Signal(str)
    """How this model runs here is to be shown."""
    revealed = Signal(str)
    verified = Signal(str)
    repaired = Signal(str)
    delete_asked = Signal(str)
    stopped = Signal(str)
    """The work on this model is to end."""
    add_asked = Signal()
    find_asked = Signal()
    """The page of models is wanted."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Library"))
        self._cards: dict[str, ModelCard] = {}
        self._order: tuple[str, ...] = ()
        self._working: dict[str, tuple[float, str]] = {}
        self.area = ColumnArea(theme, self)
        holder, column = self.area.holder, self.area.column
        column.addWidget(Label(theme, tr("Library"), "title", strong=True, wrap=True, parent=holder))
        column.addSpacing(SPACE[1])
        column.addWidget(Label(theme, tr(INTRO), ink="muted", wrap=True, parent=holder))
        column.addSpacing(SPACE[4])
        self.downloads = DownloadRows(theme, holder)
        self.downloads.left.connect(lambda: self.regions()[0].setFocus(Qt.FocusReason.OtherFocusReason))
        column.addWidget(self.downloads)
        head = self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        head.setSpacing(SPACE[1])
        installed = QHBoxLayout()
        installed.setSpacing(SPACE[2])
        installed.addWidget(Label(theme, tr("Installed"), "lead", strong=True, parent=holder))
        self._total = Label(theme, "", "small", ink="muted", parent=holder)
        installed.addWidget(self._total, 1)
        head.addLayout(installed, 1)
        words = tr("Add models…")
        self.add_button = Button(theme, words, icon="plus", text=words, kind="outline", parent=holder)
        self.add_button.setToolTip(tr("Your own files, and what other programs on this computer hold"))
        self.add_button.clicked.connect(self.add_asked)
        head.addWidget(self.add_button, 0, Qt.AlignmentFlag.AlignLeading)
        column.addLayout(head)
        column.addSpacing(SPACE[2])
        self._looking = Label(theme, tr("Looking…"), ink="muted", parent=holder)
        column.addWidget(self._looking)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE[1])
        column.addLayout(self._list)
        self.empty = _Empty(theme, holder)
        self.empty.find_button.clicked.connect(self.find_asked)
        self.empty.add_button.clicked.connect(self.add_asked)
        self.empty.hide()
        column.addSpacing(SPACE[1])
        column.addWidget(self.empty)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)

    @property
    def cards(self) -> list[ModelCard]:
        """The models that are shown, in order."""
        return [self._cards[key] for key in self._order]

    @property
    def chats(self) -> list[Button]:
        """*Chat with it* of each that can be chatted with."""
        return [card.chat_button for card in self.cards if card.chat_button is not None]

    def show_models(self, models: Sequence[Installed], current: str) -> None:
        """Show these; `current` is the id of the one that answers. Cards of what did not change stay."""
        self._looking.hide()
        order = tuple(model.id for model in models)
        changed = order != self._order
        held = next((n for n, key in enumerate(self._order) if key not in order and has_keyboard(self._cards[key])), -1)
        for gone in self._cards.keys() - set(order):
            self._drop(self._cards.pop(gone))
        for place, model in enumerate(models):
            old = self._cards.get(model.id)
            if old is not None and old.model == model and old.in_use == (model.id == current):
                if self._list.indexOf(old) != place:
                    self._list.removeWidget(old)
                    self._list.insertWidget(place, old)
                continue
            changed = True
            card = self._cards[model.id] = self._card(model, in_use=model.id == current)
            focus = _focused(old) if old is not None else None
            if old is not None:
                self._drop(old)
            self._list.insertWidget(place, card)
            if model.id in self._working:
                card.show_work(*self._working[model.id])
            if focus is not None and not _focus(card, focus):
                held = place
        self._order = order
        own = [model for model in models if model.origin != "guide"]
        self.empty.setVisible(not own)
        size = sum(model.bytes for model in own if model.state != "absent")
        self._total.setText(amounts.file_size(size) if own else "")
        if changed:
            chain(self.area.holder)
        if held >= 0:
            self._nearest(held).setFocus(Qt.FocusReason.OtherFocusReason)

    def _nearest(self, place: int) -> Button:
        """What had the keyboard is gone: something that stands there now, or near it, and ends and deletes nothing."""
        cards = self.cards
        near = (card.harmless for card in (*cards[place:], *reversed(cards[:place])))
        return next((button for button in near if button is not None), self.add_button)

    def show_work(self, model: str, share: float, told: str) -> None:
        """Something is done with a model, and is so far."""
        self._working[model] = (share, told)
        if model in self._cards:
            self._cards[model].show_work(share, told)

    def end_work(self, model: str) -> None:
        """It is over."""
        self._working.pop(model, None)
        if model in self._cards:
            self._cards[model].end_work()

    def show_installed(self) -> None:
        """Bring the models into sight, the first with the keyboard: there is something to delete among them."""
        target = next((card for card in self.cards if card.model.deletes == "bin_or_good"), None)
        focus: QWidget = self.add_button
        if target is not None:
            focus = target.harmless or focus
            self.area.ensureWidgetVisible(target, 0, SPACE[4])
        focus.setFocus(Qt.FocusReason.OtherFocusReason)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        rows = list(self.downloads.rows.values())
        return [rows[0].pause] if rows else [self.chats[0] if self.chats else self.add_button]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side where there is room."""
        super().resizeEvent(event)
        beside = self.width() >= NARROW * max(1.0, self._theme.text_size / 100)
        self._head.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)

    def showEvent(self, event: QShowEvent) -> None:
        """Files may have come and gone."""
        super().showEvent(event)
        self.looked_for.emit()

    def _card(self, model: Installed, *, in_use: bool) -> ModelCard:
        card = ModelCard(self._theme, model, self.area.holder, in_use=in_use)
        for signal, asked in (
            (card.chat, self.chat_with),
            (card.fit, self.fit_asked),
            (card.reveal, self.revealed),
            (card.verify, self.verified),
            (card.repair, self.repaired),
            (card.delete, self.delete_asked),
            (card.stopped, self.stopped),
        ):
            signal.connect(lambda asked=asked: asked.emit(model.id))
        return card

    def _drop(self, card: ModelCard) -> None:
        let_go(card)
        self._list.removeWidget(card)
        card.hide()
        card.deleteLater()


class _Empty(Panel):
    """Only the Guide is there: two ways to a model."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, name=tr(NOTHING), radius=RADIUS)
        find, add = tr("Find a model"), tr("Add models…")
        self.find_button = Button(theme, find, text=find, kind="primary", parent=self)
        self.add_button = Button(theme, add, text=add, kind="outline", parent=self)
        row = FlowLayout(spacing=SPACE[1])
        row.addWidget(self.find_button)
        row.addWidget(self.add_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        column.setSpacing(SPACE[1])
        column.addWidget(Label(theme, tr(NOTHING), strong=True, wrap=True, parent=self))
        column.addWidget(Label(theme, tr(NOTHING_YET), ink="muted", wrap=True, parent=self))
        column.addSpacing(SPACE[0])
        column.addLayout(row)


def _focused(card: ModelCard) -> str | None:
    """The name of the control on it that has the keyboard; None where none has."""
    return next((one.accessibleName() for one in card.findChildren(Button) if has_keyboard(one)), None)


def _focus(card: ModelCard, name: str) -> bool:
    """The control of this name gets the keyboard; False where there is none any more."""
    found = next((one for one in card.findChildren(Button) if one.accessibleName() == name), None)
    if found is not None:
        found.setFocus(Qt.FocusReason.OtherFocusReason)
    return found is not None
