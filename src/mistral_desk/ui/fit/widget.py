"""*Will it run here?*: a model's verdict on this computer, beside the catalogue's claim, and what to take instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Signal
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QSizePolicy, QSpacerItem, QVBoxLayout, QWidget

from mistral_desk.core.errors import Words
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.fit import meaning
from mistral_desk.ui.fit import verdict as words
from mistral_desk.ui.fit.advanced import Advanced
from mistral_desk.ui.fit.fold import Fold
from mistral_desk.ui.fit.row import VariantRow
from mistral_desk.ui.fit.waiting import Waiting
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.note import Note
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from PySide6.QtGui import QResizeEvent
    from PySide6.QtWidgets import QScrollBar

    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.ui.fit.row import Control
    from mistral_desk.ui.fit.verdict import Place, Verdict
    from mistral_desk.ui.theme.theme import Theme

TITLE = mark("Will it run here?")
UNKNOWN = mark("Not known: nobody has told yet how large this model's files are. Nothing is guessed here.")


class WillItRun(QFrame):
    """Shows what it is given; signals go up.

    `get` are the words of the button that chooses a quantization; empty where there is nothing to choose yet. While
    one waits for a verdict its room is kept, and it never gets shorter while what stands below it is in sight: nothing
    that is seen moves.
    """

    chosen = Signal(object)
    """This `Variant` is to be got or used."""
    tried = Signal(object)
    """The same for one that is too slow for chat: the person knows how slow."""
    alternative = Signal(str)
    """Show the model of this id instead."""
    advanced_opened = Signal(object)
    """An `Advanced` was unfolded for the first time: answer what it wishes."""
    changed = Signal()
    """Something was unfolded or folded."""

    def __init__(self, theme: Theme, parent: QWidget, *, get: str = "", titled: bool = True) -> None:
        super().__init__(parent)
        self._theme = theme
        self._get = get
        self.control: Control | None = None
        """Makes what can be done with a quantization, for rows that are made from now on."""
        self.setAccessibleName(tr(TITLE))
        self.rows: list[VariantRow] = []
        self.rest: Fold | None = None
        self.advanced: Fold | None = None
        self.meaning: Fold | None = None
        self.alternatives: list[Button] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE[1])
        if titled:
            self._column.addWidget(Label(theme, tr(TITLE), "lead", strong=True, wrap=True, parent=self))
        self._body: QWidget | None = None
        self._rest_of_room = QSpacerItem(0, 0, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Expanding)
        self._said: tuple[str, ...] = ()
        self._watched: QScrollBar | None = None
        """Moves what is in sight while there is room to spare."""
        theme.changed.connect(self._let_go)
        self.show_measuring()

    def show_measuring(self, rows: int = 0) -> None:
        """The computer is being looked at, for a model of so many quantizations."""
        self._put(Waiting(self._theme, rows, self, tools=self.control is not None))

    def show_unknown(self) -> None:
        """No facts of this model."""
        self._put(Label(self._theme, tr(UNKNOWN), ink="muted", wrap=True, parent=self))

    def show_verdict(self, verdict: Verdict) -> None:
        """The quantizations on this computer; without any it is unknown. One that says the same changes nothing."""
        if not verdict.variants:
            self.show_unknown()
            return
        if self._said and self._said == words.said(verdict):
            return
        body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        self._put(body)
        self._said = words.said(verdict)
        theme = self._theme
        computer = Label(theme, words.computer_words(verdict.machine), ink="muted", wrap=True, parent=body)
        question = tr(meaning.QUESTION)
        self.meaning = Fold(theme, question, question, self._glossary, body, beside=computer, small=True)
        self.meaning.toggled.connect(lambda _on: self.changed.emit())
        column.addWidget(self.meaning)
        title, text = words.claim_title(verdict), words.claim_text(verdict)
        if title:
            column.addWidget(Note(theme, "info", Words(title, text, ""), body))
        elif text:
            column.addWidget(Label(theme, text, wrap=True, parent=body))
        if verdict.alternatives and not (verdict.variants[0].usable and verdict.variants[0].sane):
            column.addWidget(self._instead(verdict.alternatives, body))
        shown, rest = words.chosen(verdict.variants)
        for place, variant in shown:
            column.addWidget(self._row(place, variant, verdict, body))
        if rest:
            text = trn("{n} more", "{n} more", len(rest))
            self.rest = Fold(theme, text, text, lambda parent: self._rest(rest, verdict, parent), body)
            self.rest.toggled.connect(lambda _on: self.changed.emit())
            column.addWidget(self.rest)
        best = verdict.variants[0]
        name = tr("Advanced: {file}", file=words.file_words(best))
        self.advanced = Fold(
            theme, tr("Advanced"), name, lambda parent: self._advanced(best, verdict.machine, parent), body
        )
        self.advanced.toggled.connect(lambda _on: self.changed.emit())
        column.addWidget(self.advanced)
        self._spare()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width, another height."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._let_go()

    def _glossary(self, parent: QWidget) -> QWidget:
        panel = Panel(self._theme, parent, radius=RADIUS)
        column = QVBoxLayout(panel)
        column.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        column.setSpacing(2)
        for number, (word, text) in enumerate(meaning.GLOSSARY):
            if number:
                column.addSpacing(SPACE[1])
            column.addWidget(Paragraph(self._theme, tr(word), strong=True, parent=panel))
            told = Paragraph(self._theme, tr(text), parent=panel)
            told.setAccessibleName(tr("{name}: {value}", name=tr(word), value=tr(text)))
            column.addWidget(told)
        return panel

    def _advanced(self, variant: Variant, machine: Machine, parent: QWidget) -> QWidget:
        panel = Panel(self._theme, parent, radius=RADIUS)
        inside = Advanced(self._theme, variant, machine, panel)
        column = QVBoxLayout(panel)
        column.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        column.addWidget(inside)
        self.advanced_opened.emit(inside)
        return panel

    def _row(self, place: Place, variant: Variant, verdict: Verdict, parent: QWidget) -> VariantRow:
        row = VariantRow(self._theme, place, variant, verdict.machine, parent, get=self._get, control=self.control)
        row.chosen.connect(self.chosen)
        row.tried.connect(self.tried)
        self.rows.append(row)
        return row

    def _rest(self, rest: tuple[Variant, ...], verdict: Verdict, parent: QWidget) -> QWidget:
        holder = QWidget(parent)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        for variant in rest:
            column.addWidget(self._row("other", variant, verdict, holder))
        return holder

    def _instead(self, offers: tuple[Offer, ...], parent: QWidget) -> QWidget:
        holder = QWidget(parent)
        flow = FlowLayout(holder, spacing=SPACE[1])
        for offer in offers:
            text = words.alternative_words(offer)
            button = Button(self._theme, text, text=text, kind="outline", small=True, parent=holder)
            button.clicked.connect(lambda _on=False, offer=offer: self.alternative.emit(offer.variant.model))
            flow.addWidget(button)
            self.alternatives.append(button)
        whole = QWidget(parent)
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, SPACE[0])
        column.setSpacing(6)
        column.addWidget(Label(self._theme, tr("Better on this computer:"), ink="muted", wrap=True, parent=whole))
        column.addWidget(holder)
        return whole

    def _put(self, body: QWidget) -> None:
        """Instead of what is there; as tall as that was at least, where it was seen."""
        if self._body is not None:
            if self.isVisible():
                self.setMinimumHeight(max(self.minimumHeight(), self._column.totalHeightForWidth(self.width())))
            self._column.removeItem(self._rest_of_room)
            self._column.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self.rows, self.rest, self.advanced, self.meaning, self.alternatives = [], None, None, None, []
        self._said = ()
        self._body = body
        self._column.addWidget(body)
        self._column.addItem(self._rest_of_room)
        body.show()

    def _spare(self) -> None:
        """Room that is too large for the verdict goes as soon as nobody sees what it moves."""
        area = self.parentWidget()
        while area is not None and not isinstance(area, QAbstractScrollArea):
            area = area.parentWidget()
        if area is None or not self.minimumHeight():
            return
        below = self.mapTo(area.viewport(), QPoint(0, self.height())).y()
        if below >= area.viewport().height():
            self._let_go()
        elif self._watched is None:
            self._watched = area.verticalScrollBar()
            self._watched.valueChanged.connect(self._spare)

    def _let_go(self) -> None:
        """Another width or another size of letters, or out of sight: the room is measured anew."""
        if self._watched is not None:
            self._watched.valueChanged.disconnect(self._spare)
            self._watched = None
        self.setMinimumHeight(0)
