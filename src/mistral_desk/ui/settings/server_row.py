"""Settings → Server: whether our server listens, where, what it is doing, and the token to copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QWidget

from mistral_desk.core.words import tr, trn
from mistral_desk.ui.settings.rows import Row, Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.focus import has_keyboard

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance

    from mistral_desk.core.errors import Words
    from mistral_desk.ui.theme.theme import Theme


class ServerRow(Row):
    """Shows where programs ask; the token is copied, never shown."""

    again = Signal()
    address_copied = Signal()
    token_copied = Signal()
    renewed = Signal()

    def __init__(self, theme: Theme, section: Section) -> None:
        super().__init__(theme, tr("For other programs"), " ", more=tr("OpenAI API"), copied=True, parent=section)
        self._buttons = QWidget(self)
        flow = FlowLayout(self._buttons, spacing=SPACE[1])
        self.retry = self._button(tr("Try again"), self.again)
        self.address = self._button(tr("Copy address"), self.address_copied)
        self.token = self._button(tr("Copy token"), self.token_copied)
        self.renew = self._button(tr("New token"), self.renewed)
        self.renew.setToolTip(tr("Programs that know the old one are let in no more"))
        for button in (self.retry, self.address, self.token, self.renew):
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
        """It is on its way; whoever has it tried again waits at the button."""
        self._show(tr("Starting…"), *([] if self.retry.isHidden() else [self.retry]))

    def show_trouble(self, words: Words) -> None:
        """Why it does not listen."""
        self._show(words.in_one, self.retry)

    def show_on(self, address: str, answering: str, waiting: int, *, lasts: bool) -> None:
        """Where it listens, which model answers a program just now, how many wait, and whether the token lasts."""
        lines = [tr("Programs ask at {address}", address=address)]
        if answering:
            lines.append(tr("{model} is answering a program.", model=answering))
        if waiting:
            lines.append(trn("{n} request waits.", "{n} requests wait.", waiting))
        if not lasts:
            lines.append(tr("This computer has no keyring that opens, so a new token is made at each start."))
        held = has_keyboard(self.retry)
        self._show("\n".join(lines), self.address, self.token, self.renew)
        if held:
            self.address.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, text: str, *ways: Button) -> None:
        """The words, and below them what can be done."""
        if text != self.note.text():
            self.set_note(text)
        for button in (self.retry, self.address, self.token, self.renew):
            button.setVisible(button in ways)
        self._buttons.setVisible(bool(ways))

    def _button(self, text: str, signal: SignalInstance) -> Button:
        made = Button(self._theme, text, text=text, kind="outline", small=True, parent=self._buttons)
        made.clicked.connect(signal)
        return made
