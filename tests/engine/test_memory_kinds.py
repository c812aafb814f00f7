"""A turn costs only its own new tokens, for every kind of memory, and answers as if nothing had been kept.

Each kind holds twenty-turn conversations through the real worker process. "As if" means: llama.cpp, asked from an
empty memory, would have chosen the same tokens; exactly on the built-in model, and up to the difference between
batched and single-token arithmetic on random weights.
"""

from __future__ import annotations

import asyncio
import random
from bisect import bisect
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.core.paths import resource
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Turn
from tests.fixtures.conversations import Reply, ask, words
from tests.fixtures.llama_reference import Reference
from tests.fixtures.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from mistral_desk.inference.protocol import Effort, MemoryKind
    from tests.fixtures.small_models import SmallModels

TURNS: Final = 20
ANSWER: Final = 8
CONTEXT: Final = 4096
SHORT: Final = Turn("user", "Why?")
"""So short that what stands before it is still in a sliding window when the answer begins."""
COUNTRIES: Final = ("Spain", "Italy", "Portugal", "Poland", "Austria", "Norway", "Sweden", "Greece", "Egypt", "Peru")
CELLS: Final = 768
"""Tokens that llama.cpp keeps for a window of 32: the window and a batch of 512, in whole 256s."""
END_OF_THE_WORLD_S: Final = 300


@dataclass(frozen=True)
class Kind:
    """What holds for one model.

    `tolerance` is how far below the best logit a greedy token may be. Where `cuts` is true the memory can go back
    to any earlier token; elsewhere only to a point where a state was saved, at the latest where the turn began
    before the one that changed.
    """

    memory: MemoryKind
    tolerance: float
    cuts: bool


KINDS: Final = {
    "mistral4": Kind("attention", 0.5, cuts=True),
    "dense": Kind("attention", 0.5, cuts=True),
    "sliding": Kind("sliding", 0.5, cuts=False),
    "recurrent": Kind("recurrent", 0.05, cuts=False),
    "hybrid": Kind("hybrid", 0.05, cuts=False),
    "builtin": Kind("attention", 0.0, cuts=True),
}


@pytest.fixture(scope="module", params=KINDS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def path(name: str, small_models: SmallModels) -> Path:
    return resource("model", "guide.gguf") if name == "builtin" else small_models[name]


@pytest.fixture(scope="module")
def twenty(name: str, path: Path) -> list[Round]:
    """A conversation of twenty turns with one worker."""

    async def story(talk: Talk) -> None:
        for _ in range(TURNS):
            await talk.turn()

    return talking(path, story, knows=name == "builtin")


@dataclass
class Round:
    """One question and what came of it; `turns` end with the question."""

    turns: tuple[Turn, ...]
    effort: Effort
    reply: Reply

    @property
    def after(self) -> tuple[Turn, ...]:
        return (*self.turns, self.reply.as_turn())

    @property
    def read(self) -> int:
        return self.reply.figures.prompt_tokens - self.reply.figures.cached_tokens

    @property
    def held(self) -> int:
        """Tokens in the memory after this round at least: the last one that was sampled need not be decoded."""
        return self.reply.figures.prompt_tokens + len(self.reply.tokens) - 1


class Talk:
    """A conversation with one worker; remembers its rounds for the judge."""

    def __init__(self, engine: Engine, seed: int = 7, *, knows: bool = False) -> None:
        """`knows`: the model knows things, so its questions are such that mean nothing without what was said before."""
        self.rounds: list[Round] = []
        self._knows = knows
        self._engine = engine
        self._draw = random.Random(seed)
        self._start = (Turn("system", "You are the guide."),)

    async def turn(self, effort: Effort = "none") -> Round:
        """The next question, long enough that twenty are far more than a sliding window keeps."""
        history = self.rounds[-1].after if self.rounds else self._start
        return await self.ask((*history, self.question()), effort)

    async def ask(self, turns: Sequence[Turn], effort: Effort = "none") -> Round:
        """Any turns, in any order."""
        found = Round(tuple(turns), effort, await ask(self._engine, turns, effort, ANSWER))
        self.rounds.append(found)
        return found

    def question(self) -> Turn:
        if self._knows:
            country = COUNTRIES[len(self.rounds) % len(COUNTRIES)]
            return Turn("user", f"And of {country}?" if self.rounds else "What is the capital of France?")
        return Turn("user", words(self._draw, 15, 30))


def talking(path: Path, story: Callable[[Talk], Awaitable[None]], *, knows: bool = False) -> list[Round]:
    """Tell a story to a worker of its own and return all rounds."""

    async def tell() -> list[Round]:
        engine = Engine()
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                await engine.ensure(ModelSpec(str(path), CONTEXT, 1))
                talk = Talk(engine, knows=knows)
                await story(talk)
        finally:
            await engine.close()
        return talk.rounds

    return asyncio.run(tell())


def misses(rounds: Sequence[Round], path: Path, tolerance: float) -> list[str]:
    """Greedy tokens that llama.cpp would not have chosen from an empty memory."""
    with Reference(path, CONTEXT) as reference:
        prompts = Prompts(reference)
        found: list[str] = []
        for number, turn in reversed([*enumerate(rounds)]):
            prompt = prompts.ids(turn.turns, turn.effort)
            verdicts = reference.judge(prompt, turn.reply.tokens)
            found += [f"turn {number}: {verdict}" for verdict in verdicts if verdict.gap > tolerance]
    return found


def test_twenty_turns_each_read_only_what_is_new(name: str, path: Path, twenty: list[Round]) -> None:
    assert all(turn.reply.tokens for turn in twenty)
    for before, turn in pairwise(twenty):
        assert turn.reply.figures.cached_tokens >= before.held
    assert not misses(twenty, path, KINDS[name].tolerance)


def test_the_judge_notices_a_forgotten_turn(name: str, path: Path, twenty: list[Round]) -> None:
    """Otherwise the test above could not fail: the same answers do not fit a conversation that lacks its start.

    A random model's answers hang on every earlier word; the built-in one's only on what the question refers to.
    """
    first = -1 if name == "builtin" else 3
    forgetful = [replace(turn, turns=(turn.turns[0], *turn.turns[first:])) for turn in twenty[5:]]

    assert misses(forgetful, path, KINDS[name].tolerance)


def test_another_answer_to_the_same_question_reads_next_to_nothing(name: str, path: Path) -> None:
    async def regenerate(talk: Talk) -> None:
        for _ in range(6):
            await talk.turn()
        await talk.ask(talk.rounds[-1].turns)
        await talk.ask(talk.rounds[-1].turns)

    *_, last, again, third = talking(path, regenerate)

    assert last.reply.tokens == again.reply.tokens == third.reply.tokens or KINDS[name].tolerance
    for turn in (again, third):
        assert turn.read <= (1 if KINDS[name].cuts else last.read)
    assert not misses([last, again, third], path, KINDS[name].tolerance)


@pytest.mark.parametrize(("turns", "edited_turn"), [(8, 5), (TURNS, 3)], ids=["near", "far"])
def test_an_edited_question_keeps_what_stands_before_it(name: str, path: Path, turns: int, edited_turn: int) -> None:
    """Far back, a sliding window has lost what it needs there, though llama.cpp says that it could go back."""

    async def edit(talk: Talk) -> None:
        for _ in range(turns):
            await talk.turn()
        await talk.ask((*talk.rounds[edited_turn].turns[:-1], SHORT))
        await talk.turn()

    *rounds, edited, after = talking(path, edit)
    before = rounds[edited_turn - 1]
    kept = before.held if KINDS[name].cuts else before.reply.figures.cached_tokens

    assert edited.reply.figures.cached_tokens >= kept
    assert after.reply.figures.cached_tokens >= edited.held
    assert not misses([edited, after], path, KINDS[name].tolerance)


def test_editing_again_and_again_finds_no_state_of_an_abandoned_branch(name: str, path: Path) -> None:
    async def edit(talk: Talk) -> None:
        for _ in range(8):
            await talk.turn()
        for edited_turn in (3, 4, 5):
            await talk.ask((*talk.rounds[edited_turn].turns[:-1], SHORT))
            for _ in range(3):
                await talk.turn()
            await talk.ask((*talk.rounds[-1].turns[:-1], SHORT))

    assert not misses(talking(path, edit), path, KINDS[name].tolerance)


def test_a_window_that_is_partly_gone_is_not_used(small_models: SmallModels) -> None:
    """Going back to just where the sliding cache begins: some of the window's tokens are there, the others not."""
    path = small_models["sliding"]
    draw = random.Random(11)
    pieces = [words(draw, 1, 1) for _ in range(400)]
    with Reference(path, CONTEXT) as reference:
        sizes = [len(reference.tokenize(piece)) for piece in pieces]
    lengths = list(accumulate(sizes))
    ends = [bisect(lengths, lengths[-1] - CELLS + around) for around in range(-40, 41, 10)]

    async def go_back(talk: Talk) -> None:
        for end in ends:
            await talk.ask((Turn("user", f"{end}" + "".join(pieces)),))
            await talk.ask((Turn("user", f"{end}" + "".join(pieces[:end])),))

    assert not misses(talking(path, go_back), path, KINDS["sliding"].tolerance)


def test_switching_think_harder_back_and_forth_reads_the_chat_once_for_each(name: str, path: Path) -> None:
    """The effort stands near the prompt's start; what was read under the other one must still be there."""

    async def switch(talk: Talk) -> None:
        for number in range(8):
            await talk.turn("high" if number % 2 else "none")

    rounds = talking(path, switch)

    for earlier, turn in zip(rounds, rounds[2:], strict=False):
        assert turn.reply.figures.cached_tokens >= earlier.held
    assert not misses(rounds, path, KINDS[name].tolerance)


def test_two_conversations_in_turn_do_not_leak_into_each_other(name: str, path: Path) -> None:
    async def weave(talk: Talk) -> None:
        one: tuple[Turn, ...] = (Turn("system", "First."),)
        other: tuple[Turn, ...] = (Turn("user", "Second."), Turn("assistant", "Yes."))
        for _ in range(4):
            one = (await talk.ask((*one, talk.question()))).after
            other = (await talk.ask((*other, talk.question()))).after

    assert not misses(talking(path, weave), path, KINDS[name].tolerance)


def test_a_fresh_worker_says_the_same(name: str, path: Path, twenty: list[Round]) -> None:
    """The last of twenty turns, asked of a worker that never saw the others."""

    async def only_the_last(talk: Talk) -> None:
        await talk.ask(twenty[-1].turns)

    [fresh] = talking(path, only_the_last)

    assert fresh.reply.figures.cached_tokens == 0
    if KINDS[name].tolerance < 0.1:
        assert fresh.reply.tokens == twenty[-1].reply.tokens
    assert not misses([fresh], path, KINDS[name].tolerance)
