"""Switching costs nothing the second time: *Think harder* in one chat, and going from one chat to another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Turn
from tests.fixtures.conversations import Reply, ask
from tests.fixtures.llama_reference import Reference
from tests.fixtures.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mistral_desk.inference.protocol import Effort
    from tests.fixtures.small_models import SmallModels

END_OF_THE_WORLD_S: Final = 240
CONTEXT: Final = 4096
TOLERANCE: Final = 0.5
"""How far below the best logit a greedy token may be, on random weights, where batches differ in rounding."""

Asked = tuple[tuple[Turn, ...], "Effort", Reply]


@pytest.fixture(scope="module", params=["mistral4", "dense", "sliding", "recurrent", "hybrid"])
def path(request: pytest.FixtureRequest, small_models: SmallModels) -> Path:
    return small_models[str(request.param)]


def answered(path: Path, plan: Sequence[tuple[str, Effort]]) -> list[Asked]:
    """Ask the next question of the chat named so, with an effort, over and over; all by one worker."""

    async def story() -> list[Asked]:
        worker = Worker()
        await worker.start()
        chats: dict[str, tuple[Turn, ...]] = {}
        asked: list[Asked] = []
        try:
            async with asyncio.timeout(END_OF_THE_WORLD_S):
                await worker.load(ModelSpec(str(path), CONTEXT, 1))
                for number, (chat, effort) in enumerate(plan):
                    turns = (*chats.get(chat, ()), Turn("user", f"{chat} {number}: " + "sea sun rain boat " * 12))
                    reply = await ask(worker, turns, effort, 6)
                    chats[chat] = (*turns, reply.as_turn())
                    asked.append((turns, effort, reply))
        finally:
            await worker.close()
        return asked

    return asyncio.run(story())


def misses(asked: Sequence[Asked], path: Path) -> list[str]:
    """Greedy tokens that llama.cpp would not have chosen from an empty memory."""
    with Reference(path, CONTEXT) as reference:
        prompts = Prompts(reference)
        return [
            f"{number}: {verdict}"
            for number, (turns, effort, reply) in enumerate(asked)
            for verdict in reference.judge(prompts.ids(turns, effort), reply.tokens)
            if verdict.gap > TOLERANCE
        ]


def held(asked: Asked) -> int:
    """Tokens that are in the memory after an answer, at least."""
    reply = asked[2]
    return reply.figures.prompt_tokens + len(reply.tokens) - 1


def test_chats_in_turn_read_only_what_is_new_in_them(path: Path) -> None:
    asked = answered(path, [(chat, "none") for _ in range(4) for chat in ("Ahoi", "Berg", "Chor")])

    for before, now in zip(asked, asked[3:], strict=False):
        assert now[2].figures.cached_tokens >= held(before)
    assert not misses(asked, path)


def test_the_second_change_of_effort_reads_only_what_is_new_since(path: Path) -> None:
    efforts: list[Effort] = ["none", "none", "none", "high", "none", "high", "none"]
    asked = answered(path, [("Ahoi", effort) for effort in efforts])

    for now, before in ((4, 2), (5, 3), (6, 4)):  # each effort goes on where it was left
        assert asked[now][2].figures.cached_tokens >= asked[before][2].figures.prompt_tokens - 4
    assert not misses(asked, path)
