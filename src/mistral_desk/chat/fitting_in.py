"""What one answer's prompt is made of, and what is done when it does not fit: as the chat's settings say, or as asked.

Nothing of it changes a message: what is not sent any more stays in the history, and can be sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from mistral_desk.chat import context
from mistral_desk.chat.context import (
    FAR,
    Sent,
    fewest,
    last_of,
    letters,
    most_of,
    room_for,
    sent,
    summary_size,
    with_summary,
    without,
)
from mistral_desk.chat.events import Full, Reading, Shortened, Summarising
from mistral_desk.chat.presets import over
from mistral_desk.chat.prompting import turns_of
from mistral_desk.chat.summaries import is_off
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference.protocol import Finished, Piece, PromptProgress, Sampling, Turn

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterable, Sequence
    from typing import Unpack

    from mistral_desk.chat.history import History
    from mistral_desk.chat.message import ConversationSettings, Message, WhenFull
    from mistral_desk.inference.answer_options import AnswerOptions
    from mistral_desk.inference.client import Answer
    from mistral_desk.inference.protocol import Counted, Effort, ModelInfo
    from mistral_desk.inference.remote import Look

TOO_LONG: Final = frozenset({"prompt.too_long", "prompt.pictures_too_long", "prompt.far_too_long"})
"""What the engine says of a conversation that does not fit."""
NO_SUMMARY: Final = frozenset(
    {"context.no_summary", "context.summary_off", "context.summary_long", "context.too_long_to_sum_up"}
)
"""Why there is no summary: then the person is asked again what gives way."""

ASK: Final = (
    "Stop here for a moment. The messages above will not be available to you any more, so sum up for yourself what "
    "they said. Keep what is needed to go on: what I want, names, numbers, decisions, results, open questions, and "
    "what any pictures showed. Write in the language of our conversation, in at most {words} words, and write nothing "
    "but the summary."
)
"""For the model: what it is asked at the end of the messages that it is to sum up."""
_WORDS_A_TOKEN: Final = 0.6
GOES_ON: Final = 32
"""Tokens, at least, for which it is worth to have an answer go on."""
_ENDLESS: Final = 2**60
"""Tokens of what is not counted, because it is too long in any case."""
_THINKS_TOO: Final = 3
"""A model that always thinks gets so many times as many tokens for a summary."""


class Measure(Protocol):
    """What counting and writing need of the engine; `inference.client.Engine` is one."""

    def generate(  # noqa: D102
        self,
        turns: Sequence[Turn],
        effort: Effort = ...,
        sampling: Sampling = ...,
        max_tokens: int | None = None,
        pictures: Look | None = None,
        **options: Unpack[AnswerOptions],
    ) -> AsyncGenerator[Answer, None]: ...

    async def count(  # noqa: D102
        self,
        turns: Sequence[Turn],
        effort: Effort = ...,
        *,
        keep_thinking: bool = True,
        pictures: Look | None = None,
    ) -> Counted: ...


class Talk:
    """A branch that ends with what is asked now, the chat's settings, and the model that is to answer.

    `gone` are pictures that are not in the store any more; `begun` are tokens of an answer that is to go on.
    """

    def __init__(
        self,
        branch: Sequence[Message],
        settings: ConversationSettings,
        info: ModelInfo,
        effort: Effort,
        gone: Collection[str] = (),
        *,
        begun: int = 0,
    ) -> None:
        self.branch, self.settings, self.info, self.gone = branch, settings, info, gone
        self.begun = begun
        self.effort: Effort = effort if effort in info.efforts else info.efforts[0]

    @cached_property
    def sent(self) -> Sent:
        """What is sent of it."""
        return sent(self.branch, self.settings)

    @cached_property
    def far(self) -> bool:
        """Whether it is so much longer than the context that it need not be counted, and dropping turns would help."""
        chosen = self.sent
        return chosen.droppable > 0 and self.too_many(chosen.messages) and not self.too_many(chosen.turns[-1])

    async def is_far(self) -> bool:
        """As `far`, worked out in another thread: of a long chat that takes a while."""
        return await asyncio.to_thread(lambda: self.far)

    def too_many(self, messages: Iterable[Message]) -> bool:
        """Whether these cannot fit whatever their tokens are."""
        return letters(messages) > FAR * self.info.context

    @property
    def problem(self) -> Problem:
        """What is said of one that is `far` too long."""
        params: dict[str, str | int | float] = {
            "letters": letters(self.sent.messages),
            "name": self.info.name,
            "context": self.info.context,
        }
        return Problem("prompt.far_too_long", params)

    @property
    def keep_thinking(self) -> bool:
        """Whether thoughts of earlier answers stay in the prompt, where the template takes them."""
        return self.settings.keep_thinking is not False

    @property
    def room(self) -> int:
        """Tokens that the answer should have; of one that goes on, what it has not had yet, and a few in any case."""
        whole = room_for(self.info.context, self.settings.longest)
        return min(whole, max(GOES_ON, whole - self.begun))

    def turns(self, messages: Sequence[Message] | None = None, system: str | None = None) -> tuple[Turn, ...]:
        """What the model is asked; of these messages only, or with another system prompt, where they are given."""
        chosen = self.sent
        return turns_of(
            chosen.messages if messages is None else messages,
            chosen.system if system is None else system,
            sees=self.info.sees,
            gone=self.gone,
        )


class Room:
    """Makes room in a conversation. `ask` has the person choose; `tell` hears what happens."""

    def __init__(
        self,
        history: History,
        engine: Measure,
        pictures: Look | None,
        *,
        ask: Callable[[Full], Awaitable[WhenFull]],
        tell: Callable[[Shortened | Summarising | Reading], None],
    ) -> None:
        self._history, self._engine, self._pictures = history, engine, pictures
        self._ask, self._tell = ask, tell
        self._decided: WhenFull | None = None

    async def make(self, talk: Talk, problem: Problem, beside: int = 0) -> Talk:
        """The same talk with less of it sent, kept in the chat's settings before it comes back.

        `problem` says why it does not fit; it is raised where the person stops here. Only what helps is offered, and
        what does not help although it was chosen once for this chat is asked about again. `beside` are tokens that have
        to fit, too: those of an answer that is to go on. Raises `context.message_too_long` or `.answer_too_long` where
        nothing helps, and what the engine raises; nothing has changed then.
        """
        chosen, info = talk.sent, talk.info
        helps = await self._helping(talk, beside)
        if not helps:
            raise DeskError.of(_alone(problem, talk, goes_on=beside > 0))
        tokens = problem.params.get("tokens")
        counted = tokens if isinstance(tokens, int) else 0
        full = Full(counted, info.context, sum(map(len, chosen.turns[:-1])), len(chosen.gone), helps)
        what = self._decided or talk.settings.when_full
        while True:
            if what == "ask" or (what != "stop" and what not in full.helps):
                what = await self._ask(full)
            self._decided = what
            if what not in full.helps:
                raise DeskError.of(problem)
            try:
                return await self.shorten(talk, summarise=what == "summarise", problem=problem, beside=beside)
            except DeskError as error:
                if error.problem.id not in NO_SUMMARY:
                    raise
                full, what = msgspec.structs.replace(full, helps=("drop",), failed=error.problem), "ask"

    async def _helping(self, talk: Talk, beside: int) -> tuple[WhenFull, ...]:
        """What would make enough room, were as much as possible left out."""
        chosen, info = talk.sent, talk.info
        if not chosen.droppable:
            return ()
        least = without(chosen, chosen.droppable)
        left = _ENDLESS if talk.too_many(least) else await self._size(talk, talk.turns(least))
        free = info.context - talk.room - beside - left
        if free < 0:
            return ()
        return ("drop",) if free < summary_size(info.context) else ("summarise", "drop")

    async def shorten(self, talk: Talk, *, summarise: bool, problem: Problem, beside: int = 0) -> Talk:
        """Leave the oldest turns out, with a summary in their place or without; raises as `make`."""
        chosen, info = talk.sent, talk.info
        most = info.context - talk.room - beside - (summary_size(info.context) if summarise else 0)

        async def rest(count: int) -> int:
            messages = without(chosen, count)
            return _ENDLESS if talk.too_many(messages) else await self._size(talk, talk.turns(messages))

        count = await fewest(chosen.droppable, rest, min(most, info.context // 2 - beside), most)
        if count is None:
            raise DeskError.of(problem)
        summary = talk.settings.summary if chosen.gone else ""
        if summarise:
            summary = await self._summary(talk, count, summary)
            if await self._is_longer(talk, count, summary):
                raise DeskError("context.summary_long", name=info.name)
        dropped = last_of(chosen, count)

        def change(now: ConversationSettings) -> ConversationSettings:
            return msgspec.structs.replace(now, dropped=dropped, summary=summary)

        settings = await self._history.change_settings(talk.branch[0].conversation, change)
        made = Talk(talk.branch, settings, info, talk.effort, talk.gone, begun=talk.begun)
        self._tell(Shortened(dropped, len(made.sent.gone), summary))
        return made

    async def _summary(self, talk: Talk, count: int, summary: str) -> str:
        """A summary of the oldest `count` turns and of what was summed up before, in as many steps as it takes."""
        chosen, info = talk.sent, talk.info
        size = summary_size(info.context)
        effort: Effort = "none" if "none" in info.efforts else info.efforts[0]
        most = size if effort == "none" else size * _THINKS_TOO
        question = Turn("user", ASK.format(words=int(size * _WORDS_A_TOKEN)))
        first = 0

        def asked(begin: int, end: int) -> tuple[Turn, ...]:
            messages = [one for turn in chosen.turns[begin:end] for one in turn]
            return (*talk.turns(messages, with_summary(talk.settings.system, summary)), question)

        async def together(begin: int, end: int) -> int:
            if talk.too_many(one for turn in chosen.turns[begin:end] for one in turn):
                return _ENDLESS
            return await self._size(talk, asked(begin, end))

        while first < count:
            end = await most_of(first, count, together, info.context - min(most, info.context // 2))
            if end is None:
                raise DeskError("context.too_long_to_sum_up", name=info.name, context=info.context)

            def told(share: float, begin: int = first, stop: int = end) -> None:
                self._tell(Summarising((begin + share * (stop - begin)) / count))

            written = await self._written(talk, asked(first, end), effort, most, told)
            if is_off(written, [one for turn in chosen.turns[first:end] for one in turn], summary):
                raise DeskError("context.summary_off", name=info.name)
            summary, first = written, end
        return summary

    async def _is_longer(self, talk: Talk, count: int, summary: str) -> bool:
        """Whether more is sent with this summary than with what it replaces."""
        if talk.too_many(talk.sent.messages):
            return False
        after = talk.turns(without(talk.sent, count), with_summary(talk.settings.system, summary))
        return await self._size(talk, after) >= await self._size(talk, talk.turns())

    async def _written(
        self, talk: Talk, turns: Sequence[Turn], effort: Effort, most: int, told: Callable[[float], None]
    ) -> str:
        sampling = over(talk.settings.sampling, Sampling())
        answer = self._engine.generate(turns, effort, sampling, most, self._pictures, keep_thinking=talk.keep_thinking)
        text, written, reason = "", 0, ""
        told(0.0)
        async with contextlib.aclosing(answer):
            async for event in answer:
                match event:
                    case PromptProgress(done=done, total=total):
                        told(0.5 * done / max(1, total))
                    case Piece(kind=kind, text=piece):
                        written += 1
                        text += piece if kind == "text" else ""
                        told(0.5 + 0.5 * min(1.0, written / most))
                    case Finished(reason=reason):
                        pass
        if not text.strip() or reason == "stopped":
            raise DeskError("context.no_summary", name=talk.info.name)
        return text.strip() + ("…" if reason != "stop" else "")

    async def _size(self, talk: Talk, turns: Sequence[Turn]) -> int:
        counted = await self._engine.count(
            turns, talk.effort, keep_thinking=talk.keep_thinking, pictures=self._pictures
        )
        return counted.tokens


def _alone(problem: Problem, talk: Talk, *, goes_on: bool) -> Problem:
    """What is said where leaving out all that was said before does not help a message, or an answer that goes on."""
    if problem.id != "prompt.too_long":
        return problem
    too_long = "context.answer_too_long" if goes_on else "context.message_too_long"
    return Problem(too_long, {"name": talk.info.name, "context": talk.info.context})


async def branch_of(
    history: History, message_id: int, settings: ConversationSettings, size: int
) -> tuple[Message, ...]:
    """The messages from the root to this one, with token ids as far as they can be of use in a context of this size.

    Of a chat far longer than that, the ids alone would be a hundred megabytes.
    """
    light = await history.branch(message_id, tokens=False)
    if await asyncio.to_thread(letters, light) <= FAR * size:
        return await history.branch(message_id)
    chosen = await asyncio.to_thread(sent, light, settings)
    if letters(chosen.messages) > FAR * size:
        return light
    whole = {one.id: one for one in await history.branch(message_id, last=len(chosen.messages))}
    return tuple(whole.get(one.id, one) for one in light)


async def budget(talk: Talk, engine: Measure, pictures: Look | None, *, empty: bool = False) -> context.Budget:
    """Where the tokens of the context go. `empty`: what the branch ends with is nobody's message and does not count.

    Raises as `Engine.count`.
    """
    if talk.far:
        return context.Budget(talk.info.context, talk.info.context, wanted=talk.room, far=True)
    counted = await engine.count(talk.turns(), talk.effort, keep_thinking=talk.keep_thinking, pictures=pictures)
    used, message, shown = counted.tokens, counted.last - counted.last_pictures, counted.pictures
    if empty:
        used, message, shown = used - counted.last, 0, shown - counted.last_pictures
    return context.Budget(talk.info.context, used, counted.system, shown, message, talk.room)
