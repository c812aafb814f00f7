"""One answer of the real engine: what it consists of, how it ends, and that its figures are true."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Finished, Piece, PromptProgress, Sampling, Turn
from tests.fixtures import gguf_kinds, templates
from tests.fixtures.conversations import GREEDY, Reply, ask
from tests.fixtures.gguf_writing import Recipe
from tests.fixtures.in_time import in_time

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path
    from typing import TypeVar

    from mistral_desk.inference.protocol import Effort, ModelInfo
    from tests.fixtures.small_models import SmallModels

    T = TypeVar("T")

END_OF_THE_WORLD_S: Final = 120
HELLO: Final = (Turn("user", "Hello, who are you?"),)
OPENED: Final = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}{# </think> #}"
)
"""The thought is opened by the template: a model without training thinks for ever."""
SPELLED: Final = OPENED.replace("<|im_start|>", "[INST]").replace("<|im_end|>", "[/INST]")
"""The same where the vocabulary has no marker."""


def told(path: Path, story: Callable[[Worker, ModelInfo], Awaitable[T]], context: int | None = 1024) -> T:
    """Tell a story to a worker with this model."""

    async def tell() -> T:
        worker = Worker()
        await worker.start()
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                info = await worker.load(ModelSpec(str(path), context, 1))
                return await story(worker, info)
        finally:
            await worker.close()

    return asyncio.run(tell())


def problem(path: Path, turns: tuple[Turn, ...], effort: Effort = "none", context: int | None = 1024) -> DeskError:
    """What asking raises."""

    async def story(worker: Worker, _: ModelInfo) -> DeskError:
        with pytest.raises(DeskError) as caught:
            await ask(worker, turns, effort)
        assert (await ask(worker, HELLO)).tokens  # it is none the worse for it
        return caught.value

    return told(path, story, context)


@pytest.fixture(scope="module")
def model(small_models: SmallModels) -> Path:
    return small_models["mistral4"]


def test_the_figures_are_what_happened(model: Path) -> None:
    async def story(worker: Worker, info: ModelInfo) -> None:
        first = await ask(worker, HELLO, max_tokens=12)
        second = await ask(worker, (*HELLO, first.as_turn(), Turn("user", "Why?")), max_tokens=3)
        one, two = first.figures, second.figures

        assert first.reason == second.reason == "length"
        assert (one.generated_tokens, two.generated_tokens) == (len(first.tokens), len(second.tokens)) == (12, 3)
        assert one.cached_tokens == 0
        assert two.cached_tokens >= one.prompt_tokens + one.generated_tokens - 1
        assert two.prompt_tokens > two.cached_tokens
        assert one.first_token_s is not None
        assert one.first_token_s >= one.prompt_s > 0
        assert one.tokens_per_s is not None
        assert one.tokens_per_s > 0
        assert one.thinking_tokens == one.thinking_s == 0
        assert first.vocabulary == info.vocabulary

    told(model, story)


def test_the_prompts_progress_begins_at_what_is_cached_and_ends_at_the_whole(model: Path) -> None:
    turns = (Turn("user", "sea sun rain boat " * 200),)

    async def story(worker: Worker, _: ModelInfo) -> list[PromptProgress]:
        await ask(worker, turns)
        other = (Turn("user", turns[0].text + "and more " * 100),)
        events = [event async for event in worker.generate(other, "none", GREEDY, 2)]
        assert isinstance(events[-1], Finished)
        return [event for event in events if isinstance(event, PromptProgress)]

    progress = told(model, story, 4096)

    assert progress[0].done == progress[0].cached > 800
    assert progress[0].seconds_left is None
    assert progress[-1].done == progress[-1].total
    assert progress[-1].seconds_left == 0
    assert [event.done for event in progress] == sorted(event.done for event in progress)
    assert len({(event.total, event.cached) for event in progress}) == 1


def test_the_same_seed_says_the_same_and_is_told_when_it_was_drawn(model: Path) -> None:
    warm = Sampling(temperature=1.5, top_k=0, top_p=1.0, min_p=0.0)

    async def story(worker: Worker, _: ModelInfo) -> None:
        await ask(worker, HELLO, max_tokens=2)  # so all read their last token by itself: batches differ in rounding
        drawn = [await ask(worker, HELLO, max_tokens=16, sampling=warm) for _ in range(2)]
        again = await ask(worker, HELLO, max_tokens=16, sampling=replaced(warm, drawn[0].figures.seed))

        assert drawn[0].figures.seed != drawn[1].figures.seed
        assert drawn[0].tokens != drawn[1].tokens
        assert again.tokens == drawn[0].tokens

    told(model, story)


def replaced(sampling: Sampling, seed: int) -> Sampling:
    return Sampling(sampling.temperature, sampling.top_k, sampling.top_p, sampling.min_p, None, seed)


@pytest.mark.parametrize(
    "narrow",
    [
        Sampling(temperature=0.0),
        Sampling(temperature=5.0, top_k=1),
        Sampling(temperature=5.0, top_k=0, top_p=1e-6, min_p=0.0),
        Sampling(temperature=5.0, top_k=0, top_p=1.0, min_p=1.0),
    ],
)
def test_every_way_to_narrow_the_choice_to_one_gives_the_likeliest(narrow: Sampling, model: Path) -> None:
    async def story(worker: Worker, _: ModelInfo) -> tuple[Reply, Reply]:
        return await ask(worker, HELLO, max_tokens=16), await ask(worker, HELLO, max_tokens=16, sampling=narrow)

    greedy, narrowed = told(model, story)

    assert narrowed.tokens == greedy.tokens


def test_a_repetition_penalty_keeps_tokens_from_coming_back(model: Path) -> None:
    strict = Sampling(temperature=0.0, top_k=0, repeat_penalty=10.0)

    async def story(worker: Worker, _: ModelInfo) -> tuple[Reply, Reply]:
        return (
            await ask(worker, HELLO, max_tokens=60, sampling=Sampling(temperature=0.0)),
            await ask(worker, HELLO, max_tokens=60, sampling=strict),
        )

    free, bound = told(model, story)

    assert len(set(bound.tokens)) == len(bound.tokens)
    assert len(set(free.tokens)) < len(free.tokens)


def test_a_full_context_is_an_end_of_its_own(model: Path) -> None:
    async def story(worker: Worker, info: ModelInfo) -> tuple[Reply, int]:
        return await ask(worker, HELLO, max_tokens=None), info.context

    reply, context = told(model, story, 256)

    assert reply.reason == "context"
    assert reply.figures.prompt_tokens + reply.figures.generated_tokens == context + 1


@pytest.mark.parametrize("text", ["sea " * 2000, "a" * 1_000_000, "one word " * 111_111])
def test_a_message_that_is_too_long_is_counted(text: str, model: Path) -> None:
    found = problem(model, (Turn("user", text),)).problem

    assert found.id == "prompt.too_long"
    assert int(found.params["tokens"]) > 1024
    assert found.params["context"] == 1024


@pytest.mark.parametrize(
    "turns", [(), (Turn("user", ""),), (Turn("user", " \n "),), (Turn("user", "Hi"), Turn("assistant", "Hi"))]
)
def test_without_words_there_is_nothing_to_answer(turns: tuple[Turn, ...], model: Path) -> None:
    assert problem(model, turns).problem.id == "prompt.empty"


def test_a_model_that_cannot_think_says_so(small_models: SmallModels) -> None:
    assert problem(small_models["plain"], HELLO, "high").problem.id == "prompt.effort"


@pytest.fixture(scope="module", params=["tokens", "text"])
def pensive(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that thinks for ever, with markers as tokens or as plain text."""
    path = tmp_path_factory.mktemp("pensive") / "pensive.gguf"
    if request.param == "tokens":
        specials = (*templates.TAGS_SPECIALS, "<|endoftext|>")
        return gguf_kinds.dense(path, Recipe(chat_template=OPENED, specials=specials))
    return gguf_kinds.dense(path, Recipe(chat_template=SPELLED))


def test_answer_now_ends_the_thought_and_the_answer_follows(pensive: Path) -> None:
    async def pressed(worker: Worker) -> tuple[list[Piece], Finished]:
        pieces: list[Piece] = []
        async for event in worker.generate(HELLO, "high", GREEDY, 1500):
            if isinstance(event, Finished):
                return pieces, event
            if isinstance(event, Piece):
                pieces.append(event)
                if len(pieces) == 10:
                    for request in worker.requests:
                        worker.answer_now(request)
        raise AssertionError("no last event")

    async def story(worker: Worker, info: ModelInfo) -> tuple[list[Piece], Finished]:
        assert info.efforts == ("high",)
        return await in_time(lambda _: pressed(worker), lambda found: found[1].figures.thinking_tokens < 500)

    pieces, last = told(pensive, story)
    assert last.figures.thought_end == "now"
    kinds = [piece.kind for piece in pieces if piece.text]
    turn = kinds.index("text")

    assert turn >= 8
    assert set(kinds[:turn]) == {"thinking"}
    assert set(kinds[turn:]) == {"text"}
    assert "think>" not in "".join(piece.text for piece in pieces)
    assert 10 <= last.figures.thinking_tokens < last.figures.generated_tokens <= 1500
    assert last.figures.thinking_s > 0


def test_a_thought_without_end_is_all_thought(pensive: Path) -> None:
    async def story(worker: Worker, _: ModelInfo) -> Reply:
        return await ask(worker, HELLO, "none", 30)  # there is no other effort, so none is taken for high

    reply = told(pensive, story)

    assert reply.thinking
    assert not reply.text
    assert reply.figures.thinking_tokens == 30


@pytest.mark.parametrize("specials", [("<|im_start|>", "<|im_end|>"), ("<s>", "</s>")])
def test_a_file_without_a_template_still_talks(specials: tuple[str, ...], tmp_path: Path) -> None:
    path = gguf_kinds.dense(tmp_path / "bare.gguf", Recipe(chat_template=None, specials=specials))

    async def story(worker: Worker, info: ModelInfo) -> ModelInfo:
        first = await ask(worker, HELLO)
        second = await ask(worker, (*HELLO, first.as_turn(), Turn("user", "Why?")))
        assert second.figures.cached_tokens >= first.figures.prompt_tokens
        return info

    info = told(path, story)

    assert info.template == "fallback"
    assert not info.thinking


def test_what_the_model_is_was_found_out(small_models: SmallModels) -> None:
    async def story(_: Worker, info: ModelInfo) -> ModelInfo:
        return info

    path = small_models["mistral4_q8"]
    info = told(path, story, None)

    assert (info.architecture, info.quantization, info.memory) == ("mistral4", "Q8_0", "attention")
    assert (info.context, info.trained_context, info.layers, info.threads) == (4096, 4096, 2, 1)
    assert (info.efforts, info.thinking, info.template) == (("none", "high"), True, "own")
    assert info.file_bytes == path.stat().st_size
    assert info.sampling == Sampling(temperature=0.1, top_k=40, top_p=0.95, min_p=0.05, repeat_penalty=1.0)
    assert info.load_s > 0


def test_split_models_are_the_same_models(small_models: SmallModels) -> None:
    async def story(worker: Worker, info: ModelInfo) -> tuple[int, tuple[int, ...]]:
        return info.parameters, (await ask(worker, HELLO)).tokens

    first = small_models["mistral4_split"]
    last = max(first.parent.glob("mistral4_split-*.gguf"))

    assert told(first, story) == told(last, story) == told(small_models["mistral4"], story)


@pytest.mark.parametrize("context", [3_000_000, 1_000_000_000])
def test_a_context_that_does_not_fit_is_refused_before_it_is_taken(context: int, tmp_path: Path) -> None:
    """Asked for, it is a problem; unasked, it is not tried. Nothing ever asks the system for that much."""
    recipe = Recipe(override={"llama.context_length": 2_000_000_000})
    path = gguf_kinds.dense(tmp_path / "long.gguf", recipe, layers=64)

    async def story(_: Worker, info: ModelInfo) -> int:
        return info.context

    with pytest.raises(DeskError) as caught:
        told(path, story, context)

    assert caught.value.problem.id == "model.no_memory"
    assert caught.value.problem.params["context"] == context
    assert told(path, story, None) == 8192
