"""*Add models*: a person's own files, where they are or as a copy, and what other programs on this computer hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.ui.library.model_card import Work
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label, Shortened
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QMouseEvent

    from mistral_desk.core.errors import Problem
    from mistral_desk.library.adopt import Holding
    from mistral_desk.library.candidates import Candidate
    from mistral_desk.ui.theme.theme import Theme

OWN: Final = mark("GGUF files of your own: choose them, or drop them on the window. They can be used where they are.")
FOUND: Final = mark("What other programs on this computer hold is used where it is, and only read.")
NOTHING: Final = mark("No other program's models were found (Hugging Face, LM Studio, llama.cpp, Ollama).")
MOST: Final = 60
"""Candidates of one program that are listed; the folder itself can be chosen for more."""


class CandidateRow(Panel):
    """A file that can be added; it says what it is, or why it cannot be used."""

    taken = Signal(object)
    copied = Signal(object)
    stopped = Signal()

    def __init__(self, theme: Theme, candidate: Candidate, parent: QWidget, *, own: bool) -> None:
        super().__init__(theme, parent, name=candidate.title, radius=RADIUS)
        self.candidate = candidate
        self.take: Button | None = None
        self.copy: Button | None = None
        self.own = own
        self.work: Work | None = None
        self._column = QVBoxLayout()
        self._column.setSpacing(2)
        self._column.addWidget(Shortened(theme, candidate.title, strong=True, parent=self))
        facts = (candidate.quantization, amounts.file_size(candidate.bytes))
        line = beside(*facts)
        self._column.addWidget(Label(theme, line, "small", ink="muted", wrap=True, parent=self))
        self._column.addWidget(Shortened(theme, candidate.path, "small", ink="muted", parent=self))
        self._told: Label | None = None
        self._tools = QWidget(self)
        tools = QHBoxLayout(self._tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(SPACE[1])
        whole = QVBoxLayout(self)
        whole.setContentsMargins(SPACE[2], SPACE[2], SPACE[2], SPACE[2])
        row = QHBoxLayout()
        row.setSpacing(SPACE[2])
        row.addLayout(self._column, 1)
        if candidate.problem is not None:
            words = in_words(candidate.problem, tr)
            self.tell(f"{words.title}. {words.message}", "warning")
        elif candidate.known:
            self.tell(tr("In the library already"), "success")
        elif not own:
            text = tr("Add")
            self.take = self._button(text, tools)
            self.take.clicked.connect(lambda: self.taken.emit(candidate))
            row.addWidget(self._tools, 0, Qt.AlignmentFlag.AlignVCenter)
        whole.addLayout(row)
        if own and candidate.problem is None and not candidate.known:
            flow = QWidget(self)
            line_ = FlowLayout(flow, spacing=SPACE[1])
            self.take = self._button(tr("Use it where it is"), line_)
            self.copy = self._button(tr("Copy it into the models folder"), line_)
            self.take.clicked.connect(lambda: self.taken.emit(candidate))
            self.copy.clicked.connect(lambda: self.copied.emit(candidate))
            whole.addSpacing(SPACE[0])
            whole.addWidget(flow)

    @property
    def undecided(self) -> bool:
        """A person chose it, and it waits for what shall be done with it."""
        return self.own and self.take is not None and self.take.isEnabled()

    def tell(self, text: str, ink: str) -> None:
        """What came of it; its buttons go."""
        if self._told is None:
            self._told = Label(self._theme, "", "small", wrap=True, parent=self)
            self._column.addWidget(self._told)
        self._told.tell(text, ink)
        self.decide()

    def decide(self) -> None:
        """It is known what is to be done with it."""
        for button in (self.take, self.copy):
            if button is not None:
                button.setEnabled(False)

    def show_work(self, share: float, told: str) -> None:
        """It is being copied."""
        if self.work is None:
            self.work = Work(self._theme, self.candidate.title, self)
            self.work.cancelled.connect(self.stopped)
            self._column.addWidget(self.work)
            self.decide()
        self.work.show_work(share, told)

    def show_take(self, *, alone: bool) -> None:
        """Its own *Use it where it is*: not while it is `alone` and the sheet's main button says so."""
        if self.take is not None and self.undecided:
            self.take.setVisible(not alone)

    def end_work(self) -> None:
        """Copied, or given up: then it can be tried again."""
        if self.work is not None:
            self._column.removeWidget(self.work)
            self.work.hide()
            self.work.deleteLater()
            self.work = None
        for button in (self.take, self.copy):
            if button is not None:
                button.setEnabled(True)

    def _button(self, text: str, line: FlowLayout | QHBoxLayout) -> Button:
        name = tr("{what}: {file}", what=text, file=self.candidate.title)
        made = Button(self._theme, name, text=text, kind="outline", small=True, parent=self)
        made.setToolTip("")
        line.addWidget(made)
        return made


class AddSheet(Sheet):
    """Shows what it is given; signals go up."""

    files_asked = Signal()
    folder_asked = Signal()
    taken = Signal(object)
    """A tuple of candidates is to be used where it is."""
    copied = Signal(object)
    stopped = Signal(object)
    """The copy of this candidate is to end."""
    widest = 680

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr("Add models"), parent)
        self.rows: dict[str, CandidateRow] = {}
        holder, column = self.anew()
        self._holder = holder
        column.addWidget(Label(theme, tr("Your own files"), strong=True, parent=holder))
        column.addWidget(Label(theme, tr(OWN), "small", ink="muted", wrap=True, parent=holder))
        ways = QWidget(holder)
        flow = FlowLayout(ways, spacing=SPACE[1])
        file, folder = tr("Choose files…"), tr("Choose a folder…")
        self.files = Button(theme, file, icon="file", text=file, kind="outline", parent=ways)
        self.folder = Button(theme, folder, icon="folder", text=folder, kind="outline", parent=ways)
        self.files.clicked.connect(self.files_asked)
        self.folder.clicked.connect(self.folder_asked)
        flow.addWidget(self.files)
        flow.addWidget(self.folder)
        column.addWidget(ways)
        self._own = QVBoxLayout()
        self._own.setSpacing(SPACE[1])
        column.addLayout(self._own)
        column.addSpacing(SPACE[2])
        column.addWidget(Label(theme, tr("Found on this computer"), strong=True, parent=holder))
        column.addWidget(Label(theme, tr(FOUND), "small", ink="muted", wrap=True, parent=holder))
        self._looking = Label(theme, tr("Looking…"), ink="muted", wrap=True, parent=holder)
        column.addWidget(self._looking)
        self._found = QVBoxLayout()
        self._found.setSpacing(SPACE[1])
        column.addLayout(self._found)
        self.cancel = self.button(tr("Cancel"))
        self.use = self.button(tr("Use it where it is"), primary=True)
        self.done_button = self.button(tr("Done"))
        self.cancel.clicked.connect(self.reject)
        self.use.clicked.connect(self._use)
        self.done_button.clicked.connect(self.accept)
        self._show_foot()
        self.order()

    @property
    def undecided(self) -> tuple[Candidate, ...]:
        """What a person chose and nothing was done with yet: no *Done* lets it vanish."""
        return tuple(row.candidate for row in self.rows.values() if row.undecided)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click beside the card closes only where nothing is lost by it."""
        if not self.undecided:
            super().mousePressEvent(event)

    def first(self) -> QWidget:
        """The first way."""
        return self.files

    def show_looking(self, words: str) -> None:
        """Where is looked now."""
        self._looking.setText(words)
        self._looking.show()

    def show_found(self, holdings: Sequence[Holding]) -> None:
        """What other programs hold."""
        holdings = [one for one in holdings if one.candidates or one.problem is not None]
        self._looking.setText(tr(NOTHING))
        self._looking.setVisible(not holdings)
        told = [self._group(holding) for holding in holdings]
        self.order()
        for words in told or [tr(NOTHING)]:
            self.announce(words)

    def show_own(self, candidates: Sequence[Candidate]) -> None:
        """What a person chose or dropped, the latest on top."""
        if not candidates:
            text = tr("There is no GGUF file in it.")
            self._own.insertWidget(0, Label(self._theme, text, "small", ink="warning", parent=self._holder))
            self.announce(text)
        for candidate in reversed(candidates):
            if (old := self.rows.pop(candidate.id, None)) is not None:
                old.hide()
                old.deleteLater()
            row = self._row(candidate, own=True)
            self._own.insertWidget(0, row)
            row.show()
            if candidate.problem is not None:
                why = in_words(candidate.problem, tr)
                self.announce(tr("{name}: {value}", name=candidate.title, value=why.in_one))
        self._show_foot()
        if self.undecided:
            self.use.setFocus(Qt.FocusReason.OtherFocusReason)
        self.order()

    def show_problem(self, candidate: Candidate, problem: Problem) -> None:
        """It did not work out with this one."""
        row = self.rows.get(candidate.id)
        if row is not None:
            words = in_words(problem, tr)
            row.end_work()
            row.tell(f"{words.title}. {words.message}", "danger")
        self._show_foot()

    def show_work(self, candidate: Candidate, share: float, told: str) -> None:
        """It is being copied."""
        if (row := self.rows.get(candidate.id)) is not None:
            row.show_work(share, told)
            self._show_foot()

    def end_work(self, candidate: Candidate) -> None:
        """The copy was given up: what becomes of it is open again."""
        if (row := self.rows.get(candidate.id)) is not None:
            row.end_work()
            self._show_foot()

    def show_added(self, candidates: Sequence[Candidate]) -> None:
        """They are in the library now."""
        for candidate in candidates:
            row = self.rows.get(candidate.id)
            if row is not None:
                row.end_work()
                row.tell(tr("In the library now"), "success")
        self._show_foot()

    def _use(self) -> None:
        """All that waits; what comes of it is told in its row."""
        found = self.undecided
        for candidate in found:
            self.rows[candidate.id].decide()
        self._show_foot()
        self.taken.emit(found)

    def _show_foot(self) -> None:
        """The main button says what it does; *Done* stands there when nothing waits.

        Where one file waits, its own button would say and do the same.
        """
        found = self.undecided
        waiting = len(found)
        held = self.use.hasFocus() or self.cancel.hasFocus()
        chosen = any(row.take is not None and row.take.hasFocus() for row in self.rows.values())
        text = tr("Use it where it is") if waiting == 1 else tr("Use all where they are")
        self.use.setText(text)
        self.use.setAccessibleName(tr("{what}: {file}", what=text, file=found[0].title) if waiting == 1 else text)
        self.use.setVisible(bool(waiting))
        self.cancel.setVisible(bool(waiting))
        self.done_button.setVisible(not waiting)
        if chosen and waiting == 1:
            self.use.setFocus(Qt.FocusReason.OtherFocusReason)
        for row in self.rows.values():
            row.show_take(alone=waiting == 1)
        if held and not waiting:
            self.done_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _group(self, holding: Holding) -> str:
        """What one program holds; the line over it."""
        theme, holder = self._theme, self._holder
        fresh = [one for one in holding.candidates if one.problem is None and not one.known]
        head = QHBoxLayout()
        head.setSpacing(SPACE[1])
        text = ""
        if holding.problem is not None:
            words = in_words(holding.problem, tr)
            text = f"{holding.name}: {words.title}. {words.message}"
            self._found.addWidget(Paragraph(theme, text, "small", ink="warning", parent=holder))
        if not holding.candidates:
            return text
        count = trn("{n} model", "{n} models", len(holding.candidates))
        size = amounts.file_size(sum(one.bytes for one in holding.candidates))
        title = tr("{program}: {count}, {size}", program=holding.name, count=count, size=size)
        head.addWidget(Label(theme, title, wrap=True, parent=holder), 1)
        if len(fresh) > 1:
            text = tr("Add all")
            every = Button(theme, f"{text}: {holding.name}", text=text, kind="outline", small=True, parent=holder)
            every.clicked.connect(lambda: self._take_all(every, fresh))
            head.addWidget(every)
        self._found.addLayout(head)
        for candidate in holding.candidates[:MOST]:
            self._found.addWidget(self._row(candidate, own=False))
        rest = len(holding.candidates) - MOST
        if rest > 0:
            text = trn("and {n} more", "and {n} more", rest)
            self._found.addWidget(Label(theme, text, "small", ink="muted", parent=holder))
        return title

    def _take_all(self, button: Button, candidates: Sequence[Candidate]) -> None:
        button.setEnabled(False)
        self.taken.emit(tuple(candidates))

    def _row(self, candidate: Candidate, *, own: bool) -> CandidateRow:
        row = self.rows[candidate.id] = CandidateRow(self._theme, candidate, self._holder, own=own)
        row.taken.connect(lambda one: self.taken.emit((one,)))
        row.copied.connect(self.copied)
        row.stopped.connect(lambda: self.stopped.emit(candidate))
        return row
