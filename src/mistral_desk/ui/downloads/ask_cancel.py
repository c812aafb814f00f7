"""Asks what becomes of the bytes that came, before a download is taken off the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import tr
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.overlay import Overlay

if TYPE_CHECKING:
    from mistral_desk.library.orders import Download
    from mistral_desk.ui.theme.theme import Theme


class CancelSheet(Overlay):
    """`decided` says whether what came is kept; in every other case the download goes on, or stays paused."""

    decided = Signal(bool)
    widest = 640

    def __init__(self, theme: Theme, download: Download, parent: QWidget) -> None:
        title = tr("Cancel this download?")
        super().__init__(theme, title, parent)
        came = amounts.file_size(download.done)
        text = tr(
            "{came} of {name} have come. Kept, they wait for you: the same download goes on there.",
            came=came,
            name=download.order.title,
        )
        self.setAccessibleDescription(text)
        card = self.card
        paused = download.state == "paused"
        go_on = tr("Leave it paused") if paused else tr("Go on downloading")
        keep = tr("Cancel and keep {size}", size=came)
        delete = tr("Cancel and delete {size}", size=came)
        self.delete = Button(theme, delete, text=delete, kind="danger", parent=card)
        self.keep = Button(theme, keep, text=keep, kind="outline", parent=card)
        self.go_on = Button(theme, go_on, text=go_on, kind="primary", parent=card)
        self.go_on.clicked.connect(self.reject)
        self.keep.clicked.connect(lambda: self._decide(keep=True))
        self.delete.clicked.connect(lambda: self._decide(keep=False))
        row = FlowLayout(spacing=SPACE[1], end=True)
        for button in (self.delete, self.keep, self.go_on):
            row.addWidget(button)
        column = QVBoxLayout(card)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[3])
        column.setSpacing(SPACE[1])
        column.addWidget(Label(theme, title, "lead", strong=True, wrap=True, parent=card))
        column.addWidget(Label(theme, text, ink="muted", wrap=True, parent=card))
        column.addSpacing(SPACE[2])
        column.addLayout(row)

    def first(self) -> QWidget:
        """The harmless one."""
        return self.go_on

    def _decide(self, *, keep: bool) -> None:
        self.accept()
        self.decided.emit(keep)
