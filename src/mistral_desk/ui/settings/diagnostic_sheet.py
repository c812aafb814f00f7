"""The diagnostic report before it is saved: every file that will be in it, with every word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPlainTextEdit

from mistral_desk.core.errors import in_words
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.sharing.choices import Choices
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.ring import Ring
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.working import problem_note

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from mistral_desk.core.errors import Problem
    from mistral_desk.diagnostic.bundle import File
    from mistral_desk.ui.theme.theme import Theme

WHAT: Final = mark(
    "Everything that will be saved stands here, in English, for whoever helps you. No word of a chat, no key, no "
    "address and no folder of yours by its name is in it. Nothing is sent: you get a file."
)
IN_IT: Final = {
    "report.txt": mark("Versions, processor, memory and graphics, what protects you, and what does not work."),
    "settings.json": mark("The settings that you changed."),
    "models.txt": mark("Names and sizes of your models."),
    "log.txt": mark("The last part of the log, without whatever is not the program's own words."),
}
_LOW: Final = 240


class DiagnosticSheet(Sheet):
    """Shows what it is given; signals go up."""

    widest = 720
    wanted = Signal()
    """Save it: the person is then asked where to."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, tr("Diagnostic report"), parent)
        self.files: tuple[File, ...] = ()
        self.choices: Choices | None = None
        self.text: QPlainTextEdit | None = None
        self.save: QWidget | None = None
        holder, column = self.anew()
        column.addWidget(Label(theme, tr("Looking at this installation; a few seconds…"), wrap=True, parent=holder))
        self.button(tr("Cancel")).clicked.connect(self.reject)
        self.order()

    def show_files(self, files: Sequence[File], problem: Problem | None = None) -> None:
        """What would be saved; with a `problem`, why that came to nothing."""
        theme, self.files = self._theme, tuple(files)
        holder, column = self.anew()
        if problem is not None:
            column.addWidget(problem_note(theme, problem, holder))
        column.addWidget(Paragraph(theme, tr(WHAT), parent=holder))
        named = {file.name: (file.name, tr(IN_IT.get(file.name, ""))) for file in files}
        self.choices = Choices(theme, tr("Files in the report"), named, holder)
        column.addWidget(self.choices)
        self.text = edit = QPlainTextEdit(holder)
        edit.setReadOnly(True)
        edit.setAccessibleName(tr("Text of the file"))
        edit.setFrameShape(QFrame.Shape.NoFrame)
        edit.viewport().setAutoFillBackground(False)
        edit.document().setDocumentMargin(0)
        edit.setMinimumHeight(_LOW)
        edit.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # lines are wrapped
        edit.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        edit.setTabChangesFocus(True)
        self._dress()
        theme.changed.connect(self._dress)
        Ring(theme, edit)
        column.addWidget(edit)
        texts = {file.name: file.text for file in files}
        self.choices.chosen.connect(lambda name: edit.setPlainText(texts[name]))
        self.choices.choose(files[0].name)
        self.clear_foot()
        self.button(tr("Cancel")).clicked.connect(self.reject)
        save = self.save = self.button(tr("Save…"), primary=True)
        save.clicked.connect(self.wanted)
        self.order()
        if self.isVisible():
            self.choices.buttons[self.choices.key].setFocus()
            self.announce(tr(WHAT) if problem is None else in_words(problem, tr).in_one)

    def show_trouble(self, problem: Problem) -> None:
        """Why there is no report."""
        holder, column = self.anew()
        column.addWidget(problem_note(self._theme, problem, holder))
        self.clear_foot()
        self.button(tr("Close")).clicked.connect(self.reject)
        self.order()
        self.announce(in_words(problem, tr).in_one)

    def _dress(self) -> None:
        if self.text is not None:
            self._theme.dress_bars(self.text)
            self.text.setFont(self._theme.font("small", code=True))
