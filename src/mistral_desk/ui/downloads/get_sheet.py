"""Before a download: what comes, how much, where to, under which licence, who is asked, and what a gate wants."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.errors import Words, in_words
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.downloads import get_words as words
from mistral_desk.ui.downloads.token_field import TokenField
from mistral_desk.ui.fit.fold import Fold
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button, explain
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.note import Note
from mistral_desk.ui.widgets.pairs import Pairs
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem
    from mistral_desk.library.ordering import Before
    from mistral_desk.ui.theme.theme import Theme


class GetSheet(Sheet):
    """Show what is known with `show_looking`, `show_before`, `show_problem`; signals go up."""

    wanted = Signal()
    """The download is to begin."""
    again = Signal()
    link = Signal(str)
    token = Signal(str)
    library = Signal()
    """There, or under way already: show it."""
    free = Signal()
    """Space is to be made."""

    def __init__(self, theme: Theme, name: str, host: str, token_page: str, parent: QWidget) -> None:
        super().__init__(theme, tr("Download {name}", name=name), parent)
        self._host, self._token_page = host, token_page
        self._name = name
        self.get: Button | None = None
        self.can_free = True
        """Whether there are models that could be deleted; else only another disk helps."""
        self.token_field: TokenField | None = None
        self.show_looking()

    def show_looking(self) -> None:
        """The hub is asked."""
        holder, column = self.anew()
        text = tr("Asking {host} which files belong to it…", host=self._host)
        column.addWidget(Label(self._theme, text, ink="muted", wrap=True, parent=holder))
        self.clear_foot()
        self.button(tr("Cancel")).clicked.connect(self.reject)
        self.order()

    def show_problem(self, problem: Problem) -> None:
        """It could not be found out."""
        holder, column = self.anew()
        column.addWidget(Note(self._theme, "error", in_words(problem, tr), holder))
        self.clear_foot()
        self.button(tr("Close")).clicked.connect(self.reject)
        again = self.button(tr("Try again"), primary=True)
        again.clicked.connect(self.again)
        self.order()
        self._focus(again)
        self.announce(in_words(problem, tr).in_one)

    def show_before(self, before: Before, line_speed: float | None) -> None:
        """All of it, to be decided."""
        theme = self._theme
        holder, column = self.anew()
        pairs = Pairs(theme, holder, beside=460)
        self._pair(pairs, tr("Model"), before.order.title, before.repository)
        takes = words.takes(before, line_speed)
        self._pair(pairs, tr("Size"), words.size(before), takes)
        space, ink = words.space(before)
        self._pair(pairs, tr("Room"), space, ink=ink)
        note, ink = words.license_note(before)
        self._pair(pairs, tr("Licence"), words.license_name(before), note, note_ink=ink, url=before.license.url or "")
        self._pair(pairs, tr("Connection"), words.connection(before, self._host))
        column.addWidget(pairs)
        if len(before.order.files) > 1 or before.equal:
            column.addWidget(self._files(before, holder))
        if before.problem is not None:
            column.addWidget(Note(theme, "warning", in_words(before.problem, tr), holder))
        self.token_field = None
        self._gate(before, holder, column)
        self._buttons(before)
        self.order()
        told = [(tr("Size"), words.size(before)), (tr("Room"), space), (tr("Licence"), words.license_name(before))]
        short = tr(", ").join(tr("{name}: {value}", name=name, value=value) for name, value in told)
        self.announce(f"{short}.", *([in_words(before.problem, tr).in_one] if before.problem is not None else []))

    def _pair(
        self, pairs: Pairs, name: str, value: str, note: str = "", *, ink: str = "text", note_ink: str = "muted",
        url: str = "",
    ) -> None:  # fmt: skip
        holder = QWidget(pairs)
        lines = QVBoxLayout(holder)
        lines.setContentsMargins(0, 0, 0, SPACE[0])
        lines.setSpacing(2)
        told = Paragraph(self._theme, value, ink=ink, parent=holder)
        told.setAccessibleName(tr("{name}: {value}", name=name, value=value))
        lines.addWidget(told)
        if note:
            lines.addWidget(Paragraph(self._theme, note, "small", ink=note_ink, parent=holder))
        if url:
            text = tr("Read it…")
            spoken = tr("{what}: {file}", what=text, file=value)
            link = Button(self._theme, spoken, text=text, small=True, kind="outline", parent=holder)
            link.setToolTip(url)
            link.clicked.connect(lambda: self.link.emit(url))
            lines.addSpacing(2)
            lines.addWidget(link, 0, Qt.AlignmentFlag.AlignLeading)
        label = Label(self._theme, name, ink="muted", parent=pairs)
        label.setMinimumWidth(round(96 * max(1.0, self._theme.text_size / 100)))
        pairs.add(label, holder)

    def _files(self, before: Before, parent: QWidget) -> Fold:
        equal = {one.file for one in before.equal}

        def lines(holder: QWidget) -> QWidget:
            made = QWidget(holder)
            column = QVBoxLayout(made)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(SPACE[0])
            for file in before.order.files:
                text = f"{file.path}  {amounts.file_size(file.size)}"
                if file.path in equal:
                    text = tr("{file}: the same is here already and is not fetched", file=text)
                column.addWidget(Paragraph(self._theme, text, "small", ink="muted", parent=made))
            return made

        text = trn("{n} file", "{n} files", len(before.order.files))
        name = tr("{what}: {file}", what=text, file=before.order.title)
        return Fold(self._theme, text, name, lines, parent)

    def _gate(self, before: Before, holder: QWidget, column: QVBoxLayout) -> None:
        steps = words.steps(before)
        if not steps:
            if before.gate in ("automatic", "manual") and before.access == "granted":
                column.addWidget(Label(self._theme, tr(words.GRANTED), ink="success", wrap=True, parent=holder))
            return
        note = Words(tr(words.GATED), "\n".join(steps), "")
        column.addSpacing(SPACE[0])
        column.addWidget(Note(self._theme, "info", note, holder))
        row = QWidget(holder)
        flow = FlowLayout(row, spacing=SPACE[1])
        page = Button(
            self._theme, tr("Open the model's page…"), text=tr("Open the model's page…"), kind="outline", parent=row
        )
        page.setToolTip(before.page)
        page.clicked.connect(lambda: self.link.emit(before.page))
        flow.addWidget(page)
        if before.access in ("token", "scope"):
            text = tr("Make a token…")
            make = Button(self._theme, text, text=text, kind="outline", parent=row)
            make.setToolTip(self._token_page)
            make.clicked.connect(lambda: self.link.emit(self._token_page))
            flow.addWidget(make)
        if before.access == "agreement":
            text = tr("Check again")
            check = Button(self._theme, text, text=text, kind="outline", parent=row)
            check.clicked.connect(self.again)
            flow.addWidget(check)
        column.addWidget(row)
        if before.access in ("token", "scope"):
            self.token_field = TokenField(self._theme, holder)
            self.token_field.given.connect(self.token)
            column.addWidget(self.token_field)

    def _buttons(self, before: Before) -> None:
        self.clear_foot()
        self.get = None
        if before.there or before.under_way:
            told = tr("Show it in the library") if before.there else tr("Show the downloads")
            self.button(tr("Close")).clicked.connect(self.reject)
            show = self.button(told, primary=True)
            show.clicked.connect(self.library)
            self._focus(show)
            return
        self.button(tr("Cancel")).clicked.connect(self.reject)
        if not before.room.enough:
            free = self.button(tr("Free space…") if self.can_free else tr("Another folder…"))
            free.clicked.connect(self.free)
        size = amounts.file_size(before.room.needed or before.order.bytes)
        self.get = self.button(tr("Download {size}", size=size), primary=True)
        self.get.clicked.connect(self.wanted)
        reason = words.refusal(before)
        explain(self.get, reason)
        self._focus(self.token_field.edit if self.token_field else self.get if not reason else self.close_button)

    def _focus(self, widget: QWidget) -> None:
        """The keyboard goes there, where it was in what is gone."""
        if self.isVisible():
            widget.setFocus(Qt.FocusReason.OtherFocusReason)
