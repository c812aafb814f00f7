"""The middle of a model's page: benchmarks, what it is for, tags, and what it costs elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mistral_desk.catalog.store import PUBLISHER
from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.models.about import said
from mistral_desk.ui.models.about.section import Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.pairs import Pairs
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.score import ScoreBars
from mistral_desk.ui.widgets.tag import Tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.record import Record
    from mistral_desk.ui.theme.theme import Theme

WHOSE: Final = mark(
    "From 0 to 100: the publisher's own normalised scores ({publisher}), not official ones, and not checked here."
)
BESIDE: Final = 320
"""Pixels at the system's text size from which a value stands beside its name."""
NOT_LOCAL: Final = mark(
    "A model behind an API runs on somebody else's computer, which reads what you write. This app runs models here."
)
LOCAL: Final = mark("As the catalog publishes it. What runs on this computer itself costs no fee.")


class Scores(Section):
    """Benchmark bars, and whose numbers they are."""

    def __init__(self, theme: Theme, record: Record, parent: QWidget) -> None:
        super().__init__(theme, tr("Benchmarks"), parent, note=tr(WHOSE, publisher=PUBLISHER))
        self.bars = ScoreBars(theme, [(said.word(one.name), one.value, one.words) for one in record.benchmarks], self)
        self.put(self.bars)


class Uses(Section):
    """What the publisher recommends it for."""

    def __init__(self, theme: Theme, title: str, words: Sequence[str], parent: QWidget) -> None:
        super().__init__(theme, title, parent)
        for word in words:
            line = Paragraph(theme, f"•  {word}", parent=self)
            line.setAccessibleName(word)
            self.put(line)


class Tags(Section):
    """Tags that lead to all models that have them."""

    chosen = Signal(str)

    def __init__(self, theme: Theme, tags: Sequence[str], parent: QWidget) -> None:
        super().__init__(theme, tr("Tags"), parent, note=tr("A tag shows all models that have it."))
        holder = QWidget(self)
        flow = FlowLayout(holder, spacing=SPACE[1])
        self.buttons: dict[str, Tag] = {}
        for tag in tags:
            button = Tag(theme, tr("Show models with the tag {tag}", tag=tag), tag, holder)
            button.clicked.connect(lambda _on=False, tag=tag: self.chosen.emit(tag))
            flow.addWidget(button)
            self.buttons[tag] = button
        self.put(holder)


class Pricing(Section):
    """What it costs elsewhere; what is said of an API is not local, and that is said too."""

    def __init__(self, theme: Theme, record: Record, parent: QWidget) -> None:
        super().__init__(theme, tr("Price"), parent, note=tr(LOCAL))
        price = record.pricing
        assert price is not None  # noqa: S101 - the page asks before it makes this
        facts = [(tr("Input"), price_words(price.input)), (tr("Output"), price_words(price.output))]
        if price.free is not None:
            facts.append((tr("Free"), said.yes_no(price.free)))
        facts += [(said.word(name), value) for name, value in price.other.items()]
        if price.note:
            facts.append((tr("Note"), price.note))
        pairs = Pairs(theme, self, beside=BESIDE)
        for name, value in facts:
            told = Paragraph(theme, value, parent=pairs)
            told.setAccessibleName(tr("{name}: {value}", name=name, value=value))
            pairs.add(Paragraph(theme, name, ink="muted", parent=pairs), told)
        self.put(pairs)
        spoken = (price.note, *(one for one in (price.input, price.output) if isinstance(one, str)))
        if any(said.speaks_of_api(one) for one in spoken):
            self.tell(tr(NOT_LOCAL))


def price_words(value: str | float | None) -> str:
    """A price as it was published: words as they are, a number with the digits it has; unknown where there is none."""
    if value is None:
        return tr(said.UNKNOWN)
    if isinstance(value, str):
        return value
    digits = len(f"{value:.6f}".rstrip("0").partition(".")[2])
    return amounts.number(value, digits)
