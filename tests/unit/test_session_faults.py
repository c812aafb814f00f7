"""A turn that breaks: the worker dies or refuses, the disk is full. The person is told, and nothing is lost."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.history import History
from mistral_desk.chat.message import Draft, Part
from mistral_desk.chat.session import Broken, Session, Writing
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference.protocol import Failed, Figures, Finished, Piece
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, problem_of, run
from tests.fixtures.sessions import Door, all_of, desk, last_of, last_of_stopped, noted, until

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

    from mistral_desk.inference.client import Answer

DEADLY: Final = [
    fake_worker.HELLO,
    {
        "serve": {
            "load": fake_worker.loading(),
            "generate": [*fake_worker.pieces("half an answer", "a thought"), {"pause": 0.05}, {"exit": 3}],
        }
    },
]


@pytest.mark.allow_log("engine", "mistral_desk")
def test_a_worker_that_dies_leaves_the_half_answer_and_a_reason(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, DEADLY) as (session, history, _):
            events = await all_of(session.reply(None, Draft("go"), model_spec=SPEC))
            broken = events[-1]
            assert isinstance(broken, Broken)
            assert broken.problem.id == "engine.died"
            assert broken.message.ending == "failed"
            assert broken.message.parts == (Part("thinking", "a thought"), Part("text", "half an answer"))
            assert len(broken.message.tokens) == 5
            assert broken.message.vocabulary == fake_worker.VOCABULARY
            assert await history.message(broken.message.id) == broken.message

    run(promise())


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal there")
@pytest.mark.allow_log("engine", "mistral_desk")
def test_after_a_kill_of_the_worker_the_next_message_works(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, engine):
            for attempt in range(2):  # the third in a row is where nothing starts by itself any more
                events = session.reply(1 if attempt else None, Draft(f"go {attempt}"), model_spec=SPEC)
                for _ in range(5):
                    await until(events, Writing)
                assert engine.pid is not None
                os.kill(engine.pid, signal.SIGKILL)
                broken = await until(events, Broken)
                assert isinstance(broken, Broken)
                assert broken.message.text.count("word ") >= 5
                assert await history.message(broken.message.id) == broken.message
            assert (await last_of_stopped(session)).ending == "stopped"

    run(promise())


TOO_LONG: Final = Problem("prompt.too_long", {"tokens": 9000, "context": 4096, "name": "Fake"})
NOTHING: Final = Problem("model.nothing_sensible", {"name": "Fake"})
ALONE: Final = Problem("context.message_too_long", {"name": "Fake", "context": 4096})
"""What is said of a message that is too long by itself: there is nothing before it that could be left out."""


@pytest.mark.allow_log("answer", "mistral_desk.chat")
@pytest.mark.parametrize(("refusal", "told"), [(NOTHING, NOTHING), (TOO_LONG, ALONE)])
def test_what_the_worker_refuses_is_told_and_the_question_kept(refusal: Problem, told: Problem, tmp_path: Path) -> None:
    script = [
        fake_worker.HELLO,
        {"serve": {"load": fake_worker.loading(), "generate": [fake_worker.event(Failed(0, refusal))]}},
    ]

    async def promise() -> None:
        async with desk(tmp_path, script) as (session, history, _):
            broken = (await all_of(session.reply(None, Draft("long"), model_spec=SPEC)))[-1]
            assert isinstance(broken, Broken)
            assert broken.problem == told
            assert [found.text for found in await history.messages(1)] == ["long", ""]
            assert broken.message.ending == "failed"

    run(promise())


@pytest.mark.allow_log("answer 2 failed", "mistral_desk.chat")
def test_an_error_that_nobody_foresaw_is_a_broken_turn_too(tmp_path: Path) -> None:
    def fail() -> None:
        raise ZeroDivisionError("engine of a test")

    async def promise() -> None:
        async with noted(tmp_path, Door(fail)) as (session, _):
            broken = (await all_of(session.reply(None, Draft("go"), model_spec=SPEC)))[-1]
            assert isinstance(broken, Broken)
            assert (broken.problem.id, broken.problem.params) == ("unexpected", {"kind": "ZeroDivisionError"})

    run(promise())


@pytest.mark.allow_log(".", "mistral_desk.chat")
def test_an_answer_without_an_end_is_a_broken_turn(tmp_path: Path) -> None:
    async def promise() -> None:
        async with noted(tmp_path, Door(answers=[Piece(0, "text", "so", (1,))])) as (session, _):
            broken = (await all_of(session.reply(None, Draft("go"), model_spec=SPEC)))[-1]
            assert isinstance(broken, Broken)
            assert (broken.problem.id, broken.message.text) == ("engine.protocol", "so")

    run(promise())


@pytest.mark.parametrize("text", [" \n", "x" * 2_000_001])
def test_what_cannot_be_sent_stores_nothing_and_asks_nobody(tmp_path: Path, text: str) -> None:
    door = Door()

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, history):
            with pytest.raises(DeskError, match=r"prompt\."):
                await all_of(session.reply(None, Draft(text), model_spec=SPEC))
            assert await history.conversations() == ()
            assert door.asked == []

    run(promise())


async def allow_pages(history: History, more: int) -> None:
    """Let the file grow by so many pages only; SQLite's own way to a full disk."""

    def limit(connection: sqlite3.Connection) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + more}").fetchall()

    await history._store.write(limit)


@pytest.mark.allow_log("SQLITE_FULL|could not be saved", "mistral_desk.chat")
def test_with_a_full_disk_nothing_is_asked_and_the_draft_stays_with_its_owner(tmp_path: Path) -> None:
    door = Door()

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, history):
            await allow_pages(history, 0)
            found = await problem_of(all_of(session.reply(None, Draft("x" * 100_000), model_spec=SPEC)))
            assert found[0] == "history.disk_full"
            assert door.asked == []

    run(promise())


@pytest.mark.allow_log("SQLITE_FULL|could not be saved", "mistral_desk.chat")
def test_an_answer_that_finds_the_disk_full_is_whole_in_the_window_and_saved_later(tmp_path: Path) -> None:
    whole: list[Answer] = [Piece(0, "text", "y" * 100_000, (1,)), Finished(0, "stop", Figures(seed=5), "v")]

    async def promise() -> None:
        async with noted(tmp_path, Door(answers=whole)) as (session, history):
            await history.create()
            await allow_pages(history, 4)
            broken = (await all_of(session.reply(None, Draft("go"), model_spec=SPEC)))[-1]
            assert isinstance(broken, Broken)
            assert broken.problem.id == "history.disk_full"
            assert (broken.message.text, broken.message.ending) == ("y" * 100_000, "stop")
            assert (await history.message(broken.message.id)).ending == "unfinished"

            await allow_pages(history, 1000)
            assert await history.save(broken.message) == broken.message

    run(promise())


def test_a_temporary_chat_is_answered_and_kept_nowhere(tmp_path: Path) -> None:
    async def promise() -> None:
        history = await History.temporary()
        session = Session(history, Door())
        assert (await last_of(session.reply(None, Draft("secret"), model_spec=SPEC))).text == "yes"
        await history.close()

    run(promise())
    assert list(tmp_path.iterdir()) == []
