"""Room in a full context: in as many steps as it takes, asked again where a summary came to nothing, or refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.chat.events import Full, Shortened
from mistral_desk.chat.fitting_in import Room, Talk, branch_of, budget
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import ConversationSettings, Part
from mistral_desk.chat.session import Session
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference.protocol import Figures, Finished, Piece
from mistral_desk.inference.thought_messages import Steered
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, problem_of, run
from tests.fixtures.sessions import Door

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from mistral_desk.chat.message import WhenFull
    from mistral_desk.inference.client import Answer
    from mistral_desk.inference.protocol import ModelInfo, Turn

TOO_LONG: Final = Problem("prompt.too_long", {"tokens": 500, "context": 400, "name": "Fake"})


class Small(Door):
    """An engine with a small context in which each word is a token, and whose summaries are what a test says."""

    def __init__(self, size: int, *summaries: str | DeskError) -> None:
        super().__init__()
        self.info: ModelInfo = msgspec.structs.replace(fake_worker.MODEL, context=size)
        self.summaries = list(summaries)
        self.asked_for: list[int] = []

    async def ensure(self, spec: object, on_progress: Callable[[float], None] | None = None) -> ModelInfo:
        return self.info

    async def generate(self, turns: Sequence[Turn], *_: object, **__: object) -> AsyncGenerator[Answer, None]:
        self.asked_for.append(sum(len(turn.text.split()) for turn in turns))
        said = self.summaries.pop(0)
        if isinstance(said, DeskError):
            raise said
        yield Steered(0, "tokens")
        yield Piece(0, "text", said, (1,))
        yield Finished(0, "stop", Figures(), "v")


def words(count: int, what: str, length: int = 8) -> str:
    return " ".join(f"{what}{number:03}".ljust(length, "x") for number in range(count))


async def chat(
    *said: tuple[str, str], ask: str = "", settings: ConversationSettings | None = None
) -> tuple[History, int]:
    """A chat of questions and answers, and what is asked now; with the id of its last message."""
    history = await History.temporary()
    made: list[ImportedMessage] = []
    for number, text in enumerate([one for turn in said for one in turn] + ([ask] if ask else [])):
        above = made[-1].key if made else None
        role, ending = ("assistant", "stop") if number % 2 else ("user", "")
        made.append(ImportedMessage(str(number), above, role, 1.0, (Part("text", text),), ending=ending))  # type: ignore[arg-type]
    kept = await history.put(Imported("x", 1.0, 2.0, tuple(made)))
    assert kept is not None
    if settings:
        await history.set_settings(kept.id, settings)
    leaf = (await history.conversation(kept.id)).leaf
    assert leaf is not None
    return history, leaf


async def talk_of(history: History, leaf: int, door: Small) -> Talk:
    settings = await history.settings(1)
    return Talk(await history.branch(leaf), settings, door.info, "none")


def room_in(history: History, door: Small, *choices: WhenFull) -> tuple[Room, list[object]]:
    """`choices` are what the person says, one after the other."""
    told: list[object] = []
    left = list(choices)

    async def ask(full: Full) -> WhenFull:
        told.append(full)
        return left.pop(0)

    return Room(history, door, None, ask=ask, tell=told.append), told


def test_a_long_chat_is_summed_up_in_steps_that_fit() -> None:
    """Two of its turns together have more letters than any context of this size could hold."""
    turns = [(words(20, f"q{n}", 80), words(25, f"a{n}", 80)) for n in range(4)]
    summaries = [words(20, f"q{n}", 80) for n in range(4)]
    door = Small(400, *[one.replace("x ", "x, ") for one in summaries])

    async def promise() -> None:
        history, leaf = await chat(*turns, ask=words(200, "now", 6))
        talk = await talk_of(history, leaf, door)
        room, told = room_in(history, door, "summarise")
        made = await room.make(talk, TOO_LONG)
        assert len(door.asked_for) > 1
        assert all(count <= 400 for count in door.asked_for)
        assert len(made.sent.messages) == 1
        assert isinstance(told[-1], Shortened)
        assert (await history.settings(1)).summary == told[-1].summary != ""
        await history.close()

    run(promise())


def test_where_one_message_is_too_long_to_be_summed_up_the_person_is_asked_again() -> None:
    door = Small(400)

    async def promise() -> None:
        history, leaf = await chat((words(380, "q"), "yes"), ask=words(30, "now"))
        room, told = room_in(history, door, "summarise", "drop")
        made = await room.make(await talk_of(history, leaf, door), TOO_LONG)
        first, second = told[:2]
        assert isinstance(first, Full)
        assert isinstance(second, Full)
        assert (first.helps, first.failed) == (("summarise", "drop"), None)
        assert second.helps == ("drop",)
        assert second.failed is not None
        assert second.failed.id == "context.too_long_to_sum_up"
        assert [one.text for one in made.sent.messages] == [words(30, "now")]
        assert door.asked_for == []
        await history.close()

    run(promise())


def test_an_engine_that_dies_over_a_summary_ends_the_turn_and_changes_nothing() -> None:
    door = Small(400, DeskError("engine.died", status=3))

    async def promise() -> None:
        history, leaf = await chat((words(100, "q"), words(100, "a")), ask=words(170, "now"))
        room, told = room_in(history, door, "summarise")
        assert (await problem_of(room.make(await talk_of(history, leaf, door), TOO_LONG)))[0] == "engine.died"
        assert len(told) == 2, "asked once, and told that it was begun"
        assert await history.settings(1) == ConversationSettings()
        await history.close()

    run(promise())


def test_of_a_chat_far_too_long_any_summary_is_shorter() -> None:
    turns = [(words(25, f"q{n}", 100), words(25, f"a{n}", 100)) for n in range(2)]
    door = Small(400, words(20, "q0", 100).replace("x ", "x; "), words(20, "q1", 100).replace("x ", "x; "))

    async def promise() -> None:
        history, leaf = await chat(*turns, ask="And now?")
        talk = await talk_of(history, leaf, door)
        assert talk.far
        found = await budget(talk, door, None)
        assert (found.far, found.full, found.used) == (True, True, 400)
        room, _ = room_in(history, door, "summarise")
        made = await room.make(talk, talk.problem)
        assert not made.far
        assert not (await budget(made, door, None)).far
        await history.close()

    run(promise())


@pytest.mark.parametrize(
    ("problem", "beside", "told"),
    [
        (TOO_LONG, 0, "context.message_too_long"),
        (TOO_LONG, 9, "context.answer_too_long"),
        (Problem("prompt.pictures_too_long", {}), 0, "prompt.pictures_too_long"),
    ],
)
def test_a_message_that_is_too_long_by_itself_is_told_as_that(problem: Problem, beside: int, told: str) -> None:
    async def promise() -> None:
        door = Small(400)
        history, leaf = await chat(ask=words(500, "q"))
        room, _ = room_in(history, door)
        assert (await problem_of(room.make(await talk_of(history, leaf, door), problem, beside)))[0] == told
        await history.close()

    run(promise())


# --- before it is full --------------------------------------------------------------------------------------


async def shortened(history: History, door: Small, *, summarise: bool = False) -> list[object]:
    return [event async for event in Session(history, door).shortening().run(1, SPEC, summarise=summarise)]


@pytest.mark.parametrize(
    ("said", "system"),
    [((), ""), ((("only a question", ""),), ""), ((("q", "a"), ("q", "a")), words(399, "s"))],
    ids=["an empty chat", "one message", "instructions fill it"],
)
def test_where_nothing_can_be_left_out_it_says_so(said: tuple[tuple[str, str], ...], system: str) -> None:
    async def promise() -> None:
        door = Small(400)
        if said and said[0][1]:
            history, _ = await chat(*said)
        elif said:
            history, _ = await chat(ask=said[0][0])
        else:
            history = await History.temporary()
            await history.create()
        await history.set_settings(1, ConversationSettings(system=system))
        assert (await problem_of(shortened(history, door)))[0] == "context.nothing_to_drop"
        assert (await history.settings(1)).dropped is None
        await history.close()

    run(promise())


def test_a_person_may_have_the_oldest_left_out_at_any_time() -> None:
    async def promise() -> None:
        history, leaf = await chat(("first", "yes"), ("second", "no"))
        (done,) = [event for event in await shortened(history, Small(400)) if isinstance(event, Shortened)]
        assert (await history.settings(1)).dropped == done.dropped
        assert leaf >= done.dropped
        await history.close()

    run(promise())


# --- what is read of a long chat ----------------------------------------------------------------------------


def test_of_a_long_chat_the_tokens_of_what_is_sent_are_read_and_no_others() -> None:
    async def promise() -> None:
        history, _ = await chat((words(90, "q", 100), "an answer"), ("short", "another"), ask="now")
        *_, one, _, two, leaf = await history.messages(1)
        for answer, token in ((one, 7), (two, 8)):
            await history.update_answer(answer.id, answer.parts, tokens=[token], vocabulary="v", ending="stop")
        settings = ConversationSettings(dropped=one.id)
        branch = await branch_of(history, leaf.id, settings, 400)
        assert [message.text for message in branch] == [message.text for message in await history.messages(1)]
        assert [message.tokens for message in branch] == [(), (), (), (8,), ()]
        short = await branch_of(history, leaf.id, settings, 4000)
        assert [message.tokens for message in short] == [(), (7,), (), (8,), ()]
        far = await branch_of(history, leaf.id, ConversationSettings(), 400)
        assert not any(message.tokens for message in far), "it will not be sent like that"
        await history.close()

    run(promise())
