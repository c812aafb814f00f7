"""A person's side of a chat: send, edit, answer again, stop. A message is on the disk before the model is touched.

Each method that answers is an async iterator of `events`; closing it stops the engine and keeps what there is.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.events import Broken, Ended, Loading, Reading, Started, Thinking, TurnEvent, Writing
from mistral_desk.chat.prompting import check_draft
from mistral_desk.chat.running import EngineDoor, RunningTurn, Wish
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Effort, Sampling

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mistral_desk.chat.history import History
    from mistral_desk.chat.message import Conversation, ConversationSettings, Draft, Message
    from mistral_desk.inference.client import ModelSpec

__all__ = [
    "Broken",
    "Ended",
    "EngineDoor",
    "Loading",
    "Reading",
    "Session",
    "Started",
    "Thinking",
    "TurnEvent",
    "Writing",
]

_DEFAULT: Final = Sampling()


class Session:
    """Answers drafts, one at a time: a second one waits, its message already saved. Close it before the engine."""

    def __init__(self, history: History, engine: EngineDoor, engine_free: asyncio.Lock | None = None) -> None:
        """Sessions that share an engine share `engine_free` too: it answers one at a time."""
        self._history = history
        self._engine = engine
        self._turns: list[RunningTurn] = []
        self._engine_free = engine_free or asyncio.Lock()

    async def reply(
        self,
        conversation_id: int | None,
        draft: Draft,
        *,
        model_spec: ModelSpec,
        model: str = "",
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
        settings: ConversationSettings | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Save the draft at the end of the conversation's branch (None: of a new one) and answer it.

        `model` is the id that is stored with the answer (else the file's path); `settings` are those of a new
        conversation. Raises `prompt.empty`, `prompt.too_big` and `history.…` before anything is stored; after
        `Started` every failure is a `Broken`. Leaving the iterator (`aclose`, a cancelled task) stops the engine
        and keeps what there is.
        """
        check_draft(draft)
        begun = await self._history.begin_turn(
            conversation_id,
            draft.text,
            model=model or model_spec.path,
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
        model_spec: ModelSpec,
        model: str = "",
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Answer another wording of a person's message: a new version beside it. As `reply` otherwise."""
        check_draft(draft)
        old = await self._history.message(message_id)
        if old.role != "user":
            raise DeskError("history.missing", f"message {message_id} is no person's message")
        begun = await self._history.begin_turn(
            old.conversation,
            draft.text,
            parent=old.parent,
            model=model or model_spec.path,
            effort=draft.effort,
        )
        async with contextlib.aclosing(self._answer(begun, Wish(model_spec, sampling, max_tokens))) as events:
            async for event in events:
                yield event

    async def regenerate(
        self,
        message_id: int,
        *,
        model_spec: ModelSpec,
        model: str = "",
        think: bool | None = None,
        sampling: Sampling = _DEFAULT,
        max_tokens: int | None = None,
    ) -> AsyncGenerator[TurnEvent, None]:
        """Answer again: a new version beside the answer `message_id` (or below that message of a person).

        `think` None: as the answer was made before. As `reply` otherwise.
        """
        old = await self._history.message(message_id)
        asked = old.parent if old.role == "assistant" else old.id
        if asked is None or old.role == "system":
            raise DeskError("history.missing", f"message {message_id} answers nothing")
        effort: Effort = old.effort if think is None else ("high" if think else "none")
        begun = await self._history.begin_version(asked, model=model or model_spec.path, effort=effort)
        async with contextlib.aclosing(self._answer(begun, Wish(model_spec, sampling, max_tokens))) as events:
            async for event in events:
                yield event

    @property
    def running(self) -> int | None:
        """The id of the answer that is being made, None when there is none.

        Any other answer whose ending is `unfinished` was cut off when the app was killed: show it as stopped.
        """
        return next((turn.answer.id for turn in self._turns if not turn.is_over), None)

    def stop(self) -> None:
        """Stop what is loaded or generated, and what waits; each ends as `stopped` with what it has."""
        for turn in tuple(self._turns):
            turn.stop()

    def answer_now(self) -> None:
        """Have the model close its thought and answer."""
        self._engine.answer_now()

    async def close(self) -> None:
        """Stop everything; returns when the answers are saved as far as they came."""
        self.stop()
        tasks = {turn.task for turn in self._turns}
        if tasks:
            await asyncio.wait(tasks)

    async def _answer(
        self, begun: tuple[Conversation, Message, Message], wish: Wish
    ) -> AsyncGenerator[TurnEvent, None]:
        conversation, user, answer = begun
        turn = RunningTurn(
            history=self._history,
            engine=self._engine,
            engine_free=self._engine_free,
            user=user,
            answer=answer,
            wish=wish,
        )
        self._turns.append(turn)
        turn.task.add_done_callback(lambda _: self._turns.remove(turn))
        try:
            yield Started(conversation, user, answer)
            while True:
                event = await turn.events.get()
                yield event
                if isinstance(event, Ended | Broken):
                    return
        finally:
            turn.stop()
            await asyncio.shield(turn.task)
