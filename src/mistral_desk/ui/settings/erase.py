"""*Delete all my data*: says what it would delete, asks twice, and says what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from mistral_desk.core import amounts, reasons
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.overlay import Overlay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.chat.erase import Erased, Kind, Share
    from mistral_desk.ui.theme.theme import Theme

NAMES: Final[dict[Kind, str]] = {
    "chats": mark("The chats"),
    "pictures": mark("Pictures in the chats"),
    "copies": mark("Copies of the chats"),
    "aside": mark("Damaged files that were set aside"),
    "drafts": mark("Texts that were not sent yet"),
    "connections": mark("The list of connections"),
    "catalog": mark("The catalog that was fetched"),
    "cache": mark("Saved states and the window's place"),
    "logs": mark("Logs"),
    "other": mark("Other files of Mistral Desk"),
}
STAYS: Final = mark("Your models and your settings stay. This cannot be undone.")
STAYS_ALL: Final = mark("Models and settings are as they were.")


def share(one: Share) -> str:
    """One kind in a line."""
    files = trn("{n} file", "{n} files", one.files)
    return tr("{what}: {files}, {size}", what=tr(NAMES[one.kind]), files=files, size=amounts.file_size(one.bytes))


class EraseSheet(Overlay):
    """Step one says what; step two asks whether really; then `wanted`. `show_done` tells the end."""

    wanted = Signal()
    widest = 520

    def __init__(self, theme: Theme, chats: int, shares: Sequence[Share], parent: QWidget) -> None:
        super().__init__(theme, tr("Delete all my data"), parent)
        self._asked = False
        self.title = Label(theme, tr("Delete all my data"), "heading", strong=True, wrap=True, parent=self.card)
        count = trn("{n} chat will be deleted, with:", "{n} chats will be deleted, with:", chats)
        self.text = Label(theme, count if shares else tr("There is nothing to delete."), wrap=True, parent=self.card)
        self.list = Label(theme, "\n".join(share(one) for one in shares), ink="muted", wrap=True, parent=self.card)
        self.list.setVisible(bool(shares))
        self.foot = Label(theme, tr(STAYS if shares else STAYS_ALL), wrap=True, parent=self.card)
        way_out = tr("Cancel") if shares else tr("Close")
        self.cancel = Button(theme, way_out, text=way_out, kind="outline", parent=self.card)
        delete = tr("Delete everything…")
        self.go = Button(theme, delete, text=delete, kind="danger", parent=self.card)
        self.go.setVisible(bool(shares))
        self.cancel.clicked.connect(self.reject)
        self.go.clicked.connect(self._go)
        row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.go)
        column = QVBoxLayout(self.card)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[3])
        column.setSpacing(SPACE[2])
        for part in (self.title, self.text, self.list, self.foot):
            column.addWidget(part)
        column.addStretch(1)
        column.addLayout(row)

    def first(self) -> QWidget:
        """The harmless one."""
        return self.cancel

    def _go(self) -> None:
        if not self._asked:
            self._asked = True
            words = tr("Yes, delete everything")
            self.title.setText(tr("Really delete everything?"))
            self.go.set_label(words, words)
            self.cancel.setFocus()
            self.place()
            return
        self.go.setEnabled(False)
        self.cancel.setEnabled(False)
        self.title.setText(tr("Deleting…"))
        self.wanted.emit()

    def reject(self) -> None:
        """Not in the middle of it."""
        if self.cancel.isEnabled():
            super().reject()

    def show_done(self, done: Erased) -> None:
        """What was deleted, and what could not be."""
        files = sum(one.files for one in done.shares)
        size = amounts.file_size(sum(one.bytes for one in done.shares))
        self.title.setText(tr("Your data was deleted") if not done.failed else tr("Not everything could be deleted"))
        self.text.setText(trn("{n} file was deleted, {size}.", "{n} files were deleted, {size}.", files, size=size))
        lines = [share(one) for one in done.shares]
        for path, reason in done.failed:
            lines.append(tr("Not deleted: {path} ({reason})", path=path, reason=reasons.said(reason, tr)))
        self.list.setText("\n".join(lines))
        self.foot.setText(tr(STAYS_ALL))
        self.go.hide()
        self.cancel.set_label(tr("Close"), tr("Close"))
        self.cancel.setEnabled(True)
        self.cancel.setFocus()
        self.place()
