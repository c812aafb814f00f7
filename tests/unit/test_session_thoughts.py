"""A thought in a session: more of it in a version of its own, its limit, and *Answer now* before there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat import thought_limit
from mistral_desk.chat.going_on import reopened
from mistral_desk.chat.message import ConversationSettings, Draft
from mistral_desk.chat.session import Loading, Session
from mistral_desk.chat.session import Thinking as ThinkingMore
from mistral_desk.core.settings import THINK_SECONDS, THINK_TOKENS, Settings
from mistral_desk.inference.protocol import Figures, Finished, Piece, Resumed, Turn
from mistral_desk.inference.thought_messages import Budget
from tests.fixtures import fake_worker
from tests.fixtures.engines import SPEC, problem_of, run
from tests.fixtures.sessions import Door, all_of, desk, last_of, noted, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.inference.client import Answer, ModelSpec
    from mistral_desk.inference.protocol import ModelInfo

FIGURES: Final = Figures(prompt_tokens=10, cached_tokens=4, generated_tokens=3, thinking_tokens=1, thinking_s=2.0)
THOUGHT: Final[tuple[Answer, ...]] = (
    Piece(0, "thinking", "hm", (1,)),
    Piece(0, "text", "No.", (2, 3)),
    Finished(0, "stop", FIGURES, "v"),
)
MORE: Final[tuple[Answer, ...]] = (
    Resumed(0, (Piece(0, "thinking", "hm", (1,)),)),
    Piece(0, "thinking", "\n\nWait, yes", (4, 5)),
    Piece(0, "text", "Yes.", (6,)),
    Finished(
        0,
        "stop",
        Figures(prompt_tokens=11, cached_tokens=10, generated_tokens=3, thinking_tokens=2, thinking_s=1.0),
        "v",
    ),
)


class Talk(Door):
    """Answers the first time with one row of events, then with the next."""

    def __init__(self, *answers: tuple[Answer, ...]) -> None:
        super().__init__(lambda: None, answers[0])
        self._rows = list(answers)

    async def ensure(self, spec: ModelSpec, on_progress: Callable[[float], None] | None = None) -> ModelInfo:
        self._answers = self._rows.pop(0) if len(self._rows) > 1 else self._rows[0]
        return fake_worker.MODEL


def test_more_of_a_thought_is_another_version_that_keeps_it(tmp_path: Path) -> None:
    async def promise() -> None:
        door = Talk(THOUGHT, MORE)
        async with noted(tmp_path, door) as (session, history):
            first = await last_of(session.reply(None, Draft("So?", think=True), model_spec=SPEC, model="a"))
            second = await last_of(session.think_more(first.id, model_spec=SPEC, model="b"))
            assert door.begun[1] == Turn("assistant", "No.", "hm", (1, 2, 3), "v")
            assert (second.thinking, second.text, second.tokens) == ("hm\n\nWait, yes", "Yes.", (1, 4, 5, 6))
            assert (second.model, second.effort, second.parent) == ("b", "high", first.parent)
            assert await history.versions(first.id) == (first.id, second.id)
            assert await history.message(first.id) == first, "the old one stays as it was"
            took = second.figures
            assert took is not None
            assert (took.prompt_tokens, took.generated_tokens) == (10, 4)
            assert (took.thinking_tokens, took.thinking_s) == (3, 3.0), "all of its thought"
            assert took.prompt_tokens - took.cached_tokens + took.again_tokens == 1, "read anew"

    run(promise())


def test_an_answer_without_a_thought_is_answered_with_one(tmp_path: Path) -> None:
    async def promise() -> None:
        plain: tuple[Answer, ...] = (Piece(0, "text", "No.", (2, 3)), Finished(0, "stop", FIGURES, "v"))
        door = Talk(plain, THOUGHT)
        async with noted(tmp_path, door) as (session, _):
            first = await last_of(session.reply(None, Draft("So?"), model_spec=SPEC))
            second = await last_of(session.think_more(first.id, model_spec=SPEC))
            assert door.begun == [None, None]
            assert [asked[1] for asked in door.asked] == ["none", "high"]
            assert second.thinking == "hm"
            assert first.parent is not None
            found = await problem_of(all_of(session.think_more(first.parent, model_spec=SPEC)))
            assert found[0] == "history.missing", "a person's message has no thought"

    run(promise())


def test_what_was_never_measured_stays_unknown() -> None:
    found = reopened(None, FIGURES, 3)
    assert found.thinking_s == 0.0
    assert found.thinking_tokens == FIGURES.thinking_tokens


# --- a limit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("own", "held"),
    [
        (ConversationSettings(), Budget(100, 30.0)),
        (ConversationSettings(think_tokens=7), Budget(7, 30.0)),
        (ConversationSettings(think_tokens=0, think_seconds=0), Budget()),
        (ConversationSettings(think_seconds=5), Budget(100, 5)),
    ],
)
def test_a_chat_says_it_before_the_app(own: ConversationSettings, held: Budget) -> None:
    assert thought_limit.limit(own, Budget(100, 30.0)) == held


def test_what_was_thought_before_is_used_up() -> None:
    assert thought_limit.left(Budget(100, 30.0), FIGURES) == Budget(99, 28.0)
    assert thought_limit.left(Budget(1, 1.0), FIGURES) == Budget(0, 0.0)
    assert thought_limit.left(Budget(), FIGURES) == Budget()
    assert thought_limit.left(Budget(5, 5.0), None) == Budget(5, 5.0)


def test_the_engine_is_told_the_limit(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    settings.set(THINK_TOKENS, 100)
    settings.set(THINK_SECONDS, 30)

    async def promise() -> None:
        stopped: tuple[Answer, ...] = (Piece(0, "thinking", "hm", (1,)), Finished(0, "stopped", FIGURES, "v"))
        door = Talk(stopped, MORE)
        async with noted(tmp_path, door) as (_, history):
            session = Session(history, door, thought_limit=lambda: thought_limit.usual(settings))
            first = await last_of(session.reply(None, Draft("So?", think=True), model_spec=SPEC))
            await last_of(session.continue_answer(first.id, model_spec=SPEC))
            assert door.budgets == [Budget(100, 30), Budget(99, 28.0)], "what goes on has used some of it"
            await last_of(session.think_more(first.id, model_spec=SPEC))
            assert door.budgets[-1] == Budget(100, 30), "who asks for more grants it anew"

    run(promise())


# --- answer now ---------------------------------------------------------------------------------------


def test_answer_now_before_there_is_a_request_is_not_lost(tmp_path: Path) -> None:
    """While the model is loaded; the worker here waits for it before it answers."""
    served = {
        "load": fake_worker.loading(),
        "generate": [*fake_worker.pieces("", "Let me see"), {"expect": "answer_now"}, *fake_worker.answer("Yes.")],
    }

    async def promise() -> None:
        async with desk(tmp_path, [fake_worker.HELLO, {"serve": served}]) as (session, _, _):
            events = session.reply(None, Draft("So?", think=True), model_spec=SPEC)
            await until(events, Loading)
            session.answer_now()
            assert (await last_of(events)).text == "Yes."

    run(promise())


def test_answer_now_is_for_one_answer(tmp_path: Path) -> None:
    """Another chat's answer waits meanwhile; what is wished for it does not end the thought that runs."""
    thought = [*fake_worker.pieces("", "hm "), {"pause": 0.005}]
    served = {
        "load": fake_worker.loading(),
        "generate": [{"until": "answer_now", "do": thought}, *fake_worker.answer("Yes.")],
    }

    async def promise() -> None:
        async with desk(tmp_path, [fake_worker.HELLO, {"serve": served}]) as (session, history, _):
            one = session.reply(None, Draft("One?", think=True), model_spec=SPEC)
            await until(one, ThinkingMore)
            two = session.reply(None, Draft("Two?", think=True), model_spec=SPEC)
            started = await anext(two)
            waiting = started.answer_message.id  # type: ignore[union-attr]
            session.answer_now(waiting)
            for _ in range(20):
                await until(one, ThinkingMore)
            running = session.running
            assert running is not None
            assert running != waiting
            session.answer_now(running)
            assert (await last_of(one)).text == "Yes."
            assert (await last_of(two)).text == "Yes."
            assert len(await history.conversations()) == 2

    run(promise())
