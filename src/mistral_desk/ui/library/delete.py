"""Asks before a model is deleted: to the bin, which frees nothing yet, or for good, which frees its space at once.

What can be undone is filled and stands last, where the eye and the hand look for what is meant.
"""

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
from mistral_desk.ui.widgets.paragraph import Paragraph

if TYPE_CHECKING:
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.ui.theme.theme import Theme


class DeleteSheet(Overlay):
    """`decided` says whether it is deleted for good; rejected in every other case."""

    decided = Signal(bool)
    widest = 520

    def __init__(self, theme: Theme, model: Installed, parent: QWidget, *, in_use: bool) -> None:
        title = tr("Delete {name}?", name=model.title)
        super().__init__(theme, title, parent)
        size = amounts.file_size(model.bytes)
        card = self.card
        to_bin, good = tr("Move to the bin"), tr("Delete for good")
        self.for_good = Button(theme, good, text=good, kind="danger", parent=card)
        self.no = Button(theme, tr("Cancel"), text=tr("Cancel"), kind="outline", parent=card)
        self.to_bin = Button(theme, to_bin, text=to_bin, kind="primary", parent=card)
        self.no.clicked.connect(self.reject)
        self.to_bin.clicked.connect(lambda: self._decide(for_good=False))
        self.for_good.clicked.connect(lambda: self._decide(for_good=True))
        bin_words = tr(
            "In the system's bin it can be brought back, and takes its {size} until the bin is emptied.", size=size
        )
        good_words = tr("Deleted for good, it frees {size} at once; it would have to be downloaded again.", size=size)
        self.to_bin.setAccessibleDescription(bin_words)
        self.for_good.setAccessibleDescription(good_words)
        row = FlowLayout(spacing=SPACE[1], end=True)
        for button in (self.for_good, self.no, self.to_bin):
            row.addWidget(button)
        column = QVBoxLayout(card)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[3])
        column.setSpacing(SPACE[1])
        column.addWidget(Paragraph(theme, title, "lead", strong=True, parent=card))
        column.addWidget(Paragraph(theme, model.folder, "small", ink="muted", parent=card))
        for text in (bin_words, good_words):
            column.addWidget(Label(theme, text, wrap=True, parent=card))
        if in_use:
            text = tr("It is the model that answers now; the Guide takes its place.")
            column.addWidget(Label(theme, text, ink="warning", wrap=True, parent=card))
        column.addSpacing(SPACE[2])
        column.addLayout(row)

    def first(self) -> QWidget:
        """The harmless one."""
        return self.no

    def _decide(self, *, for_good: bool) -> None:
        self.accept()
        self.decided.emit(for_good)
