"""A person's side of a chat: send, edit, answer again, stop. A message is on the disk before the model is touched.

Each method that answers is an async iterator of `events`; closing it stops the engine and keeps what there is.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.chat.events import Broken, Ended, GoingOn, Loading, Reading, Started, Thinking, TurnEvent, Writing
from mistral_desk.chat.going_on import BROKEN_OFF
from mistral_desk.chat.parts import attached_to, pictures_in
from mistral_desk.chat.prompting import check_draft
from mistral_desk.chat.running import EngineDoor, Maker, RunningTurn, Source, Wish
from mistral_desk.chat.shortening import Shortening
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Effort, Sampling
from mistral_desk.inference.thought_messages import Budget
from mistral_desk.net.endpoints.record import EndpointModel

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from mistral_desk.chat.elsewhere.door import EndpointDoor
    from mistral_desk.chat.elsewhere.doors import Doors
    from mistral_desk.chat.history import History
    from mistral_desk.chat.message import Conversation, ConversationSettings, Draft, Message, Part, WhenFull
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.core.errors import Problem

__all__ = [
    "Broken",
    "Ended",
    "EngineDoor",
    "GoingOn",
    "Loading",
    "Reading",
    "Session",
    "Source",
    "Started",
    "Thinking",
    "TurnEvent",
    "Writing",
]

_DEFAULT: Final = Sampling()


class Session:
    """Answers drafts, one at a time: a second one waits, its message already saved. Close it before the engine."""

    def __init__(
        self,
        history: History,
        engine: EngineDoor,
        engine_free: asyncio.Lock | None = None,
        pictures: Gallery | None = None,
        *,
        thought_limit: Callable[[], Budget] = Budget,
        elsewhere: Doors | None = None,
    ) -> None:
        """Sessions that share an engine share `engine_free` too: it answers one at a time. `elsewhere` is how endpoints
        are asked, without it none is.

        `pictures` is where the pictures of this history's messages are. `thought_limit` is how long a thought may be
        where a chat says nothing of it.
        """
        self._thought_limit = thought_limit
        self._history = history
        self._engine = engine
        self._pictures = pictures
        self._turns: list[RunningTurn] = []
        self._beginning, self._none_begins, self._ending = 0, asyncio.Event(), 0
        self._engine_free = engine_free or asyncio.Lock()
        self.elsewhere, self._free_elsewhere = elsewhere, asyncio.Lock()

    async def reply(
        self,
        conversation_id: int | None,
        draft: Draft,
        *,
        model_spec: Source,
        model: str = "",
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
        settings: ConversationSettings | None = None,
        after: int | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Save the draft at the end of the conversation's branch (None: of a new one) and answer it.

        `after` is the message that the person sees last; None: the end of the branch that is stored as shown.
        `model` is the id that is stored with the answer (else the file's path); `settings` are those of a new
        conversation. Raises `prompt.empty`, `prompt.too_big`, `prompt.too_many_pictures`, `history.…`,
        `endpoint.not_here`, and what a model that cannot see says of pictures (`model.no_eyes`, `model.eyes_off`,
        `projector.…`), before anything is stored; after `Started` every failure is a `Broken`. Leaving the iterator
        (`aclose`, a cancelled task) stops the engine and keeps what there is.
        """
        check_draft(draft)
        with self._begins():
            await self._check(model_spec, draft.attached or ())
            begun = await self._history.begin_turn(
                conversation_id,
                draft.text,
                attached=draft.attached or (),
                parent="leaf" if after is None else after,
                model=model or _name(model_spec),
                effort=draft.effort,
                settings=settings,
            )
        async with contextlib.aclosing(self._answer(begun, Wish(model_spec, sampling, max_tokens))) as events:
            async for event in events:
                yield event

    async def edit(
        self,
        message_id: int,
        draft: Draft,
        *,
        model_spec: Source,
        model: str = "",
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Answer another wording of a person's message: a new version beside it. As `reply` otherwise.

        Its pictures and files stay, unless the draft says which it has now.
        """
        with self._begins():
            old = await self._history.message(message_id)
            attached = attached_to(old) if draft.attached is None else draft.attached
            check_draft(msgspec.structs.replace(draft, attached=attached))
            await self._check(model_spec, attached)
            if old.role != "user":
                raise DeskError("history.missing", f"message {message_id} is no person's message")
            begun = await self._history.begin_turn(
                old.conversation,
                draft.text,
                attached=attached,
                parent=old.parent,
                model=model or _name(model_spec),
                effort=draft.effort,
            )
        async with contextlib.aclosing(self._answer(begun, Wish(model_spec, sampling, max_tokens))) as events:
            async for event in events:
                yield event

    async def regenerate(
        self,
        message_id: int,
        *,
        model_spec: Source,
        model: str = "",
        think: bool | None = None,
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Answer again: a new version beside the answer `message_id` (or below that message of a person).

        `think` None: as the answer was made before. As `reply` otherwise.
        """
        with self._begins():
            old = await self._history.message(message_id)
            asked = old.parent if old.role == "assistant" else old.id
            if asked is None or old.role == "system":
                raise DeskError("history.missing", f"message {message_id} answers nothing")
            await self._check(model_spec, (await self._history.message(asked)).parts)
            effort: Effort = old.effort if think is None else ("high" if think else "none")
            begun = await self._history.begin_version(asked, model=model or _name(model_spec), effort=effort)
        async with contextlib.aclosing(self._answer(begun, Wish(model_spec, sampling, max_tokens))) as events:
            async for event in events:
                yield event

    async def think_more(
        self,
        message_id: int,
        *,
        model_spec: Source,
        model: str = "",
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """A new version beside an answer: its thought is kept and goes on, then it is answered anew.

        One that has no thought is answered again, with one. Raises `endpoint.cannot`; as `reply` otherwise.
        """
        _must_be_here(model_spec)
        with self._begins():
            old = await self._history.message(message_id)
            if old.role != "assistant" or old.parent is None:
                raise DeskError("history.missing", f"message {message_id} answers nothing")
            await self._check(model_spec, (await self._history.message(old.parent)).parts)
            begun = await self._history.begin_version(old.parent, model=model or _name(model_spec), effort="high")
        wish = Wish(model_spec, sampling, max_tokens, rethinks=old if old.thinking else None)
        async with contextlib.aclosing(self._answer(begun, wish)) as events:
            async for event in events:
                yield event

    async def continue_answer(
        self,
        message_id: int,
        *,
        model_spec: Source,
        model: str = "",
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Go on with an answer that broke off, in the same message, exactly where it stopped.

        `max_tokens` are new ones. Another model than the one that began reads it anew, and is named beside it. Where
        nothing comes of it, the answer stays as it was. Raises `history.missing` where the answer is complete, is
        being written, or something follows it, and `endpoint.cannot`; as `reply` otherwise.
        """
        _must_be_here(model_spec)
        with self._begins():
            asked = (await self._history.message(message_id)).parent
            if asked is None:
                raise DeskError("history.missing", f"message {message_id} answers nothing")
            user = await self._history.message(asked)
            await self._check(model_spec, user.parts)
            conversation = await self._history.conversation(user.conversation)
            answer = await self._history.message(message_id)  # behind it nothing waits until it is among the turns
            if answer.role != "assistant" or answer.ending not in BROKEN_OFF or conversation.leaf != message_id:
                raise DeskError("history.missing", f"message {message_id} is complete, or not the last one")
            if any(turn.answer.id == message_id for turn in self._turns):
                raise DeskError("history.missing", f"message {message_id} is being written")
        wish = Wish(model_spec, sampling, max_tokens, model or _name(model_spec), goes_on=True)
        async with contextlib.aclosing(self._answer((conversation, user, answer), wish)) as events:
            async for event in events:
                yield event

    @property
    def running(self) -> int | None:
        """The id of the answer that is being made, None when there is none.

        Any other answer whose ending is `unfinished` was cut off when the app was killed: show it as stopped.
        """
        return next((turn.answer.id for turn in self._turns if not turn.is_over), None)

    def stop(self, answer: int | None = None) -> None:
        """Stop this answer, whether it is loaded for, generated or waits; it ends as `stopped` with what it has. None:
        every answer.
        """
        for turn in tuple(self._turns):
            if answer in {None, turn.answer.id}:
                turn.stop()

    def answer_now(self, answer: int | None = None) -> None:
        """Have the model close its thought and answer, also where it has not begun to think yet. None: every answer."""
        for turn in self._turns:
            if answer in {None, turn.answer.id}:
                turn.answer_now()

    def go_on_thinking(self, answer: int) -> None:
        """Have the thought of this answer go on where the model would close it next."""
        for turn in self._turns:
            if answer == turn.answer.id:
                turn.go_on_thinking()

    def shortening(self) -> Shortening:
        """Makes room in a chat before it is full."""
        return Shortening(self._history, self._engine, self._engine_free, self._pictures)

    def decide(self, what: WhenFull, answer: int | None = None) -> None:
        """Reply to `Full`: what gives way in a full context. `stop` (or `ask`) ends that turn with the reason. `answer`
        None: for each that asks.
        """
        for turn in tuple(self._turns):
            if answer in {None, turn.answer.id}:
                turn.decide(what)

    async def close(self) -> None:
        """Stop everything; returns when the answers are saved as far as they came, those that just begin as well. What
        is asked later is stored, and stopped.
        """
        self._ending += 1
        while self._turns or self._beginning:
            self.stop()
            if tasks := {turn.task for turn in self._turns}:
                await asyncio.wait(tasks)
            else:
                await self._none_begins.wait()

    async def quiet(self) -> None:
        """As `close`, but what is asked later is answered."""
        try:
            await self.close()
        finally:
            self._ending -= 1

    @contextlib.contextmanager
    def _begins(self) -> Iterator[None]:
        """While an answer is being begun: its turn is not there yet, and the history must not go."""
        self._beginning += 1
        self._none_begins.clear()
        try:
            yield
        finally:
            self._beginning -= 1
            if not self._beginning:
                self._none_begins.set()

    async def blindness(self, source: Source) -> Problem | None:
        """Why a model cannot see pictures, as far as that is known before it is asked; None where it can, or may."""
        if isinstance(source, EndpointModel):
            return await self._at(source).blindness()
        return await self._engine.blindness(source)

    async def _check(self, source: Source, parts: Sequence[Part]) -> None:
        """Raise why it cannot be asked this, as far as that is known before anything is stored and loaded: endpoints
        are not asked here, or the model cannot see pictures among these parts.
        """
        self._maker(source)
        if pictures_in(parts) and (problem := await self.blindness(source)):
            raise DeskError.of(problem)

    def _at(self, source: EndpointModel) -> EndpointDoor:
        if self.elsewhere is None:
            raise DeskError("endpoint.not_here", name=source.model.name)
        return self.elsewhere.door(source)

    def _maker(self, source: Source) -> Maker:
        """Who answers. One that is elsewhere does not wait for the engine, nor the engine for it."""
        if isinstance(source, EndpointModel):
            door = self._at(source)
            return Maker(door, door.ensure, self._free_elsewhere)
        return Maker(self._engine, partial(self._engine.ensure, source), self._engine_free)

    async def _answer(
        self, begun: tuple[Conversation, Message, Message], wish: Wish
    ) -> AsyncGenerator[TurnEvent, None]:
        conversation, user, answer = begun
        turn = RunningTurn(
            history=self._history,
            maker=self._maker(wish.spec),
            pictures=self._pictures,
            user=user,
            answer=answer,
            wish=wish,
            thought_limit=self._thought_limit,
        )
        if self._ending:
            turn.stop()
        self._turns.append(turn)
        turn.task.add_done_callback(lambda _: self._turns.remove(turn))
        try:
            yield Started(conversation, user, answer)
            while (event := await turn.events.get()) is not None:
                yield event
                if isinstance(event, Ended | Broken):
                    return
        finally:
            turn.stop()
            await asyncio.shield(turn.task)


def _name(source: Source) -> str:
    return source.id if isinstance(source, EndpointModel) else source.path


def _must_be_here(source: Source) -> None:
    """Raise `endpoint.cannot` for what only a model on this computer can do."""
    if isinstance(source, EndpointModel):
        raise DeskError("endpoint.cannot", name=source.model.name)
