"""What the adaptive number of threads keeps of the best fixed one, while other programs take cores.

Programs that only compute are started and ended; blocks with each fixed number and with the adaptive one alternate, so
that whatever else this computer does hits all of them; the medians of their speeds are compared.
As a program it measures what the barrier's spinning costs: `python -m benchmarks.threads`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
from functools import cache
from typing import TYPE_CHECKING, Final

from benchmarks.engine_speed import CONTEXT, bench_model
from mistral_desk.fit.cores import cores
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Figures, Finished, Sampling, Turn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

OTHERS: Final = (0, 1, 2)
"""Programs that take a core each."""
ROUNDS: Final = 7
ANSWER: Final = 64
"""Tokens of a block."""
SPINS: Final = ("0", "100", "300", "1000", "300000")
"""What GOMP_SPINCOUNT is tried with; the last one is libgomp's own."""
FIXED: Final = "MISTRAL_DESK_FIXED_THREADS"
"""As in `inference.engine.threads`, which imports llama.cpp."""
_SPIN: Final = "GOMP_SPINCOUNT"
_BURN: Final = "while True: pass"
_GREEDY: Final = Sampling(temperature=0.0)


def quiet() -> tuple[float, str]:
    """Share of the best fixed number's speed with nothing else running."""
    return _share(0)


def beside_one() -> tuple[float, str]:
    """The same beside one program."""
    return _share(1)


def beside_two() -> tuple[float, str]:
    """The same beside two."""
    return _share(2)


def _share(others: int) -> tuple[float, str]:
    speeds = _comparison()[others]
    fixed = {name: speed for name, speed in speeds.items() if name != "adaptive"}
    best = max(fixed, key=lambda name: fixed[name])
    told = ", ".join(f"{name} {speed:.1f}" for name, speed in speeds.items())
    how = f"tokens/s, medians of {ROUNDS} blocks of {ANSWER} tokens beside {others} other(s): {told}; best {best}"
    return speeds["adaptive"] / fixed[best], f"{how}; load {_load()}"


@cache
def _comparison() -> dict[int, dict[str, float]]:
    return asyncio.run(_compare())


async def _compare() -> dict[int, dict[str, float]]:
    count = cores()
    fixed = sorted({1, max(1, count // 2), max(1, count - 1), count})
    found: dict[int, dict[str, float]] = {}
    async with contextlib.AsyncExitStack() as stack:
        workers = {f"fixed {number}": await stack.enter_async_context(_worker(number)) for number in fixed}
        workers["adaptive"] = await stack.enter_async_context(_worker(None))
        for others in OTHERS:
            with burning(others):
                speeds: dict[str, list[float]] = {name: [] for name in workers}
                for number in range(ROUNDS + 1):
                    for name, worker in workers.items():
                        speed = await _block(worker, number, ANSWER)
                        if number:  # the first round warms up, and has what the others changed behind it
                            speeds[name].append(speed)
            found[others] = {name: statistics.median(seen) for name, seen in speeds.items()}
    return found


@contextlib.asynccontextmanager
async def _worker(threads: int | None, spin: str | None = None) -> AsyncIterator[Worker]:
    """A worker with the model; None: as many threads as pay."""
    more = ({FIXED: "1"} if threads else {}) | ({_SPIN: spin} if spin else {})
    before = {name: os.environ.get(name) for name in (FIXED, _SPIN)}
    worker = Worker()
    try:
        os.environ.update(more)
        await worker.start()
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        await worker.load(ModelSpec(str(bench_model()), CONTEXT, threads))
        yield worker
    finally:
        await worker.close()


async def _block(worker: Worker, number: int, tokens: int) -> float:
    """Tokens a second of one answer."""
    figures = Figures()
    turns = [Turn("user", f"Question {number}")]
    async with contextlib.aclosing(worker.generate(turns, "none", _GREEDY, tokens)) as events:
        async for event in events:
            if isinstance(event, Finished):
                figures = event.figures
    if figures.tokens_per_s is None:
        raise RuntimeError("the model ended its answer at once")
    return figures.tokens_per_s


@contextlib.contextmanager
def burning(count: int) -> Iterator[None]:
    """So many programs that do nothing but compute, until the end."""
    programs = [subprocess.Popen([sys.executable, "-c", _BURN]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


async def _spins(rounds: int, tokens: int) -> None:
    """Print tokens a second with all cores by the length of the barrier's spinning and by other programs."""
    print(f"load before {_load()}; tokens/s with {cores()} threads, medians of {rounds} blocks of {tokens} tokens\n")
    print("| GOMP_SPINCOUNT | " + " | ".join(f"{others} others" for others in OTHERS) + " |")
    print("|---|" + "---|" * len(OTHERS))
    async with contextlib.AsyncExitStack() as stack:
        rows: dict[str, Worker] = {"one thread": await stack.enter_async_context(_worker(1))}
        rows |= {spin: await stack.enter_async_context(_worker(cores(), spin)) for spin in SPINS}
        seen: dict[str, list[float]] = {name: [] for name in rows}
        for others in OTHERS:
            with burning(others):
                blocks: dict[str, list[float]] = {name: [] for name in rows}
                for number in range(rounds):
                    for name, worker in rows.items():
                        blocks[name].append(await _block(worker, number, tokens))
            for name, speeds in blocks.items():
                seen[name].append(statistics.median(speeds))
    for name, speeds in seen.items():
        print(f"| {name} | " + " | ".join(f"{speed:.1f}" for speed in speeds) + " |")
    print(f"\nload after {_load()}")


if __name__ == "__main__":
    asyncio.run(_spins(rounds=3, tokens=24))
