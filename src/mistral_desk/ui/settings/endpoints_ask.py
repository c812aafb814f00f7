"""Asks before words leave this computer: once for each endpoint, and where a chat has words that were never there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from mistral_desk.core.words import tr, trn
from mistral_desk.ui.chat.away import INK, SIGN
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.sheet import Sheet
from mistral_desk.ui.widgets.sign import Sign

if TYPE_CHECKING:
    from PySide6.QtWidgets import QVBoxLayout

    from mistral_desk.net.endpoints.record import Endpoint
    from mistral_desk.ui.theme.theme import Theme


def what_goes(endpoint: Endpoint, price: str) -> list[tuple[str, str]]:
    """What goes to an endpoint, who may see it, and what it costs: each with the sign that stands before it."""
    host = endpoint.host
    said = [
        (SIGN, tr("The messages of this chat go there, with their pictures and files, and its system prompt.")),
        ("lock", tr("Other chats, earlier thoughts and everything else on this computer stay here.")),
    ]
    if endpoint.reach == "here":
        said.append(
            ("info", tr("{host} is another program on this computer. What it does with them is its own.", host=host))
        )
    else:
        said.append(("info", tr("What {host} does with them is up to whoever runs it.", host=host)))
    if not endpoint.encrypted:
        said.append(("warning", tr("The line is not encrypted: others in this network could read along.")))
    if endpoint.reach == "away":  # nobody charges for a computer of the own network
        said.append(
            ("info", price or tr("What an answer costs is not known here. {host} may charge for it.", host=host))
        )
    return said


class AskSheet(Sheet):
    """`accepted` when the person wants it. `first`: the endpoint was never agreed to; `earlier` messages of this chat
    were never there.
    """

    widest = 560

    def __init__(
        self, theme: Theme, endpoint: Endpoint, price: str, earlier: int, parent: QWidget, *, first: bool
    ) -> None:
        host = endpoint.host
        title = tr("Send this chat to {host}?", host=host)
        super().__init__(theme, title, parent)
        body, column = self.anew()
        lines = what_goes(endpoint, price) if first else []
        if earlier:
            words = trn(
                "{n} earlier message of this chat was never there. It goes along, for a model knows only what it is "
                "sent. A new chat begins without it.",
                "{n} earlier messages of this chat were never there. They go along, for a model knows only what it is "
                "sent. A new chat begins without them.",
                earlier,
            )
            lines.insert(0, ("warning" if first else SIGN, words))
        for sign, words in lines:
            _line(theme, sign, words, body, column)
        if first:
            column.addSpacing(SPACE[0])
            told = tr("You are asked once for {host}. Settings → Endpoints takes it back.", host=host)
            column.addWidget(Label(theme, told, "small", ink="muted", wrap=True, parent=body))
        self.setAccessibleDescription(" ".join(words for _, words in lines))
        self.no = self.button(tr("Cancel"))
        self.yes = self.button(tr("Agree and send") if first else tr("Send them too"), primary=True)
        self.no.clicked.connect(self.reject)
        self.yes.clicked.connect(self.accept)
        self.order()

    def first(self) -> QWidget:
        """The harmless one."""
        return self.no


class GoesSheet(Sheet):
    """The same, read again: what of this chat goes where."""

    widest = 560

    def __init__(self, theme: Theme, endpoint: Endpoint, price: str, reason: str, parent: QWidget) -> None:
        super().__init__(theme, tr("What goes to {host}", host=endpoint.host), parent)
        body, column = self.anew()
        lines = [*([("warning", reason)] if reason else []), *what_goes(endpoint, price)]
        for sign, words in lines:
            _line(theme, sign, words, body, column)
        self.setAccessibleDescription(" ".join(words for _, words in lines))
        self.choose = self.button(tr("Choose another model"))
        self.settings = self.button(tr("Settings"))
        self.order()


def _line(theme: Theme, sign: str, words: str, body: QWidget, column: QVBoxLayout) -> None:
    row = QHBoxLayout()
    row.setSpacing(SPACE[1])
    ink = INK if sign in (SIGN, "warning") else "muted"
    row.addWidget(Sign(theme, sign, 18, ink=ink, parent=body), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(Label(theme, words, wrap=True, parent=body), 1)
    column.addLayout(row)
