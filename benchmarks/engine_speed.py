"""What our worker process costs beside bare llama.cpp: the same model, sampler and threads, in turns.

Short blocks of both alternate, so that whatever else this computer does hits both; each block of ours is compared
with the block of bare llama.cpp right after it, and the median of these ratios counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import statistics
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

from benchmarks import material
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Figures, Finished, Piece, Sampling, Turn
from mistral_desk.inference.yardstick import Order, Start, Yardstick
from tests.fixtures.gguf_models import BENCH_SHAPE, mistral4, mistral4_plan
from tests.fixtures.gguf_writing import Recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROUNDS: Final = 21
ANSWER: Final = 32
QUESTION: Final = 400
"""Tokens of the question, about; both sides read as many."""
DEPTHS: Final = {"2k": 2048, "7k": 7168}
"""Tokens that a conversation has before the question, in the rows that say so; the model knows 8,192."""
CONTEXT: Final = 8192
SAMPLER: Final = Sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.0, repeat_penalty=1.0, seed=1)


class Cost(NamedTuple):
    """Seconds for one token."""

    wall: float
    cpu: float


class Block(NamedTuple):
    """One question to our worker: its text, how many tokens were there and how many were read for it, the answer's ids,
    and the costs.
    """

    text: str
    before: int
    read_tokens: int
    answer: tuple[int, ...]
    costs: dict[str, Cost]


class Comparison(NamedTuple):
    """Pairs of costs, our worker's and bare llama.cpp's, of blocks that followed each other; the tokens before each."""

    pairs: dict[str, list[tuple[Cost, Cost]]]
    threads: int
    before: int


def bench_model() -> Path:
    """The synthetic `mistral4` that is measured with; written once into the system's temporary folder."""
    million = mistral4_plan(BENCH_SHAPE).parameters // 1_000_000
    path = Path(tempfile.gettempdir()) / f"mistral-desk-bench-{million}M-Q8_0.gguf"
    if not path.exists():
        part = path.with_suffix(".part")
        mistral4(part, BENCH_SHAPE, Recipe(quantization="Q8_0", name="A random model to measure with"))
        part.replace(path)
    return path


def generation(depth: int = 0) -> tuple[float, str]:
    """Share of bare llama.cpp's generation speed that is left through our worker."""
    return _ratio("generate", depth)


def reading(depth: int = 0) -> tuple[float, str]:
    """Share of bare llama.cpp's prompt speed that is left through our worker."""
    return _ratio("read", depth)


def _ratio(kind: str, depth: int) -> tuple[float, str]:
    result = _comparison(depth)
    pairs = result.pairs[kind]
    ours, bare = _median(ours for ours, _ in pairs), _median(bare for _, bare in pairs)
    ratios = sorted(bare.cpu / ours.cpu for ours, bare in pairs)
    wall = statistics.median(bare.wall / ours.wall for ours, bare in pairs)
    how = (
        f"CPU time, median of {len(pairs)} pairs of blocks (quartiles {ratios[len(ratios) // 4]:.3f} to "
        f"{ratios[-len(ratios) // 4]:.3f}), {result.threads} thread(s), {result.before} tokens before; CPU ms a token "
        f"{ours.cpu * 1e3:.2f} against {bare.cpu * 1e3:.2f}; wall {1 / ours.wall:.1f} against {1 / bare.wall:.1f} "
        f"tokens/s (median ratio {wall:.3f})"
    )
    return statistics.median(ratios), how


def _median(costs: Iterable[Cost]) -> Cost:
    return Cost(*(statistics.median(values) for values in zip(*costs, strict=True)))


@cache
def _comparison(depth: int) -> Comparison:
    threads = material.threads()
    return asyncio.run(_compare(bench_model(), threads, depth))


async def _compare(model: Path, threads: int, depth: int) -> Comparison:
    pairs: dict[str, list[tuple[Cost, Cost]]] = {"read": [], "generate": []}
    worker, before = Worker(), 0
    await worker.start()
    try:
        await worker.load(ModelSpec(str(model), CONTEXT, threads))
        with Yardstick(Start(str(model), CONTEXT, threads)) as bare:
            for number in range(ROUNDS + 1):
                block = await ours(worker, number, depth)
                repeated = _repeated(bare, block)
                if number:  # the first round warms both up, and reads what comes before
                    before = block.before
                    for kind, cost in block.costs.items():
                        pairs[kind].append((cost, repeated[kind]))
    finally:
        await worker.close()
    return Comparison(pairs, threads, before)


def _repeated(bare: Yardstick, block: Block) -> dict[str, Cost]:
    """Read and generate what our worker read and generated, at the same place; what one token cost."""
    took = bare.measure(Order(block.text, block.before, block.read_tokens, block.answer))
    read, written = block.read_tokens, len(block.answer)
    return {
        "read": Cost(took.read_s / read, took.read_cpu_s / read),
        "generate": Cost(took.write_s / written, took.write_cpu_s / written),
    }


def _letters(number: int, tokens: int) -> str:
    return material.words(random.Random(number), tokens // 2)


async def ours(worker: Worker, number: int, depth: int) -> Block:
    """One question behind `depth` tokens that are always the same; it shares nothing with the one before: reading it,
    and generating, as the app sees them.
    """
    text = " ".join(filter(None, (_letters(-1, depth), _letters(number, QUESTION))))
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
    return Block(text, figures.cached_tokens, new, tuple(answer[:ANSWER]), costs)


def clock(pid: int) -> Callable[[], Cost]:
    """Tells the time: the wall's, and the CPU time that the process `pid` has taken."""
    process = psutil.Process(pid)
    precise = (~pid << 3) | 2  # Linux' clock of a process: psutil's figures are rounded to hundredths of a second

    def now() -> Cost:
        if sys.platform == "linux":
            return Cost(time.perf_counter(), time.clock_gettime(precise))
        else:
            times = process.cpu_times()
            return Cost(time.perf_counter(), times.user + times.system)

    return now


def _cost(start: Cost, end: Cost, tokens: int) -> Cost:
    return Cost((end.wall - start.wall) / tokens, (end.cpu - start.cpu) / tokens)
