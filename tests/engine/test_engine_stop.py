"""Stop is obeyed at once, in a long prompt and in a long answer, and the next question is answered as if nothing was.

How fast is printed (`pytest -rP`), not decided here.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Finished, Piece, PromptProgress, Turn
from tests.fixtures.conversations import GREEDY, ask
from tests.fixtures.gguf_models import Mistral4Shape, mistral4
from tests.fixtures.in_time import in_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

STOPS: Final = 50
END_OF_THE_WORLD_S: Final = 240
SLOW: Final = Mistral4Shape(
    width=256,
    layers=2,
    heads=8,
    query_rank=128,
    kv_rank=64,
    nope=32,
    rope=32,
    value=32,
    expert_width=256,
    context=8192,
)
"""Takes a second or so for a long prompt, which is long enough to be interrupted at every point of it."""
LONG: Final = "sea sun rain boat " * 600


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mistral4(tmp_path_factory.mktemp("slow") / "slow.gguf", SLOW)


async def stopped_after(worker: Worker, text: str, enough: Callable[[object], bool]) -> tuple[float, Finished]:
    """Ask, stop as soon as an event is `enough`, and tell how long it took from there to the last event."""
    since: float | None = None
    async for event in worker.generate([Turn("user", text)], "none", GREEDY, None):
        if isinstance(event, Finished):
            assert since is not None, "it ended by itself"
            return time.perf_counter() - since, event
        if since is None and enough(event):
            since = time.perf_counter()
            for request in worker.requests:
                worker.stop(request)
    raise AssertionError("the answer ended without a last event")


async def working(path: Path, context: int = 8192) -> Worker:
    worker = Worker()
    await worker.start()
    await worker.load(ModelSpec(str(path), context, 1))
    return worker


def after(number: int, kind: type[PromptProgress | Piece]) -> Callable[[object], bool]:
    """True at the `number`th event of a kind, counted from 0."""
    seen = count()
    return lambda event: isinstance(event, kind) and next(seen) == number


def unanswered(stopped: tuple[float, Finished]) -> bool:
    """Nothing was written yet."""
    return stopped[1].figures.generated_tokens == 0


def test_fifty_stops_while_a_prompt_is_read(slow: Path) -> None:
    async def attempt(worker: Worker, n: int, number: int) -> tuple[float, Finished]:
        return await stopped_after(worker, f"{n} {number} {LONG}", after(n % 4, PromptProgress))

    async def stops() -> list[float]:
        worker = await working(slow)
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                found = [await in_time(partial(attempt, worker, n), unanswered) for n in range(STOPS)]
                assert (await ask(worker, [Turn("user", "Hello?")], max_tokens=4)).tokens
        finally:
            await worker.close()
        assert {last.reason for _, last in found} == {"stopped"}
        assert {last.figures.generated_tokens for _, last in found} == {0}
        return [seconds for seconds, _ in found]

    took = sorted(asyncio.run(stops()))

    print(f"stopped: median {took[len(took) // 2] * 1000:.1f} ms, longest {took[-1] * 1000:.1f} ms")


def test_fifty_stops_while_an_answer_is_written(slow: Path) -> None:
    async def stops() -> list[float]:
        worker = await working(slow)
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                found = [await stopped_after(worker, f"{n} Hello?", after(n % 20, Piece)) for n in range(STOPS)]
        finally:
            await worker.close()
        assert {last.reason for _, last in found} == {"stopped"}
        assert all(last.figures.generated_tokens > n % 20 for n, (_, last) in enumerate(found))
        return [seconds for seconds, _ in found]

    took = sorted(asyncio.run(stops()))

    print(f"stopped: median {took[len(took) // 2] * 1000:.1f} ms, longest {took[-1] * 1000:.1f} ms")


@pytest.mark.parametrize("name", ["mistral4", "dense", "sliding", "recurrent", "hybrid"])
def test_what_was_stopped_leaves_no_trace(name: str, small_models: SmallModels) -> None:
    """The same conversation, with and without two stopped questions before its last turn, gets the same answer."""
    start = (Turn("user", "One " * 40),)

    async def answers(*, interrupted: bool) -> tuple[int, ...]:
        worker = await working(small_models[name], 4096)
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                first = await ask(worker, start, max_tokens=16)
                if interrupted:
                    await stopped_after(worker, "Two " * 900, after(1, PromptProgress))
                    await stopped_after(worker, "Three", after(5, Piece))
                turns = (*start, first.as_turn(), Turn("user", "Four"))
                return (await ask(worker, turns, max_tokens=16)).tokens
        finally:
            await worker.close()

    assert asyncio.run(answers(interrupted=True)) == asyncio.run(answers(interrupted=False))


def test_a_stop_that_comes_late_or_twice_stops_nothing_else(small_models: SmallModels) -> None:
    async def story() -> None:
        worker = await working(small_models["mistral4"], 1024)
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                seen: list[int] = []
                async for _ in worker.generate([Turn("user", "Hello?")], "none", GREEDY, 4):
                    seen += worker.requests
                for request in {*seen, 0, 10_000}:
                    worker.stop(request)
                    worker.answer_now(request)
                assert (await ask(worker, [Turn("user", "Hello?")], max_tokens=4)).reason == "length"
        finally:
            await worker.close()

    asyncio.run(story())
