"""A chat with the real engine: follow-ups cost only what is new, because the answer's own tokens come from the disk."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.history import History
from mistral_desk.chat.message import Draft
from mistral_desk.chat.session import Session, Thinking, Writing
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Figures, Sampling
from tests.fixtures.engines import run
from tests.fixtures.in_time import in_time
from tests.fixtures.sessions import last_of, until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mistral_desk.chat.message import Message
    from tests.fixtures.small_models import SmallModels

GREEDY: Final = Sampling(temperature=0.0, seed=1)
QUESTIONS: Final = ("What is a mixture of experts?", "Warum?", "और फिर?", "And then? " * 20)
MARKERS: Final = 8
"""Tokens that a turn adds beside its words, at most: the markers around question and answer."""


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[tuple[Session, History]]:
    history, notice = await History.open(folder / "history.sqlite3")
    assert notice is None
    engine = Engine()
    session = Session(history, engine)
    try:
        yield session, history
    finally:
        await asyncio.gather(session.close(), engine.close())
        await history.close()


def figures(answer: Message) -> Figures:
    assert answer.figures is not None
    return answer.figures


def test_a_follow_up_reads_only_what_is_new_also_after_a_restart(tmp_path: Path, small_models: SmallModels) -> None:
    spec = ModelSpec(str(small_models["mistral4"]), context=2048)

    async def promise() -> None:
        chat: int | None = None
        seen = 0
        answers: list[Message] = []
        async with desk(tmp_path) as (session, history):
            for question in QUESTIONS:
                draft = Draft(question)
                answer = await last_of(session.reply(chat, draft, model_spec=spec, sampling=GREEDY, max_tokens=12))
                answers.append(answer)
                chat = answer.conversation
                assert len(answer.tokens) == figures(answer).generated_tokens > 0
                assert figures(answer).cached_tokens >= seen - MARKERS
                seen = figures(answer).prompt_tokens + figures(answer).generated_tokens
            assert chat is not None
            assert len(await history.messages(chat)) == 2 * len(QUESTIONS)

        async with desk(tmp_path) as (session, history):
            again = await last_of(session.regenerate(answers[-1].id, model_spec=spec, sampling=GREEDY, max_tokens=12))
            assert figures(again).prompt_tokens == figures(answers[-1]).prompt_tokens, "the same prompt from the disk"
            follow_up = await last_of(session.reply(chat, Draft("So?"), model_spec=spec, max_tokens=4))
            spent = figures(again).prompt_tokens + figures(again).generated_tokens
            assert figures(follow_up).cached_tokens >= spent - MARKERS

    run(promise())


def test_after_a_stop_the_chat_goes_on_with_what_was_said(tmp_path: Path, small_models: SmallModels) -> None:
    spec = ModelSpec(str(small_models["mistral4"]), context=2048)

    async def promise() -> None:
        async with desk(tmp_path) as (session, history):

            async def attempt(_number: int) -> Message:
                events = session.reply(None, Draft("Go on and on"), model_spec=spec, sampling=Sampling(seed=3))
                for _ in range(5):
                    await until(events, (Thinking, Writing))
                session.stop()
                return await last_of(events)

            stopped = await in_time(attempt, lambda answer: len(answer.tokens) < 1024)
            assert stopped.ending == "stopped"
            assert stopped.text
            follow_up = await last_of(session.reply(stopped.conversation, Draft("And?"), model_spec=spec, max_tokens=4))
            spent = figures(stopped).prompt_tokens + figures(stopped).generated_tokens
            assert figures(follow_up).cached_tokens >= spent - MARKERS
            assert len(await history.messages(stopped.conversation)) == 4

    run(promise())
