"""Settings → Downloads: the access token for the hub, tested before it is kept, replaced and forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Signal

from mistral_desk.core.words import mark, tr
from mistral_desk.ui.downloads.token_field import TokenField
from mistral_desk.ui.settings.rows import Row, Section
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from PySide6.QtGui import QShowEvent

    from mistral_desk.ui.theme.theme import Theme

WHAT: Final = mark("Only for models that ask for your agreement first. It is sent to {host} alone.")
STATES: Final = {
    "none": mark("There is none."),
    "keyring": mark("There is one, kept in this computer's keyring."),
    "session": mark("There is one for this run only: this computer has no keyring that opens."),
    "environment": mark("The environment variable HF_TOKEN brings one; it is used and never stored."),
}


class TokenRow(Row):
    """Shows that there is one, never which."""

    opened = Signal()
    """It is seen: say how it is."""
    given = Signal(str)
    forgotten = Signal()
    page_asked = Signal()

    def __init__(self, theme: Theme, section: Section) -> None:
        text = tr("Make one…")
        name = tr("{what}: {file}", what=text, file=tr("Access token"))
        self._make = Button(theme, name, text=text, kind="outline", parent=section)
        super().__init__(theme, tr("Access token"), " ", self._make, more=tr("Hugging Face"), parent=section)
        text = tr("Forget it")
        name = tr("{what}: {file}", what=text, file=tr("Access token"))
        self.forget = Button(theme, name, text=text, kind="outline", parent=section)
        self.forget.setToolTip("")
        self.add_before(self.forget)
        self.forget.hide()
        self._make.clicked.connect(self.page_asked)
        self.forget.clicked.connect(self.forgotten)
        self.field = TokenField(theme, self)
        self.field.given.connect(self.given)
        self.words.addSpacing(SPACE[0])
        self.words.addWidget(self.field)

    def show_state(self, state: str, host: str, page: str) -> None:
        """Where it is kept; for whom it is."""
        self.set_note(f"{tr(WHAT, host=host)}\n{tr(STATES[state])}")
        self._make.setToolTip(page)
        self.forget.setVisible(state in ("keyring", "session"))
        self.field.setVisible(state != "environment")

    def showEvent(self, event: QShowEvent) -> None:
        """It may have changed meanwhile."""
        super().showEvent(event)
        self.opened.emit()
