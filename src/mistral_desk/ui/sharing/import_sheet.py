"""*Import chats*: what can come in, how far it is, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal

from mistral_desk.chat.titles import called, title_from
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.working import Working, problem_note

if TYPE_CHECKING:
    from PySide6.QtWidgets import QVBoxLayout, QWidget

    from mistral_desk.chat.sharing.coming import Come
    from mistral_desk.core.errors import Problem
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.button import Button

WHAT: Final = (
    mark(
        "ChatGPT: the ZIP file of its data export, or conversations.json out of it. Versions, pictures, thoughts and "
        "times come along."
    ),
    mark("Mistral Desk: chats that were exported as JSON, one file or a ZIP file of many."),
)
AGAIN: Final = mark("The same again adds only what is new. Nothing leaves this computer.")
LISTED: Final = 40


class ImportSheet(Sheet):
    """Shows what it is given; signals go up. Closed while it works, the work goes on; *Stop* ends it, and what has
    come stays.
    """

    choose = Signal()
    stopped = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr("Import chats"), parent)
        self._working: Working | None = None
        self._primary: Button | None = None
        self.ask()

    def first(self) -> QWidget:
        """The way in."""
        return self._primary or self.close_button

    @property
    def works(self) -> bool:
        """Whether something is being taken in."""
        return self._working is not None

    def ask(self, problem: Problem | None = None) -> None:
        """What can come in; with a `problem`, why the last try gave nothing."""
        theme = self._theme
        holder, column = self.anew()
        self._working = None
        if problem is not None:
            column.addWidget(problem_note(theme, problem, holder))
            column.addSpacing(SPACE[0])
        for words in WHAT:
            column.addWidget(Paragraph(theme, tr(words), parent=holder))
        column.addWidget(Paragraph(theme, tr(AGAIN), "small", ink="muted", parent=holder))
        column.addWidget(
            Paragraph(theme, tr("Files can also be dropped on the list of chats."), "small", ink="muted", parent=holder)
        )
        self.clear_foot()
        self.button(tr("Cancel")).clicked.connect(self.reject)
        self._primary = self.button(tr("Choose files…"), primary=True)
        self._primary.clicked.connect(self.choose)
        self.order()
        self._primary.setFocus()
        if problem is not None:
            self.announce(in_words(problem, tr).in_one)

    def show_work(self) -> None:
        """It has begun."""
        holder, column = self.anew()
        self._working = Working(self._theme, tr("Importing"), holder)
        column.addWidget(self._working)
        self.clear_foot()
        self._primary = self.button(tr("Stop"))
        self._primary.clicked.connect(self._end)
        self.order()
        self._primary.setFocus()

    def show_come(self, now: Come) -> None:
        """How far it is."""
        if self._working is not None:
            self._working.show_share(now.share, summary(now) or tr("Looking…"))

    def show_done(self, come: Come) -> None:
        """What came of it."""
        theme = self._theme
        holder, column = self.anew()
        self._working = None
        said = summary(come) or tr("There was nothing in it.")
        column.addWidget(Label(theme, said, strong=True, wrap=True, parent=holder))
        if come.pictures_missing:
            missing = trn(
                "{n} picture is not in the export; words stand in its place.",
                "{n} pictures are not in the export; words stand in their places.",
                come.pictures_missing,
            )
            column.addWidget(Paragraph(theme, missing, "small", ink="muted", parent=holder))
        if come.aside:
            self._list_aside(come, holder, column)
        self.clear_foot()
        self.button(tr("Choose more files…")).clicked.connect(self.choose)
        self._primary = self.button(tr("Done"), primary=True)
        self._primary.clicked.connect(self.accept)
        self.order()
        self._primary.setFocus()
        self.announce(said)

    def _list_aside(self, come: Come, holder: QWidget, column: QVBoxLayout) -> None:
        column.addSpacing(SPACE[0])
        column.addWidget(Label(self._theme, tr("Set aside"), strong=True, parent=holder))
        for one in come.told[:LISTED]:
            words = in_words(one.problem, tr)
            line = tr(
                "{name}: {value}",
                name=called(title_from(one.name)),
                value=f"{words.title}. {words.message}",
            )
            column.addWidget(Paragraph(self._theme, line, "small", ink="muted", parent=holder))
        rest = come.aside - min(LISTED, len(come.told))
        if rest > 0:
            text = trn("and {n} more", "and {n} more", rest)
            column.addWidget(Label(self._theme, text, "small", ink="muted", parent=holder))

    def _end(self) -> None:
        self.stopped.emit()
        self.reject()


def summary(come: Come) -> str:
    """The numbers in a line; empty where there are none."""
    parts = []
    if come.new:
        parts.append(trn("{n} new chat", "{n} new chats", come.new))
    if come.there:
        parts.append(trn("{n} was here already", "{n} were here already", come.there))
    if come.aside:
        parts.append(trn("{n} set aside", "{n} set aside", come.aside))
    return beside(*parts)
