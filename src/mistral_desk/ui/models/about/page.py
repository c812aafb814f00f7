"""The page of one model: what it is, whether it runs here, what is claimed and what is true, and everything else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QFrame, QVBoxLayout, QWidget

from mistral_desk.catalog.record import when_to_pick_something_else
from mistral_desk.core.words import tr
from mistral_desk.ui.fit.fold import Fold
from mistral_desk.ui.models.about import said
from mistral_desk.ui.models.about.details import Details, Raw
from mistral_desk.ui.models.about.header import Header
from mistral_desk.ui.models.about.here import Here
from mistral_desk.ui.models.about.left import Left
from mistral_desk.ui.models.about.links import Links
from mistral_desk.ui.models.about.notes import Notes
from mistral_desk.ui.models.about.parts import Pricing, Scores, Tags, Uses
from mistral_desk.ui.models.about.passage import Elsewhere
from mistral_desk.ui.models.about.related import NamedBy, RelatedModels
from mistral_desk.ui.models.about.section import Section
from mistral_desk.ui.models.about.text import Markdown
from mistral_desk.ui.models.about.truth import Truth
from mistral_desk.ui.models.browse.source import Source
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.focus import has_keyboard
from mistral_desk.ui.widgets.measured import Measured
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.tab_order import chain

SETTLING: Final = 6
"""Turns of the event loop that a page has to be laid out in, before it is shown as it is."""
ROUNDS: Final = 3
"""Turns of the event loop that the top of a page gets for itself: it is laid out and painted meanwhile."""
T = TypeVar("T", bound=QWidget)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QResizeEvent

    from mistral_desk.catalog.claims import Claim
    from mistral_desk.catalog.record import Record
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.ui.fit.row import Control
    from mistral_desk.ui.fit.verdict import Verdict
    from mistral_desk.ui.theme.theme import Theme


@dataclass(frozen=True)
class Opening:
    """What is known of a model's verdict when its page opens: its models as id and name, whose verdict, the verdict
    itself or the number of its quantizations.
    """

    members: tuple[tuple[str, str], ...] = ()
    current: str = ""
    verdict: Verdict | None = None
    rows: int = 0


class AboutPage(QFrame):
    """Shows what it is given; signals go up. `link` carries a whole address that has to be shown before it opens."""

    back = Signal()
    open_model = Signal(str)
    """The page of this id is wanted, a record's or one of the download facts'."""
    member = Signal(str)
    """The verdict on another model of this record is wanted."""
    filter_tag = Signal(str)
    compare = Signal(str)
    link = Signal(str)
    refresh = Signal()
    cancel = Signal()
    privacy = Signal()
    closed_problem = Signal()
    alternative = Signal(str)
    advanced_opened = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("About a model"))
        self.record: Record | None = None
        self.area = ColumnArea(theme, self)
        self.back_button = Button(
            theme,
            tr("Back to the models"),
            icon="arrow-left",
            text=tr("Models"),
            kind="outline",
            muted=True,
            parent=self.area.holder,
        )
        self.compare_button = Button(
            theme, tr("Compare"), icon="compare", text=tr("Compare"), kind="outline", parent=self.area.holder
        )
        self.compare_button.setToolTip(tr("Puts this model beside others."))
        self.back_button.clicked.connect(self.back)
        self.compare_button.clicked.connect(self._compare)
        head = self._head = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        head.setSpacing(SPACE[1])
        head.addWidget(self.back_button, 1, Qt.AlignmentFlag.AlignLeading)
        head.addWidget(self.compare_button)
        self.area.column.addLayout(head)
        self.area.column.addSpacing(SPACE[3])
        self._slot = QVBoxLayout()
        self.area.column.addLayout(self._slot)
        self.area.column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)
        self.control: Control | None = None
        """Makes what can be done with a quantization, for verdicts that are shown from now on."""
        self._body: QWidget | None = None
        self._source = Source()
        self._opening = Opening()
        self._steps: Iterator[None] | None = None
        self._later = QTimer(self)
        self._later.setInterval(0)
        self._later.timeout.connect(self._go_on)
        self._clear()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The buttons below each other where there is no room beside."""
        super().resizeEvent(event)
        need = sum(one.sizeHint().width() for one in (self.back_button, self.compare_button)) + 3 * SPACE[4]
        beside, below = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._head.setDirection(beside if self.width() >= need else below)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.back_button]

    def show_record(
        self,
        record: Record,
        catalogue: Catalogue | None,
        claims: Sequence[Claim] = (),
        verified: bool | None = None,
        *,
        first: Opening | None = None,
    ) -> None:
        """Show a model from its top. `first` is what of its verdict is known already; the rest comes with
        `show_verdict`. What is below the title's part is made as soon as that was painted; `finish` makes it at once.

        The page of the same model, with other words, stays where it is, and so do the keyboard and what is unfolded.
        """
        same = self.record is not None and self.record.id == record.id
        left = Left.of(self.area, self._body) if same and self._body is not None else None
        if left is not None and left.at_the_top:
            left = None
        inside = self._body is not None and has_keyboard(self._body)
        self.setUpdatesEnabled(False)
        try:
            self._clear()
            self.record = record
            self._opening = first or Opening()
            self._steps = self._built(record, catalogue, claims, verified)
            next(self._steps)
            if left is None:
                self._later.start()
            else:
                self.finish()
        finally:
            self.setUpdatesEnabled(left is None)
        self.setAccessibleName(tr("About {title}", title=record.title))
        if left is not None and self._body is not None:
            left.restore(self._body, otherwise=self.back_button if inside else None)
            self._settle(left.scroll, SETTLING)
            return
        self.area.verticalScrollBar().setValue(0)
        if inside:
            self.back_button.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.isVisible():
            say(self, self.accessibleName())

    def _settle(self, scroll: int, turns: int) -> None:
        """To a place that is there as soon as everything is laid out; nothing is painted before."""
        bar = self.area.verticalScrollBar()
        bar.setValue(scroll)
        if bar.value() != scroll and turns:
            QTimer.singleShot(0, self, lambda: self._settle(scroll, turns - 1))
        else:
            self.setUpdatesEnabled(True)

    def finish(self) -> None:
        """Make the rest of the page now, before somebody scrolls to a place that is not there yet."""
        while self._steps is not None:
            self._go_on()

    def show_source(self, source: Source) -> None:
        """How the catalogue is, for a model of which it has only a part."""
        self._source = source
        if self.notes is not None:
            self.notes.show_source(source)
            self._chain()

    def show_measuring(self, rows: int = 0) -> None:
        """The verdict is on its way, on so many quantizations."""
        self._as_far_as_here().widget.show_measuring(rows)

    def show_members(self, members: Sequence[tuple[str, str]], current: str) -> None:
        """The models that this record stands for, as id and name, and whose verdict is shown."""
        self._as_far_as_here().show_members(members, current)
        self._chain()

    def show_verdict(self, verdict: Verdict) -> None:
        """Whether it runs here; also how both can be true, for this computer."""
        self._as_far_as_here().show_verdict(verdict)
        self._opening = replace(self._opening, verdict=verdict)
        if self.truth is not None:
            self.truth.show_verdict(verdict)
        self._chain()

    # --- look ---------------------------------------------------------------------------------------

    def _as_far_as_here(self) -> Here:
        while self.here is None and self._steps is not None:
            self._go_on()
        assert self.here is not None  # noqa: S101 - a record was shown before anything is said of it
        return self.here

    def _go_on(self) -> None:
        """The next part."""
        if self._steps is None or next(self._steps, self) is self:
            self._steps = None
            self._later.stop()

    def _clear(self) -> None:
        self._steps = None
        self._later.stop()
        if self._body is not None:
            self._slot.removeWidget(self._body)
            self._body.hide()
            self._body.deleteLater()
            self._body = None
        self.header: Header | None = None
        self.notes: Notes | None = None
        self.here: Here | None = None
        self.truth: Truth | None = None
        self.text: Markdown | None = None
        self.elsewhere: Elsewhere | None = None
        self.scores: Scores | None = None
        self.related: RelatedModels | None = None
        self.named_by: NamedBy | None = None
        self.tags: Tags | None = None
        self.links: Links | None = None
        self.details: Fold | None = None
        self.raw: Fold | None = None

    def _built(
        self, record: Record, catalogue: Catalogue | None, claims: Sequence[Claim], verified: bool | None
    ) -> Iterator[None]:
        """Builds the page from top to end, a part at a time."""
        self._body = ground = Measured(self.area.holder, spacing=SPACE[5])
        self._column = ground.column
        ground.resize(self.area.holder.width(), 0)
        self.header = self._put(Header(self._theme, record, ground, verified=verified))
        self._slot.addWidget(ground)
        for _ in range(ROUNDS):
            yield
        self._runs(record, catalogue, ground)
        yield
        if claims or record.hardware:
            self.truth = self._put(Truth(self._theme, record, claims, ground))
            if self._opening.verdict is not None:
                self.truth.show_verdict(self._opening.verdict)
        yield
        self._texts(record, catalogue, ground)
        if record.benchmarks:
            self.scores = self._put(Scores(self._theme, record, ground))
        yield
        self._facts(record, ground)
        yield
        self._others(record, catalogue, ground)
        self._rest(record, catalogue, ground)
        self._chain()

    def _runs(self, record: Record, catalogue: Catalogue | None, ground: QWidget) -> None:
        """What is out of date about it, and whether it runs here."""
        theme, first = self._theme, self._opening
        notes = Notes(theme, record, catalogue, ground)
        if notes.empty:
            notes.deleteLater()
        else:
            self.notes = self._put(notes)
            notes.opened.connect(self.open_model)
            notes.refresh.connect(self.refresh)
            notes.cancel.connect(self.cancel)
            notes.privacy.connect(self.privacy)
            notes.closed_problem.connect(self.closed_problem)
            notes.show_source(self._source)
        self.here = Here(theme, ground)
        self.here.widget.control = self.control
        self.here.show_members(first.members, first.current)
        if first.verdict is not None:
            self.here.show_verdict(first.verdict)
        else:
            self.here.widget.show_measuring(first.rows)
        self._put(self.here)
        self.here.member.connect(self.member)
        self.here.widget.alternative.connect(self.alternative)
        self.here.widget.advanced_opened.connect(self.advanced_opened)
        self.here.widget.changed.connect(self._chain)

    def _facts(self, record: Record, ground: QWidget) -> None:
        theme = self._theme
        if record.best_for:
            self._put(Uses(theme, tr("Best for"), record.best_for, ground))
        if record.capabilities:
            self._put(Uses(theme, tr("Capabilities"), record.capabilities, ground))
        if record.pricing is not None:
            self._put(Pricing(theme, record, ground))
        if record.tags:
            self.tags = self._put(Tags(theme, record.tags, ground))
            self.tags.chosen.connect(self.filter_tag)

    def _others(self, record: Record, catalogue: Catalogue | None, ground: QWidget) -> None:
        theme = self._theme
        if record.related:
            self.related = self._put(RelatedModels(theme, record, catalogue, ground))
            self.related.opened.connect(self.open_model)
            self.related.link.connect(self.link)
            self.related.toggled.connect(self._chain)
        elif catalogue is not None and (naming := catalogue.related_to(record.id)):
            self.named_by = self._put(NamedBy(theme, naming, ground))
            self.named_by.opened.connect(self.open_model)
        base = catalogue.base if catalogue is not None else ""
        self.links = self._put(Links(theme, record, ground, base=base))
        self.links.link.connect(self.link)

    def _texts(self, record: Record, catalogue: Catalogue | None, ground: QWidget) -> None:
        text = said.told(record)
        if text:
            section = self._put(Section(self._theme, tr("What the publisher writes"), ground))
            self.text = Markdown(self._theme, text, tr("What the publisher writes"), section)
            self.text.link.connect(self.link)
            self.text.unfolded.connect(self._chain)
            section.put(self.text)
        passage = when_to_pick_something_else(record, said.named_in(record, catalogue))
        if passage is not None:
            self.elsewhere = self._put(Elsewhere(self._theme, passage, ground))
            self.elsewhere.chosen.connect(self.open_model)
            self.elsewhere.link.connect(self.link)

    def _rest(self, record: Record, catalogue: Catalogue | None, ground: QWidget) -> None:
        theme = self._theme
        holder = QWidget(ground)
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        words = tr("All details")
        self.details = Fold(theme, words, words, lambda parent: Details(theme, record, parent), holder)
        words = tr("The record as published")
        self.raw = Fold(theme, words, words, lambda parent: Raw(theme, record, parent), holder)
        for fold in (self.details, self.raw):
            fold.toggled.connect(lambda _on: self._chain())
            column.addWidget(fold)
        if catalogue is not None and (told := said.whence(record, catalogue)):
            column.addSpacing(SPACE[1])
            column.addWidget(Paragraph(theme, told, "small", ink="muted", parent=holder))
        self._put(holder)

    def _put(self, widget: T) -> T:
        self._column.addWidget(widget)
        return widget

    def _compare(self) -> None:
        if self.record is not None:
            self.compare.emit(self.record.id)

    def _chain(self) -> None:
        if self._steps is None or self.details is not None:  # once, at the end
            chain(self.area.holder)
