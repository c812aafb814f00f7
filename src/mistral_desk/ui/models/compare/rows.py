"""What a comparison says, without a widget: a row for each thing that can be compared, and whether it differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog.search import licensed, modalities, open_weights
from mistral_desk.core.words import tr
from mistral_desk.ui.fit import verdict as fit_words
from mistral_desk.ui.models.about import said
from mistral_desk.ui.models.about.header import publisher_words
from mistral_desk.ui.models.about.parts import price_words
from mistral_desk.ui.widgets.score import score_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mistral_desk.catalog.record import Record
    from mistral_desk.fit.advice import Variant
    from mistral_desk.ui.fit.verdict import Verdict

MOST: Final = 4
"""Models beside each other."""


@dataclass(frozen=True)
class Cell:
    """What one model has in one row. `score` makes it a bar; `best` marks the highest of scores that differ; `sign` is
    an icon and its colour.
    """

    words: str
    known: bool = True
    score: float | None = None
    best: bool = False
    sign: tuple[str, str] | None = None


@dataclass(frozen=True)
class Row:
    """`bars` where its cells are scores from 0 to 100."""

    name: str
    cells: tuple[Cell, ...]
    differs: bool
    bars: bool = False


def rows(records: Sequence[Record], verdicts: Mapping[str, Verdict]) -> tuple[Row, ...]:
    """The rows of a comparison, from what matters first."""
    return (*_here(records, verdicts), *_scores(records), *_facts(records), *_rest(records))


def spoken(row: Row, number: int, title: str) -> str:
    """A cell as a screen reader says it: *Coding, Mistral Small 4: 78 of 100, the highest*."""
    cell = row.cells[number]
    words = cell.words
    if cell.score is not None:
        words = tr("{value} of 100", value=cell.words)
    if cell.best:
        words = tr("{value}, the highest", value=words)
    return tr("{name}, {title}: {value}", name=row.name, title=title, value=words)


def _here(records: Sequence[Record], verdicts: Mapping[str, Verdict]) -> Iterator[Row]:
    found = [verdicts.get(one.id) for one in records]
    best = [one.variants[0] if one is not None and one.variants else None for one in found]
    words = _row(tr("On this computer"), [None if one is None else fit_words.speed_word(one) for one in best])
    signs = [None if one is None else fit_words.SIGNS[one.word] for one in best]
    yield replace(words, cells=tuple(replace(cell, sign=sign) for cell, sign in zip(words.cells, signs, strict=True)))
    yield _row(tr("Quality"), [None if one is None else fit_words.quality_word(one) for one in best])
    yield _row(tr("Size"), [None if one is None else fit_words.file_words(one) for one in best])
    yield _row(tr("A typical answer"), [None if one is None else _answer(one) for one in best])


def _answer(variant: Variant) -> str | None:
    speed = variant.plan.speed
    return None if speed is None else fit_words.time(speed.answer_s.mid)


def _facts(records: Sequence[Record]) -> Iterator[Row]:
    def each(of: Callable[[Record], str | None]) -> list[str | None]:
        return [of(one) for one in records]

    yield _row(tr("Provider"), each(lambda one: one.provider))
    yield _row(tr("Licence"), each(licensed))
    weights = [open_weights(one) for one in records]
    yield _row(tr("Open weights"), [None if one is None else said.yes_no(one) for one in weights])
    yield _row(tr("Parameters"), each(lambda one: one.parameters.words if one.parameters else None))
    yield _row(tr("Context"), each(lambda one: one.context.words if one.context else None))
    yield _row(tr("Hardware, the catalog says"), each(lambda one: one.hardware))
    yield _row(tr("Understands"), each(lambda one: ", ".join(said.word(kind) for kind in modalities(one))))


def _scores(records: Sequence[Record]) -> Iterator[Row]:
    names = dict.fromkeys(score.name for one in records for score in one.benchmarks)
    by_record = [{score.name: score for score in one.benchmarks} for one in records]
    for name in names:
        found = [scores.get(name) for scores in by_record]
        values = [one.value if one is not None else None for one in found]
        known = [value for value in values if value is not None]
        differs = len(set(values)) > 1
        highest = max(known, default=None)
        cells = tuple(
            Cell(
                score_words(value, one.words if one is not None else ""),
                known=value is not None,
                score=value,
                best=differs and len(known) > 1 and value is not None and value == highest,
            )
            for one, value in zip(found, values, strict=True)
        )
        words = {cell.words for cell in cells}
        yield Row(said.word(name), cells, differs or len(words) > 1, bars=True)


def _rest(records: Sequence[Record]) -> Iterator[Row]:
    prices = [one.pricing for one in records]
    for name, values in (
        (tr("Price of input"), [one.input if one is not None else None for one in prices]),
        (tr("Price of output"), [one.output if one is not None else None for one in prices]),
    ):
        yield _row(name, [None if value is None else price_words(value) for value in values])
    yield _row(tr("Price, note"), [None if one is None else one.note for one in prices])
    yield _row(tr("Best for"), [", ".join(one.best_for) for one in records])
    yield _row(tr("Released"), [said.date(one.release_date) if one.release_date else None for one in records])
    yield _row(tr("Updated"), [said.date(one.last_updated) if one.last_updated else None for one in records])
    never = tr("never")
    yield _row(
        tr("Last verified"),
        [said.date(one.last_verified) if one.last_verified else never if one.whole else None for one in records],
    )
    yield _row(
        tr("Statements"),
        [publisher_words(one.verification_status)[0] if one.verification_status else None for one in records],
    )


def _row(name: str, values: Sequence[str | None]) -> Row:
    cells = tuple(Cell(value or tr(said.UNKNOWN), known=bool(value)) for value in values)
    return Row(name, cells, len({(cell.words, cell.known) for cell in cells}) > 1)
