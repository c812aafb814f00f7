"""The first turn after a restart: how long until its first token, beside reading the whole conversation anew.

The same conversation and the same new question twice, each in a fresh worker: once with what the worker before it has
read kept on the disk, once without. Finding, proving and putting back the state is in the time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import material
from benchmarks.turn_costs import LARGE, files
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Finished, Piece, Sampling, Turn
from mistral_desk.inference.state_keeper import StateKeeper
from mistral_desk.inference.state_store import StateStore

if TYPE_CHECKING:
    from mistral_desk.inference.protocol import Figures

TOKENS: Final = int(os.environ.get("MISTRAL_DESK_RESTART_TOKENS", "2048"))
"""Of the conversation before the restart, about."""
ANSWER: Final = 16
GREEDY: Final = Sampling(temperature=0.0, seed=1)


def turn() -> tuple[float, str]:
    """Time to the first token after a restart as a share of that without what was kept."""
    return asyncio.run(_compared())


async def _compared() -> tuple[float, str]:
    text = material.words(random.Random(TOKENS), TOKENS // 2)
    threads = material.threads()
    spec = ModelSpec(str(files(LARGE)[0]), TOKENS + 1024, threads, projector="")
    with tempfile.TemporaryDirectory() as folder:
        states = Path(folder) / "states"
        first = Turn("user", text)
        answered, _, _ = await _asked(spec, states, (first,))
        turns = (first, answered, Turn("user", "And then?"))
        _, kept, same = await _asked(spec, states, turns)
        size = await asyncio.to_thread(lambda: sum(path.stat().st_size for path in states.iterdir()))
        _, fresh, other = await _asked(spec, None, turns)
    if kept.first_token_s is None or fresh.first_token_s is None:
        raise RuntimeError("no token came")
    how = (
        f"{kept.prompt_tokens} tokens of prompt, {threads} thread(s): {kept.prompt_tokens - kept.cached_tokens} read, "
        f"first token after {kept.first_token_s * 1e3:.0f} ms; without what was kept {fresh.prompt_tokens} read, "
        f"{fresh.first_token_s * 1e3:.0f} ms; {size / 1e6:.1f} MB on the disk; {_alike(same, other)} of "
        f"{len(other)} tokens of the answer the same"
    )
    return kept.first_token_s / fresh.first_token_s, how


def _alike(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


async def _asked(
    spec: ModelSpec, folder: Path | None, turns: tuple[Turn, ...]
) -> tuple[Turn, Figures, tuple[int, ...]]:
    """The answer of a new worker, which has nothing in its memory yet."""
    engine = Engine()
    engine.states = StateKeeper(StateStore(folder, lambda: 1 << 40)) if folder else None
    tokens: list[int] = []
    text = ""
    try:
        await engine.ensure(spec)
        async with contextlib.aclosing(engine.generate(turns, "none", GREEDY, ANSWER, owner="1")) as events:
            async for event in events:
                if isinstance(event, Piece):
                    tokens += event.tokens
                    text += event.text
                elif isinstance(event, Finished):
                    answer = Turn("assistant", text, "", tuple(tokens), event.vocabulary)
                    return answer, event.figures, tuple(tokens)
    finally:
        await engine.close()
    raise RuntimeError("an answer without an end")
