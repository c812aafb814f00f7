"""*Think harder* costs nothing when there was time: a chat is read with the other effort before its message is sent."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.engine.prefix import common_prefix
from mistral_desk.inference.protocol import Turn
from mistral_desk.inference.state_keeper import StateKeeper
from mistral_desk.inference.state_store import StateStore
from tests.fixtures.conversations import ask
from tests.fixtures.llama_reference import Reference
from tests.fixtures.prompts import Prompts
from tests.fixtures.wandering import WORDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mistral_desk.inference.protocol import Effort
    from tests.fixtures.small_models import SmallModels

CONTEXT: Final = 2048
END_OF_THE_WORLD_S: Final = 240
TO_COME: Final = Turn("user", "…")
QUESTION: Final = Turn("user", "what is the sea")


def chat(words: int = 300) -> tuple[Turn, ...]:
    draw = random.Random(words)
    return (Turn("user", " ".join(draw.choices(WORDS, k=words))), Turn("assistant", "red circle"))


@contextlib.asynccontextmanager
async def running(path: Path, folder: Path) -> AsyncIterator[Engine]:
    engine = Engine()
    engine.states = StateKeeper(StateStore(folder, lambda: 1 << 30))
    try:
        async with asyncio.timeout(END_OF_THE_WORLD_S):
            await engine.ensure(ModelSpec(str(path), CONTEXT, 1, projector=""))
            yield engine
    finally:
        await engine.close()


def shared(path: Path, turns: tuple[Turn, ...], effort: Effort) -> int:
    """Tokens that stand before the message to come, whatever it is."""
    with Reference(path, CONTEXT) as reference:
        prompts = Prompts(reference)
        one, other = (prompts.ids((*turns, last), effort) for last in (TO_COME, QUESTION))
        return common_prefix(one, other, len(one))


@pytest.mark.parametrize("kind", ["mistral4", "dense", "sliding"])
def test_what_was_read_ahead_is_not_read_again(kind: str, small_models: SmallModels, tmp_path: Path) -> None:
    path = small_models[kind]
    before = shared(path, chat(), "high")

    async def promise() -> None:
        async with running(path, tmp_path / "states") as engine:
            await ask(engine, (*chat(), QUESTION), "none", 2, owner="1")
            reading = engine.ahead.read((*chat(), TO_COME), "high", owner="1")
            assert reading
            await reading
            harder = await ask(engine, (*chat(), QUESTION), "high", 2, owner="1")
            assert harder.figures.cached_tokens == before
            back = await ask(engine, (*chat(), QUESTION), "none", 2, owner="1")
            assert back.figures.cached_tokens == back.figures.prompt_tokens - 1, "the other effort is there still"
        async with running(path, tmp_path / "nothing") as engine:
            fresh = await ask(engine, (*chat(), QUESTION), "high", 2, owner="1")
            assert fresh.tokens == harder.tokens

    asyncio.run(promise())


def test_whoever_asks_is_answered_at_once_and_what_was_read_counts(small_models: SmallModels, tmp_path: Path) -> None:
    """Asked right behind it, before it has read anything, and after that: no answer waits for its end."""
    path = small_models["mistral4"]

    async def promise() -> None:
        async with running(path, tmp_path) as engine:
            for effort in ("high", "none"):
                reading = engine.ahead.read((*chat(), TO_COME), "high", owner="1")
                await asyncio.sleep(0)
                answer = await ask(engine, (*chat(), QUESTION), effort, 2, owner="1")
                assert answer.reason == "length"
                assert reading
                assert reading.cancelled(), "it had no time"

    asyncio.run(promise())


def test_nothing_is_read_where_it_could_not_help(small_models: SmallModels, tmp_path: Path) -> None:
    async def promise() -> None:
        async with running(small_models["recurrent"], tmp_path) as engine:
            assert engine.ahead.read((*chat(), TO_COME), "high") is None, "it cannot let go of the last turn"
        assert engine.ahead.read((*chat(), TO_COME), "high") is None, "no model is ready"

    asyncio.run(promise())
