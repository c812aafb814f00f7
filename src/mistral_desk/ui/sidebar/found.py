"""In the place of the list while somebody searches: how much was found, and the hits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.sidebar.results import HIT, ResultsModel, ResultsView
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from mistral_desk.chat.search import Found
    from mistral_desk.ui.theme.theme import Theme


class FoundPanel(QWidget):
    """`opened` with the `Hit` that somebody wants to see."""

    opened = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.results = ResultsModel()
        self.list = ResultsView(theme, self.results, self)
        self.list.opened.connect(self.opened)
        self.told = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
        self.told.setAlignment(Qt.AlignmentFlag.AlignLeading | Qt.AlignmentFlag.AlignTop)
        row = QHBoxLayout()
        row.addSpacing(SPACE[1])
        row.addWidget(self.told, 1)
        row.addSpacing(SPACE[1])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACE[0], 0, 0)
        column.setSpacing(SPACE[0])
        column.addLayout(row)
        column.addWidget(self.list, 1)

    def show_searching(self) -> None:
        """The answer is on its way; what was found before stays until it comes."""
        if not self.results.rowCount():
            self.told.setText(tr("Searching…"))

    def show_found(self, found: Found) -> None:
        """Show what was found."""
        here = self.list.currentIndex().data(HIT)
        self.results.show(found.hits, more=found.more)
        if here is not None and here in found.hits:
            self.list.setCurrentIndex(self.results.index(found.hits.index(here)))
        words = told(found)
        if words != self.told.text():
            self.told.setText(words)
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, words))

    def show_failed(self) -> None:
        """The history could not be read; a notice says why."""
        self.results.show(())
        self.told.setText(tr("The chats could not be searched."))

    def end(self) -> None:
        """Nothing is looked for any more."""
        self.results.show(())
        self.told.setText("")

    def open_first(self) -> None:
        """Go to the first hit, or to the one that is chosen."""
        hit = self.list.currentIndex().data(HIT) or self.results.index(0).data(HIT)
        self.opened.emit(hit)


def told(found: Found) -> str:
    """How much was found, and what was not looked through yet."""
    count = len(found.hits)
    if not count:
        words = tr("Nothing found in titles and messages. What lies in the bin is not searched.")
    elif found.more:
        words = tr("{n} found, and there are more", n=amounts.number(count))
    else:
        words = trn("{n} found", "{n} found", count)
    if not found.left:
        return words
    left = trn("{n} older message is still being indexed.", "{n} older messages are still being indexed.", found.left)
    return tr("{one} {other}", one=words if count else tr("Nothing found so far."), other=left)
