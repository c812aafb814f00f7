"""What stands above or instead of the cards: how to get the catalog, what went wrong, what nothing was found for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.errors import in_words
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.models.browse.filters import each_filter
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button, explain
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.note import Note, name_close
from mistral_desk.ui.widgets.panel import Panel
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.sign import Sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.search import Wishes
    from mistral_desk.catalog.store import SetAside
    from mistral_desk.core.errors import Problem
    from mistral_desk.ui.models.browse.source import Source
    from mistral_desk.ui.theme.theme import Theme

GREETING = mark("So far this list describes one model in full, and the others only briefly.")
EXPLAINED = mark(
    "The whole catalog can be fetched from {host}: a list, and a page for each model. Nothing about you or this "
    "computer is sent with it. It is kept on this computer and can be read offline from then on."
)
NOTHING = mark("No model has all of this.")


SHOWN: Final = 200
"""Records that could not be read and are listed: thousands would take the window minutes."""


class Begin(Panel):
    """The first start without a fetched catalog: one calm explanation and one button."""

    wanted = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, parent, name=tr("Get the catalog"), radius=RADIUS)
        self._words = Label(theme, "", ink="muted", wrap=True, parent=self)
        text = tr("Get the catalog")
        self.get = Button(theme, text, text=text, kind="primary", parent=self)
        self.get.clicked.connect(self.wanted)
        words = QVBoxLayout()
        words.setSpacing(SPACE[0])
        words.addWidget(Label(theme, tr(GREETING), strong=True, wrap=True, parent=self))
        words.addWidget(self._words)
        words.addSpacing(SPACE[1])
        words.addWidget(self.get, 0, Qt.AlignmentFlag.AlignLeading)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE[3], SPACE[3], SPACE[3], SPACE[3])
        row.setSpacing(SPACE[2])
        row.addWidget(Sign(theme, "models", 20, ink="accent", parent=self), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def show_source(self, source: Source, offline: str) -> None:
        """To whom it connects, and why it cannot where it cannot."""
        self._words.setText(tr(EXPLAINED, host=source.host))
        explain(self.get, offline)


class Trouble(QWidget):
    """A problem's words where the list is, with what helps and, where something is left without it, a way to close it.

    What helps against *Work offline* is the switch itself, against anything else to try again.
    """

    again = Signal()
    privacy = Signal()
    """The settings that hold *Work offline* are wanted."""
    closed = Signal()

    def __init__(self, theme: Theme, problem: Problem, parent: QWidget, *, closable: bool = True) -> None:
        super().__init__(parent)
        self.problem = problem
        words = in_words(problem, tr)
        self.note = Note(theme, "error", words, self)
        offline = problem.id == "net.offline"
        again = tr("Open the settings") if offline else tr("Try again")
        self.again_button = Button(theme, again, text=again, kind="outline", small=True, parent=self)
        self.again_button.setToolTip("")
        self.again_button.clicked.connect(self.privacy if offline else self.again)
        self.close_button = Button(theme, "", icon="close", small=True, muted=True, parent=self)
        name_close(self.close_button, words)
        self.close_button.clicked.connect(self.closed)
        self.close_button.setVisible(closable)
        self.note.put(self.again_button)
        if closable:
            self.note.put_in_corner(self.close_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.note)


class Nothing(QWidget):
    """No model was found: what is on, each with a button that takes it back."""

    wished = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.buttons: list[Button] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE[4], 0, SPACE[4])
        column.setSpacing(SPACE[2])
        column.addWidget(Label(theme, tr(NOTHING), "lead", strong=True, wrap=True, parent=self))
        column.addWidget(Label(theme, tr("Take something back:"), ink="muted", wrap=True, parent=self))
        self._holder = QWidget(self)
        self._flow = FlowLayout(self._holder, spacing=SPACE[1])
        column.addWidget(self._holder)

    def show_wishes(self, wishes: Wishes) -> None:
        """What is on now."""
        while (item := self._flow.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self.buttons = []
        for words, without in each_filter(wishes):
            name = tr("Without {what}", what=words)
            button = Button(
                self._theme, name, icon="close", text=words, kind="outline", small=True, parent=self._holder
            )
            button.setProperty("elides", True)
            button.clicked.connect(lambda _on=False, without=without: self.wished.emit(without))
            self._flow.addWidget(button)
            button.show()
            self.buttons.append(button)
        self._holder.updateGeometry()


class AsideSheet(Sheet):
    """The records that could not be read, each with its reason."""

    widest = 560

    def __init__(self, theme: Theme, aside: Sequence[SetAside], parent: QWidget) -> None:
        title = trn("{n} record could not be read", "{n} records could not be read", len(aside))
        super().__init__(theme, title, parent)
        body, column = self.anew()
        told = mark("The rest of the catalog is not touched by that.")
        column.addWidget(Label(theme, tr(told), ink="muted", wrap=True, parent=body))
        for one in aside[:SHOWN]:
            entry = QVBoxLayout()
            entry.setSpacing(0)
            entry.addWidget(Label(theme, one.name, strong=True, wrap=True, copied=True, parent=body))
            entry.addWidget(Label(theme, tr(one.reason), ink="muted", wrap=True, parent=body))
            column.addLayout(entry)
        if (more := len(aside) - SHOWN) > 0:
            words = trn("… and {n} other", "… and {n} others", more)
            column.addWidget(Label(theme, words, ink="muted", wrap=True, parent=body))
        self.order()
