"""What our worker process costs beside bare llama.cpp: the same model, sampler and threads, in turns.

Short blocks of both alternate, so that whatever else this computer does hits both; each block of ours is compared
with the block of bare llama.cpp right after it, and the median of these ratios counts.
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

ROUNDS: Final = 21
ANSWER: Final = 32
QUESTION: Final = 400
"""Tokens of the question, about; both sides read as many."""
CONTEXT: Final = 4096
SAMPLER: Final = Sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.0, repeat_penalty=1.0, seed=1)


class Cost(NamedTuple):
    """Seconds for one token."""

    wall: float
    cpu: float


class Block(NamedTuple):
    """One question to our worker: its text, how many tokens were read for it, the answer's ids, and the costs."""

    text: str
    read_tokens: int
    answer: list[int]
    costs: dict[str, Cost]


class Comparison(NamedTuple):
    """Pairs of costs, our worker's and bare llama.cpp's, of blocks that followed each other."""

    pairs: dict[str, list[tuple[Cost, Cost]]]
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
    pairs = result.pairs[kind]
    ours = Cost(*(statistics.median(values) for values in zip(*(ours for ours, _ in pairs), strict=True)))
    bare = Cost(*(statistics.median(values) for values in zip(*(bare for _, bare in pairs), strict=True)))
    ratios = sorted(bare.cpu / ours.cpu for ours, bare in pairs)
    wall = statistics.median(bare.wall / ours.wall for ours, bare in pairs)
    how = (
        f"CPU time, median of {len(pairs)} pairs of blocks (quartiles {ratios[len(ratios) // 4]:.3f} to "
        f"{ratios[-len(ratios) // 4]:.3f}), {result.threads} thread(s); CPU ms a token {ours.cpu * 1e3:.2f} against "
        f"{bare.cpu * 1e3:.2f}; wall {1 / ours.wall:.1f} against {1 / bare.wall:.1f} tokens/s (median ratio {wall:.3f})"
    )
    return statistics.median(ratios), how


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

    def repeat(self, block: Block) -> dict[str, Cost]:
        """Read and generate what our worker read and generated; what one token cost."""
        if self._process.stdin:
            order = {"text": block.text, "tokens": block.read_tokens, "answer": block.answer}
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        return {kind: Cost(*seconds) for kind, seconds in self._answer().items()}

    def _answer(self) -> dict[str, tuple[float, float]]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            raise RuntimeError(f"the bare loop ended with {self._process.wait()}")
        answer: dict[str, tuple[float, float]] = json.loads(line)
        return answer


@cache
def _comparison() -> Comparison:
    threads = max(1, (psutil.cpu_count(logical=False) or 2) - 1)
    return asyncio.run(_compare(bench_model(), threads))


async def _compare(model: Path, threads: int) -> Comparison:
    pairs: dict[str, list[tuple[Cost, Cost]]] = {"read": [], "generate": []}
    worker = Worker()
    await worker.start()
    try:
        await worker.load(ModelSpec(str(model), CONTEXT, threads))
        with Bare(model, threads) as loop:
            for number in range(ROUNDS + 1):
                block = await _ours(worker, number)
                repeated = loop.repeat(block)
                if number:  # the first round warms both up
                    for kind, cost in block.costs.items():
                        pairs[kind].append((cost, repeated[kind]))
    finally:
        await worker.close()
    return Comparison(pairs, threads)


async def _ours(worker: Worker, number: int) -> Block:
    """One question that shares nothing with the one before: reading it, and generating, as the app sees them."""
    draw = random.Random(number)
    text = " ".join("".join(draw.choices("zqxjkvbpgw", k=3)) for _ in range(QUESTION // 2))
    now = clock(worker.pid or 0)
    start, first, last, figures = now(), None, None, Figures()
    answer: list[int] = []
    async with contextlib.aclosing(worker.generate([Turn("user", text)], "none", SAMPLER, ANSWER + 1)) as events:
        async for event in events:
            if isinstance(event, Piece):
                answer += event.tokens
                if len(answer) == 1:
                    first = now()
                elif len(answer) == ANSWER + 1:  # after it one more token is decoded, for the next turn
                    last = now()
            elif isinstance(event, Finished):
                figures = event.figures
    if first is None or last is None:
        raise RuntimeError(f"the answer ended after {len(answer)} of {ANSWER + 1} tokens")
    new = figures.prompt_tokens - figures.cached_tokens
    costs = {"read": _cost(start, first, new), "generate": _cost(first, last, ANSWER)}
    return Block(text, new, answer[:ANSWER], costs)


def clock(pid: int) -> Callable[[], Cost]:
    """Tells the time: the wall's, and the CPU time that the process `pid` has taken."""
    process = psutil.Process(pid)

    def now() -> Cost:
        times = process.cpu_times()
        return Cost(time.perf_counter(), times.user + times.system)

    return now


def _cost(start: Cost, end: Cost, tokens: int) -> Cost:
    return Cost((end.wall - start.wall) / tokens, (end.cpu - start.cpu) / tokens)
