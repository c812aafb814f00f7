"""The line below the cards that says what is marked for the comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QWidget

from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button, explain
from mistral_desk.ui.widgets.label import Label, Shortened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtGui import QPaintEvent, QResizeEvent

    from mistral_desk.ui.theme.theme import Theme

ONE_MORE = mark("Mark a second model to compare them.")


class MarkedBar(QFrame):
    """Not there while nothing is marked."""

    compare = Signal()
    cleared = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Marked to compare"))
        self._words = Label(theme, "", strong=True, parent=self)
        self._names = Shortened(theme, "", ink="muted", parent=self)
        self._told = self._first = ""
        """What stands beside the number, and the part of it that has to be read."""
        text = tr("Compare")
        self.go = Button(theme, text, text=text, kind="primary", parent=self)
        self.go.clicked.connect(self.compare)
        text = tr("Unmark all")
        self.none = Button(theme, text, text=text, kind="outline", parent=self)
        self.none.clicked.connect(self.cleared)
        words = QHBoxLayout()
        words.setSpacing(SPACE[2])
        words.addWidget(self._words)
        words.addWidget(self._names, 1)
        tools = QHBoxLayout()
        tools.setSpacing(SPACE[1])
        tools.addStretch(1)
        tools.addWidget(self.none)
        tools.addWidget(self.go)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(SPACE[4], SPACE[2], SPACE[4], SPACE[2])
        self._row.setSpacing(SPACE[2])
        self._row.addLayout(words, 1)
        self._row.addLayout(tools)
        theme.changed.connect(self._arrange)
        self.hide()

    def show_marked(self, titles: Sequence[str]) -> None:
        """These are marked."""
        self.setVisible(bool(titles))
        if not titles:
            return
        self._words.setText(trn("{n} marked", "{n} marked", len(titles)))
        if len(titles) > 1:
            self.tell(", ".join(titles))
        else:
            self.tell(beside(titles[0], tr(ONE_MORE)), tr(ONE_MORE))
        explain(self.go, "" if len(titles) > 1 else tr(ONE_MORE))

    def tell(self, text: str, first: str = "") -> None:
        """Something about marking, instead of the names; where there is no room for all of it, `first` alone."""
        self._told, self._first = text, first
        self._names.setToolTip(text)
        self._arrange()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The raised surface, with a hairline towards the cards."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("raised"))
        painter.fillRect(0, 0, self.width(), 1, self._theme.colour("hairline"))
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The buttons below the words where there is no room beside them."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        wide = self._names.fontMetrics().horizontalAdvance
        rest = 2 * SPACE[4] + self._words.sizeHint().width() + SPACE[2]
        tools = self.go.sizeHint().width() + self.none.sizeHint().width() + SPACE[1] + SPACE[2]
        need = tools + max(260 * max(1.0, self._theme.text_size / 100), rest + wide(self._first))
        fits = self.width() >= need
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom)
        room = self.width() - rest - (tools if fits else 0)
        self._names.setText(self._first if self._first and wide(self._told) > room else self._told)
        self.update()
