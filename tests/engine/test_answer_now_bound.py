"""*Answer now* where the answer is bound to a schema: at any moment, in every manner of marking thoughts, what comes is
valid by the schema, or it was cut; no marker is in it. And where a bound model loses its way, it is led to the answer.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.core.paths import resource
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.engine.bound import HEADER
from mistral_desk.inference.protocol import Finished, Piece, PromptProgress, Sampling, Turn
from mistral_desk.inference.schema_grammar import grammar
from mistral_desk.inference.schema_read import read
from tests.fixtures.schemas import is_valid
from tests.fixtures.talking import ASKED, MANNERS, talker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mistral_desk.inference.protocol import Effort
    from tests.fixtures.small_models import SmallModels

END_OF_THE_WORLD_S: Final = 240
SCHEMA: Final[Any] = {
    "type": "object",
    "properties": {"sum": {"type": "integer", "minimum": 0, "maximum": 99}, "sure": {"enum": ["yes", "no"]}},
    "required": ["sum", "sure"],
}
MOMENTS: Final = 12
SUM: Final = (Turn("user", "What is 7 plus 8?"),)
MARKS: Final = ("think", "THINK", "<|", "channel", "</")


def told(path: Path, story: Callable[[Worker], Awaitable[None]]) -> None:
    async def tell() -> None:
        worker = Worker()
        await worker.start()
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                await worker.load(ModelSpec(str(path), 16384, 1))
                await story(worker)
        finally:
            await worker.close()

    asyncio.run(tell())


async def bound(
    worker: Worker, asked: tuple[Turn, ...], seed: int, press: int | None, *, effort: Effort = "high"
) -> tuple[str, str, Finished]:
    """Thought, answer and how it ended; *Answer now* is pressed at the piece number `press`, -1: while it is read."""
    texts = {"thinking": "", "text": ""}
    count = 0

    def now() -> None:
        for request in worker.requests:
            worker.answer_now(request)

    rules = grammar(read(SCHEMA))
    async for event in worker.generate(asked, effort, Sampling(temperature=0.7, seed=seed), 12_000, grammar=rules):
        if isinstance(event, PromptProgress) and press == -1:
            now()
        elif isinstance(event, Piece):
            assert event.kind == "text" or not texts["text"], "a thought stands before its answer"
            texts[event.kind] += event.text
            if count == press:
                now()
            count += 1
        elif isinstance(event, Finished):
            assert event.figures.generated_tokens == count
            return texts["thinking"], texts["text"], event
    raise AssertionError("an answer without an end")


def check(thinking: str, text: str, end: Finished) -> None:
    assert end.reason == "stop", (thinking, text)
    assert is_valid(SCHEMA, json.loads(text)), text
    assert not any(mark in text for mark in MARKS)


def test_the_guide_asked_for_its_answer_at_random_moments_gives_what_the_schema_demands() -> None:
    chance = random.Random(3)
    ends: list[str] = []

    async def story(worker: Worker) -> None:
        for number in itertools.count():
            press = chance.randrange(-1, 30) if number else 2
            thinking, text, end = await bound(worker, SUM, number, press)
            check(thinking, text, end)
            assert "[" not in thinking
            ends.append(end.figures.thought_end)
            # On a busy computer a press comes late: as many are tried as it takes to see both.
            if number >= 2 * MOMENTS and min(ends.count("now"), ends.count("")) > 3:
                return

    told(resource("model", "guide.gguf"), story)
    assert set(ends) == {"now", ""}, "also when the thought was over"


@pytest.mark.parametrize("name", list(MANNERS))
def test_in_every_manner_a_thought_without_end_is_closed_and_the_answer_is_valid(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    path = talker(tmp_path / "loop.gguf", MANNERS[name], " the quick brown fox jumps over", loop=True)

    async def story(worker: Worker) -> None:
        for seed in range(MOMENTS):
            thinking, text, end = await bound(worker, ASKED, seed, chance.randrange(-1, 40))
            check(thinking, text, end)
            assert end.figures.thought_end == "now"
            assert not any(mark in thinking for mark in MARKS)

    told(path, story)


@pytest.mark.parametrize("name", list(MANNERS))
def test_a_model_that_would_end_all_with_its_thought_answers_by_the_schema(name: str, tmp_path: Path) -> None:
    """It says nothing behind its thought, or something else than the schema wants."""
    path = talker(tmp_path / "talks.gguf", MANNERS[name])

    async def story(worker: Worker) -> None:
        for press in (None, 0, 3):
            check(*await bound(worker, ASKED, 1, press))

    told(path, story)


def test_a_header_that_comes_to_no_end_is_left(small_models: SmallModels) -> None:
    """Random weights write anything for a channel's name; where nothing was promised, that is told as a fault."""

    async def story(worker: Worker) -> None:
        for seed in range(6):
            thinking, text, end = await bound(worker, SUM, seed, None, effort="none")
            if not thinking:
                check(thinking, text, end)
                assert end.figures.generated_tokens <= HEADER + 3 + 40

    told(small_models["channels"], story)
