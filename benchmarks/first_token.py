"""How long a person waits from Enter to the first token: with nothing ready, and with what typing has made ready."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import time
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks.engine_speed import CONTEXT, bench_model
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Piece, Sampling, Turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROUNDS: Final = 5
_GREEDY: Final = Sampling(temperature=0.0)
_QUESTION: Final = "Why is the sea salt, and since when? "


class Waits(NamedTuple):
    """Seconds to the first token: with nothing there, with the process and the model there, and in a later chat."""

    cold: float
    warm: float
    later: float


def warm() -> tuple[float, str]:
    """Share of the wait with nothing ready that is left when the model was loaded while the person typed."""
    found = _waits()
    how = (
        f"medians of {ROUNDS}: {found.cold:.2f} s with nothing ready, {found.warm:.3f} s after the first key had "
        f"the model loaded, {found.later:.3f} s in a later chat"
    )
    return found.warm / found.cold, how


@cache
def _waits() -> Waits:
    return asyncio.run(_measure())


async def _measure() -> Waits:
    seen: list[Waits] = []
    spec = ModelSpec(str(bench_model()), CONTEXT)
    for number in range(ROUNDS + 1):
        async with _engine() as engine:
            began = time.perf_counter()
            await engine.ensure(spec)
            cold = await _first(engine, began, "cold")
        async with _engine() as engine:
            engine.prepare()  # as at the start of the window
            await engine.ensure(spec)  # as at the first key
            ready = await _first(engine, time.perf_counter(), "warm")
            later = await _first(engine, time.perf_counter(), "late")
        if number:  # the first round reads the file
            seen.append(Waits(cold, ready, later))
    return Waits(*(statistics.median(values) for values in zip(*seen, strict=True)))


@contextlib.asynccontextmanager
async def _engine() -> AsyncIterator[Engine]:
    engine = Engine()
    try:
        yield engine
    finally:
        await engine.close()


async def _first(engine: Engine, began: float, word: str) -> float:
    """Seconds since `began` at the first token of an answer; the questions share nothing."""
    turns = [Turn("user", f"{word} {_QUESTION * 4}")]
    async with contextlib.aclosing(engine.generate(turns, "none", _GREEDY, 4)) as events:
        async for event in events:
            if isinstance(event, Piece):
                return time.perf_counter() - began
    raise RuntimeError("the model ended its answer at once")
