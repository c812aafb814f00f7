"""Our worker beside llama.cpp's own `llama-bench`, where `MISTRAL_DESK_LLAMA_BENCH` names one of the same source.

It does not sample, so this is what is left of the speed of decoding alone. It runs twice, with one and with three
repetitions: the difference of its CPU time is two repetitions without loading and warming up. Our blocks and its runs
take turns, for a computer that others share is faster in one minute than in the next; the median of the ratios counts.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import time
from typing import Final

import psutil

from benchmarks import material
from benchmarks.engine_speed import ANSWER, CONTEXT, QUESTION, bench_model, ours
from benchmarks.figure import UnavailableError
from mistral_desk.inference.client import ModelSpec, Worker

PROGRAM: Final = "MISTRAL_DESK_LLAMA_BENCH"
_ROUNDS: Final = 7
_BLOCKS: Final = 5


def generation() -> tuple[float, str]:
    """Share of llama-bench's generation speed that is left through our worker."""
    return _ratio("generate")


def reading() -> tuple[float, str]:
    """Share of llama-bench's prompt speed that is left through our worker."""
    return _ratio("read")


def _ratio(kind: str) -> tuple[float, str]:
    program = os.environ.get(PROGRAM)
    if not program:
        raise UnavailableError(f"{PROGRAM} does not name a llama-bench")
    threads = material.threads()
    pairs, before = asyncio.run(_in_turns(program, kind, threads))
    ratios = sorted(theirs / mine for mine, theirs in pairs)
    mine, theirs = (statistics.median(side) * 1e3 for side in zip(*pairs, strict=True))
    how = (
        f"CPU time, median of {_ROUNDS} pairs in turns, {_BLOCKS} blocks and a run each ({ratios[0]:.3f} to "
        f"{ratios[-1]:.3f}), {threads} thread(s), {before} tokens before; ms a token {mine:.2f} against {theirs:.2f}"
    )
    return statistics.median(ratios), how


async def _in_turns(program: str, kind: str, threads: int) -> tuple[list[tuple[float, float]], int]:
    """CPU seconds a token, ours and theirs, and the tokens before them."""
    pairs: list[tuple[float, float]] = []
    worker = Worker()
    await worker.start()
    try:
        await worker.load(ModelSpec(str(bench_model()), CONTEXT, threads))
        depth = (await ours(worker, 0, 0)).before  # warms up as well
        if kind == "generate":
            depth += QUESTION
        for number in range(_ROUNDS):
            blocks = [await ours(worker, 1 + number * _BLOCKS + each, 0) for each in range(_BLOCKS)]
            theirs = await asyncio.to_thread(_cost, program, kind, depth, threads)
            pairs.append((statistics.median(block.costs[kind].cpu for block in blocks), theirs))
    finally:
        await worker.close()
    return pairs, depth


def _cost(program: str, kind: str, depth: int, threads: int) -> float:
    """CPU seconds a token."""
    tokens = 4 * ANSWER if kind == "generate" else QUESTION
    size = ("-n", str(tokens), "-p", "0") if kind == "generate" else ("-p", str(tokens), "-n", "0")
    command = [
        program,
        "-m",
        str(bench_model()),
        "-t",
        str(threads),
        "-d",
        str(depth),
        *size,
        "-b",
        "512",
        "-ub",
        "512",
    ]
    return (_cpu_s([*command, "-r", "3"]) - _cpu_s([*command, "-r", "1"])) / 2 / tokens


def _cpu_s(command: list[str]) -> float:
    """CPU seconds of a program that runs to its end."""
    with psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        spent = 0.0
        while process.poll() is None:
            try:
                times = process.cpu_times()
            except psutil.Error:
                break
            spent = times.user + times.system
            time.sleep(0.005)
        if process.wait():
            raise UnavailableError(f"{command[0]} ended with {process.returncode}")
    return spent
