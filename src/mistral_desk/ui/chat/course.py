"""The course of a thought in a chat: *Answer now* and *Think more* while it runs, and more of a finished one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.model import ModelChoice
    from mistral_desk.ui.chat.turns import Turn


class Course:
    """Belongs to a chat."""

    def __init__(self, chat: Chat, model: ModelChoice) -> None:
        self._chat, self._model = chat, model

    def answer_now(self) -> None:
        """End the thought and write; where the model has yet to begin it, it answers without. A server is told nothing
        in the midst of an answer.
        """
        answer = self._chat.answer
        if answer is not None and not answer.host and (answer.phase == "thinking" or answer.ahead_of_thought):
            answer.hurried, answer.more_asked = True, False
            self._chat.touch(answer)
            self._tell(answer)

    def more(self, turn: Turn) -> None:
        """Have the thought that runs go on when the model would close it; of a finished answer, make a version with
        more of its thought.
        """
        chat = self._chat
        if turn is chat.answer:
            if turn.host:
                return
            if turn.phase == "thinking" and turn.message is not None and not turn.hurried and not turn.more_asked:
                turn.more_asked = True
                chat.touch(turn)
                chat.room.session.go_on_thinking(turn.message)
        elif turn.role == "assistant" and self._model.thinks:
            chat.again(turn, more=True)

    def begun(self, answer: Turn, *, thinks: bool) -> None:
        """The session knows of this answer now, and whether it is made with a thought."""
        answer.thinks = thinks or self._model.always_thinks
        if answer.hurried:
            self._tell(answer)

    def _tell(self, answer: Turn) -> None:
        if answer.message is not None:
            self._chat.room.session.answer_now(answer.message)
