"""The hub as a second source: words are sent when *Search* is pressed, and not before; what comes back is a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.fit import verdict
from mistral_desk.ui.models.about.said import date
from mistral_desk.ui.models.browse.instead import Trouble
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button, explain
from mistral_desk.ui.widgets.card import Card
from mistral_desk.ui.widgets.column import ColumnArea
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.search import SearchField
from mistral_desk.ui.widgets.tab_order import chain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.hub import Repository
    from mistral_desk.core.errors import Problem
    from mistral_desk.ui.theme.theme import Theme

SENT = mark("What you type is sent to {host} when you press Search, and not before. Nobody has checked what is found.")
TITLE: Final = mark("Search the hub for GGUF repositories")


class HubPage(QFrame):
    """Shows what it is given; signals go up."""

    back = Signal()
    searched = Signal(str)
    opened = Signal(str)
    privacy = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr(TITLE))
        self.area = ColumnArea(theme, self)
        holder, column = self.area.holder, self.area.column
        self.back_button = back_button(theme, holder)
        self.back_button.clicked.connect(self.back)
        column.addWidget(self.back_button, 0, Qt.AlignmentFlag.AlignLeading)
        column.addSpacing(SPACE[3])
        column.addWidget(Label(theme, tr(TITLE), "heading", strong=True, wrap=True, parent=holder))
        column.addSpacing(SPACE[1])
        self.note = Label(theme, "", ink="muted", wrap=True, parent=holder)
        column.addWidget(self.note)
        column.addSpacing(SPACE[2])
        self.search = SearchField(theme, tr("Words for the hub"), holder)
        self.search.setMinimumWidth(140)
        self.search.returnPressed.connect(self._ask)
        self.search.textChanged.connect(lambda _text: self._tell())
        text = tr("Search")
        self.go = Button(theme, text, text=text, kind="primary", parent=holder)
        self.go.clicked.connect(self._ask)
        line = QHBoxLayout()
        line.setSpacing(SPACE[1])
        line.addWidget(self.search, 1)
        line.addWidget(self.go)
        column.addLayout(line)
        column.addSpacing(SPACE[2])
        self.state = Label(theme, "", ink="muted", wrap=True, parent=holder)
        column.addWidget(self.state)
        self._above = QVBoxLayout()
        column.addLayout(self._above)
        column.addSpacing(SPACE[1])
        self._list = QWidget(holder)
        self._lines = QVBoxLayout(self._list)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.setSpacing(SPACE[1])
        column.addWidget(self._list)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.area)
        self.trouble: Trouble | None = None
        self.buttons: list[Button] = []
        self._offline = ""
        self._tell()

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.search]

    def show_host(self, host: str, offline: str) -> None:
        """To whom the words go, and why they cannot where they cannot."""
        self.note.setText(tr(SENT, host=host))
        self._offline = offline
        self._tell()

    def show_searching(self, host: str) -> None:
        """The answer is waited for."""
        self._anew()
        self.state.setText(tr("Asking {host}…", host=host))

    def show_found(self, found: Sequence[Repository]) -> None:
        """What there is, as the hub has it."""
        self._anew()
        words = trn("{n} repository, most downloaded first", "{n} repositories, most downloaded first", len(found))
        self.state.setText(words if found else tr("The hub has no GGUF repository with these words."))
        for one in found:
            self._lines.addWidget(self._card(one))
        chain(self.area.holder)
        say(self, self.state.text())

    def show_problem(self, problem: Problem) -> None:
        """It did not work."""
        self._anew()
        self.state.setText("")
        self.trouble = Trouble(self._theme, problem, self.area.holder)
        self.trouble.again.connect(self._ask)
        self.trouble.privacy.connect(self.privacy)
        self.trouble.closed.connect(self._anew)
        self._above.addWidget(self.trouble)
        chain(self.area.holder)

    def _card(self, one: Repository) -> Card:
        card = Card(self._theme, "models", one.id, self._list)
        card.tell(repository_words(one))
        text = tr("Show the files")
        button = Button(
            self._theme, tr("{what}: {file}", what=text, file=one.id), text=text, kind="outline", parent=card
        )
        button.setToolTip("")
        button.clicked.connect(lambda: self.opened.emit(one.id))
        card.tools.addWidget(button)
        self.buttons.append(button)
        return card

    def _ask(self) -> None:
        if self.go.isEnabled():
            self.searched.emit(self.search.text().strip())

    def _tell(self) -> None:
        missing = "" if self.search.text().strip() else tr("Type what to search for.")
        explain(self.go, self._offline or missing)

    def _anew(self) -> None:
        self.buttons = []
        self.state.setText("")
        if self.trouble is not None:
            self._above.removeWidget(self.trouble)
            self.trouble.hide()
            self.trouble.deleteLater()
            self.trouble = None
        while (item := self._lines.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()


def repository_words(one: Repository) -> str:
    """What the hub says of a repository, in one line; what it does not say is left out."""
    loads = trn("{n} download", "{n} downloads", one.downloads) if one.downloads is not None else ""
    likes = trn("{n} like", "{n} likes", one.likes) if one.likes is not None else ""
    changed = tr("changed {date}", date=date(one.updated)) if one.updated else ""
    gated = tr("asks for permission first") if one.gated else ""
    return verdict.joined(loads, likes, changed, one.license or tr("licence not stated"), gated)


def back_button(theme: Theme, parent: QWidget) -> Button:
    """The way back to the models."""
    return Button(
        theme, tr("Back to the models"), icon="arrow-left", text=tr("Models"), kind="outline", muted=True, parent=parent
    )


def short(revision: str) -> str:
    """A commit as people write it."""
    return revision[:7]
