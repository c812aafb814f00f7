"""What a person does with what was said already: edit it, have it answered again, go on, another version, a branch.

While a message is edited the composer holds its words, and a line above says so; what was being written comes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mistral_desk.core.errors import Words
from mistral_desk.core.words import tr
from mistral_desk.ui.chat.troubles import left_alone, needs_engine
from mistral_desk.ui.chat.turn_view import AnswerView
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.widgets.strip import Strip

if TYPE_CHECKING:
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.page import ChatPage
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.notify import Notices
    from mistral_desk.ui.theme.theme import Theme


class Turning(QObject):
    """Belongs to the page. `strip` is the line above the composer."""

    def __init__(self, page: ChatPage, theme: Theme, notices: Notices) -> None:
        super().__init__(page)
        self._page, self._notices = page, notices
        words = tr("Editing an earlier message; the answers after it stay as another version.")
        self.strip = Strip(theme, "edit", words, name=tr("Cancel editing"), text=tr("Cancel"), parent=page)
        self.strip.hide()
        self.strip.closed.connect(self.cancel)
        page.composer.edit_last.connect(self.edit_last)
        page.composer.think_toggled.connect(self._think_toggled)
        page.model.changed.connect(self.look_again)
        transcript = page.transcript
        transcript.again.connect(self.again)
        transcript.go_on.connect(self.go_on)
        transcript.branch.connect(self.branch)
        transcript.edit.connect(self.edit)
        transcript.version.connect(self._version)
        transcript.shown.connect(self._shown)
        transcript.thought_toggled.connect(self._thought_toggled)

    # --- editing ------------------------------------------------------------------------------------

    def edit(self, turn: Turn) -> None:
        """Put a message's words and files into the composer, to be sent as another version."""
        chat, composer = self._page.chat, self._page.composer
        if chat is None or turn.message is None or turn is chat.editing:
            return
        if chat.editing is None:
            chat.stashed = composer.text
            chat.stashed_files = chat.attachments.parts
        chat.editing = turn
        composer.set_text(turn.text)
        chat.attachments.set_parts(turn.attached)
        self.strip.show()
        composer.edit.setFocus()

    def edit_last(self) -> None:
        """Edit what the person said last."""
        chat = self._page.chat
        if chat is not None:
            last = next((turn for turn in reversed(chat.turns) if turn.role == "user"), None)
            if last is not None:
                self.edit(last)

    def cancel(self) -> None:
        """Leave the old message as it was."""
        chat = self._page.chat
        if chat is not None and chat.editing is not None:
            chat.editing = None
            self.bring_back()
            self._page.composer.edit.setFocus()

    def bring_back(self) -> None:
        """The edit is over: what was being written before it is there again."""
        chat = self._page.chat
        self.strip.hide()
        if chat is not None:
            self._page.composer.set_text(chat.stashed)
            chat.attachments.clear()
            chat.attachments.set_parts(chat.stashed_files)
            chat.stashed, chat.stashed_files = "", ()

    def gone(self) -> None:
        """Turns have left the conversation; an edit of one of them ends."""
        chat = self._page.chat
        if chat is not None and chat.editing is not None and chat.editing not in chat.turns:
            self.cancel()

    # --- answers ------------------------------------------------------------------------------------

    def again(self, turn: Turn) -> None:
        """Another answer to the same."""
        chat = self._page.chat
        if turn.anew:
            turn.anew = False
            self._page.ask_anew.emit(turn)
        elif turn.mend:
            turn.mend = False
            signal = self._page.engines_asked if needs_engine(turn.problem) else self._page.settings_asked
            signal.emit()
        elif turn.verify:
            turn.verify = False
            self._page.verify_asked.emit()
        elif chat is not None:
            if left_alone(turn.problem):
                self._page.model.once_more()
            think = self._page.composer.think.isChecked() or None
            self._page.first_asked(lambda: chat.again(turn, think=think), turn)

    def go_on(self, turn: Turn) -> None:
        """The answer goes on where it broke off."""
        if self._page.chat is not None:
            self._page.chat.go_on(turn)

    def branch(self, turn: Turn) -> None:
        """A new chat that begins with this one up to here."""
        if self._page.chat is not None:
            self._page.chat.versions.branch(turn)

    def _version(self, turn: Turn, step: int) -> None:
        if self._page.chat is not None:
            self._page.chat.versions.show(turn, step)

    def _shown(self, turn: Turn) -> None:
        chat = self._page.chat
        if chat is not None and turn in chat.turns:
            chat.versions.look(turn)
        view = self._page.transcript.view(turn)
        if isinstance(view, AnswerView):
            view.think_more.connect(self.think_more)
            view.set_model(self._page.model)
            view.set_before(self._before(turn))

    def look_again(self) -> None:
        """Another model would answer, or what stands above the answers is known now."""
        for _, view in self._page.transcript.living():
            if isinstance(view, AnswerView):
                view.set_model(self._page.model)
                view.set_before(self._before(view.turn))

    def _before(self, turn: Turn) -> str:
        """Who wrote the answer before this one, as it is stored; empty where none stands there."""
        turns = self._page.transcript.turns
        above = turns[: turns.index(turn)] if turn in turns else ()
        return next((one.wrote for one in reversed(above) if one.role == "assistant"), "")

    # --- thoughts -----------------------------------------------------------------------------------

    @property
    def thinkable(self) -> Turn | None:
        """The answer whose thought can go on: the one that is on its way while it thinks, else the last one."""
        chat, model = self._page.chat, self._page.model
        if chat is None or not chat.turns:
            return None
        if chat.answer is not None:
            goes_on = chat.answer.phase == "thinking" and model.deepens and not chat.answer.host
            return chat.answer if goes_on else None
        last = chat.turns[-1]
        may = model.thinks and (model.deepens or not last.thinking)
        return last if last.role == "assistant" and last.text and may else None

    def think_more(self, turn: Turn | None = None) -> None:
        """Have the thought of this answer, else of the one that the keyboard means, go on."""
        chat, turn = self._page.chat, turn or self.thinkable
        if chat is not None and turn is not None:
            chat.course.more(turn)

    def _thought_toggled(self, turn: Turn) -> None:
        if self._page.chat is not None:
            self._page.chat.thoughts.keep(turn)

    def _think_toggled(self, on: bool) -> None:
        """The switch speaks of the next message. Switched off before or in a thought it ends that; switched on in an
        answer that is made without, or whose thought was ended, it offers to start over.
        """
        chat = self._page.chat
        if chat is None:
            return
        chat.think = on
        answer = chat.answer
        if answer is None:
            return
        if not on:
            chat.course.answer_now()
        elif answer.host and answer.thinking:
            return
        elif answer.phase != "thinking" and (answer.hurried or not answer.thinks):
            self._offer(chat, answer)

    def _offer(self, chat: Chat, answer: Turn) -> None:
        ask, why, act = tr("Start over with thinking?"), tr("This answer is made without."), tr("Start over")
        if answer.thinking and not self._page.model.deepens:
            return
        if answer.thinking:
            ask, why, act = tr("Go on with the thinking?"), tr("It was ended for this answer."), tr("Think more")
        self._notices.show(Notice("info", Words(ask, why, ""), act, lambda: self._anew(chat, answer), 12))

    def _anew(self, chat: Chat, answer: Turn) -> None:
        """Another version with a thought, or with more of it, as soon as this one has stopped; it stays."""
        if answer not in chat.turns:
            return

        def make() -> None:
            if answer.thinking:
                chat.course.more(answer)
            else:
                self._page.first_asked(lambda: chat.again(answer, think=True), answer)

        if not answer.live:
            make()
            return

        def then(ended: Turn) -> None:
            if ended is answer:
                chat.ended.disconnect(then)
                make()

        chat.ended.connect(then)
        chat.stop()
