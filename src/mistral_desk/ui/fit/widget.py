"""*Will it run here?*: a model's verdict on this computer, beside the catalogue's claim, and what to take instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.errors import Words
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.fit import verdict as words
from mistral_desk.ui.fit.advanced import Advanced
from mistral_desk.ui.fit.fold import Fold
from mistral_desk.ui.fit.row import VariantRow
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.note import Note
from mistral_desk.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.ui.fit.verdict import Place, Verdict
    from mistral_desk.ui.theme.theme import Theme

TITLE = mark("Will it run here?")
MEASURING = mark("Looking at this computer…")
UNKNOWN = mark("Not known: nobody has told yet how large this model's files are. Nothing is guessed here.")


class WillItRun(QWidget):
    """Shows what it is given; signals go up.

    `get` are the words of the button that chooses a quantization; empty where there is nothing to choose yet.
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
        self.setAccessibleName(tr(TITLE))
        self.rows: list[VariantRow] = []
        self.rest: Fold | None = None
        self.advanced: Fold | None = None
        self.alternatives: list[Button] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE[1])
        if titled:
            self._column.addWidget(Label(theme, tr(TITLE), "lead", strong=True, wrap=True, parent=self))
        self._body: QWidget | None = None
        self._state = ""
        self.show_measuring()

    def show_measuring(self) -> None:
        """The computer is being looked at."""
        self._say(tr(MEASURING))

    def show_unknown(self) -> None:
        """No facts of this model."""
        self._say(tr(UNKNOWN))

    def show_verdict(self, verdict: Verdict) -> None:
        """The quantizations on this computer; without any it is unknown."""
        if not verdict.variants:
            self.show_unknown()
            return
        body, column = self._anew()
        theme = self._theme
        column.addWidget(Label(theme, words.computer_words(verdict.machine), ink="muted", wrap=True, parent=body))
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

    def _advanced(self, variant: Variant, machine: Machine, parent: QWidget) -> QWidget:
        panel = Panel(self._theme, parent, radius=RADIUS)
        inside = Advanced(self._theme, variant, machine, panel)
        column = QVBoxLayout(panel)
        column.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        column.addWidget(inside)
        self.advanced_opened.emit(inside)
        return panel

    def _row(self, place: Place, variant: Variant, verdict: Verdict, parent: QWidget) -> VariantRow:
        row = VariantRow(self._theme, place, variant, verdict.machine, parent, get=self._get)
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

    def _say(self, text: str) -> None:
        body, column = self._anew()
        column.addWidget(Label(self._theme, text, ink="muted", wrap=True, parent=body))

    def _anew(self) -> tuple[QWidget, QVBoxLayout]:
        """An empty body instead of the one that is there."""
        if self._body is not None:
            self._column.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        self.rows, self.rest, self.advanced, self.alternatives = [], None, None, []
        self._body = QWidget(self)
        column = QVBoxLayout(self._body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        self._column.addWidget(self._body)
        return self._body, column
