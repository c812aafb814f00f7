"""One conversation while it is open: its turns, and the answer that is on its way.

Events of the session become turns; pieces pile up and are shown at most once in a frame.
"""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer, Signal

from mistral_desk.chat.events import (
    Broken,
    Ended,
    Full,
    GoingOn,
    Loading,
    Reading,
    Shortened,
    Started,
    Steered,
    Summarising,
    Thinking,
    TurnEvent,
    Writing,
)
from mistral_desk.chat.message import Conversation, ConversationSettings, Draft
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.model_ids import model_title
from mistral_desk.ui.attaching.album import Album
from mistral_desk.ui.attaching.items import Attachments
from mistral_desk.ui.chat.course import Course
from mistral_desk.ui.chat.leaving import Leaving
from mistral_desk.ui.chat.older import Older
from mistral_desk.ui.chat.stillness import Stillness
from mistral_desk.ui.chat.thoughts import Thoughts
from mistral_desk.ui.chat.turns import Turn
from mistral_desk.ui.chat.versions import Versions
from mistral_desk.ui.theme.tokens import FRAME_MS

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from mistral_desk.chat.message import Part
    from mistral_desk.ui.chat.model import ModelChoice
    from mistral_desk.ui.chat.room import Room
    from mistral_desk.ui.tasks import Tasks

log = logging.getLogger(__name__)
_FRAME_S: Final = FRAME_MS / 1000


class Chat(QObject):
    """A conversation's turns and what is being done with them."""

    added = Signal(object)
    """Turns that came at the end, as a tuple."""
    cut = Signal(object)
    """This turn and all after it are gone."""
    changed = Signal(object)
    """A turn is another; at most once in a frame."""
    busy_changed = Signal(bool)
    begun = Signal(object)
    """The `Conversation`, when its first message was stored."""
    refused = Signal(object, object)
    """A `Turn` that could not be sent (None: an answer that was asked for again), and why."""
    ended = Signal(object)
    """An answer is over."""
    swapped = Signal(object, object)
    """This turn and all after it gave way to these: another version."""
    preceded = Signal(object)
    """Turns were read that stand before all others: a list."""
    told = Signal(object)
    """`Full`, `Summarising` or `Shortened`: what becomes of a chat that does not fit into the context."""
    branched = Signal(object)
    """The `Conversation` that was branched off."""

    def __init__(
        self, room: Room, tasks: Tasks, model: ModelChoice, *, temporary: bool = False, album: Album | None = None
    ) -> None:
        super().__init__()
        self.room = room
        self.temporary = temporary
        self.tasks = tasks
        self._model = model
        self.conversation: Conversation | None = None
        self.turns: list[Turn] = []
        self.draft = ""
        self.stashed = ""
        self.album = album or Album(room.pictures, lambda: room.history, tasks, parent=self)
        self.attachments = Attachments(self.album, tasks, model.blindness, self)
        self.stashed_files: tuple[Part, ...] = ()
        self.editing: Turn | None = None
        self.think = False
        self.own = ConversationSettings()
        self.thoughts = Thoughts(self, tasks)
        self.versions = Versions(self, tasks)
        self.course = Course(self, model)
        self.leaving = Leaving(self, model)
        self._withheld: DeskError | None = None
        self.older = Older(self, tasks)
        self._answer: Turn | None = None
        self._aside: list[Turn] = []
        self._edited: Turn | None = None
        self._stopping = False
        self._dirty: set[Turn] = set()
        self._shown_at = self._frame_took = 0.0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._flush)
        Stillness(self, model)

    @property
    def open_thoughts(self) -> bool:
        """Whether thoughts stand open that the person neither opened nor closed."""
        return self.thoughts.by_default

    @open_thoughts.setter
    def open_thoughts(self, value: bool) -> None:
        self.thoughts.by_default = value

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self._answer is not None

    @property
    def answer(self) -> Turn | None:
        """The answer that is on its way."""
        return self._answer

    async def load(self, conversation: Conversation) -> None:
        """Read a stored conversation."""
        self.thoughts.load(await self.room.history.settings(conversation.id))
        turns = await self.older.load(conversation.id)
        self.conversation = conversation
        self.turns = turns
        self.thoughts.open(turns)

    def precede(self, turns: list[Turn]) -> None:
        """These came before all others."""
        self.thoughts.open(turns)
        self.turns[:0] = turns
        self.preceded.emit(turns)

    def recall(self, text: str, files: tuple[Part, ...]) -> None:
        """What was written here and not sent."""
        self.draft = text
        if files:
            self.attachments.set_parts(files)

    @property
    def unsent(self) -> bool:
        """Whether something was written or attached and not sent."""
        return bool(self.draft or self.attachments.items)

    def forget_draft(self) -> None:
        """All data goes."""
        self.draft = self.stashed = ""
        self.stashed_files = ()
        self.attachments.take()

    # --- what a person does -------------------------------------------------------------------------

    def send(self, text: str) -> None:
        """Ask; the text is shown at once. While an answer is on its way nothing happens."""
        if self.busy:
            return
        edited, self.editing = self.editing, None
        self._withheld = self.leaving.check(edited, edit=edited is not None)
        attached = self.attachments.take()
        draft = Draft(text, self.think, attached)
        if edited is not None and edited in self.turns and edited.message is not None:
            message = edited.message
            self._edited, self._aside = edited, self._cut(edited)
            self._ask(draft, lambda spec, model: self.room.session.edit(message, draft, model_spec=spec, model=model))
            return
        key = self.conversation.id if self.conversation else None
        last = self.turns[-1].message if self.turns else None
        self._ask(
            draft,
            lambda spec, model: self.room.session.reply(
                key, draft, model_spec=spec, model=model, after=last, settings=self.own
            ),
        )

    def again(self, turn: Turn, *, think: bool | None = None, more: bool = False) -> None:
        """Answer once more; the old version stays in the history. With `more` its thought goes on before that."""
        if self.busy or turn.message is None or turn not in self.turns:
            return
        message = turn.message
        if think is None and self._model.think_reason:
            think = False  # the answer was made by one that can
        self._withheld = self.leaving.check(turn)
        if turn.role == "assistant":
            self._aside = self._cut(turn)
        session = self.room.session

        def events(spec: Source, model: str) -> AsyncGenerator[TurnEvent, None]:
            if more:
                return session.think_more(message, model_spec=spec, model=model)
            return session.regenerate(message, model_spec=spec, model=model, think=think)

        self._start(None, events, thinks=more, thought_s=turn.thinking_s if more else 0.0)

    def go_on(self, turn: Turn) -> None:
        """Have an answer that broke off go on where it stopped."""
        if self.busy or turn.message is None or not turn.goes_on or turn is not self.turns[-1]:
            return
        message = turn.message
        turn.resume()
        self._answer = turn
        self.touch(turn)
        self.busy_changed.emit(True)
        session = self.room.session
        self.tasks.spawn(
            self._run(None, turn, lambda spec, model: session.continue_answer(message, model_spec=spec, model=model)),
            "go on",
        )

    def replace(self, turn: Turn, turns: list[Turn]) -> None:
        """This turn and all after it give way to others: another version."""
        self.thoughts.open(turns)
        self.turns[self.turns.index(turn) :] = turns
        self.swapped.emit(turn, turns)

    def stop(self) -> None:
        """End the answer that is on its way; what there is stays."""
        if self._answer is not None:
            self._stopping = True  # the session may not know of it yet
            if self._answer.message is not None:
                self.room.session.stop(self._answer.message)

    # --- what happens -------------------------------------------------------------------------------

    def _ask(self, draft: Draft, events: _Asking) -> None:
        question = Turn("user", text=draft.text, attached=draft.attached or ())
        self.turns.append(question)
        self._start(question, events, thinks=draft.think)

    def _start(self, question: Turn | None, events: _Asking, *, thinks: bool = False, thought_s: float = 0.0) -> None:
        answer = Turn("assistant", model=self._model.title, phase="waiting", thought_open=self.open_thoughts)
        answer.thinks, answer.thinking_s = thinks, thought_s
        answer.wrote, answer.host = self._model.id, self._model.host
        self.turns.append(answer)
        self._answer = answer
        self.added.emit((question, answer) if question else (answer,))
        self.busy_changed.emit(True)
        self.tasks.spawn(self._run(question, answer, events), "answer")

    async def _run(self, question: Turn | None, answer: Turn, events: _Asking) -> None:
        started = False
        try:
            model = self._model.id  # another may be chosen while this one is looked for
            if answer.message is None and model != answer.wrote and self._model.is_away:
                self._withheld = DeskError("endpoint.not_agreed", "chosen behind the question", host=self._model.host)
            async with contextlib.aclosing(events(await self._source(), model)) as coming:
                async for event in coming:
                    started = True
                    self._take(event, question, answer)
        except DeskError as error:
            if started:
                answer.end(None, error.problem)
                raise
            log.info("a message was refused: %s", error.problem.id)
            if answer.message is not None:  # it was to go on, and stays as it was
                answer.end(None, answer.problem)
                self.refused.emit(None, error)
            else:
                self._take_back(question, answer, error)
        except BaseException:
            answer.end(None)
            raise
        finally:
            self._answer = None
            self._stopping = False
            self._aside, self._edited, self._withheld = [], None, None
            self._model.progress(None)
            self._model.learn()
            self._dirty.add(answer)
            self._flush()
            self.busy_changed.emit(False)
        if started and answer in self.turns:
            self.versions.look(answer)
            if question is not None:
                self.versions.look(question)
            self.ended.emit(answer)

    async def _source(self) -> Source:
        if self._withheld is not None:
            raise self._withheld
        return await self._model.answering()

    def _take(self, event: TurnEvent, question: Turn | None, answer: Turn) -> None:
        match event:
            case Started():
                self._started(event, question, answer)
            case Loading(fraction=fraction):
                answer.phase, answer.fraction, answer.looks = "loading", fraction, self._model.looks
                self._model.progress(fraction)
            case Reading():
                answer.phase = "reading"
                new = max(1, event.total - event.cached)
                answer.fraction = max(0, event.done - event.cached) / new
                answer.seconds_left = event.seconds_left
                answer.looking = event.looking
            case Full() | Summarising() | Shortened():
                answer.phase = "full" if isinstance(event, Full) else "summing"
                answer.fraction = event.share if isinstance(event, Summarising) else 1.0
                self.told.emit(event)
            case GoingOn(thinking=thinking, text=text):
                answer.go_on(thinking, text)
            case Steered(how=how):
                answer.steer(how)
            case Thinking(text=text):
                answer.think(text)
            case Writing(text=text):
                answer.write(text)
            case Ended(message=message):
                answer.end(message)
                answer.model = model_title(message.model)
            case Broken(problem=problem, message=message):
                log.warning("an answer failed: %s", problem.id)
                answer.end(message, problem)
        self.touch(answer)

    def _started(self, event: Started, question: Turn | None, answer: Turn) -> None:
        first = self.conversation is None
        self.conversation = event.conversation
        if question is not None:
            question.message = event.user_message.id
        answer.message = event.answer_message.id
        self.course.begun(answer, thinks=event.answer_message.effort == "high")
        self._model.learn()
        if self._stopping:
            self.room.session.stop(answer.message)
        if first:
            self.begun.emit(event.conversation)

    def _take_back(self, question: Turn | None, answer: Turn, error: DeskError) -> None:
        """Nothing was stored: the text goes back to where it was written."""
        self._dirty.discard(answer)
        self._cut(question or answer)
        if self._aside:
            self.turns.extend(self._aside)
            self.added.emit(tuple(self._aside))
        if question is not None:
            self._put_back(question)
        self.refused.emit(question, error)

    def _put_back(self, question: Turn) -> None:
        """The words wait where they were written, also while another chat is shown."""
        if self._edited is not None:
            self.editing = self._edited
            self.stashed, self.stashed_files = self.draft, self.attachments.parts
            self.draft = question.text
            self.attachments.set_parts(question.attached)
            return
        if not self.draft:
            self.draft = question.text
        if not self.attachments.items:
            self.attachments.set_parts(question.attached)

    def _cut(self, turn: Turn) -> list[Turn]:
        place = self.turns.index(turn)
        gone = self.turns[place:]
        del self.turns[place:]
        self.cut.emit(turn)
        return gone

    def touch(self, turn: Turn) -> None:
        """This turn is another now; it is told with the next frame."""
        self._dirty.add(turn)
        if not self._timer.isActive():
            wait = self._shown_at + max(_FRAME_S, 2 * self._frame_took) - time.monotonic()
            self._timer.start(max(0, round(wait * 1000)))

    def _flush(self) -> None:
        self._timer.stop()
        began = time.monotonic()
        dirty, self._dirty = self._dirty, set()
        for turn in dirty:
            if turn in self.turns:
                self.changed.emit(turn)
        self._shown_at = time.monotonic()
        self._frame_took = self._shown_at - began  # a costly text is shown less often, so that the window stays alive


if TYPE_CHECKING:
    from typing import TypeAlias

    from mistral_desk.chat.session import Source

    _Asking: TypeAlias = Callable[[Source, str], AsyncGenerator[TurnEvent, None]]
