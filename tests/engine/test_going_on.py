"""An answer that broke off goes on as if it had never stopped, in the real worker: token for token, and for free.

Greedy, so that an answer in two goes can be held against the same answer in one.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Finished, Piece, Resumed, Sampling, Turn
from tests.fixtures.conversations import GREEDY, Reply, ask
from tests.fixtures.in_time import in_time
from tests.fixtures.llama_reference import Reference
from tests.fixtures.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import TypeVar

    from mistral_desk.inference.protocol import Effort, ModelInfo
    from tests.fixtures.small_models import SmallModels

    T = TypeVar("T")

END_OF_THE_WORLD_S: Final = 240
SUM: Final = (Turn("user", "What is 7 plus 8?"),)
TOLERANCE: Final = 0.5
"""How far below the best logit a greedy token may be on random weights, where batches differ in rounding."""


def told(path: Path, story: Callable[[Worker, ModelInfo], Awaitable[T]], context: int = 1024) -> T:
    """Tell a story to a worker with this model."""

    async def tell() -> T:
        worker = Worker()
        await worker.start()
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                return await story(worker, await worker.load(ModelSpec(str(path), context, 1)))
        finally:
            await worker.close()

    return asyncio.run(tell())


def so_far(reply: Reply) -> Turn:
    """The answer as it is kept."""
    return reply.as_turn()


@pytest.fixture(scope="module")
def guide() -> Path:
    return resource("model", "guide.gguf")


@pytest.mark.parametrize("effort", ["none", "high"])
def test_an_answer_in_two_goes_is_the_answer_in_one(guide: Path, effort: Effort) -> None:
    """Cut behind every token: in the thought, at its markers, in the text."""

    async def story(worker: Worker, _: ModelInfo) -> None:
        whole = await ask(worker, SUM, effort, 400)
        assert whole.reason == "stop"
        assert bool(whole.thinking) == (effort == "high")
        for count in range(1, len(whole.tokens)):
            first = await ask(worker, SUM, effort, count)
            assert first.reason == "length"
            assert first.tokens == whole.tokens[:count]
            rest = await ask(worker, SUM, effort, 400, begun=so_far(first))
            assert (rest.tokens, rest.reason, rest.before) == (whole.tokens, "stop", count)
            assert (rest.thinking, rest.text) == (whole.thinking, whole.text)
            assert rest.figures.generated_tokens == len(whole.tokens) - count
            # of the last token of the first go nobody had wanted to know a successor, so it alone is read
            assert rest.figures.prompt_tokens == whole.figures.prompt_tokens + count
            assert rest.figures.cached_tokens == rest.figures.prompt_tokens - 1

    told(guide, story)


def test_a_thought_that_was_cut_goes_on_as_a_thought(guide: Path) -> None:
    async def story(worker: Worker, _: ModelInfo) -> None:
        first = await ask(worker, SUM, "high", 6)
        assert first.thinking
        assert not first.text
        kinds = []
        async for event in worker.generate(SUM, "high", GREEDY, 400, begun=so_far(first)):
            if isinstance(event, Resumed):
                assert [piece.kind for piece in event.pieces if piece.text] == ["thinking"]
            elif isinstance(event, Piece) and event.text:
                kinds.append(event.kind)
        turn = kinds.index("text")
        assert turn > 0
        assert set(kinds[:turn]) == {"thinking"}
        assert set(kinds[turn:]) == {"text"}

    told(guide, story)


def test_after_a_restart_the_answer_goes_on_from_its_ids(guide: Path) -> None:
    whole = told(guide, lambda worker, _: ask(worker, SUM, "high", 400))
    first = told(guide, lambda worker, _: ask(worker, SUM, "high", 9))

    rest = told(guide, lambda worker, _: ask(worker, SUM, "high", 400, begun=so_far(first)))

    assert rest.tokens == whole.tokens
    assert rest.figures.cached_tokens == 0


@pytest.mark.parametrize("lost", ["no ids", "another vocabulary", "ids that say something else"])
def test_without_ids_that_fit_the_words_are_read_anew(guide: Path, lost: str) -> None:
    async def story(worker: Worker, _: ModelInfo) -> None:
        for effort in ("none", "high"):
            whole = await ask(worker, SUM, effort, 400)
            for count in (5, len(whole.tokens) - 2):
                first = await ask(worker, SUM, effort, count)
                tokens, vocabulary = {
                    "no ids": ((), ""),
                    "another vocabulary": (first.tokens, "of another model"),
                    "ids that say something else": (first.tokens[:-1], first.vocabulary),
                }[lost]
                begun = Turn("assistant", first.text, first.thinking, tokens, vocabulary)
                rest = await ask(worker, SUM, effort, 400, begun=begun)
                assert (rest.thinking, rest.text) == (whole.thinking, whole.text)
                assert rest.vocabulary == whole.vocabulary
                assert rest.figures.prompt_tokens == whole.figures.prompt_tokens + rest.before

    told(guide, story)


def test_what_was_stopped_goes_on_at_once(small_models: SmallModels) -> None:
    """For every kind of memory; what is read again is the last token at most where the memory can be cut."""
    for kind in ("mistral4", "dense", "sliding", "recurrent", "hybrid"):

        async def story(worker: Worker, info: ModelInfo) -> tuple[Reply, Reply]:
            first = await in_time(lambda _: stopped(worker, 12), lambda reply: len(reply.tokens) < info.context // 2)
            assert first.reason == "stopped"
            rest = await ask(worker, SUM, "none", 6, begun=so_far(first))
            assert rest.tokens[: rest.before] == first.tokens
            read = rest.figures.prompt_tokens - rest.figures.cached_tokens
            assert read <= (1 if info.memory in ("attention", "sliding") else rest.before + 8), info.memory
            return first, rest

        path = small_models[kind]
        first, rest = told(path, story)
        with Reference(path, 1024) as reference:
            prompt = Prompts(reference).ids(SUM, "none")
            gaps = [verdict.gap for verdict in reference.judge(prompt, rest.tokens)]
        assert max(gaps) <= TOLERANCE, f"{kind}: not what an empty memory would have said"
        assert len(rest.tokens) == len(first.tokens) + 6


async def stopped(worker: Worker, count: int) -> Reply:
    """An answer that a person stops after some tokens."""
    tokens: list[int] = []
    texts = {"text": "", "thinking": ""}
    async with contextlib.aclosing(worker.generate(SUM, "none", GREEDY, None)) as events:
        async for event in events:
            if isinstance(event, Piece):
                tokens += event.tokens
                texts[event.kind] += event.text
                if len(tokens) == count:
                    for request in worker.requests:
                        worker.stop(request)
            elif isinstance(event, Finished):
                seen = texts["text"], texts["thinking"]
                return Reply(tuple(tokens), *seen, event.reason, event.figures, event.vocabulary)
    raise AssertionError("no end")


def test_half_a_character_at_the_end_becomes_whole(small_models: SmallModels) -> None:
    """Random weights write broken UTF-8 all the time: whatever was shown, the whole is what the tokens say."""
    path = small_models["dense"]

    async def story(worker: Worker, _: ModelInfo) -> int:
        warm = Sampling(temperature=1.5, top_k=0, top_p=1.0, min_p=0.0, seed=5)
        whole = await ask(worker, SUM, "none", 60, warm)
        halves = 0
        for count in range(1, 60):
            first = await ask(worker, SUM, "none", count, warm)
            halves += first.text.endswith("\ufffd")
            rest = await ask(worker, SUM, "none", 1, GREEDY, begun=so_far(first))
            assert rest.tokens[:count] == whole.tokens[:count]
            again = await ask(worker, SUM, "none", 1, GREEDY, begun=so_far(rest))
            assert again.before == count + 1, "what it says now is what its ids say, too"
        return halves

    assert told(path, story) > 0


def test_the_penalty_for_repeating_remembers_what_stood_there_before(small_models: SmallModels) -> None:
    strict = Sampling(temperature=0.0, top_k=0, repeat_penalty=10.0)

    async def story(worker: Worker, _: ModelInfo) -> None:
        whole = await ask(worker, SUM, "none", 40, strict)
        first = await ask(worker, SUM, "none", 20, strict)
        rest = await ask(worker, SUM, "none", 20, strict, begun=so_far(first))
        assert rest.tokens == whole.tokens
        assert len(set(rest.tokens)) == 40

    told(small_models["mistral4"], story)


def test_a_model_that_cannot_think_goes_on_behind_another_ones_thought(small_models: SmallModels) -> None:
    async def story(worker: Worker, info: ModelInfo) -> None:
        assert not info.thinking
        begun = Turn("assistant", "The answer is", "Let me see.", (1, 2, 3), "of another model")
        rest = await ask(worker, SUM, "high", 5, begun=begun)  # there is no other effort for it: it goes on
        assert rest.thinking == "Let me see."
        assert rest.text.startswith("The answer is")
        assert rest.figures.generated_tokens == 5

    told(small_models["plain"], story)


def test_into_a_full_context_nothing_goes_on(small_models: SmallModels) -> None:
    async def story(worker: Worker, info: ModelInfo) -> None:
        full = await ask(worker, SUM, "none", None)
        assert full.reason == "context"
        with pytest.raises(DeskError) as caught:
            await ask(worker, SUM, "none", 5, begun=so_far(full))
        assert caught.value.problem.id == "prompt.too_long"
        assert (await ask(worker, SUM)).tokens

    told(small_models["mistral4"], story, 256)
