"""A chat that really fills a real model's context: it ends, drops or sums up as its settings say, and loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.chat.context import FAR, room_for, sent
from mistral_desk.chat.events import Broken, Ended, Full, Shortened, Started, Summarising
from mistral_desk.chat.fitting_in import Talk, budget
from mistral_desk.chat.history import History
from mistral_desk.chat.message import ConversationSettings, Draft, Message, Part
from mistral_desk.chat.session import Session
from mistral_desk.core.paths import resource
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Sampling, Turn
from tests.fixtures.engines import run
from tests.fixtures.sessions import all_of, last_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from mistral_desk.chat.events import TurnEvent
    from mistral_desk.chat.message import WhenFull
    from mistral_desk.inference.protocol import Counted, Effort
    from tests.fixtures.small_models import SmallModels

GREEDY: Final = Sampling(temperature=0.0, seed=1)
CONTEXT: Final = 512
KEEP: Final = {keep: functools.partial(msgspec.structs.replace, keep_thinking=keep) for keep in (True, False)}
WORDS: Final = "And what else can you do with a picture? "


@contextlib.asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[tuple[Session, History, Engine]]:
    history, _ = await History.open(folder / "history.sqlite3")
    engine = Engine()
    session = Session(history, engine)
    try:
        yield session, history, engine
    finally:
        await asyncio.gather(session.close(), engine.close())
        await history.close()


def guide() -> ModelSpec:
    return ModelSpec(str(resource("model", "guide.gguf")), context=CONTEXT, projector="")


async def filled(session: Session, history: History, spec: ModelSpec, when: WhenFull) -> tuple[int, list[TurnEvent]]:
    """A chat that is talked in until it is full, and all that happened in the turn that did not fit."""
    own = ConversationSettings(system="You are the Guide.", when_full=when)
    chat: int | None = None
    for number in range(40):
        draft = Draft(f"{number}. {WORDS * 2}")
        events: list[TurnEvent] = []
        asked = session.reply(chat, draft, model_spec=spec, sampling=GREEDY, max_tokens=24, settings=own)
        async with contextlib.aclosing(asked) as coming:
            async for event in coming:
                events.append(event)
                if isinstance(event, Full):
                    return await _decided(session, coming, events)
        started = events[0]
        assert isinstance(started, Started)
        chat = started.conversation.id
        if any(isinstance(event, Shortened | Broken) for event in events):
            return chat, events
    raise AssertionError("it never became full")


async def _decided(
    session: Session, coming: AsyncIterator[TurnEvent], events: list[TurnEvent]
) -> tuple[int, list[TurnEvent]]:
    session.decide("drop")
    events += [event async for event in coming]
    assert isinstance(events[0], Started)
    return events[0].conversation.id, events


async def size(engine: Engine, branch: tuple[Message, ...], settings: ConversationSettings) -> int:
    assert engine.model is not None
    return (await budget(Talk(branch, settings, engine.model, "none"), engine, None)).used


@pytest.mark.parametrize("when", ["ask", "drop", "summarise"])
def test_the_oldest_turns_give_way_and_stay_in_the_history(tmp_path: Path, when: WhenFull) -> None:
    async def promise() -> None:
        async with desk(tmp_path) as (session, history, engine):
            chat, events = await filled(session, history, guide(), when)
            assert isinstance(events[-1], Ended), events[-1]
            answer = events[-1].message
            assert answer.text
            assert answer.figures is not None
            told = next(event for event in events if isinstance(event, Shortened))
            assert any(isinstance(event, Full) for event in events) == (when == "ask")
            assert any(isinstance(event, Summarising) for event in events) == (when == "summarise")

            settings = await history.settings(chat)
            assert (settings.dropped, settings.summary) == (told.dropped, told.summary)
            assert bool(settings.summary) == (when == "summarise")
            assert settings.system == "You are the Guide."

            branch = await history.messages(chat)
            assert len(branch) % 2 == 0, "all messages are there"
            assert [one.role for one in branch] == ["user", "assistant"] * (len(branch) // 2)
            chosen = sent(branch[:-1], settings)
            assert len(chosen.gone) == told.messages
            assert chosen.messages == branch[len(chosen.gone) : -1], "whole turns, the newest, in order"
            assert chosen.gone[-1].role == "assistant"
            assert answer.figures.prompt_tokens == await size(engine, branch[:-1], settings)
            assert answer.figures.prompt_tokens + room_for(CONTEXT) <= CONTEXT
            assert answer.figures.prompt_tokens + answer.figures.generated_tokens <= CONTEXT

            # it goes on for as long as somebody talks, and with everything again when that is wanted
            for _ in range(8):
                asked = session.reply(chat, Draft(WORDS), model_spec=guide(), sampling=GREEDY, max_tokens=24)
                async with contextlib.aclosing(asked) as coming:
                    async for event in coming:
                        assert not isinstance(event, Broken)
                        if isinstance(event, Full):
                            session.decide("drop")
            await history.change_settings(chat, lambda now: msgspec.structs.replace(now, dropped=None))
            whole = await history.messages(chat)
            assert len(whole) == len(branch) + 16

    run(promise())


@pytest.mark.allow_log("prompt.too_long")
def test_who_wants_to_stop_is_told_the_numbers_and_nothing_is_lost(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path) as (session, history, _):
            chat, events = await filled(session, history, guide(), "stop")
            broken = events[-1]
            assert isinstance(broken, Broken)
            assert broken.problem.id == "prompt.too_long"
            assert broken.problem.params["context"] == CONTEXT
            assert int(str(broken.problem.params["tokens"])) + room_for(CONTEXT) > CONTEXT
            settings = await history.settings(chat)
            assert (settings.dropped, settings.summary) == (None, "")
            branch = await history.messages(chat)
            assert branch[-2].text.endswith(WORDS * 2)
            assert branch[-1].ending == "failed"
            # another decision lets the very same question be answered
            await history.change_settings(chat, lambda now: msgspec.structs.replace(now, when_full="drop"))
            answer = await last_of(session.regenerate(branch[-1].id, model_spec=guide(), sampling=GREEDY, max_tokens=8))
            assert answer.ending in ("stop", "length")

    run(promise())


@pytest.mark.parametrize("when", ["ask", "drop", "summarise"])
@pytest.mark.allow_log("context.message_too_long")
def test_a_message_that_fits_into_no_context_is_refused_and_nothing_is_offered_in_vain(
    tmp_path: Path, when: WhenFull
) -> None:
    async def promise() -> None:
        async with desk(tmp_path) as (session, history, _):
            own = ConversationSettings(when_full=when)
            await last_of(session.reply(None, Draft("Hi"), model_spec=guide(), sampling=GREEDY, settings=own))
            events = await all_of(session.reply(1, Draft("word " * 3000), model_spec=guide(), sampling=GREEDY))
            broken = events[-1]
            assert isinstance(broken, Broken)
            assert broken.problem.id == "context.message_too_long"
            assert broken.problem.params["context"] == CONTEXT
            assert not any(isinstance(event, Full) for event in events)
            assert (await history.settings(1)).dropped is None, "nothing was dropped in vain"

    run(promise())


@pytest.mark.allow_log("prompt.too_long")
def test_stopping_a_summary_changes_nothing(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path) as (session, history, _):
            chat, events = await filled(session, history, guide(), "stop")
            await history.change_settings(chat, lambda now: msgspec.structs.replace(now, when_full="summarise"))
            failed = (await history.messages(chat))[-1]
            assert isinstance(events[-1], Broken)
            seen: list[TurnEvent] = []
            async with contextlib.aclosing(
                session.regenerate(failed.id, model_spec=guide(), sampling=GREEDY, max_tokens=8)
            ) as coming:
                async for event in coming:
                    seen.append(event)
                    if isinstance(event, Summarising):
                        session.stop()
            last = seen[-1]
            assert isinstance(last, Ended)
            assert last.message.ending == "stopped"
            settings = await history.settings(chat)
            assert (settings.dropped, settings.summary) == (None, "")
            answer = await last_of(session.regenerate(failed.id, model_spec=guide(), sampling=GREEDY, max_tokens=8))
            assert answer.ending in ("stop", "length"), "and it can be made again"
            assert (await history.settings(chat)).summary

    run(promise())


def test_what_is_counted_is_what_is_read(tmp_path: Path, small_models: SmallModels) -> None:
    """The meter's number before a message is sent is the figure of its answer, with and without earlier thoughts."""
    spec = ModelSpec(str(small_models["mistral4"]), context=2048)

    async def promise() -> None:
        async with desk(tmp_path) as (session, history, engine):
            first = await last_of(
                session.reply(None, Draft("Why?", think=True), model_spec=spec, sampling=GREEDY, max_tokens=24)
            )
            thought = (Part("thinking", "Because of this and that, I think."), Part("text", "Because."))
            await history.update_answer(first.id, thought, ending="stop")
            for keep in (True, False):
                chat = first.conversation
                settings = await history.change_settings(chat, KEEP[keep])
                branch = await history.messages(chat)
                draft = Message(10**9, chat, branch[-1].id, "user", 0.0, (Part("text", "And then?"),))
                assert engine.model is not None
                counted = await budget(Talk((*branch, draft), settings, engine.model, "none"), engine, None)
                answer = await last_of(
                    session.reply(chat, Draft("And then?"), model_spec=spec, sampling=GREEDY, max_tokens=4)
                )
                assert answer.figures is not None
                assert counted.used == answer.figures.prompt_tokens
                assert 0 < counted.message < counted.used
            model = engine.model
            assert model is not None
            assert model.takes_thoughts
            talk = (Turn("user", "Why?"), Turn("assistant", "Because.", "Because of this."), Turn("user", "So?"))
            kept, left = [(await engine.count(talk, keep_thinking=keep)).tokens for keep in (True, False)]
            assert kept > left, "a thought costs what it is long"

    run(promise())


@pytest.mark.allow_log("prompt.too_long")
def test_an_answer_that_filled_the_context_goes_on_where_older_turns_give_way(
    tmp_path: Path, small_models: SmallModels
) -> None:
    spec = ModelSpec(str(small_models["mistral4"]), context=CONTEXT)

    async def promise() -> None:
        async with desk(tmp_path) as (session, history, engine):
            own = ConversationSettings(when_full="stop", sampling=GREEDY)
            first = await last_of(
                session.reply(None, Draft("Tell me. " * 20), model_spec=spec, max_tokens=60, settings=own)
            )
            chat = first.conversation
            full = await last_of(session.reply(chat, Draft("And then?"), model_spec=spec))
            assert full.ending == "context"
            assert full.figures is not None
            held = full.figures.prompt_tokens + full.figures.generated_tokens
            assert held == CONTEXT + 1, "the last token is said, and need not be read"

            events = await all_of(session.continue_answer(full.id, model_spec=spec))
            assert isinstance(events[-1], Broken)
            assert (await history.message(full.id)).text == full.text, "it stays as it was"

            await history.change_settings(chat, lambda now: msgspec.structs.replace(now, when_full="drop"))
            events = await all_of(session.continue_answer(full.id, model_spec=spec, max_tokens=8))
            last = events[-1]
            assert isinstance(last, Ended)
            assert last.message.text.startswith(full.text.rstrip("\ufffd"))
            assert len(last.message.tokens) == len(full.tokens) + 8
            settings = await history.settings(chat)
            assert settings.dropped == first.id
            branch = await history.messages(chat)
            assert await size(engine, branch[:-1], settings) + len(last.message.tokens) <= CONTEXT

    run(promise())


@pytest.mark.parametrize("when", ["drop", "stop"])
@pytest.mark.allow_log("prompt.far_too_long")
def test_a_chat_far_longer_than_the_context_is_never_counted_as_a_whole(tmp_path: Path, when: WhenFull) -> None:
    """As one that was imported: 400 turns of 300 letters, where the context is 512 tokens."""

    async def promise() -> None:
        async with desk(tmp_path) as (session, history, engine):
            chat = (await history.create(settings=ConversationSettings(when_full=when))).id
            above: int | None = None
            for number in range(400):
                for role in ("user", "assistant"):
                    said = (Part("text", f"{number} {role}: " + "tell me of it. " * 20),)
                    above = (await history.add(chat, above, role, said)).id
            await engine.ensure(guide())
            counted: list[int] = []
            count = engine.count

            async def noted(turns: Sequence[Turn], effort: Effort = "none", **more: bool) -> Counted:
                counted.append(sum(len(turn.text) for turn in turns))
                return await count(turns, effort, **more)  # type: ignore[arg-type]

            engine.count = noted  # type: ignore[method-assign, assignment]
            events = await all_of(session.reply(chat, Draft("And?"), model_spec=guide(), sampling=GREEDY, max_tokens=8))
            last = events[-1]
            if when == "stop":
                assert isinstance(last, Broken)
                assert last.problem.id == "prompt.far_too_long"
                return
            assert isinstance(last, Ended)
            assert last.message.figures is not None
            assert last.message.figures.prompt_tokens <= CONTEXT - room_for(CONTEXT)
            assert counted
            assert max(counted) <= FAR * CONTEXT + 1000
            assert (await history.settings(chat)).dropped is not None

    run(promise())
