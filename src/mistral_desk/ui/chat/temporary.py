"""The sign over the composer of a chat that is kept nowhere, and the way out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.core.words import tr
from mistral_desk.ui.widgets.strip import Strip

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.chat.away import Away
    from mistral_desk.ui.theme.theme import Theme


class TemporaryLine(Strip):
    """Stands there as long as the chat does."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, "temporary", "", name=tr("Close the temporary chat"), text=tr("Close"), parent=parent)
        self.show_away(None)

    def show_away(self, away: Away | None) -> None:
        """What is kept of it, where a model elsewhere answers too."""
        if away is None or away.reason:
            self.set_words(tr("Temporary chat: it is kept nowhere and is gone when you close it."))
        else:
            words = tr(
                "Temporary chat: Mistral Desk keeps nothing of it. What {host} keeps is not known.", host=away.host
            )
            self.set_words(words)
