"""What our worker process costs beside bare llama.cpp: the same model, sampler and threads, in turns.

Blocks of both alternate, so that whatever else this computer does hits both; medians are compared.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import psutil

from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Figures, Finished, Piece, Sampling, Turn
from tests.fixtures.gguf_models import BENCH_SHAPE, mistral4, mistral4_plan
from tests.fixtures.gguf_writing import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS: Final = 9
ANSWER: Final = 64
QUESTION: Final = 700
"""Tokens of the question, about; both sides read as many."""
CONTEXT: Final = 4096
SAMPLER: Final = Sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.0, repeat_penalty=1.0, seed=1)


class Cost(NamedTuple):
    """Seconds for one token."""

    wall: float
    cpu: float


class Comparison(NamedTuple):
    """Medians over all rounds, for our worker and for bare llama.cpp."""

    ours: dict[str, Cost]
    bare: dict[str, Cost]
    threads: int


def bench_model() -> Path:
    """The synthetic `mistral4` that is measured with; written once into the system's temporary folder."""
    million = mistral4_plan(BENCH_SHAPE).parameters // 1_000_000
    path = Path(tempfile.gettempdir()) / f"mistral-desk-bench-{million}M-Q8_0.gguf"
    if not path.exists():
        part = path.with_suffix(".part")
        mistral4(part, BENCH_SHAPE, Recipe(quantization="Q8_0", name="A random model to measure with"))
        part.replace(path)
    return path


def generation() -> tuple[float, str]:
    """Share of bare llama.cpp's generation speed that is left through our worker."""
    return _ratio("generate")


def reading() -> tuple[float, str]:
    """Share of bare llama.cpp's prompt speed that is left through our worker."""
    return _ratio("read")


def _ratio(kind: str) -> tuple[float, str]:
    result = _comparison()
    ours, bare = result.ours[kind], result.bare[kind]
    how = (
        f"medians of {ROUNDS} alternating blocks, {result.threads} thread(s); CPU ms a token {ours.cpu * 1e3:.2f} "
        f"against {bare.cpu * 1e3:.2f}; wall {1 / ours.wall:.1f} against {1 / bare.wall:.1f} tokens/s "
        f"(ratio {bare.wall / ours.wall:.3f})"
    )
    return bare.cpu / ours.cpu, how


class Bare:
    """The yardstick's process."""

    def __init__(self, model: Path, threads: int) -> None:
        command = [sys.executable, "-m", "benchmarks.bare", str(model), str(threads)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        self._answer()
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            if self._process.stdin:
                self._process.stdin.close()

    def order(self, kind: str, count: int) -> Cost:
        """Do it and return what one token cost."""
        if self._process.stdin:
            self._process.stdin.write(f"{kind} {count}\n")
            self._process.stdin.flush()
        seconds = self._answer()
        return Cost(seconds["wall_s"] / count, seconds["cpu_s"] / count)

    def _answer(self) -> dict[str, float]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the bare loop ended with {self._process.wait()}")
        answer: dict[str, float] = json.loads(line)
        return answer


@cache
def _comparison() -> Comparison:
    threads = max(1, (psutil.cpu_count(logical=False) or 2) - 1)
    return asyncio.run(_compare(bench_model(), threads))


async def _compare(model: Path, threads: int) -> Comparison:
    ours: dict[str, list[Cost]] = {"read": [], "generate": []}
    bare: dict[str, list[Cost]] = {"read": [], "generate": []}
    worker = Worker()
    await worker.start()
    try:
        await worker.load(ModelSpec(str(model), CONTEXT, threads))
        with Bare(model, threads) as loop:
            for number in range(ROUNDS + 1):
                read, generate, tokens = await _ours(worker, number)
                costs = {"read": loop.order("read", tokens), "generate": loop.order("generate", ANSWER)}
                if number:  # the first round warms both up
                    ours["read"].append(read)
                    ours["generate"].append(generate)
                    for kind, cost in costs.items():
                        bare[kind].append(cost)
    finally:
        await worker.close()
    return Comparison(_medians(ours), _medians(bare), threads)


async def _ours(worker: Worker, number: int) -> tuple[Cost, Cost, int]:
    """One question that shares nothing with the one before: reading it, and generating, as the app sees them."""
    draw = random.Random(number)
    text = " ".join("".join(draw.choices("zqxjkvbpgw", k=3)) for _ in range(QUESTION // 2))
    clock = _clock(worker.pid or 0)
    start, first, last, figures, count = clock(), None, None, Figures(), 0
    async with contextlib.aclosing(worker.generate([Turn("user", text)], "none", SAMPLER, ANSWER + 1)) as events:
        async for event in events:
            if isinstance(event, Piece):
                count += len(event.tokens)
                if count == 1:
                    first = clock()
                elif count == ANSWER + 1:  # after it one more token is decoded, for the next turn
                    last = clock()
            elif isinstance(event, Finished):
                figures = event.figures
    if first is None or last is None or figures.generated_tokens != ANSWER + 1:
        raise RuntimeError(f"the answer ended after {figures.generated_tokens} of {ANSWER + 1} tokens")
    new = figures.prompt_tokens - figures.cached_tokens
    return _cost(start, first, new), _cost(first, last, ANSWER), new


def _clock(pid: int) -> Callable[[], Cost]:
    process = psutil.Process(pid)

    def now() -> Cost:
        times = process.cpu_times()
        return Cost(time.perf_counter(), times.user + times.system)

    return now


def _cost(start: Cost, end: Cost, tokens: int) -> Cost:
    return Cost((end.wall - start.wall) / tokens, (end.cpu - start.cpu) / tokens)


def _medians(costs: dict[str, list[Cost]]) -> dict[str, Cost]:
    return {
        kind: Cost(statistics.median(c.wall for c in blocks), statistics.median(c.cpu for c in blocks))
        for kind, blocks in costs.items()
    }
