"""What a screen reader hears of an answer by itself: why it lets one wait, that it is over, or what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import in_words
from mistral_desk.core.words import tr
from mistral_desk.ui.chat import plain_text
from mistral_desk.ui.widgets.saying import say

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.chat.turns import Turn

SPOKEN: Final = 400
"""Characters of an answer that are read out when it ends; longer ones are announced only."""
LONG_S: Final = 10
"""What a message's reading has to take at least, as far as can be told, for that to be said."""


class Telling:
    """Speaks for `ground`, in which the conversation is shown."""

    def __init__(self, ground: QWidget) -> None:
        self._ground = ground
        self._about: Turn | None = None
        self._said: set[str] = set()

    def changed(self, turn: Turn) -> None:
        """Something else may be going on; each is said once of an answer, and the thought is not read out."""
        if turn is not self._about:
            self._about, self._said = turn, set()
        what = _news(turn)
        if what and what not in self._said:
            self._said.add(what)
            self._say(tr("Thinking…") if what == "thinking" else turn.status())

    def ended(self, turn: Turn) -> None:
        """A short answer is read out, as it is shown."""
        self._about = None
        if turn.problem is not None:
            self._say(f"{tr('The answer could not be completed.')} {in_words(turn.problem, tr).in_one}")
        elif turn.ending == "stopped":
            self._say(tr("Stopped."))
        elif 0 < len(turn.text) <= SPOKEN:
            self._say("\n".join(plain_text.clean(block) for block in turn.all_blocks()))
        else:
            self._say(tr("The answer is complete."))

    def _say(self, words: str) -> None:
        say(self._ground, words)


def _news(turn: Turn) -> str:
    """What of an answer that is on its way is worth a word: that it thinks, and what makes it take long."""
    if turn.quiet is not None and turn.phase not in ("waiting", "full", "done"):
        return "quiet"
    if turn.phase == "waiting":
        return "behind" if turn.behind and not turn.host else ""
    if turn.phase == "reading":
        return "reading" if (turn.seconds_left or 0) >= LONG_S else ""
    return turn.phase if turn.phase in ("thinking", "loading", "summing") else ""
