"""Settings → Server: whether our server listens, where, what it is doing, and the token to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mistral_desk.core.words import tr, trn
from mistral_desk.ui.settings.rows import Row, Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance

    from mistral_desk.core.errors import Words
    from mistral_desk.ui.theme.theme import Theme


class ServerRow(Row):
    """Shows where programs ask; the token is copied, never shown."""

    address_copied = Signal()
    token_copied = Signal()
    renewed = Signal()

    def __init__(self, theme: Theme, section: Section) -> None:
        super().__init__(theme, tr("For other programs"), " ", more=tr("OpenAI API"), copied=True, parent=section)
        self._buttons = QWidget(self)
        flow = FlowLayout(self._buttons, spacing=SPACE[1])
        self.address = self._button(tr("Copy address"), self.address_copied)
        self.token = self._button(tr("Copy token"), self.token_copied)
        self.renew = self._button(tr("New token"), self.renewed)
        self.renew.setToolTip(tr("Programs that know the old one are let in no more"))
        for button in (self.address, self.token, self.renew):
            flow.addWidget(button)
        self.words.addSpacing(SPACE[0])
        self.words.addWidget(self._buttons)
        self.show_off()

    def show_off(self) -> None:
        """Nothing listens."""
        self._show(tr("Nothing listens. Once it is on, its address is here, and its token can be copied."))

    def show_offline(self) -> None:
        """It may not listen."""
        self._show(tr("Nothing listens while Mistral Desk works offline."))

    def show_starting(self) -> None:
        """It is on its way."""
        self._show(tr("Starting…"))

    def show_trouble(self, words: Words) -> None:
        """Why it does not listen."""
        self._show(words.in_one)

    def show_on(self, address: str, answering: str, waiting: int, *, lasts: bool) -> None:
        """Where it listens, which model answers a program just now, how many wait, and whether the token lasts."""
        lines = [tr("Programs ask at {address}", address=address)]
        if answering:
            lines.append(tr("{model} is answering a program.", model=answering))
        if waiting:
            lines.append(trn("{n} request waits.", "{n} requests wait.", waiting))
        if not lasts:
            lines.append(tr("This computer has no keyring that opens, so a new token is made at each start."))
        self._show("\n".join(lines), on=True)

    def _show(self, text: str, *, on: bool = False) -> None:
        if text != self.note.text():
            self.set_note(text)
        self._buttons.setVisible(on)

    def _button(self, text: str, signal: SignalInstance) -> Button:
        made = Button(self._theme, text, text=text, kind="outline", small=True, parent=self._buttons)
        made.clicked.connect(signal)
        return made
