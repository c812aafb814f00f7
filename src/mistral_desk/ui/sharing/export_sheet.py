"""*Export*: as what, with or without thoughts and pictures; then how far it is, and where it has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

from PySide6.QtCore import Signal

from mistral_desk.chat.sharing.shared import Format, Wish
from mistral_desk.chat.titles import title_from
from mistral_desk.core import amounts
from mistral_desk.core.errors import in_words
from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.sharing.choices import Choices
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.paragraph import Paragraph
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.switch import Switch
from mistral_desk.ui.widgets.working import Working, problem_note

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.chat.sharing.out import Going, Gone
    from mistral_desk.core.errors import Problem
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.button import Button

FORMATS: Final[dict[Format, tuple[str, str]]] = {
    "md": ("Markdown", mark("Plain text with marks, for notes and editors. Pictures are files beside it.")),
    "html": ("HTML", mark("One page for any browser, pictures included. It loads nothing and runs nothing.")),
    "pdf": ("PDF", mark("Pages for printing and sending. Fonts and pictures are in it.")),
    "json": ("JSON", mark("Everything, with all versions of every turn. Mistral Desk can import it again.")),
}
MANY: Final = mark("They come as one ZIP file, which is there as a whole or not at all.")
SHOWN: Final = mark("Of a turn with several versions, the one that is shown now.")


class ExportSheet(Sheet):
    """Shows what it is given; signals go up. Closed while it works, the work goes on; *Cancel* ends it."""

    wanted = Signal(object)
    """A `Wish`: the person is then asked where to."""
    stopped = Signal()
    reveal = Signal()

    def __init__(self, theme: Theme, count: int, title: str, parent: QWidget) -> None:
        heading = tr("Export “{title}”", title=title) if title else trn("Export {n} chat", "Export {n} chats", count)
        super().__init__(theme, heading, parent)
        self._count = count
        self._working: Working | None = None
        self.format: Choices
        self.thinking: Switch
        self.pictures: Switch
        self._primary: Button | None = None
        self.ask(Wish())

    def first(self) -> QWidget:
        """The choice that is on, while there is one."""
        return self.format.buttons[self.format.key] if self._working is None else self.close_button

    def ask(self, wish: Wish, problem: Problem | None = None) -> None:
        """The choices; with a `problem`, why the last try came to nothing."""
        theme = self._theme
        holder, column = self.anew()
        self._working = None
        if problem is not None:
            column.addWidget(problem_note(theme, problem, holder))
        named = {str(key): (name, tr(words)) for key, (name, words) in FORMATS.items()}
        self.format = Choices(theme, tr("Format"), named, holder)
        column.addWidget(self.format)
        self.thinking = Switch(theme, tr("Include the model's thoughts"), holder)
        self.thinking.setChecked(wish.thinking)
        thoughts = tr("They are left out unless you ask for them here, each time.")
        column.addWidget(Row(theme, tr("Include the model's thoughts"), thoughts, self.thinking, parent=holder))
        self.pictures = Switch(theme, tr("Include pictures"), holder)
        self.pictures.setChecked(wish.pictures)
        column.addWidget(
            Row(theme, tr("Include pictures"), tr("Without them, their names stand in their places."), self.pictures,
                parent=holder)
        )  # fmt: skip
        self._shown = Paragraph(theme, tr(SHOWN), "small", ink="muted", parent=holder)
        column.addWidget(self._shown)
        if self._count > 1:
            column.addWidget(Paragraph(theme, tr(MANY), "small", ink="muted", parent=holder))
        self.format.chosen.connect(lambda key: self._shown.setVisible(key != "json"))
        self.format.choose(wish.format)
        self.clear_foot()
        self.button(tr("Cancel")).clicked.connect(self.reject)
        self._primary = self.button(tr("Choose where…"), primary=True)
        self._primary.clicked.connect(lambda: self.wanted.emit(self.wish))
        self.order()
        if self.isVisible():
            self.first().setFocus()
        if problem is not None:
            self.announce(in_words(problem, tr).in_one)

    @property
    def wish(self) -> Wish:
        """What is chosen."""
        chosen = cast("Format", self.format.key)
        return Wish(chosen, thinking=self.thinking.isChecked(), pictures=self.pictures.isChecked())

    @property
    def works(self) -> bool:
        """Whether it is being written."""
        return self._working is not None

    def show_work(self) -> None:
        """It has begun."""
        holder, column = self.anew()
        self._working = Working(self._theme, tr("Exporting"), holder)
        column.addWidget(self._working)
        self.clear_foot()
        cancel = self.button(tr("Cancel"))
        cancel.clicked.connect(self._end)
        self.order()
        cancel.setFocus()

    def show_going(self, now: Going) -> None:
        """How far it is."""
        if self._working is not None:
            title = title_from(now.title)
            if now.total == 1:
                words = amounts.percent(now.share)
            else:
                done, total = amounts.number(now.done), amounts.number(now.total)
                words = beside(tr("{done} of {total}", done=done, total=total), title)
            self._working.show_share(now.share, words)

    def show_done(self, gone: Gone) -> None:
        """Where it is."""
        theme = self._theme
        holder, column = self.anew()
        self._working = None
        size = amounts.file_size(gone.bytes)
        text = trn("{n} chat was exported, {size}.", "{n} chats were exported, {size}.", gone.chats, size=size)
        column.addWidget(Label(theme, text, wrap=True, parent=holder))
        column.addWidget(Paragraph(theme, str(gone.path), "small", ink="muted", parent=holder))
        if gone.missing:
            missing = trn(
                "{n} picture is missing: it is no longer in Mistral Desk's folder.",
                "{n} pictures are missing: they are no longer in Mistral Desk's folder.",
                gone.missing,
            )
            column.addWidget(Paragraph(theme, missing, ink="warning", parent=holder))
        self.clear_foot()
        self.button(tr("Show in folder")).clicked.connect(self.reveal)
        done = self.button(tr("Done"), primary=True)
        done.clicked.connect(self.accept)
        self.order()
        done.setFocus()
        self.announce(text)

    def _end(self) -> None:
        self.stopped.emit()
        self.reject()
