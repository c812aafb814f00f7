"""One quantization on this computer: its two words, the time of an answer, where its bytes go, and what can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.fit import meaning, verdict
from mistral_desk.ui.fit.bar import Places
from mistral_desk.ui.fit.facts import Facts
from mistral_desk.ui.fit.fold import Fold
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.explained import Word
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label, Shortened
from mistral_desk.ui.widgets.panel import Panel

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.fit.advice import Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.ui.fit.verdict import Place
    from mistral_desk.ui.theme.theme import Theme

    Control = Callable[[Variant, QWidget], QWidget | None]
    """Makes what can be done with a quantization: a button's height, and as tall whatever it shows."""


def words_of(theme: Theme, variant: Variant, parent: QWidget, *, tags: bool = True) -> QWidget:
    """The two words beside each other, and a mark where the figures are an estimate."""
    made = QWidget(parent)
    flow = FlowLayout(made, spacing=6)
    sign = verdict.SIGNS[variant.word]
    flow.addWidget(Word(theme, verdict.speed_word(variant), made, sign=sign, means=meaning.speed(variant)))
    flow.addWidget(Word(theme, verdict.quality_word(variant), made, means=meaning.quality(variant)))
    if tags and variant.shape.rough and variant.plan.fits:
        flow.addWidget(Word(theme, tr("Estimate"), made, means=verdict.rough_words(variant)))
    return made


class VariantRow(Panel):
    """Signals go up. `get` is what its button says, empty where it can do nothing; `control` makes another one."""

    chosen = Signal(object)
    tried = Signal(object)

    def __init__(
        self,
        theme: Theme,
        place: Place,
        variant: Variant,
        machine: Machine,
        parent: QWidget,
        *,
        get: str = "",
        control: Control | None = None,
    ) -> None:
        super().__init__(theme, parent, name=verdict.spoken(variant, machine), radius=RADIUS)
        self.variant = variant
        self._machine = machine
        self.action: Button | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        column.setSpacing(SPACE[1])
        head = QHBoxLayout()
        head.setSpacing(SPACE[2])
        if words := verdict.PLACES[place]:
            where = Label(theme, tr(words), strong=True, parent=self)
            where.setToolTip(meaning.place(place))
            where.setAccessibleDescription(meaning.place(place))
            head.addWidget(where)
        head.addWidget(Shortened(theme, verdict.file_words(variant), ink="muted", parent=self), 1)
        column.addLayout(head)
        column.addWidget(words_of(theme, variant, self))
        if told := verdict.answer_words(variant):
            column.addWidget(Label(theme, told, wrap=True, parent=self))
        elif missing := verdict.why(variant)[:1]:
            column.addWidget(Label(theme, missing[0], wrap=True, parent=self))
        column.addSpacing(2)
        column.addWidget(Places(theme, verdict.parts(variant, machine), self))
        name = tr("Details: {file}", file=verdict.file_words(variant))
        self.details = Fold(theme, tr("Details"), name, self._details, self)
        self.control = control(variant, self.details) if control is not None else None
        if self.control is not None:
            self.details.put_before(self.control)
        self._act(theme, get)
        column.addSpacing(2)
        column.addWidget(self.details)

    def _act(self, theme: Theme, get: str) -> None:
        variant = self.variant
        if not get or not variant.plan.fits:
            return
        file = verdict.file_words(variant)
        if variant.usable:
            name = tr("{what}: {file}", what=get, file=file)
            self.action = Button(theme, name, text=get, kind="outline", parent=self.details)
            self.action.clicked.connect(lambda: self.chosen.emit(variant))
        else:
            words = verdict.try_words(variant)
            name = tr("{what}: {file}", what=words, file=file)
            self.action = Button(theme, name, text=words, kind="outline", parent=self.details)
            self.action.clicked.connect(lambda: self.tried.emit(variant))
        self.action.setToolTip("")
        self.details.put_before(self.action)

    def _details(self, parent: QWidget) -> QWidget:
        variant, made = self.variant, self.variant.plan
        holder = QWidget(parent)
        facts = Facts(self._theme, holder)
        if found := made.speed:
            facts.add(tr("Writing"), verdict.range_words(found.tokens_per_s))
            facts.add(tr("Reading"), verdict.range_words(found.prompt_per_s))
            facts.add(tr("Loading"), amounts.roughly(found.load_s.mid))
            facts.add(tr("Context"), trn("{n} token", "{n} tokens", made.context))
        for holding in made.holdings:
            name = holding.name or tr(verdict.WHERE["disk" if holding.device == "disk" else "memory"])
            facts.add(name, amounts.file_size(holding.total))
        facts.add(tr("Quality"), f"{verdict.quality_word(variant)}. {verdict.quality_source(variant)}")
        facts.add(tr("File"), tr("{quant} of {place}", quant=variant.quant, place=variant.repository or variant.name))
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, SPACE[0])
        column.setSpacing(SPACE[1])
        column.addWidget(facts)
        said = (
            *verdict.why(variant),
            verdict.more_words(variant),
            verdict.rough_words(variant),
            verdict.estimated_words(self._machine, variant),
        )
        for sentence in dict.fromkeys(one for one in said if one):
            column.addWidget(Label(self._theme, sentence, "small", ink="muted", wrap=True, parent=holder))
        return holder
