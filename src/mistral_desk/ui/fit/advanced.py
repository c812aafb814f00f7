"""*Advanced*: where everything lies, what was predicted and measured, and a person's own division of a model."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr
from mistral_desk.fit.plan import OF_MODEL, Wishes, server_command
from mistral_desk.ui.fit import placement, verdict
from mistral_desk.ui.fit.bar import Places
from mistral_desk.ui.fit.by_hand import ByHand
from mistral_desk.ui.fit.facts import Facts
from mistral_desk.ui.fit.row import words_of
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.explained import Word
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.focus import set_possible
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.tab_order import stack

if TYPE_CHECKING:
    from mistral_desk.fit.advice import Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.runs import Comparison
    from mistral_desk.inference.protocol import ModelInfo
    from mistral_desk.ui.theme.theme import Theme

NEXT = mark("It takes effect when the model is loaded again.")
PLANNED = mark("A plan only: this model's file is not on this computer.")


class Advanced(QWidget):
    """Shows what it is given. `wished`: the plan for these `Wishes` is wanted, answer with `show_plan`; `applied`:
    load the model so. With a `path` the model is on this computer and can be loaded.
    """

    wished = Signal(object)
    applied = Signal(object)
    benchmark = Signal()
    """Its speed is to be measured now."""
    copied = Signal(str)
    """This text is in the clipboard now."""

    def __init__(
        self, theme: Theme, variant: Variant, machine: Machine, parent: QWidget, *, path: str = "", projector: str = ""
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._machine = machine
        self._variant = variant
        self._path, self._projector = path, projector
        self._comparison: Comparison | None = None
        self._info: ModelInfo | None = None
        self._stored = Wishes()
        self._benchmark = ""
        self._measuring = False
        self._body: QWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACE[2])
        self._shown = QVBoxLayout()
        self._column.addLayout(self._shown)
        self._marks: list[Word] = []
        self._outcome_marks: list[Word] = []
        self._fill_body()  # Tab comes to things as they were made
        self._column.addWidget(Label(theme, tr("By hand"), strong=True, parent=self))
        self.by_hand = ByHand(theme, variant.shape, machine, self)
        self.by_hand.changed.connect(self._changed)
        self._column.addWidget(self.by_hand)
        self._outcome = QVBoxLayout()
        self._outcome.setSpacing(6)
        self._column.addLayout(self._outcome)
        self._fill_outcome()
        self._buttons()
        self.show_plan(variant)

    def show_wishes(self, wishes: Wishes) -> None:
        """What is set for this model now."""
        self._stored = wishes
        self.by_hand.show_wishes(wishes)
        self._tell()

    def show_plan(self, variant: Variant) -> None:
        """The plan for what is set by hand; another word is announced."""
        other = variant.word != self._variant.word
        self._variant = variant
        self._fill()
        self._tell()
        if other:
            spoken = verdict.spoken(variant, self._machine)
            say(self, spoken)

    def show_measured(self, comparison: Comparison | None, info: ModelInfo | None) -> None:
        """What runs of this model took here, and where it lies now if it is loaded."""
        self._comparison, self._info = comparison, info
        self._fill()

    def show_benchmark(self, text: str) -> None:
        """A result that can be copied; empty where there is none."""
        self._benchmark = text
        self.show_progress("")

    def show_progress(self, text: str) -> None:
        """What is being measured; empty when nothing is."""
        self._measuring = bool(text)
        self._note.setText(text or tr(NEXT))
        self._tell()

    @property
    def variant(self) -> Variant:
        """What is shown."""
        return self._variant

    @property
    def machine(self) -> Machine:
        """Where."""
        return self._machine

    @property
    def command(self) -> str:
        """The plan that is shown, for llama-server; empty where it does not fit."""
        return server_command(self._variant.plan, self._machine, self._path or OF_MODEL, self._projector)

    # --- look ---------------------------------------------------------------------------------------

    def _fill(self) -> None:
        self._fill_body()
        self._fill_outcome()

    def _fill_body(self) -> None:
        if self._body is not None:
            self._shown.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
        theme, variant = self._theme, self._variant
        self._body = body = QWidget(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        words = words_of(theme, variant, body)
        self._marks = _reached(self._marks, words)
        column.addWidget(words)
        column.addWidget(Label(theme, _said(variant), wrap=True, parent=body))
        column.addWidget(Places(theme, verdict.parts(variant, self._machine), body))
        column.addSpacing(SPACE[0])
        lines = Facts(theme, body)
        for name, value in placement.lines(variant):
            lines.add(name, value)
        column.addWidget(lines)
        if self._path and (rows := list(placement.compared(variant, self._comparison, self._info))):
            column.addSpacing(SPACE[0])
            column.addWidget(Label(theme, tr("Predicted and measured"), strong=True, wrap=True, parent=body))
            table = Facts(theme, body, columns=2)
            table.head(tr("Predicted"), tr("Measured"))
            for row in rows:
                table.add(*row)
            column.addWidget(table)
        self._shown.addWidget(body)

    def _fill_outcome(self) -> None:
        """What comes of it, where the eye is while it changes something."""
        while (item := self._outcome.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        words = words_of(self._theme, self._variant, self, tags=False)
        self._outcome_marks = _reached(self._outcome_marks, words)
        self._outcome.addWidget(words)
        self._outcome.addWidget(Label(self._theme, _said(self._variant), wrap=True, parent=self))
        stack(self._column)

    def _buttons(self) -> None:
        theme, holder = self._theme, QWidget(self)
        flow = FlowLayout(holder, spacing=SPACE[1])
        self.use = self._button(holder, tr("Load it like this"), "primary")
        self.back = self._button(holder, tr("Back to automatic"))
        self.measure = self._button(holder, tr("Measure its speed"))
        self.copy_command = self._button(holder, tr("Copy as llama-server command"), icon="copy")
        self.copy_benchmark = self._button(holder, tr("Copy benchmark result"), icon="copy")
        for button in (self.use, self.back, self.measure, self.copy_command, self.copy_benchmark):
            flow.addWidget(button)
        self.use.clicked.connect(lambda: self.applied.emit(self.by_hand.wishes))
        self.back.clicked.connect(self._automatic)
        self.measure.clicked.connect(self.benchmark)
        self.copy_command.clicked.connect(lambda: self._copy(self.command))
        self.copy_benchmark.clicked.connect(lambda: self._copy(self._benchmark))
        self._column.addWidget(holder)
        words = tr(NEXT) if self._path else tr(PLANNED)
        self._note = Label(theme, words, "small", ink="muted", wrap=True, parent=self)
        self._column.addWidget(self._note)

    def _button(self, parent: QWidget, text: str, kind: str = "outline", icon: str = "") -> Button:
        made = Button(self._theme, text, text=text, icon=icon, kind="outline", parent=parent)
        if kind == "primary":
            made.set_kind("primary")
        return made

    def _changed(self, wishes: Wishes) -> None:
        self._tell()
        self.wished.emit(wishes)

    def _automatic(self) -> None:
        self.by_hand.show_wishes(Wishes())
        self._changed(Wishes())

    def _tell(self) -> None:
        wishes = self.by_hand.wishes
        self.use.setVisible(bool(self._path))
        self.measure.setVisible(bool(self._path))
        may = not self._measuring and wishes == self._stored and self._variant.plan.fits
        set_possible(self.measure, possible=may)
        self.use.setEnabled(wishes != self._stored and self._variant.plan.fits and not self._measuring)
        self.back.setEnabled(wishes != Wishes())
        self.copy_command.setEnabled(bool(self.command))
        self.copy_benchmark.setVisible(bool(self._benchmark))

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(text)


def _reached(old: list[Word], words: QWidget) -> list[Word]:
    """Words made anew take the place that those before them have in the order of Tab."""
    new = words.findChildren(Word)
    for before, after in pairwise([*old[-1:], *new]):
        QWidget.setTabOrder(before, after)
    return new


def _said(variant: Variant) -> str:
    """How long an answer takes, or why there is none."""
    return verdict.answer_words(variant) or next(iter(verdict.why(variant)), "")
