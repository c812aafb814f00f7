"""In the place of the list while somebody searches: how much was found, and the hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import beside, tr, trn
from mistral_desk.ui.sidebar.results import HIT, ResultsModel, ResultsView
from mistral_desk.ui.theme.tokens import BAR, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.saying import say

if TYPE_CHECKING:
    from mistral_desk.chat.search import Found
    from mistral_desk.ui.theme.theme import Theme


class FoundPanel(QWidget):
    """`opened` with the `Hit` that somebody wants to see."""

    opened = Signal(object)
    thorough_asked = Signal()
    """What a quick search did not come to is to be looked through, too."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.results = ResultsModel(self)
        self.list = ResultsView(theme, self.results, self)
        self.list.opened.connect(self.opened)
        self.told = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
        self.told.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        words = tr("Search older messages")
        self.thorough = Button(theme, words, text=words, kind="outline", small=True, step="small", parent=self)
        self.thorough.clicked.connect(self.thorough_asked)
        self.thorough.hide()
        row = QHBoxLayout()
        row.addSpacing(SPACE[1])
        row.addWidget(self.told, 1)
        row.addSpacing(SPACE[1] + BAR)  # it ends where the words of the list below end
        further = QHBoxLayout()
        further.addSpacing(SPACE[1])
        further.addWidget(self.thorough)
        further.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE[0], 0, 0)
        column.setSpacing(SPACE[0])
        column.addLayout(row)
        column.addLayout(further)
        column.addWidget(self.list, 1)

    def show_searching(self, *, thorough: bool = False) -> None:
        """The answer is on its way; what was found before stays until it comes."""
        if thorough:
            self.told.setText(tr("Searching older messages…"))
            self._offer(on=False)
        elif not self.results.rowCount():
            self.told.setText(tr("Searching…"))

    def show_found(self, found: Found, *, thorough: bool = False) -> None:
        """Show what was found; with `thorough` there are older messages that were not looked through."""
        here = self.list.currentIndex().data(HIT)
        self.results.show(found.hits, more=found.more)
        if here is not None and here in found.hits:
            self.list.setCurrentIndex(self.results.index(found.hits.index(here)))
        self._offer(on=thorough)
        words = told(found)
        if words != self.told.text():
            self.told.setText(words)
            say(self, words)

    def show_failed(self) -> None:
        """The history could not be read; a notice says why."""
        self.results.show(())
        self._offer(on=False)
        self.told.setText(tr("The chats could not be searched."))

    def end(self) -> None:
        """Nothing is looked for any more."""
        self.results.show(())
        self._offer(on=False)
        self.told.setText("")

    def _offer(self, *, on: bool) -> None:
        held = self.thorough.hasFocus()
        self.thorough.setVisible(on)
        if held and not on:
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_first(self) -> None:
        """Go to the first hit, or to the one that is chosen."""
        hit = self.list.currentIndex().data(HIT) or self.results.index(0).data(HIT)
        self.opened.emit(hit)


def told(found: Found) -> str:
    """How much was found, and what was not looked through yet."""
    count = len(found.hits)
    if not count and found.more:
        words = tr("Nothing found in the newest messages.")
    elif not count:
        words = tr("Nothing found in titles and messages. What lies in the bin is not searched.")
    elif found.more:
        words = trn("{n} found; there may be more", "{n} found; there may be more", count)
    else:
        words = trn("{n} found", "{n} found", count)
    if not found.left:
        return words
    left = trn("{n} older message is still being indexed.", "{n} older messages are still being indexed.", found.left)
    return beside(words, left) if count else tr("{one} {other}", one=tr("Nothing found so far."), other=left)
