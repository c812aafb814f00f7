"""Thoughts under control on the real engine: think more, answer now and a budget, in every manner of marking thoughts
and on every kind of memory. What a model says is written by the test; what is made of it is not.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Finished, Piece, PromptProgress, Turn
from mistral_desk.inference.steering import CUE, CUES
from mistral_desk.inference.thought_messages import Budget
from tests.fixtures.conversations import GREEDY, ask
from tests.fixtures.in_time import in_time
from tests.fixtures.talking import ANSWER, ASKED, MANNERS, MORE, THOUGHT, listen, talker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import TypeVar

    from tests.fixtures.small_models import SmallModels
    from tests.fixtures.talking import Told

    T = TypeVar("T")

END_OF_THE_WORLD_S: Final = 120
AGAIN: Final = f"\n\n{CUE}{MORE}"
KEEPS_THOUGHTS: Final = ("mistral", "sliding")
"""Their template puts thoughts of earlier answers into the prompt."""
NEXT: Final = Turn("user", "Why?")

each_manner = pytest.mark.parametrize("name", list(MANNERS))


def told(path: Path, story: Callable[[Worker], Awaitable[T]]) -> T:
    async def tell() -> T:
        worker = Worker()
        await worker.start()
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                await worker.load(ModelSpec(str(path), 1024, 1))
                return await story(worker)
        finally:
            await worker.close()

    return asyncio.run(tell())


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder, made = tmp_path_factory.mktemp("talkers"), dict[str, "Path"]()

    def model(name: str) -> Path:
        if name not in made:
            made[name] = talker(folder / f"{name}.gguf", MANNERS[name])
        return made[name]

    return model


def said(name: str, *, led_on: bool = False) -> str:
    """What a talker answers. With channels it says nothing behind its own close, and where it was `led_on` and is to
    answer all the same, what it would think.
    """
    return ANSWER if MANNERS[name].answers else THOUGHT if led_on else ""


async def whole(worker: Worker, reply: Told, asked: tuple[Turn, ...] = ASKED) -> None:
    """The next turn costs only its own words: the ids that are kept are those that were read."""
    more = await ask(worker, (*asked, reply.as_turn(), NEXT), "high", 1)
    assert more.figures.cached_tokens >= reply.took.prompt_tokens - reply.before + len(reply.tokens) - 1


def long(number: int) -> tuple[Turn, ...]:
    """A question that takes a while to be read, so that what is wished meanwhile is known before the thought begins;
    each number's has to be read anew.
    """
    return (Turn("user", f"{number} " + "sea sun rain boat " * 60),)


async def led_on(worker: Worker) -> tuple[Told, tuple[Turn, ...]]:
    """An answer that was asked for more while its prompt was read, and its question. On a busy computer the thought may
    be over by then: it is as nobody wished it otherwise, and another question is asked.
    """

    async def attempt(number: int) -> tuple[Told, tuple[Turn, ...]]:
        return await listen(worker, long(number), early=more_of(worker)), long(number)

    return await in_time(attempt, lambda found: bool(found[0].steered))


async def pressed(worker: Worker, number: int, most: int = 400, begun: Turn | None = None) -> Told:
    """An answer in whose thought *Answer now* was pressed, at this piece, and not when it was nearly cut."""

    async def attempt(_number: int) -> Told:
        return await listen(worker, begun=begun, act=at(number, now_of(worker)), most=most)

    return await in_time(attempt, lambda told: bool(told.steered) and told.took.thinking_tokens < most // 2)


def at(number: int, act: Callable[[], None]) -> Callable[[int, Told], None]:
    return lambda count, _: act() if count == number else None


def more_of(worker: Worker) -> Callable[[], None]:
    def act() -> None:
        for request in worker.requests:
            worker.think_more(request)

    return act


def now_of(worker: Worker) -> Callable[[], None]:
    def act() -> None:
        for request in worker.requests:
            worker.answer_now(request)

    return act


@each_manner
def test_a_talker_says_what_it_is_to_say(name: str, models: Callable[[str], Path]) -> None:
    async def story(worker: Worker) -> None:
        reply = await listen(worker)
        assert (reply.thinking.strip(), reply.text, reply.reason) == (THOUGHT, said(name), "stop")
        assert reply.steered == ()
        assert reply.took.thought_end == ""

    told(models(name), story)


@each_manner
def test_think_more_takes_the_close_back_a_bounded_number_of_times(name: str, models: Callable[[str], Path]) -> None:
    async def story(worker: Worker) -> None:
        reply, asked = await led_on(worker)
        assert reply.steered == ("more",) * CUES
        assert reply.thinking.strip() == THOUGHT + AGAIN * CUES
        assert (reply.text, reply.reason) == (said(name, led_on=True), "stop")
        assert reply.took.generated_tokens == len(reply.tokens)
        assert "</" not in reply.thinking + reply.text, "no marker is shown, nor a piece of one"
        assert reply.took.thinking_tokens <= reply.took.generated_tokens
        if name in KEEPS_THOUGHTS:
            await whole(worker, reply, asked)

    told(models(name), story)


@each_manner
def test_more_of_a_finished_thought_reads_only_what_is_new(name: str, models: Callable[[str], Path]) -> None:
    async def story(worker: Worker) -> None:
        first = await listen(worker)
        reply = await listen(worker, begun=first.as_turn(), rethinks=True)
        assert reply.steered == ("more",) * CUES
        assert reply.thinking.strip() == THOUGHT + AGAIN * CUES
        assert (reply.text, reply.reason) == (said(name, led_on=True), "stop")
        assert first.tokens[: reply.before] == reply.tokens[: reply.before], "its own ids"
        if "recurrent" not in name and "hybrid" not in name:
            assert reply.took.cached_tokens >= reply.took.prompt_tokens - 1
        if name in KEEPS_THOUGHTS:
            await whole(worker, reply)

    told(models(name), story)


@each_manner
@pytest.mark.parametrize("lost", ["no ids", "another vocabulary"])
def test_more_of_a_thought_that_another_model_had(name: str, lost: str, models: Callable[[str], Path]) -> None:
    async def story(worker: Worker) -> None:
        begun = Turn("assistant", "Rome.", THOUGHT, (), "") if lost == "no ids" else None
        begun = begun or Turn("assistant", "Rome.", THOUGHT, (5, 6, 7), "of another model")
        reply = await listen(worker, begun=begun, rethinks=True)
        assert reply.thinking.strip() == THOUGHT + AGAIN * CUES
        assert reply.text == said(name, led_on=True)

    told(models(name), story)


def test_a_model_that_would_end_in_a_thought_that_was_led_on_answers_all_the_same(tmp_path: Path) -> None:
    async def story(worker: Worker) -> None:
        reply, asked = await led_on(worker)
        assert reply.thinking == THOUGHT + AGAIN * CUES
        assert (reply.text, reply.reason) == (ANSWER, "stop")
        assert reply.took.thought_end == ""
        await whole(worker, reply, asked)

    told(talker(tmp_path / "ends.gguf", MANNERS["mistral"], ends=True), story)


def test_a_model_that_cannot_think_is_not_asked_for_more(small_models: SmallModels) -> None:
    async def story(worker: Worker) -> None:
        with pytest.raises(DeskError) as caught:
            await listen(worker, begun=Turn("assistant", "Yes.", "Hm."), rethinks=True)
        assert caught.value.problem.id == "prompt.effort"

    told(small_models["plain"], story)


@each_manner
def test_answer_now_in_the_middle_of_a_thought(name: str, tmp_path: Path) -> None:
    async def story(worker: Worker) -> None:
        reply = await pressed(worker, 20)
        assert reply.steered == ("now",)
        assert reply.took.thought_end == "now"
        assert len(reply.thinking) > 20
        assert reply.text
        assert "think" not in reply.thinking + reply.text
        assert reply.took.generated_tokens == len(reply.tokens)

    told(talker(tmp_path / "loop.gguf", MANNERS[name], " the quick brown fox jumps over", loop=True), story)


@each_manner
@pytest.mark.parametrize("when", ["at once", "while the prompt is read"])
def test_answer_now_before_there_is_a_thought(name: str, when: str, models: Callable[[str], Path]) -> None:
    async def story(worker: Worker) -> None:
        thinking = text = ""
        tokens: list[int] = []
        pressed = False
        async for event in worker.generate(long(0), "high", GREEDY, 40):
            if not pressed and (when == "at once" or isinstance(event, PromptProgress)):
                pressed = True
                now_of(worker)()
            if isinstance(event, Piece):
                tokens += event.tokens
                thinking += event.text if event.kind == "thinking" else ""
                text += event.text if event.kind == "text" else ""
            if isinstance(event, Finished):
                assert event.figures.generated_tokens == len(tokens)
                assert event.figures.thought_end in {"now", ""}
        assert text or thinking == said(name, led_on=True), "with channels nothing follows a thought that was over"
        assert len(thinking) <= len(THOUGHT) + 1

    told(models(name), story)


@each_manner
def test_a_budget_ends_with_the_sentence(name: str, tmp_path: Path) -> None:
    async def story(worker: Worker) -> None:
        reply = await listen(worker, budget=Budget(tokens=12))
        assert reply.steered == ("tokens",)
        assert reply.took.thought_end == "tokens"
        assert reply.thinking.rstrip().endswith("dog.")
        assert 12 <= reply.took.thinking_tokens <= 12 + 8
        assert reply.text

    told(talker(tmp_path / "loop.gguf", MANNERS[name], " the lazy dog.", loop=True), story)


def test_a_budget_of_time_ends_a_thought_without_end(tmp_path: Path) -> None:
    async def story(worker: Worker) -> None:
        reply = await listen(worker, budget=Budget(seconds=0.02), most=None)
        assert reply.steered == ("seconds",)
        assert reply.text

    told(talker(tmp_path / "loop.gguf", MANNERS["mistral"], " the lazy dog.", loop=True), story)


def test_more_is_granted_where_the_budget_would_have_ended_it(tmp_path: Path) -> None:
    async def story(worker: Worker) -> None:
        plain = await listen(worker, budget=Budget(tokens=40))

        async def attempt(number: int) -> Told:
            return await listen(worker, long(number), budget=Budget(tokens=40), early=more_of(worker))

        more = await in_time(attempt, lambda told: told.took.thinking_tokens > plain.took.thinking_tokens + 30)
        assert more.steered == ("tokens",)

    told(talker(tmp_path / "loop.gguf", MANNERS["mistral"], " the lazy dog.", loop=True), story)


def test_continue_after_answer_now_goes_on_in_the_text(tmp_path: Path) -> None:
    async def story(worker: Worker) -> None:
        first = await pressed(worker, 5, 300)
        assert (first.reason, first.steered) == ("length", ("now",))
        assert first.text
        rest = await listen(worker, begun=first.as_turn(), most=20)
        assert rest.thinking == first.thinking
        assert rest.tokens[: rest.before] == first.tokens
        assert rest.text.startswith(first.text)
        assert rest.steered == ()

    told(talker(tmp_path / "loop.gguf", MANNERS["mistral"], " the lazy dog.", loop=True), story)


def test_continue_in_a_thought_and_answer_now(tmp_path: Path) -> None:
    async def story(worker: Worker) -> None:
        first = await listen(worker, most=10)
        assert first.thinking
        assert not first.text
        rest = await pressed(worker, 3, begun=first.as_turn())
        assert rest.thinking.startswith(first.thinking)
        assert rest.text
        assert rest.steered == ("now",)

    told(talker(tmp_path / "loop.gguf", MANNERS["mistral"], " the lazy dog.", loop=True), story)
