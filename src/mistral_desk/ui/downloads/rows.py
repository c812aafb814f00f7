"""The list of downloads: a row for each, kept while it is there, so that nothing flickers and the keyboard stays."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.downloads.row import DownloadRow
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import has_keyboard, let_go
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.tab_order import stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.library.orders import Download
    from mistral_desk.ui.theme.theme import Theme


class DownloadRows(QFrame):
    """Hidden while there is none. Signals carry the order's id."""

    paused = Signal(str)
    resumed = Signal(str)
    cancelled = Signal(str)
    moved = Signal(str, int)
    remedied = Signal(str, str)
    all_paused = Signal()
    all_resumed = Signal()
    left = Signal()
    """The row that had the keyboard is gone, and there is no other."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setAccessibleName(tr("Downloads"))
        self.rows: dict[str, DownloadRow] = {}
        self._order: tuple[str, ...] = ()
        head = QHBoxLayout()
        head.setSpacing(SPACE[1])
        head.addWidget(Label(theme, tr("Downloads"), "lead", strong=True, wrap=True, parent=self), 1)
        words = tr("Pause all")
        self.every = Button(theme, words, text=words, kind="outline", small=True, muted=True, parent=self)
        self.every.clicked.connect(self._toggle_all)
        head.addWidget(self.every, 0, Qt.AlignmentFlag.AlignVCenter)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, SPACE[4])
        self._column.setSpacing(SPACE[1])
        self._column.addLayout(head)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE[1])
        self._column.addLayout(self._list)
        self.hide()

    def show_downloads(self, downloads: Sequence[Download]) -> None:
        """As they are now; those that are done are in the library."""
        shown = [one for one in downloads if one.state != "done"]
        before, order = self._order, tuple(one.order.id for one in shown)
        held = next((key for key in self._order if has_keyboard(self.rows[key])), "")
        for gone in self.rows.keys() - set(order):
            row = self.rows.pop(gone)
            let_go(row)
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        for place, one in enumerate(shown):
            row_ = self.rows.get(one.order.id)
            if row_ is None:
                row_ = self.rows[one.order.id] = self._row(one)
            row_.show_download(one, place, len(shown))
        if order != self._order:
            self._arrange(order)
        running = any(one.state != "paused" for one in shown)
        words = tr("Pause all") if running else tr("Resume all")
        self.every.set_label(words, words)
        self.every.setVisible(len(shown) > 1)
        if held and held not in order:
            self._pass_on(before.index(held))
        self.setVisible(bool(shown))

    def _pass_on(self, place: int) -> None:
        """The keyboard was in a row that is gone: it goes to the one that stands there now."""
        if self._order:
            row = self.rows[self._order[min(place, len(self._order) - 1)]]
            row.pause.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.left.emit()

    def _arrange(self, order: tuple[str, ...]) -> None:
        self._order = order
        for place, key in enumerate(order):
            if self._list.indexOf(self.rows[key]) != place:
                self._list.removeWidget(self.rows[key])
                self._list.insertWidget(place, self.rows[key])
                self.rows[key].show()
        stack(self._list)
        stops = [self.every, *(stop for key in order for stop in self.rows[key].stops())]
        for before, after in pairwise(stops):
            QWidget.setTabOrder(before, after)

    def _row(self, download: Download) -> DownloadRow:
        row = DownloadRow(self._theme, download, self)
        row.paused.connect(self.paused)
        row.resumed.connect(self.resumed)
        row.cancelled.connect(self.cancelled)
        row.moved.connect(self.moved)
        row.remedied.connect(self.remedied)
        return row

    def _toggle_all(self) -> None:
        running = any(row.download.state != "paused" for row in self.rows.values())
        (self.all_paused if running else self.all_resumed).emit()
