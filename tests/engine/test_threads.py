"""The number of threads while a model answers: within its bounds, told truly, and the same words whatever it is."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING

import psutil

from mistral_desk.core.paths import resource
from mistral_desk.inference.child import environment
from mistral_desk.inference.client import Engine, ModelSpec, Worker
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.protocol import Finished, Piece, Sampling, Turn

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

GUIDE = str(resource("model", "guide.gguf"))
GUIDE_BYTES = resource("model", "guide.gguf").stat().st_size
GREEDY = Sampling(temperature=0.0)
QUESTIONS = ("What is 7 plus 8?", "What can you do?", "How do I download a model?")
END_OF_WORLD_S = 240.0


async def _talk(worker: Worker, questions: Sequence[str]) -> tuple[list[int], float]:
    """The token ids of answers to one conversation, and how many threads computed a token of the last one."""
    turns: list[Turn] = []
    ids: list[int] = []
    threads = 0.0
    for question in questions:
        turns.append(Turn("user", question))
        text = ""
        async with contextlib.aclosing(worker.generate(turns, "none", GREEDY, 120)) as events:
            async for event in events:
                if isinstance(event, Piece):
                    ids += event.tokens
                    text += event.text
                elif isinstance(event, Finished):
                    threads = event.figures.threads
        turns.append(Turn("assistant", text))
    return ids, threads


def _answers(spec: ModelSpec) -> tuple[list[int], float]:
    async def ask() -> tuple[list[int], float]:
        worker = Worker()
        await worker.start()
        try:
            await worker.load(spec)
            async with asyncio.timeout(END_OF_WORLD_S):
                return await _talk(worker, QUESTIONS)
        finally:
            await worker.close()

    return asyncio.run(ask())


def test_the_same_words_with_one_thread_with_several_and_with_as_many_as_pay() -> None:
    """Below 512 tokens no sum of llama.cpp's depends on the number of threads."""
    one, used = _answers(ModelSpec(GUIDE, 2048, 1))
    assert used == 1
    several, _ = _answers(ModelSpec(GUIDE, 2048, 3))
    as_pay, free = _answers(ModelSpec(GUIDE, 2048))
    assert one
    assert one == several == as_pay
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    assert 1 <= free <= cores


def test_never_more_than_the_person_or_the_plan_said() -> None:
    _, used = _answers(ModelSpec(GUIDE, 2048, 2))
    assert 1 <= used <= 2
    _, used = _answers(ModelSpec(GUIDE, placement=Placement(context=2048, threads=1)))
    assert used == 1
    _, used = _answers(ModelSpec(GUIDE, placement=Placement(context=2048, threads=1, most_threads=2)))
    assert 1 <= used <= 2


def test_a_number_can_be_held_fast_for_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_DESK_FIXED_THREADS", "1")
    _, used = _answers(ModelSpec(GUIDE, 2048, 2))
    assert used == 2


def test_a_waiting_thread_sleeps_soon() -> None:
    """Before any runtime of OpenMP is loaded, and without overruling the person."""
    assert environment({})["GOMP_SPINCOUNT"] == "300"
    assert environment({})["KMP_BLOCKTIME"] == "1"
    assert environment({"GOMP_SPINCOUNT": "7"})["GOMP_SPINCOUNT"] == "7"


def test_a_model_that_rests_has_given_all_of_its_memory_back() -> None:
    async def scenario() -> None:
        engine, others = Engine(), set(psutil.Process().children())
        try:
            await engine.ensure(ModelSpec(GUIDE, 2048))
            process = psutil.Process(engine.pid or 0)
            assert process.memory_info().rss > GUIDE_BYTES
            assert await engine.rest()
            assert not process.is_running()
            assert not set(psutil.Process().children()) - others
            await engine.ensure(ModelSpec(GUIDE, 2048))
            assert engine.model is not None
        finally:
            await engine.close()

    asyncio.run(scenario())


def test_of_the_token_that_warms_a_model_nothing_is_left() -> None:
    """The first prompt is read whole."""

    async def scenario() -> None:
        worker = Worker()
        await worker.start()
        try:
            await worker.load(ModelSpec(GUIDE, 2048))
            async for event in worker.generate([Turn("user", "Hello")], "none", GREEDY, 4):
                if isinstance(event, Finished):
                    assert event.figures.cached_tokens == 0
        finally:
            await worker.close()

    asyncio.run(scenario())
