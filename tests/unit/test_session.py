"""One turn that goes well: what it tells, what is on the disk when, and what the model is asked."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.message import ConversationSettings, Draft, Part
from mistral_desk.chat.session import Ended, Loading, Reading, Started, Thinking, Writing
from mistral_desk.inference.protocol import Sampling, Turn
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, problem_of, run
from tests.fixtures.sessions import Door, all_of, desk, last_of, noted, on_disk, until

if TYPE_CHECKING:
    from pathlib import Path


TEXTS: Final = "SELECT m.role, m.ending, p.kind, p.body FROM message m JOIN part p ON p.message = m.id ORDER BY p.id"


def test_a_turn_tells_its_states_in_order_and_ends_with_what_is_stored(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, fake_worker.answering("Hello there.", "be polite")) as (session, history, _):
            events = await all_of(session.reply(None, Draft("Hi", think=True), model_spec=SPEC, model="builtin"))
            started, ended = events[0], events[-1]
            assert isinstance(started, Started)
            assert isinstance(ended, Ended)
            assert [type(event) for event in events[1:-1]] == [
                *(Loading, Loading, Reading, Reading, Thinking, Thinking, Writing, Writing)
            ]
            assert (started.conversation.title, started.user_message.text) == ("Hi", "Hi")
            assert (started.answer_message.ending, started.answer_message.effort) == ("unfinished", "high")
            answer = ended.message
            assert answer.parts == (Part("thinking", "be polite"), Part("text", "Hello there."))
            assert (answer.ending, answer.model, answer.effort) == ("stop", "builtin", "high")
            assert (answer.tokens, answer.vocabulary) == ((10, 11, 12, 13), fake_worker.VOCABULARY)
            assert answer.figures is not None
            assert answer.figures.generated_tokens == 4
            assert await history.messages(started.conversation.id) == (started.user_message, answer)
            assert session.running is None

            again = await all_of(session.reply(started.conversation.id, Draft("More"), model_spec=SPEC))
            assert Loading not in {type(event) for event in again}, "the model is ready"
            assert isinstance(again[-1], Ended)
            assert again[-1].message.model == SPEC.path
            assert len(await history.messages(started.conversation.id)) == 4

    run(promise())


def test_the_message_is_on_the_disk_before_the_engine_is_touched(tmp_path: Path) -> None:
    seen: list[object] = []

    def look() -> None:
        seen.append(on_disk(tmp_path, "SELECT role, ending FROM message ORDER BY id"))
        seen.append(on_disk(tmp_path, "SELECT body FROM part"))

    async def promise() -> None:
        async with noted(tmp_path, Door(look)) as (session, _):
            await last_of(session.reply(None, Draft("do not lose me"), model_spec=SPEC))
            assert seen == [[("user", ""), ("assistant", "unfinished")], [("do not lose me",)]]

    run(promise())


def test_the_model_is_asked_the_branch_with_its_tokens_and_settings(tmp_path: Path) -> None:
    door = Door()
    sampling = Sampling(temperature=0.0, seed=1)

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, _):
            first = session.reply(
                None,
                Draft("one"),
                model_spec=SPEC,
                sampling=sampling,
                max_tokens=9,
                settings=ConversationSettings(system="Be brief."),
            )
            chat = (await last_of(first)).conversation
            await last_of(session.reply(chat, Draft("two", think=True), model_spec=SPEC))
        system, one = Turn("system", "Be brief."), Turn("user", "one")
        assert door.asked == [
            ((system, one), "none", sampling, 9),
            ((system, one, Turn("assistant", "yes", "", (3,), "v"), Turn("user", "two")), "high", Sampling(), None),
        ]

    run(promise())


def test_another_answer_and_another_question_are_versions(tmp_path: Path) -> None:
    door = Door()

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, history):
            answer = await last_of(session.reply(None, Draft("one", think=True), model_spec=SPEC))
            assert answer.parent is not None
            second = await last_of(session.regenerate(answer.id, model_spec=SPEC))
            third = await last_of(session.regenerate(answer.parent, model_spec=SPEC, think=True))
            assert await history.versions(answer.id) == (answer.id, second.id, third.id)
            assert [found.effort for found in (answer, second, third)] == ["high", "high", "high"]
            edited = await last_of(session.edit(answer.parent, Draft("uno"), model_spec=SPEC))
            assert [found.text for found in await history.messages(edited.conversation)] == ["uno", "yes"]
            assert [asked[0] for asked in door.asked] == [(Turn("user", "one"),)] * 3 + [(Turn("user", "uno"),)]
            for wrong in (
                session.edit(answer.id, Draft("x"), model_spec=SPEC),
                session.edit(99, Draft("x"), model_spec=SPEC),
            ):
                assert (await problem_of(all_of(wrong)))[0] == "history.missing"

    run(promise())


def test_an_answer_is_saved_while_it_is_written(tmp_path: Path) -> None:
    async def promise() -> None:
        lengths: set[int] = set()
        async with (
            desk(tmp_path, fake_worker.endless()) as (session, _, _),
            contextlib.aclosing(session.reply(None, Draft("go"), model_spec=SPEC)) as events,
        ):
            while len(lengths) < 3:  # saved three times, while the stream goes on
                await until(events, Writing)
                rows = on_disk(tmp_path, TEXTS)
                assert rows[0] == ("user", "", "text", "go")
                if len(rows) > 1:
                    assert rows[1][:3] == ("assistant", "unfinished", "text")
                    lengths.add(len(str(rows[1][3])))

    run(promise())


def test_a_slow_disk_does_not_hold_up_the_stream(tmp_path: Path) -> None:
    """Another program holds the file while five hundred pieces come; then the whole answer is stored."""

    async def promise() -> None:
        async with desk(tmp_path, fake_worker.endless(pause=0.001)) as (session, history, _):
            events = session.reply(None, Draft("go"), model_spec=SPEC)
            await until(events, Writing)
            with contextlib.closing(sqlite3.connect(tmp_path / "history.sqlite3", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                for _ in range(500):
                    await until(events, Writing)
                other.execute("ROLLBACK")
            session.stop()
            answer = await last_of(events)
            assert answer.ending == "stopped"
            assert len(answer.tokens) >= 501
            assert await history.message(answer.id) == answer

    run(promise())
