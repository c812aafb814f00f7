"""A page of chats that are not in the list: the archive, and the bin with what becomes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.chat.history import BIN_DAYS
from mistral_desk.chat.titles import called
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.sidebar.days import long
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.card import Card
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from PySide6.QtGui import QResizeEvent, QShowEvent

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.theme.theme import Theme

DAY_S: Final = 86_400
NARROW: Final = 480
"""Pixels at the system's text size below which the button stands under the heading."""


@dataclass(frozen=True)
class Kind:
    """What one of the pages says: `back` brings a chat back into the list, `other` is the other thing to do with it."""

    name: str
    icon: str
    intro: str
    empty: str
    empty_more: str
    back: str
    other: str


ARCHIVE: Final = Kind(
    mark("Archive"),
    "archive",
    mark("Chats that you have put aside. A search finds them as it finds the others."),
    mark("Nothing is archived"),
    mark("A chat's menu in the list has Archive: it leaves the list and stands here."),
    mark("Unarchive"),
    mark("Open"),
)
BIN: Final = Kind(
    mark("Bin"),
    "trash",
    mark("Deleted chats stay here for {days} and can be brought back; then they are deleted for good."),
    mark("The bin is empty"),
    mark("Chats that you delete come here first."),
    mark("Restore"),
    mark("Delete for good…"),
)


class KeptPage(QFrame):
    """Shows what it is given; signals go up, with a conversation's id. `looked_for` asks for the list anew."""

    looked_for = Signal()
    more_asked = Signal()
    back_asked = Signal(int)
    other_asked = Signal(int)
    empty_asked = Signal()
    """Everything is to go for good."""
    left = Signal()
    """The chat is wanted again."""

    def __init__(self, theme: Theme, kind: Kind, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.kind = kind
        self.setAccessibleName(tr(kind.name))
        self._shown: tuple[Conversation, ...] | None = None
        self.cards: list[KeptCard] = []
        self.area = ColumnArea(theme, self)
        holder, column = self.area.holder, self.area.column
        words = tr("Back to the chat")
        self.leave_button = Button(
            theme, words, icon="arrow-left", text=words, kind="outline", muted=True, parent=holder
        )
        self.leave_button.clicked.connect(self.left)
        line = QHBoxLayout()
        line.addWidget(self.leave_button)
        line.addStretch(1)
        column.addLayout(line)
        column.addSpacing(SPACE[3])
        head = self._head = QHBoxLayout()
        head.setSpacing(SPACE[1])
        head.addWidget(Label(theme, tr(kind.name), "title", strong=True, wrap=True, parent=holder), 1)
        words = tr("Empty the bin…")
        self.empty_button = Button(theme, words, icon="trash", text=words, kind="outline", parent=holder)
        self.empty_button.clicked.connect(self.empty_asked)
        self.empty_button.hide()
        column.addLayout(head)
        column.addSpacing(SPACE[1])
        column.addWidget(
            Label(
                theme, tr(kind.intro, days=trn("{n} day", "{n} days", BIN_DAYS)), ink="muted", wrap=True, parent=holder
            )
        )
        column.addSpacing(SPACE[3])
        self._low = QHBoxLayout()
        column.addLayout(self._low)
        column.addSpacing(SPACE[1])
        self._looking = Label(theme, tr("Looking…"), ink="muted", parent=holder)
        column.addWidget(self._looking)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE[1])
        column.addLayout(self._list)
        words = tr("Show more")
        self.more = Button(theme, words, text=words, kind="outline", parent=holder)
        self.more.clicked.connect(self.more_asked)
        self.more.hide()
        below = QHBoxLayout()
        below.addStretch(1)
        below.addWidget(self.more)
        below.addStretch(1)
        column.addSpacing(SPACE[2])
        column.addLayout(below)
        self.nothing = _Nothing(theme, kind, holder)
        self.nothing.hide()
        column.addWidget(self.nothing)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)

    def show_chats(self, conversations: Sequence[Conversation], now: datetime, *, more: bool) -> None:
        """Show these; with `more` there are others. Cards of what stays stay."""
        self._looking.hide()
        wanted = tuple(conversations)
        place, name = self._focused()
        if (has_keyboard(self.more) and not more) or (has_keyboard(self.empty_button) and not wanted):
            place = len(self.cards)  # the first that was not there yet, else the way back
        self.more.setVisible(more)
        if wanted == self._shown:
            if place == len(self.cards):
                self._focus(place, name)
            return
        self._shown = wanted
        old = {card.conversation.id: card for card in self.cards}
        cards = []
        for number, one in enumerate(wanted):
            card = old.get(one.id)
            if card is None or card.conversation != one:
                card = self._card(one, now)
            else:
                del old[one.id]
            if self._list.indexOf(card) != number:
                self._list.removeWidget(card)
                self._list.insertWidget(number, card)
            cards.append(card)
        for gone in old.values():
            self._list.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        self.cards = cards
        if not cards and old and self.isVisible():
            say(self, tr(self.kind.empty))
        self.nothing.setVisible(not cards)
        self.empty_button.setVisible(bool(cards) and self.kind is BIN)
        chain(self.area.holder)
        if place >= 0:
            self._focus(place, name)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.leave_button]

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button stands beside the heading where there is room, else below the words."""
        super().resizeEvent(event)
        beside = self.width() >= NARROW * max(1.0, self._theme.text_size / 100)
        place = self._head if beside else self._low
        if place.indexOf(self.empty_button) < 0:
            (self._low if beside else self._head).removeWidget(self.empty_button)
            place.addWidget(self.empty_button, 0, Qt.AlignmentFlag.AlignLeading)
            chain(self.area.holder)

    def showEvent(self, event: QShowEvent) -> None:
        """Chats may have come and gone."""
        super().showEvent(event)
        self.looked_for.emit()

    def _card(self, conversation: Conversation, now: datetime) -> KeptCard:
        card = KeptCard(self._theme, self.kind, conversation, now, self.area.holder)
        card.back.clicked.connect(lambda: self.back_asked.emit(conversation.id))
        card.other.clicked.connect(lambda: self.other_asked.emit(conversation.id))
        return card

    def _focused(self) -> tuple[int, bool]:
        """The card that has the keyboard, and whether its second button has it."""
        for number, card in enumerate(self.cards):
            if has_keyboard(card):
                return number, has_keyboard(card.other)
        return -1, False

    def _focus(self, place: int, other: bool) -> None:
        """What stands where a card stood that went away, gets the keyboard."""
        target: QWidget = self.leave_button
        if self.cards:
            card = self.cards[min(place, len(self.cards) - 1)]
            target = card.other if other else card.back
        target.setFocus(Qt.FocusReason.OtherFocusReason)


class KeptCard(Card):
    """A chat, when it was put away, and its two buttons."""

    def __init__(self, theme: Theme, kind: Kind, conversation: Conversation, now: datetime, parent: QWidget) -> None:
        title = called(conversation.title)
        super().__init__(theme, "chat", title, parent)
        self.conversation = conversation
        if kind is BIN and conversation.deleted_at is not None:
            deleted = conversation.deleted_at
            day, end = long(deleted, now), long(deleted + BIN_DAYS * DAY_S, now)
            self.tell(tr("Deleted on {day}; goes for good after {end}", day=day, end=end))
        else:
            self.tell(tr("Last changed on {day}", day=long(conversation.updated, now)))
        self.back = self._button(tr(kind.back), title)
        self.other = self._button(tr(kind.other), title)
        for button in (self.back, self.other) if kind is BIN else (self.other, self.back):
            self.tools.addWidget(button)

    def _button(self, words: str, title: str) -> Button:
        name = tr("{what}: {title}", what=words, title=title)
        button = Button(self._theme, name, text=words, kind="outline", small=True, step="small", parent=self._tools)
        button.setToolTip("")
        return button


class _Nothing(Panel):
    """There is nothing here, and why."""

    def __init__(self, theme: Theme, kind: Kind, parent: QWidget) -> None:
        super().__init__(theme, parent, name=tr(kind.empty), radius=RADIUS)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        column.setSpacing(SPACE[1])
        column.addWidget(Label(theme, tr(kind.empty), strong=True, wrap=True, parent=self))
        column.addWidget(Label(theme, tr(kind.empty_more), ink="muted", wrap=True, parent=self))
