"""A turn that is stopped, abandoned or has to wait: what was written is kept, and the engine is free again."""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat.answer import GrowingAnswer, Saver
from mistral_desk.chat.fitting_in import Talk
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Draft
from mistral_desk.chat.session import Broken, Loading, Started, TurnEvent, Writing
from mistral_desk.core.errors import Problem
from mistral_desk.inference.protocol import Failed, LoadProgress, Piece
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, run
from tests.fixtures.sessions import Door, all_of, desk, last_of, last_of_stopped, noted, on_disk, until

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator
    from pathlib import Path

    from mistral_desk.chat.rows import AnswerState


def test_stop_while_it_is_written_keeps_what_there_is(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, _):
            events = session.reply(None, Draft("go"), model_spec=SPEC)
            await until(events, Writing)
            assert session.running == 2
            session.stop()
            answer = await last_of(events)
            assert (answer.ending, answer.text.startswith("word ")) == ("stopped", True)
            assert answer.figures is not None
            assert await history.message(answer.id) == answer

    run(promise())


def test_stop_while_the_model_loads(tmp_path: Path) -> None:
    slow = {"until": "stop", "do": [fake_worker.event(LoadProgress(0, 0.4)), {"pause": 0.01}]}
    cancelled = fake_worker.event(Failed(0, Problem("load.cancelled", {"name": "one"})))
    script = [fake_worker.HELLO, {"serve": {"load": [slow, cancelled]}}]

    async def promise() -> None:
        async with desk(tmp_path, script) as (session, history, _):
            events = session.reply(None, Draft("go"), model_spec=SPEC)
            await until(events, Loading)
            session.stop()
            answer = await last_of(events)
            assert (answer.ending, answer.parts) == ("stopped", ())
            assert [found.text for found in await history.messages(answer.conversation)] == ["go", ""]

    run(promise())


def test_stop_while_a_worker_does_not_even_start(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, [{"deaf": 30}]) as (session, _, _):
            events = session.reply(None, Draft("go"), model_spec=SPEC)
            await until(events, Started)
            session.stop()
            assert (await last_of(events)).ending == "stopped"

    run(promise())


def test_stop_right_before_the_engine_is_asked_asks_it_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached, go_on, look = asyncio.Event(), asyncio.Event(), Talk.is_far

    async def held(talk: Talk) -> bool:
        reached.set()
        await go_on.wait()
        return await look(talk)

    monkeypatch.setattr(Talk, "is_far", held)

    async def promise() -> None:
        door = Door()
        async with noted(tmp_path, door) as (session, _):
            events = session.reply(None, Draft("go"), model_spec=SPEC)
            await until(events, Started)
            await reached.wait()
            session.stop()
            go_on.set()
            assert (await last_of(events)).ending == "stopped"
            assert door.asked == []

    run(promise())


@pytest.mark.parametrize("which", ["written", "waiting"])
def test_stop_in_one_chat_leaves_the_answer_of_another(tmp_path: Path, which: str) -> None:
    async def promise() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, _, _):
            written = session.reply(None, Draft("one"), model_spec=SPEC)
            await until(written, Writing)
            waiting = session.reply(None, Draft("two"), model_spec=SPEC)
            await until(waiting, Started)
            stopped, goes_on = (written, waiting) if which == "written" else (waiting, written)
            session.stop(2 if which == "written" else 4)
            assert (await last_of(stopped)).ending == "stopped"
            await until(goes_on, Writing)
            session.stop()
            assert (await last_of(goes_on)).text.startswith("word ")

    run(promise())


def test_an_answer_whose_chat_is_deleted_for_good_meanwhile_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody will read the rest, and others wait for the engine."""
    monkeypatch.setattr("mistral_desk.chat.answer.SAVE_EVERY_S", 0.01)

    async def promise() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, _):
            events = session.reply(None, Draft("go"), model_spec=SPEC)
            await until(events, Writing)
            await history.purge(1)
            last = (await all_of(events))[-1]
            assert isinstance(last, Broken)
            assert (last.problem.id, last.message.ending) == ("history.missing", "stopped")
            assert on_disk(tmp_path, "SELECT (SELECT count(*) FROM part) + (SELECT count(*) FROM tokens)") == [(0,)]
            await until(session.reply(None, Draft("next"), model_spec=SPEC), Writing)

    run(promise())


@pytest.mark.parametrize("how", ["closed", "cancelled", "forgotten"])
def test_who_stops_listening_stops_the_engine_and_loses_nothing(tmp_path: Path, how: str) -> None:
    async def promise() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, engine):
            events: AsyncGenerator[TurnEvent, None] | None = session.reply(None, Draft("go"), model_spec=SPEC)
            assert events is not None
            if how == "cancelled":
                written = asyncio.Event()

                async def listen(source: AsyncIterator[TurnEvent]) -> None:
                    async for event in source:
                        if isinstance(event, Writing):
                            written.set()

                task = asyncio.ensure_future(listen(events))
                await written.wait()
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            else:
                await until(events, Writing)
                if how == "closed":
                    await events.aclose()
            events = None
            gc.collect()
            # The next message waits until the engine is free, that is until the abandoned answer is saved.
            assert (await last_of_stopped(session)).ending == "stopped"
            answer = (await history.messages(1))[1]
            assert (answer.ending, answer.text.startswith("word ")) == ("stopped", True)
            assert len(answer.tokens) == answer.text.count("word ")
            assert engine.pid is not None

    run(promise())


def test_closing_saves_what_is_being_written_and_what_waits(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, engine):
            first = session.reply(None, Draft("first"), model_spec=SPEC)
            await until(first, Writing)
            second = session.reply(None, Draft("second"), model_spec=SPEC)
            assert isinstance(await anext(second), Started)
            await asyncio.gather(session.close(), engine.close())
            assert [(await history.message(key)).ending for key in (2, 4)] == ["stopped", "stopped"]
            assert (await history.message(2)).text.startswith("word ")
            assert (await last_of(first)).id == 2
            assert (await last_of(second)).id == 4

    run(promise())


def test_a_second_message_waits_for_the_first_answer(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, fake_worker.answering("one two three")) as (session, history, _):
            answers = await asyncio.gather(
                *(last_of(session.reply(None, Draft(f"message {n}"), model_spec=SPEC)) for n in range(5))
            )
            assert {answer.text for answer in answers} == {"one two three"}
            assert len(await history.conversations()) == 5

    run(promise())


def test_nothing_is_saved_behind_the_last_save() -> None:
    """What came while a save ran asks for another one; the end of the answer is that one."""

    class Slow(History):
        def __init__(self, inner: History) -> None:
            self.__dict__ = inner.__dict__
            self.saves, self.go_on = 0, asyncio.Event()

        async def save_answer(self, message_id: int, state: AnswerState) -> None:
            self.saves += 1
            await self.go_on.wait()

    async def promise() -> None:
        history = Slow(await History.temporary())
        _, _, answer = await history.begin_turn(None, "x")
        growing = GrowingAnswer()
        saver = Saver(history, answer, growing)
        growing.add(Piece(0, "text", "one", (1,)))
        saver._begin()
        await asyncio.sleep(0)
        saver.changed()
        finishing = asyncio.create_task(saver.finish("stop", None))
        await asyncio.sleep(0)
        history.go_on.set()
        message, problem = await finishing
        assert (message.text, problem, history.saves) == ("one", None, 1)
        assert saver._timer is None, "nothing more is planned"
        await history.close()

    run(promise())
