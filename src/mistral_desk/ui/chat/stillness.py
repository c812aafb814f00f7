"""Sees once a second, while an answer is on its way, whether the engine says nothing for long, or is busy for another
program; its turn says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.model import ModelChoice

LOOK_MS: Final = 1000


class Stillness(QObject):
    """Belongs to a chat."""

    def __init__(self, chat: Chat, model: ModelChoice) -> None:
        super().__init__(chat)
        self._chat, self._model = chat, model
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self._look)
        chat.busy_changed.connect(self._busy)

    def _busy(self, busy: bool) -> None:
        if busy:
            self._timer.start()
        else:
            self._timer.stop()

    def _look(self) -> None:
        turn, quiet, elsewhere = self._chat.answer, self._model.quiet, self._model.elsewhere
        if turn is not None and not turn.host and (turn.quiet, turn.behind) != (quiet, elsewhere):
            turn.quiet, turn.behind = quiet, elsewhere
            self._chat.touch(turn)
