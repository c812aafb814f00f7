"""Continue: an answer that broke off grows in its own message, is saved while it grows, and is spoilt by nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.chat.fitting_in import GOES_ON
from mistral_desk.chat.fitting_in import Talk as Room
from mistral_desk.chat.going_on import begun, goes_on, joined, written_by
from mistral_desk.chat.message import ConversationSettings, Draft, Message, Part
from mistral_desk.chat.session import Broken, Ended, GoingOn, Started, Thinking, Writing
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.model_ids import model_title
from mistral_desk.inference.protocol import Figures, Finished, Piece, Resumed, Turn
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, problem_of, run
from tests.fixtures.sessions import Door, all_of, desk, last_of, noted, on_disk, until

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.chat.history import History
    from mistral_desk.inference.client import Answer

FIRST: Final = Figures(
    prompt_tokens=10,
    cached_tokens=4,
    generated_tokens=3,
    thinking_tokens=1,
    prompt_s=0.5,
    thinking_s=2.0,
    first_token_s=0.6,
    tokens_per_s=2.0,
    seed=7,
)
SECOND: Final = Figures(
    prompt_tokens=13,
    cached_tokens=12,
    generated_tokens=5,
    thinking_tokens=2,
    prompt_s=0.25,
    thinking_s=1.0,
    first_token_s=0.3,
    tokens_per_s=8.0,
    seed=9,
)
STOPPED: Final[tuple[Answer, ...]] = (
    Piece(0, "thinking", "hm", (1,)),
    Piece(0, "text", "It ", (2,)),
    Piece(0, "text", "i", (3,)),
    Finished(0, "stopped", FIRST, "v"),
)
OLD: Final = (Piece(0, "thinking", "hm", (1,)), Piece(0, "text", "It i", (2, 3)))


class Talk(Door):
    """Answers the first time with one row of events, then with the next."""

    def __init__(self, *rows: tuple[Answer, ...]) -> None:
        super().__init__()
        self.rows = list(rows)

    def next(self) -> None:
        self._answers = self.rows.pop(0)

    async def ensure(self, spec: ModelSpec, on_progress: object = None):  # type: ignore[no-untyped-def]
        self.next()
        return fake_worker.MODEL


def on(*new: Answer) -> tuple[Answer, ...]:
    return (Resumed(0, OLD), *new)


def test_it_goes_on_in_the_same_message_and_all_adds_up(tmp_path: Path) -> None:
    door = Talk(STOPPED, on(Piece(0, "text", "s 15.", (4, 5)), Finished(0, "stop", SECOND, "v")))

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, history):
            first = await last_of(session.reply(None, Draft("7 + 8?", think=True), model_spec=SPEC, model="a"))
            assert goes_on(first)
            events = await all_of(session.continue_answer(first.id, model_spec=SPEC, model="a"))
            started, last = events[0], events[-1]
            assert isinstance(started, Started)
            assert started.answer_message == first
            assert events[1:-1] == [GoingOn("hm", "It i"), Writing("s 15.")]
            assert isinstance(last, Ended)
            answer = last.message
            assert (answer.id, answer.parent, answer.created) == (first.id, first.parent, first.created)
            assert answer.parts == (Part("thinking", "hm"), Part("text", "It is 15."))
            assert (answer.tokens, answer.vocabulary, answer.ending) == ((1, 2, 3, 4, 5), "v", "stop")
            assert (answer.model, answer.effort) == ("a", "high")
            assert await history.message(first.id) == answer
            assert await history.versions(first.id) == (first.id,)
            assert door.begun == [None, Turn("assistant", "It i", "hm", (1, 2, 3), "v")]
            assert door.asked[0][:2] == door.asked[1][:2], "the same question"
            assert not goes_on(answer)
            assert (await problem_of(all_of(session.continue_answer(first.id, model_spec=SPEC))))[
                0
            ] == "history.missing"

    run(promise())


def test_figures_of_two_goes_are_those_of_one_answer() -> None:
    found = joined(FIRST, SECOND, 3, thought=True)

    assert found.prompt_tokens + found.generated_tokens == SECOND.prompt_tokens + SECOND.generated_tokens
    assert (found.prompt_tokens, found.generated_tokens, found.thinking_tokens) == (10, 8, 3)
    assert found.prompt_tokens - found.cached_tokens + found.again_tokens == (10 - 4) + (13 - 12)
    assert (found.cached_tokens, found.again_tokens) == (4, 1)
    assert (found.prompt_s, found.thinking_s, found.first_token_s) == (0.75, 3.0, 0.6)
    assert found.tokens_per_s == pytest.approx((2 + 4) / (2 / 2.0 + 4 / 8.0))
    third = joined(found, msgspec.structs.replace(SECOND, prompt_tokens=18, cached_tokens=0), 8, thought=True)
    assert (third.prompt_tokens, third.generated_tokens) == (10, 13)
    assert third.prompt_tokens - third.cached_tokens + third.again_tokens == 6 + 1 + 18


def test_what_a_killed_app_never_measured_stays_unknown() -> None:
    found = joined(None, SECOND, 3, thought=True)

    assert (found.prompt_tokens, found.generated_tokens) == (10, 8)
    assert found.prompt_tokens - found.cached_tokens + found.again_tokens == 13 - 12
    assert (found.first_token_s, found.thinking_s, found.tokens_per_s) == (None, 0.0, 8.0)
    assert joined(None, SECOND, 3, thought=False).thinking_s == 1.0


@pytest.mark.parametrize("how", ["stopped", "failed"])
@pytest.mark.allow_log("answer 2 failed")
def test_where_nothing_comes_of_it_the_answer_stays_as_it_was(tmp_path: Path, how: str) -> None:
    class Failing(Talk):
        async def ensure(self, spec: ModelSpec, on_progress: object = None):  # type: ignore[no-untyped-def]
            if how == "failed" and len(self.rows) == 1:
                raise DeskError("model.missing", path="/gone.gguf")
            return await super().ensure(spec, on_progress)

    door = Failing(STOPPED, on(Finished(0, "stopped", SECOND, "other")))

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, history):
            first = await last_of(session.reply(None, Draft("7 + 8?"), model_spec=SPEC, model="a"))
            events = await all_of(session.continue_answer(first.id, model_spec=SPEC, model="b"))
            assert isinstance(events[-1], Broken if how == "failed" else Ended)
            assert await history.message(first.id) == first
            if how == "failed":
                assert isinstance(events[-1], Broken)
                assert events[-1].problem.id == "model.missing"

    run(promise())


def test_the_model_that_says_it_was_done_is_believed(tmp_path: Path) -> None:
    door = Talk(STOPPED, on(Finished(0, "stop", msgspec.structs.replace(SECOND, generated_tokens=0), "v")))

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, _):
            first = await last_of(session.reply(None, Draft("7 + 8?"), model_spec=SPEC))
            whole = await last_of(session.continue_answer(first.id, model_spec=SPEC))
            assert (whole.ending, whole.text, whole.tokens) == ("stop", first.text, first.tokens)
            assert whole.figures is not None
            assert whole.figures.generated_tokens == 3

    run(promise())


def test_another_model_reads_it_anew_and_is_named_beside_the_first(tmp_path: Path) -> None:
    anew = (Piece(0, "thinking", "hm", (91,)), Piece(0, "text", "It i", (92, 93, 94)))
    new = (Resumed(0, anew), Piece(0, "text", "s.", (95,)), Finished(0, "stopped", SECOND, "w"))
    door = Talk(STOPPED, new, new)

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, _):
            first = await last_of(session.reply(None, Draft("7 + 8?"), model_spec=SPEC, model="builtin"))
            other = ModelSpec("/models/other.gguf")
            second = await last_of(session.continue_answer(first.id, model_spec=other))
            assert (second.tokens, second.vocabulary) == ((91, 92, 93, 94, 95), "w")
            assert second.model == '["builtin","/models/other.gguf"]'
            assert model_title(second.model) == "Guide (demonstration) + other.gguf"
            third = await last_of(session.continue_answer(first.id, model_spec=other))
            assert third.model == second.model

    run(promise())


def test_each_writer_is_named_once_in_a_row() -> None:
    assert written_by("", "a") == "a"
    assert written_by("a", "a") == "a"
    assert written_by('["a","b"]', "b") == '["a","b"]'
    assert written_by('["a","b"]', "a") == '["a","b","a"]'
    assert written_by("builtin + /b.gguf", "/b.gguf") == "builtin + /b.gguf", "as an earlier version wrote it"
    assert written_by("builtin + /b.gguf", "builtin") == '["builtin","/b.gguf","builtin"]'


def test_an_answer_that_never_began_begins_in_its_place(tmp_path: Path) -> None:
    door = Talk(
        (Finished(0, "stopped", Figures(), "v"),), (Piece(0, "text", "Yes", (1,)), Finished(0, "stop", FIRST, "v"))
    )

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, _):
            first = await last_of(session.reply(None, Draft("Well?"), model_spec=SPEC, model="a"))
            assert not goes_on(first)
            whole = await last_of(session.continue_answer(first.id, model_spec=SPEC, model="b"))
            assert (whole.id, whole.text, whole.model, whole.figures) == (first.id, "Yes", "b", FIRST)
            assert door.begun == [None, None]

    run(promise())


def test_what_another_program_drew_stays_with_the_answer(tmp_path: Path) -> None:
    drawn = Part("image", '{"sha256": "%s", "width": 3, "height": 2, "name": "cat"}' % ("ab" * 32))
    door = Talk(on(Piece(0, "text", "s.", (4,)), Finished(0, "stop", SECOND, "v")))

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, history):
            _, _, answer = await history.begin_turn(None, "Draw")
            parts = [Part("thinking", "hm"), Part("text", "It i"), drawn]
            await history.update_answer(answer.id, parts, tokens=(1, 2, 3), vocabulary="v", ending="stopped")
            whole = await last_of(session.continue_answer(answer.id, model_spec=SPEC))
            assert whole.parts == (Part("thinking", "hm"), Part("text", "It is."), drawn)

    run(promise())


def test_what_is_followed_by_something_does_not_go_on(tmp_path: Path) -> None:
    door = Talk(STOPPED, STOPPED, STOPPED)

    async def promise() -> None:
        async with noted(tmp_path, door) as (session, history):
            first = await last_of(session.reply(None, Draft("one"), model_spec=SPEC))
            second = await last_of(session.reply(first.conversation, Draft("two"), model_spec=SPEC))
            assert second.parent is not None
            for wrong in (first.id, second.parent, 99):
                assert (await problem_of(all_of(session.continue_answer(wrong, model_spec=SPEC))))[
                    0
                ] == "history.missing"
            assert await history.message(first.id) == first

    run(promise())


def test_two_clicks_are_one(tmp_path: Path) -> None:
    async def promise() -> None:
        async with desk(tmp_path, fake_worker.endless()) as (session, history, _):
            events = session.reply(None, Draft("go"), model_spec=SPEC)
            await until(events, Writing)
            session.stop()
            first = await last_of(events)
            one, two = (session.continue_answer(first.id, model_spec=SPEC) for _ in range(2))
            assert isinstance(await anext(one), Started)
            assert (await problem_of(all_of(two)))[0] == "history.missing"
            await until(one, Writing)
            session.stop()
            await last_of(one)
            assert len(await history.messages(first.conversation)) == 2

    run(promise())


def test_it_is_saved_while_it_grows_and_loses_nothing_in_between(tmp_path: Path) -> None:
    """The scripted worker sends no `Resumed`: until something new has come the old text stands in the file."""
    texts = "SELECT p.body FROM message m JOIN part p ON p.message = m.id WHERE m.role = 'assistant'"

    async def promise() -> None:
        resumed = fake_worker.event(Resumed(0, OLD))
        more = [fake_worker.event(Piece(0, "text", " more", (7,))), {"pause": 0.005}]
        stopped = fake_worker.event(Finished(0, "stopped", SECOND, "v"))
        script = [fake_worker.HELLO, {"serve": {
            "load": fake_worker.loading(), "generate": [resumed, {"until": "stop", "do": more}, stopped]}}]  # fmt: skip
        async with desk(tmp_path, script) as (session, history, _):
            conversation, _, answer = await history.begin_turn(None, "7 + 8?")
            parts = [Part("thinking", "hm"), Part("text", "It i")]
            await history.update_answer(answer.id, parts, tokens=(1, 2, 3), vocabulary="v", ending="unfinished")
            events = session.continue_answer(answer.id, model_spec=SPEC)
            lengths: set[int] = set()
            while len(lengths) < 3:
                await until(events, Writing)
                rows = [str(row[0]) for row in on_disk(tmp_path, texts)]
                assert rows[0] == "hm"
                assert rows[1].startswith("It i")
                lengths.add(len(rows[1]))
            session.stop()
            last = await last_of(events)
            assert last.ending == "stopped"
            assert last.tokens[:3] == (1, 2, 3)
            assert len(last.tokens) == 3 + last.text.count(" more")
            assert len(await history.messages(conversation.id)) == 2

    run(promise())


def test_only_what_broke_off_with_something_in_it_goes_on() -> None:
    def message(ending: str, text: str = "It", role: str = "assistant") -> Message:
        parts = (Part("text", text),) if text else ()
        return Message(1, 1, None, role, 0.0, parts, ending=ending)  # type: ignore[arg-type]

    assert all(goes_on(message(ending)) for ending in ("stopped", "length", "context", "unfinished", "failed"))
    assert not goes_on(message("stop"))
    assert not goes_on(message("stopped", text=""))
    assert not goes_on(message("", role="user"))
    assert begun(message("stopped", text="")) is None


def test_the_engines_end_while_it_goes_on_keeps_what_came(tmp_path: Path, allow_log: object) -> None:
    allow_log("answer 2 failed|engine|worker")  # type: ignore[operator]

    async def promise() -> None:
        crash = [fake_worker.event(Resumed(0, OLD)), fake_worker.event(Piece(0, "text", "s", (7,))), {"exit": 3}]
        script = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": crash}}]
        async with desk(tmp_path, script) as (session, history, _):
            _, _, answer = await history.begin_turn(None, "7 + 8?", model="a")
            await before(history, answer)
            events = await all_of(session.continue_answer(answer.id, model_spec=SPEC, model="a"))
            assert isinstance(events[-1], Broken)
            stored = await history.message(answer.id)
            assert (stored.text, stored.ending, stored.tokens) == ("It is", "failed", (1, 2, 3, 7))
            assert stored.figures == FIRST, "what is known of it stays known"
            assert any(isinstance(event, Writing) for event in events)
            assert not any(isinstance(event, Thinking) for event in events)

    run(promise())


async def before(history: History, answer: Message) -> None:
    """The answer as it was when it broke off."""
    parts = [Part("thinking", "hm"), Part("text", "It i")]
    await history.update_answer(answer.id, parts, tokens=(1, 2, 3), vocabulary="v", ending="stopped", figures=FIRST)
    await asyncio.sleep(0)


def test_an_answer_that_goes_on_needs_room_only_for_what_it_has_not_had() -> None:
    """In a nearly full context it goes on, instead of being called too long for the room of a whole answer."""
    settings, info = ConversationSettings(), fake_worker.MODEL
    whole = Room((), settings, info, "none").room
    assert Room((), settings, info, "none", begun=10).room == whole - 10
    assert Room((), settings, info, "none", begun=10 * whole).room == GOES_ON
    assert Room((), ConversationSettings(longest=8), info, "none", begun=4).room == 8, "no more than is wanted at all"
