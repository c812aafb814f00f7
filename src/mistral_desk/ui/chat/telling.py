"""What a screen reader hears of an answer by itself: that it thinks, that it is over, or what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.chat.turns import Turn

SPOKEN: Final = 400
"""Characters of an answer that are read out when it ends; longer ones are announced only."""


class Telling:
    """Speaks for `ground`, in which the conversation is shown."""

    def __init__(self, ground: QWidget) -> None:
        self._ground = ground
        self._thinks: Turn | None = None

    def changed(self, turn: Turn) -> None:
        """It may have begun to think; that is said once, and the thought is not read out."""
        if turn.phase == "thinking" and turn is not self._thinks:
            self._thinks = turn
            self._say(tr("Thinking…"))

    def ended(self, turn: Turn) -> None:
        """A short answer is read out."""
        self._thinks = None
        if turn.problem is not None:
            self._say(f"{tr('The answer could not be completed.')} {in_words(turn.problem, tr).in_one}")
        elif turn.ending == "stopped":
            self._say(tr("Stopped."))
        elif 0 < len(turn.text) <= SPOKEN:
            self._say(turn.text)
        else:
            self._say(tr("The answer is complete."))

    def _say(self, words: str) -> None:
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self._ground, words))
