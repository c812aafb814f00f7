"""A repository of the hub: its quantizations with their sizes, and on demand whether one of them runs here.

The verdict is made of the file's real header, of which a few megabytes are read; how many is said.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.fit import verdict
from mistral_desk.ui.fit.row import words_of
from mistral_desk.ui.models.browse.hub import back_button, short
from mistral_desk.ui.models.browse.instead import Trouble
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.label import Label, Shortened
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QResizeEvent

    from mistral_desk.catalog.hub_files import Listing, RemoteFile
    from mistral_desk.catalog.hub_files import Variant as RemoteVariant
    from mistral_desk.core.errors import Problem
    from mistral_desk.fit.advice import Variant
    from mistral_desk.ui.theme.theme import Theme

    Control = Callable[[Listing, RemoteVariant, QWidget], QWidget | None]
    """Makes what can be done with a quantization: a button's height, and as tall whatever it shows."""

UNREAD = mark("Whether it belongs to the model is read with “Will it run here?”.")
BESIDE = 200
"""Pixels at the system's text size that the words take at least beside the buttons."""
CHECK = mark("Will it run here?")
CHECKED = mark("Reads a few megabytes of the file from the hub: what it says about itself.")
READING = mark("Reading what the file says about itself…")


class VariantCard(Panel):
    """One quantization; `asked` when its verdict is wanted, `left` when its button goes away under the keyboard."""

    asked = Signal(str)
    left = Signal()

    def __init__(
        self, theme: Theme, one: RemoteVariant, parent: QWidget, make: Callable[[QWidget], QWidget | None]
    ) -> None:
        super().__init__(theme, parent, name=one.name, radius=RADIUS)
        self.variant = one
        self.projectors: tuple[RemoteFile, ...] = ()
        self._reading = False
        text, title = tr(CHECK), one.quantization or one.name
        self.check = Button(
            theme, tr("{what}: {file}", what=text, file=title), text=text, kind="outline", small=True, parent=self
        )
        self.check.setToolTip(tr(CHECKED))
        self.check.clicked.connect(lambda: None if self._reading else self.asked.emit(one.name))
        head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        head.setSpacing(SPACE[2])
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Shortened(theme, title, strong=True, parent=self))
        words.addWidget(Paragraph(theme, files_words(one), "small", ink="muted", parent=self))
        head.addLayout(words, 1)
        tools = QWidget(self)
        tools.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        flow = FlowLayout(tools, spacing=SPACE[1])
        self.control = make(tools) if one.complete else None
        for tool in (self.control, self.check):
            if tool is not None:
                flow.addWidget(tool)
        self._head = head
        self._tools = tools
        head.addWidget(tools, 0, Qt.AlignmentFlag.AlignTop)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(SPACE[3], SPACE[2], SPACE[3], SPACE[2])
        self._column.setSpacing(SPACE[1])
        self._column.addLayout(head)
        self._below: QWidget | None = None
        self.check.setVisible(one.complete)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The buttons below the words where there is no room beside them."""
        super().resizeEvent(event)
        flow = self._tools.layout()
        wide = flow.sizeHint().width() if flow is not None else 0
        beside = self.width() >= wide + BESIDE * max(1.0, self._theme.text_size / 100)
        wanted = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if self._head.direction() != wanted:
            self._head.setDirection(wanted)

    def show_reading(self) -> None:
        """The header is on its way; the button stays where it is, or the keyboard would be put somewhere else."""
        self._reading = True
        self._put(Label(self._theme, tr(READING), "small", ink="muted", wrap=True, parent=self))

    def show_verdict(self, found: Variant, read: int, requests: int) -> None:
        """How it would run here, and what finding that out took."""
        below = QWidget(self)
        column = QVBoxLayout(below)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[0])
        column.addWidget(words_of(self._theme, found, below))
        eyes = eyes_words(found.shape.projector, self.projectors)
        answer = verdict.answer_words(found) or next(iter(verdict.why(found)), "")
        for text in (answer, eyes, read_words(read, requests)):
            if text:
                column.addWidget(Label(self._theme, text, "small", ink="muted", wrap=True, parent=below))
        if has_keyboard(self.check):
            self.left.emit()
        self.check.hide()
        self._put(below)

    def show_problem(self, problem: Problem) -> None:
        """It could not be read."""
        words = in_words(problem, tr)
        self._reading = False
        told = " ".join(part for part in (words.message, words.hint) if part)
        self._put(Label(self._theme, told, "small", ink="danger", wrap=True, parent=self))

    def _put(self, widget: QWidget) -> None:
        if self._below is not None:
            self._column.removeWidget(self._below)
            self._below.hide()
            self._below.deleteLater()
        self._below = widget
        self._column.addWidget(widget)


class RepositoryPage(QFrame):
    """Shows what it is given; signals go up."""

    back = Signal()
    asked = Signal(str)
    """The verdict on the quantization of this name is wanted."""
    again = Signal()
    privacy = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("A repository of the hub"))
        self.area = ColumnArea(theme, self)
        self.back_button = back_button(theme, self.area.holder)
        self.back_button.set_label(tr("Back: {where}", where=tr("Search the hub")), tr("Search the hub"))
        self.back_button.clicked.connect(self.back)
        self.area.column.addWidget(self.back_button, 0, Qt.AlignmentFlag.AlignLeading)
        self.area.column.addSpacing(SPACE[3])
        self._slot = QVBoxLayout()
        self.area.column.addLayout(self._slot)
        self.area.column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)
        self.control: Control | None = None
        """Makes what can be done with a quantization, for listings that are shown from now on."""
        self.cards: dict[str, VariantCard] = {}
        self.trouble: Trouble | None = None
        self.repository = ""
        self._body: QWidget | None = None

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.back_button]

    def show_reading(self, repository: str, host: str) -> None:
        """Its files are being listed."""
        column, body = self._anew(repository)
        column.addWidget(Label(self._theme, tr("Asking {host}…", host=host), ink="muted", wrap=True, parent=body))

    def show_problem(self, repository: str, problem: Problem) -> None:
        """They could not be."""
        column, body = self._anew(repository)
        self.trouble = Trouble(self._theme, problem, body, closable=False)
        self.trouble.again.connect(self.again)
        self.trouble.privacy.connect(self.privacy)
        column.addWidget(self.trouble)
        chain(self.area.holder)

    def show_listing(self, listing: Listing, host: str) -> None:
        """Its files, the models among them grouped."""
        column, body = self._anew(listing.repository)
        where = tr("On {host}, as of commit {commit}.", host=host, commit=short(listing.revision))
        column.addWidget(Label(self._theme, where, ink="muted", wrap=True, parent=body))
        column.addWidget(Label(self._theme, projector_words(listing), ink="muted", wrap=True, parent=body))
        column.addSpacing(SPACE[1])
        for one in listing.quantizations:
            make = partial(self._made, listing, one)
            card = self.cards[one.name] = VariantCard(self._theme, one, body, make)
            card.projectors = listing.projectors
            card.asked.connect(self.asked)
            card.left.connect(lambda: self.back_button.setFocus(Qt.FocusReason.OtherFocusReason))
            column.addWidget(card)
        if not listing.quantizations:
            column.addWidget(Label(self._theme, tr("There is no model in it."), wrap=True, parent=body))
        if listing.other:
            words = trn("{n} other file", "{n} other files", len(listing.other))
            column.addWidget(Label(self._theme, words, "small", ink="muted", parent=body))
        chain(self.area.holder)

    def _made(self, listing: Listing, one: RemoteVariant, parent: QWidget) -> QWidget | None:
        return self.control(listing, one, parent) if self.control is not None else None

    def _anew(self, repository: str) -> tuple[QVBoxLayout, QWidget]:
        if self._body is not None:
            self._slot.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self.cards, self.trouble, self.repository = {}, None, repository
        self._body = QWidget(self.area.holder)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        column.addWidget(Shortened(self._theme, repository, "heading", strong=True, parent=self._body))
        self._slot.addWidget(self._body)
        return column, self._body


def files_words(one: RemoteVariant) -> str:
    """*74.2 GB in 3 files*; of parts that lack some, that they do."""
    size = amounts.file_size(one.bytes)
    if not one.complete:
        return tr("{size}, and parts of it are missing in the repository", size=size)
    if one.shards == 1:
        return verdict.joined(size, one.files[0].name)
    return trn("{size} in {n} file", "{size} in {n} files", one.shards, size=size)


def projector_words(listing: Listing) -> str:
    """Whether it can see pictures, as far as the files say."""
    if listing.projector is None:
        return tr("No projector: with these files it reads text only.")
    size = amounts.file_size(listing.projector.size)
    told = tr("By its name, {file} ({size}) lets it see pictures.", file=listing.projector.name, size=size)
    return f"{told} {tr(UNREAD)}"


def eyes_words(size: int, projectors: Sequence[RemoteFile]) -> str:
    """What headers said of the projectors: the one of `size` bytes belongs to the model, or none does."""
    if not projectors:
        return ""
    chosen = next((file.name for file in projectors if size and file.size == size), "")
    if not chosen:
        return tr("None of the projectors belongs to it, as headers say: it reads text only.")
    return tr("Sees pictures: {file} belongs to it, as both headers say.", file=chosen)


def read_words(read: int, requests: int) -> str:
    """What the verdict took."""
    if not read:
        return tr("From what was read of this file before.")
    size = amounts.file_size(read)
    return trn(
        "{size} of the file were read, in {n} request.", "{size} of the file were read, in {n} requests.", requests,
        size=size,
    )  # fmt: skip
