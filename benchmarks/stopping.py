"""How long *Stop* takes, from the click's call to the end of the answer: while a long prompt is read, and in an answer.

Fifty times each on the synthetic mixture-of-experts, at moments that are spread over the reading and the answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import time
from functools import cache
from typing import Final

from benchmarks import material
from benchmarks.engine_speed import SAMPLER, bench_model
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.protocol import Finished, Piece, PromptProgress, Turn

TIMES: Final = 50
CONTEXT: Final = 4096


def in_reading() -> tuple[float, str]:
    """Milliseconds, the longest of fifty stops while the prompt was read."""
    return _worst("reading")


def in_answer() -> tuple[float, str]:
    """Milliseconds, the longest of fifty stops while the answer was written."""
    return _worst("answer")


def _worst(kind: str) -> tuple[float, str]:
    taken = _measured()[kind]
    return max(taken), f"longest of {len(taken)} by the wall's clock, median {statistics.median(taken):.1f} ms"


@cache
def _measured() -> dict[str, list[float]]:
    return asyncio.run(_measure())


async def _measure() -> dict[str, list[float]]:
    found: dict[str, list[float]] = {"reading": [], "answer": []}
    engine = Engine()
    try:
        await engine.ensure(ModelSpec(str(bench_model()), CONTEXT))
        for number in range(TIMES):
            found["reading"].append(await _stop(engine, number, after_s=0.02 + 0.015 * number))
            found["answer"].append(await _stop(engine, TIMES + number, pieces=1 + number))
    finally:
        await engine.close()
    return found


async def _stop(engine: Engine, number: int, *, after_s: float | None = None, pieces: int = 0) -> float:
    """Ask something new and stop it, after so many seconds of reading or pieces; milliseconds till its end."""
    text = material.words(random.Random(number), 1500 if after_s is not None else 12)
    stopped: list[float] = []

    def stop() -> None:
        stopped.append(time.perf_counter())
        engine.stop()

    loop = asyncio.get_running_loop()
    count = 0
    async with contextlib.aclosing(engine.generate([Turn("user", text)], "none", SAMPLER, 400)) as events:
        async for event in events:
            if isinstance(event, PromptProgress) and after_s is not None and not count:
                count = 1
                loop.call_later(after_s, stop)
            elif isinstance(event, Piece) and after_s is None:
                count += 1
                if count == pieces:
                    stop()
            elif isinstance(event, Finished):
                if event.reason != "stopped" or not stopped:
                    raise RuntimeError(f"it ended by itself ({event.reason}) before it was stopped")
                return (time.perf_counter() - stopped[0]) * 1e3
    raise RuntimeError("the answer had no end")
