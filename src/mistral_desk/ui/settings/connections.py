"""The list of connections as a person reads it: when, to whom, what for, how much, and who asked."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.errors import Problem, in_words
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.theme import direction
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.column import edged
from mistral_desk.ui.widgets.headed import HeadedSheet
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.net.ledger import Connection, Ledger
    from mistral_desk.ui.theme.theme import Theme

WHEN: Final = mark(
    "Mistral Desk connects to other computers only for what you ask for or have switched on: to refresh the catalog, "
    "to search the hub, to download a model, to ask an endpoint, to use another computer's memory, to look for a new "
    "version. Each connection is listed, before it is made."
)
NONE: Final = mark("No connection was made.")
WHO: Final = {
    "catalog": mark("asked by the catalog"),
    "hub": mark("asked by the hub's search"),
    "download": mark("asked by a download"),
    "endpoints": mark("asked for an endpoint"),
    "updates": mark("asked by the look for new versions"),
    "helper": mark("asked for other computers that lend their memory"),
}
_STAYS: Final = "\N{NO-BREAK SPACE}"
_DOT: Final = "\N{MIDDLE DOT}"
_SHOWN: Final = 500
"""Entries in the sheet, the latest; the file has more."""


def connection(entry: Connection) -> str:
    """An entry in four lines, or five: a dot between facts hardly ever comes to stand at a line's end."""
    when = amounts.moment(entry.began)
    who = tr(WHO[entry.who]) if entry.who in WHO else entry.who
    count = trn("{n} request", "{n} requests", entry.requests)
    took = amounts.took(entry.seconds) if entry.seconds is not None else ""
    sent, received = amounts.file_size(entry.sent), amounts.file_size(entry.received)
    lines = [
        f"{when}  {entry.host}",
        tr(entry.why),
        kept((who, count, took)),
        tr("{sent} sent, {received} received", sent=sent, received=received),
    ]
    if entry.problem:
        lines.append(in_words(Problem(entry.problem), tr).title)
    return "\n".join(lines)


def kept(parts: Sequence[str]) -> str:
    """Facts in a line that breaks between them only: the dot stays at the end of the fact before it."""
    return f"{_STAYS}{_DOT} ".join(part.replace(" ", _STAYS) for part in parts if part)


class ConnectionsSheet(HeadedSheet):
    """The list, latest first; what earlier runs wrote is read while it is open already."""

    widest = 720
    gap = SPACE[2]

    def __init__(self, theme: Theme, ledger: Ledger, parent: QWidget) -> None:
        super().__init__(theme, tr("Connections"), parent)
        self._ledger = ledger
        self._open = True
        self.edit = QPlainTextEdit(self.card)
        self.edit.setReadOnly(True)
        self.edit.setAccessibleName(tr("List of connections"))
        self.edit.setFrameShape(QFrame.Shape.NoFrame)
        self.edit.viewport().setAutoFillBackground(False)
        self.edit.document().setDocumentMargin(0)
        option = self.edit.document().defaultTextOption()
        option.setAlignment(direction.start(mirrored=self.isRightToLeft()))  # of a plain text Qt leaves it at the left
        self.edit.document().setDefaultTextOption(option)
        self.edit.setMinimumHeight(320)
        self._dress()
        theme.changed.connect(self._dress)
        edged(theme, self.edit)
        Ring(theme, self.edit)
        self.column.addWidget(Label(theme, tr(WHEN), "small", ink="muted", wrap=True, parent=self.card))
        self.column.addWidget(self.edit, 1)
        self.show_entries()
        self._reading = asyncio.get_running_loop().run_in_executor(None, ledger.look_again)
        self._reading.add_done_callback(lambda _: self.show_entries())

    def _dress(self) -> None:
        self._theme.dress_bars(self.edit)
        self.edit.setFont(self._theme.font("small"))
        option = self.edit.document().defaultTextOption()
        option.setTextDirection(self.layoutDirection())  # a line that begins with figures begins where the others do
        self.edit.document().setDefaultTextOption(option)

    async def whole(self) -> None:
        """Returns when what earlier runs wrote is shown too."""
        await self._reading
        self.show_entries()

    def show_entries(self) -> None:
        """As they are now."""
        if self._open:
            entries = self._ledger.entries()[:_SHOWN]
            self.edit.setPlainText("\n\n".join(connection(entry) for entry in entries) or tr(NONE))

    def first(self) -> QWidget:
        """The list, so that the arrow keys scroll."""
        return self.edit

    def done(self, result: int) -> None:
        """It is gone for good, whatever is still read."""
        self._open = False
        super().done(result)
