"""What a comparison says, without a widget: a row for each thing that can be compared, and whether it differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog.search import licensed, modalities, open_weights
from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr
from mistral_desk.fit.advice import QUALITY_WORDS, SPEED_WORDS
from mistral_desk.ui.fit import meaning
from mistral_desk.ui.fit import verdict as fit_words
from mistral_desk.ui.fit.waiting import MEASURING
from mistral_desk.ui.models.about import said
from mistral_desk.ui.models.about.header import publisher_words
from mistral_desk.ui.models.about.parts import price_words
from mistral_desk.ui.widgets.score import score_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mistral_desk.catalog.record import Record
    from mistral_desk.fit.advice import Variant
    from mistral_desk.ui.fit.verdict import Verdict

NO_ANSWER: Final = mark("none, it does not fit")
MOST: Final = 4
"""Models beside each other."""


@dataclass(frozen=True)
class Cell:
    """What one model has in one row. `score` makes it a bar; `best` marks the highest of scores that differ; `sign` is
    an icon and its colour; `means` explains the words; `waits` while it is being found out.
    """

    words: str
    known: bool = True
    score: float | None = None
    best: bool = False
    sign: tuple[str, str] | None = None
    means: str = ""
    waits: bool = False


@dataclass(frozen=True)
class Row:
    """`bars` where its cells are scores from 0 to 100. `longest` are words that it has room for, whatever its cells
    say: those that may come.
    """

    name: str
    cells: tuple[Cell, ...]
    differs: bool
    bars: bool = False
    longest: tuple[str, ...] = ()
    lasting: bool = False
    """It is shown even where nothing is known."""


def rows(
    records: Sequence[Record], verdicts: Mapping[str, Verdict], files: Mapping[str, Sequence[str]] | None = None
) -> tuple[Row, ...]:
    """The rows of a comparison, from what matters first. `files` are the words for the files of every model whose
    verdict may come, by its record's id: their rows are there already, and as tall as they will be.
    """
    here = _here(records, verdicts, files or {})
    return (*here, *_scores(records), *_facts(records), *_rest(records))


def spoken(row: Row, number: int, title: str) -> str:
    """A cell as a screen reader says it: *Coding, Mistral Small 4: 78 of 100, the highest*."""
    cell = row.cells[number]
    words = cell.words if not cell.waits else tr(MEASURING)
    if cell.score is not None:
        words = tr("{value} of 100", value=cell.words)
    if cell.best:
        words = tr("{value}, the highest", value=words)
    return tr("{name}, {title}: {value}", name=row.name, title=title, value=words)


def _here(
    records: Sequence[Record], verdicts: Mapping[str, Verdict], files: Mapping[str, Sequence[str]]
) -> Iterator[Row]:
    found = [verdicts.get(one.id) for one in records]
    best = [one.variants[0] if one is not None and one.variants else None for one in found]
    waits = [one.id in files and one.id not in verdicts for one in records]
    lasting = any(one.id in files for one in records)
    speeds, qualities = map(tr, SPEED_WORDS.values()), map(tr, QUALITY_WORDS.values())
    sizes = (words for one in records for words in files.get(one.id, ()))
    hour = amounts.roughly(12 * 3600.0)
    for name, of, means, longest in (
        (tr("On this computer"), fit_words.speed_word, meaning.speed, speeds),
        (tr("Quality"), fit_words.quality_word, meaning.quality, qualities),
        (tr("Size"), fit_words.file_words, None, sizes),
        (tr("A typical answer"), _answer, None, (hour, tr(NO_ANSWER))),
    ):
        row = _row(name, [None if one is None else of(one) for one in best])
        cells = tuple(
            replace(
                cell,
                words="" if waiting else cell.words,
                waits=waiting,
                means=means(one) if one is not None and means is not None else "",
                sign=fit_words.SIGNS[one.word] if one is not None and means is meaning.speed else None,
            )
            for cell, one, waiting in zip(row.cells, best, waits, strict=True)
        )
        known = {(cell.words, cell.known) for cell in cells if not cell.waits}
        yield replace(
            row, cells=cells, differs=len(known) > 1, longest=tuple(longest) if lasting else (), lasting=lasting
        )


def _answer(variant: Variant) -> str:
    speed = variant.plan.speed
    return tr(NO_ANSWER) if speed is None else amounts.roughly(speed.answer_s.mid)


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
