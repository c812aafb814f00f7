"""Settings → Endpoints: what an endpoint is, and a row for each: where it is, its key's place, what was agreed to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from mistral_desk.core.words import mark, tr, trn
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.focus import set_possible
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from PySide6.QtCore import SignalInstance
    from PySide6.QtGui import QShowEvent

    from mistral_desk.net.endpoints.record import Endpoint
    from mistral_desk.net.secrets import Where
    from mistral_desk.ui.settings.rows import Section
    from mistral_desk.ui.theme.theme import Theme

WHAT: Final = mark(
    "An endpoint is a server that answers in the OpenAI protocol: on a second computer of yours, or in a data centre. "
    "Its models stand in the menu of models under a heading of their own. While one of them is chosen, what you "
    "send leaves this computer, in whichever chat; the others stay here."
)
KEYS: Final = {
    "none": mark("It is asked without a key."),
    "keyring": mark("Its key is in this computer's keyring."),
    "lost": mark("Its key was kept for one run only. Enter it again with “Change…”."),
    "session": mark("Its key is kept for this run only: this computer has no keyring that opens."),
    "environment": mark("Its key comes from an environment variable; it is used and never stored."),
}


class EndpointsIntro(Row):
    """What endpoints are, and the button that adds one."""

    add_asked = Signal()

    def __init__(self, theme: Theme, section: Section) -> None:
        words = tr("Add an endpoint…")
        self.button = Button(theme, words, text=words, kind="outline", parent=section)
        self.button.setToolTip("")
        super().__init__(theme, tr("What an endpoint is"), tr(WHAT), self.button, more=tr("OpenAI API"), parent=section)
        self.button.clicked.connect(self.add_asked)


class EndpointRow(Row):
    """One endpoint; its key is never shown."""

    opened = Signal(str)
    """It is seen: say where its key is."""
    test_asked = Signal(str)
    change_asked = Signal(str)
    revoked = Signal(str)
    remove_asked = Signal(str)

    def __init__(self, theme: Theme, endpoint: Endpoint, section: QWidget) -> None:
        super().__init__(theme, endpoint.name, " ", more=endpoint.host, copied=True, parent=section)
        self.endpoint = endpoint
        self._where: Where | None = None
        self._offline = False
        self.told = Label(theme, "", "small", ink="muted", wrap=True, parent=self)
        self.told.hide()
        self._buttons = QWidget(self)
        self._flow = FlowLayout(self._buttons, spacing=SPACE[1])
        self.test = self._button(tr("Test"), self.test_asked)
        self.change = self._button(tr("Change…"), self.change_asked)
        self.revoke = self._button(tr("Ask me again"), self.revoked)
        self.revoke.setToolTip(tr("Takes back that your messages may go there; you are asked before the next one."))
        self.remove = self._button(tr("Remove…"), self.remove_asked)
        self.words.addWidget(self.told)
        self.words.addSpacing(SPACE[0])
        self.words.addWidget(self._buttons)
        self._show()

    def show_state(self, endpoint: Endpoint, where: Where | None, *, offline: bool) -> None:
        """How it is now; `where` its key is, None while that is not known."""
        self.endpoint, self._where, self._offline = endpoint, where or self._where, offline
        self.label.setText(endpoint.name)
        self._show()

    def tell(self, text: str, ink: str = "muted") -> None:
        """What came of a test."""
        self.told.tell(text, ink)

    def set_busy(self, *, busy: bool) -> None:
        """It is being tested."""
        set_possible(self.test, possible=not busy and not self._offline)
        if busy:
            self.tell(tr("Testing…"))

    def showEvent(self, event: QShowEvent) -> None:
        """It may have changed meanwhile."""
        super().showEvent(event)
        self.opened.emit(self.endpoint.id)

    def _show(self) -> None:
        endpoint = self.endpoint
        models = trn("{n} model", "{n} models", len(endpoint.models))
        named = endpoint.name != endpoint.host  # else the row's title says where it is
        lines = [tr("{host} · {models}", host=endpoint.host, models=models) if named else models]
        if not endpoint.encrypted:
            lines.append(tr("The line is not encrypted: others in this network could read along."))
        if self._where is not None:
            lines.append(tr(KEYS["lost" if self._where == "none" and endpoint.brief else self._where]))
        if self._offline:
            lines.append(tr("It is not asked while Mistral Desk works offline."))
        elif endpoint.agreed:
            lines.append(tr("You have agreed that the chats with its models go there."))
        else:
            lines.append(tr("You are asked before the first message goes there."))
        self.set_note("\n".join(lines))
        held = self.revoke.hasFocus()
        self.revoke.setVisible(endpoint.agreed)
        if held and not endpoint.agreed:
            self.change.setFocus()
        self.test.setEnabled(not self._offline)

    def _button(self, text: str, signal: SignalInstance) -> Button:
        name = tr("{what}: {file}", what=text, file=self.endpoint.name)
        made = Button(self._theme, name, text=text, kind="outline", small=True, parent=self._buttons)
        made.setToolTip("")
        made.clicked.connect(lambda: signal.emit(self.endpoint.id))
        self._flow.addWidget(made)
        return made
