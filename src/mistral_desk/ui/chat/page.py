"""The chat page: transcript above, composer below, and the conversation that both belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from mistral_desk.core.words import tr
from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.ui.attaching.items import cannot_see
from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.chat.away import AwayLine
from mistral_desk.ui.chat.canvas import SIDE
from mistral_desk.ui.chat.composer import Composer
from mistral_desk.ui.chat.empty import EmptyState
from mistral_desk.ui.chat.find_bar import FindBar
from mistral_desk.ui.chat.gate import open_gate, tell
from mistral_desk.ui.chat.links import allowed
from mistral_desk.ui.chat.partner_line import PartnerLine
from mistral_desk.ui.chat.telling import Telling
from mistral_desk.ui.chat.temporary import TemporaryLine
from mistral_desk.ui.chat.transcript import Transcript
from mistral_desk.ui.chat.turning import Turning
from mistral_desk.ui.theme.tokens import COLUMN, SPACE
from mistral_desk.ui.widgets.balanced import Balanced
from mistral_desk.ui.widgets.column import ScrollEdge
from mistral_desk.ui.widgets.saying import say
from mistral_desk.ui.widgets.tab_order import stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import SignalInstance
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.core.errors import DeskError
    from mistral_desk.ui.attaching.sources import Source
    from mistral_desk.ui.chat.away import Away
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.gate import Gate
    from mistral_desk.ui.chat.model import ModelChoice
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.notify import Notices
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.welcome.page import Welcome


class ChatPage(QWidget):
    """Shows one `Chat` at a time. It knows neither files nor the engine."""

    model_menu = Signal()
    sheet = Signal(object)
    """A sheet to open over the window."""
    attach_asked = Signal()
    """The person wants to choose files."""
    chat_shown = Signal(object)
    """Another `Chat` is shown."""
    draft_changed = Signal()
    """What is about to be sent is something else."""
    could_not_see = Signal(object, object)
    """The `Turn` that was taken back because the model cannot see its pictures, and why."""
    verify_asked = Signal()
    """The file of the model that answers is to be verified."""
    ask_anew = Signal(object)
    """The model that was just downloaded is to answer this `Turn`'s question."""
    leave = Signal()
    """The temporary chat is to be closed."""
    away_changed = Signal(object)
    """Where the words of the chat go now: an `Away`, or None where they stay in this program."""
    settings_asked = Signal()
    """The settings of endpoints are to be opened."""
    engines_asked = Signal()
    """Another engine is to be chosen: the one in use does not know the model."""
    endpoint_trouble = Signal(object)
    """Why an endpoint could not be asked: a `Problem`."""

    def __init__(self, theme: Theme, notices: Notices, model: ModelChoice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._notices = notices
        self._model = model
        self._chat: Chat | None = None
        self._away: Away | None = None
        self.transcript = Transcript(theme, self)
        self._telling = Telling(self.transcript)
        self.finder = FindBar(theme, self.transcript, self)
        self.empty = EmptyState(theme, self)
        self.composer = Composer(theme, self)
        self.temporary = TemporaryLine(theme, self)
        self.away = AwayLine(theme, self)
        self.partner = PartnerLine(theme, self)
        self.gate: Gate = open_gate
        """Whoever asks the person before words leave this computer."""
        self.turning = Turning(self, theme, notices)
        self.welcome: Welcome | None = None
        self._foot = Balanced(self, side=SPACE[3])
        self._lay_out()
        self._connect()
        self._restyle()
        self._model_changed()

    @property
    def model(self) -> ModelChoice:
        """Which model answers."""
        return self._model

    @property
    def chat(self) -> Chat | None:
        """The conversation that is shown."""
        return self._chat

    def show_chat(self, chat: Chat) -> None:
        """Show another conversation; the text that is being written stays with the old one."""
        if self._chat is not None:
            self._chat.draft = self.composer.text
            for signal, slot in self._links(self._chat):
                signal.disconnect(slot)
        self._chat = chat
        for signal, slot in self._links(chat):
            signal.connect(slot)
        self.composer.set_text(chat.draft)
        self.composer.show_attachments(chat.attachments)
        self.composer.edit.document().clearUndoRedoStacks()  # what another chat held does not come back here
        self.temporary.setVisible(chat.temporary)
        self.composer.set_busy(chat.busy)
        if not self._model.switch_reason:
            self.composer.think.setChecked(chat.think)
        self.turning.strip.setVisible(chat.editing is not None)
        self.transcript.branches = not chat.temporary
        self.transcript.set_busy(chat.busy)
        self.transcript.album = chat.album
        self._choose_view()  # first, so that the turns are made for the width that they will have
        self.transcript.set_turns(chat.turns)
        self.finder.close_bar()
        self._show_away(self._model.away)
        self.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)
        self.chat_shown.emit(chat)

    def set_welcome(self, welcome: Welcome | None) -> None:
        """Show this instead of the greeting until something is asked; None takes it away."""
        if self.welcome is not None:
            self._views.removeWidget(self.welcome)
            self.welcome.hide()
            self.welcome.deleteLater()
        self.welcome = welcome
        if welcome is not None:
            self._views.addWidget(welcome)
            welcome.asked.connect(self._example)
        self._choose_view()

    def ask(self, text: str) -> None:
        """Send a text as if it had been written."""
        if self._chat is not None and not self._chat.busy:
            self._chat.think = self.composer.think.isChecked()
            self._chat.send(text)

    def first_asked(self, act: Callable[[], None], turn: Turn | None = None, *, edit: bool = False) -> None:
        """Do it in the chat that is shown, once the person has agreed to what would leave this computer by it.

        `turn` is answered again or, with `edit`, said anew.
        """
        chat = self._chat

        def agreed() -> None:
            if self._chat is not chat or chat is None or chat.busy:
                return
            if (problem := self._model.held_up) is None:
                act()
            else:
                tell(self._notices, problem)

        if chat is not None and not chat.busy:
            self.gate(chat, agreed, turn, edit=edit)

    def show_hit(self, message: int, text: str) -> bool:
        """Find these words in the conversation, from this message on; False where it is not on the branch shown."""
        return self.finder.show_hit(message, text)

    def regions(self) -> list[QWidget]:
        """What F6 goes through."""
        return [self.transcript, self.composer.edit]

    # --- signals up ---------------------------------------------------------------------------------

    def _connect(self) -> None:
        self.composer.send.connect(self._send)
        self.composer.stop.connect(self.stop)
        self.composer.answer_now.connect(self.answer_now)
        self.composer.model_menu.connect(self.model_menu)
        self.composer.attach.connect(self.attach_asked)
        self.composer.pasted.connect(self.attach)
        self.composer.edit.textChanged.connect(self.draft_changed)
        self.empty.asked.connect(self._example)
        self.transcript.link.connect(self._link)
        self.transcript.answer_now.connect(self.answer_now)
        self.temporary.closed.connect(self.leave)
        self._model.changed.connect(self._model_changed)
        self._theme.changed.connect(self._restyle)

    def _links(self, chat: Chat) -> tuple[tuple[SignalInstance, Callable[..., None]], ...]:
        return (
            (chat.added, self._added),
            (chat.cut, self._cut),
            (chat.changed, self._changed),
            (chat.swapped, self._swapped),
            (chat.preceded, self._preceded),
            (chat.busy_changed, self._busy),
            (chat.refused, self._refused),
            (chat.ended, self._telling.ended),
            (chat.attachments.changed, self.draft_changed.emit),
        )

    def stop(self) -> None:
        """End the answer that is on its way."""
        if self._chat is not None:
            self._chat.stop()

    def attach(self, sources: tuple[Source, ...]) -> None:
        """Files to go with the next message."""
        if self._chat is not None:
            self._chat.attachments.add(sources)
            self.composer.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def answer_now(self) -> None:
        """End the thought and write."""
        if self._chat is not None:
            self._chat.course.answer_now()

    def _send(self) -> None:
        if self._chat is not None:
            edited = self._chat.editing
            self.first_asked(lambda: self._sent(edited), edited, edit=edited is not None)

    def _sent(self, edited: Turn | None) -> None:
        """What stands there now: somebody may have written on while the question was on its way."""
        if self._chat is None or self._chat.editing is not edited or not self.composer.can_send:
            return
        text = self.composer.text
        self.composer.set_text("")
        self.ask(text)
        if edited is not None:
            self.turning.bring_back()

    def _example(self, text: str, think: bool) -> None:
        if think and not self._model.switch_reason:
            self.composer.think.setChecked(True)
        self.first_asked(lambda: self.ask(text))

    def _link(self, address: str) -> None:
        if allowed(address):
            self.sheet.emit(LinkSheet(self._theme, address, self.window()))

    # --- what the chat says -------------------------------------------------------------------------

    def _changed(self, turn: Turn) -> None:
        self.transcript.changed(turn)
        self._telling.changed(turn)
        self.finder.changed()

    def _added(self, turns: tuple[Turn, ...]) -> None:
        self.transcript.append(*turns)
        self.finder.changed()
        self._choose_view()

    def _swapped(self, turn: Turn, turns: list[Turn]) -> None:
        self.transcript.swap(turn, turns)
        self.finder.changed()
        self.turning.gone()

    def _preceded(self, turns: list[Turn]) -> None:
        self.transcript.precede(turns)
        self.turning.look_again()
        self.finder.preceded(len(turns))

    def _cut(self, turn: Turn) -> None:
        self.transcript.remove_from(turn)
        self.finder.changed()
        self.turning.gone()
        self._choose_view()

    def _busy(self, busy: bool) -> None:
        self.composer.set_busy(busy)
        self.transcript.set_busy(busy)
        self._show_away(self._model.away)

    def _refused(self, question: Turn | None, error: DeskError) -> None:
        if question is not None and self._chat is not None:
            edited = self._chat.editing is not None
            if edited:
                self._chat.stashed = self.composer.text
                self.turning.strip.show()
            if edited or not self.composer.text:
                self.composer.set_text(question.text)
        if cannot_see(error.problem):
            self.could_not_see.emit(question, error.problem)
        elif error.problem.id.startswith("endpoint."):
            self.endpoint_trouble.emit(error.problem)
        else:
            tell(self._notices, error.problem)

    def _model_changed(self) -> None:
        away, shared = self._model.away, self._model.shared
        self.composer.model.set_model(
            self._model.short, self._model.fraction, resting=self._model.resting, away=bool(away or shared)
        )
        self._show_away(away)
        self.empty.show_questions(guide=self._model.id == BUILTIN)
        self.composer.set_think_reason(self._model.switch_reason, on=self._model.always_thinks)
        self._say_foot()

    def _say_foot(self) -> None:
        away, shared = self._model.away, self._model.shared
        if away is not None:
            self._foot.setText(away.foot)
        elif shared and self._views.currentWidget() is not self.empty:  # which says it in the promise's place
            self._foot.setText(shared)
        elif self._model.resting:
            self._foot.setText(tr("The model rests and leaves its memory to other programs. It loads when you type."))
        elif self._model.id == BUILTIN:
            self._foot.setText(tr("The Guide is a small model that knows this app and little else."))
        else:
            self._foot.setText(tr("Models make mistakes. Check what matters."))

    def _show_away(self, away: Away | None) -> None:
        if away is not None and away != self._away:  # who does not see it hears it
            say(self.away, away.line)
        self._away = away
        self.composer.set_away(away)
        self.away.show_away(away, self._chat.leaving.new() if away is not None and self._chat is not None else 0)
        self.temporary.show_away(away)
        self.empty.show_away(away, self._model.shared)
        if away is not None and self.welcome is not None:
            self.set_welcome(None)  # it speaks of the Guide and of this computer
        self.away_changed.emit(away)

    def _choose_view(self) -> None:
        empty = self._chat is None or not self._chat.turns
        self._views.setCurrentWidget((self.welcome or self.empty) if empty else self.transcript)
        self._say_foot()

    # --- look ---------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._views = QStackedWidget(self)
        self._views.addWidget(self.empty)
        self._views.addWidget(self.transcript)
        ScrollEdge(self._theme, self.transcript)
        column = QVBoxLayout()
        column.setSpacing(SPACE[0])
        column.setContentsMargins(0, 0, 0, SPACE[2])
        column.addWidget(self.temporary)
        column.addWidget(self.partner)
        column.addWidget(self.away)
        column.addWidget(self.turning.strip)
        column.addWidget(self.composer)
        column.addWidget(self._foot)
        self.temporary.hide()
        row = QHBoxLayout()
        row.setContentsMargins(SIDE - 6, 0, SIDE - 6, 0)
        row.addStretch(1)
        row.addLayout(column, 1000)
        row.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addWidget(self.finder)
        whole.addWidget(self._views, 1)
        whole.addLayout(row)
        stack(whole)

    def _restyle(self) -> None:
        self._foot.setFont(self._theme.font("small"))
        palette = self._foot.palette()
        palette.setColor(self._foot.foregroundRole(), self._theme.colour("muted"))
        self._foot.setPalette(palette)
        widest = round(COLUMN * max(1.0, self._theme.text_size / 100)) + 12
        for widget in (self.composer, self.temporary, self.partner, self.away, self.turning.strip, self._foot):
            widget.setMaximumWidth(widest)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The canvas."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("canvas"))
        painter.end()
