"""Our worker beside llama.cpp's own `llama-bench`, where `MISTRAL_DESK_LLAMA_BENCH` names one of the same source.

It does not sample, so this is what is left of the speed of decoding alone. It runs twice, with one and with three
repetitions: the difference of its CPU time is two repetitions without loading and warming up.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from functools import cache
from typing import Final

import psutil

from benchmarks.engine_speed import ANSWER, QUESTION, bench_model, through_us
from benchmarks.figure import UnavailableError

PROGRAM: Final = "MISTRAL_DESK_LLAMA_BENCH"
_ROUNDS: Final = 5


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
    ours, measured = through_us(kind)
    depth = measured.before + (QUESTION if kind == "generate" else 0)
    costs = _costs(program, kind, depth, measured.threads)
    theirs = statistics.median(costs)
    spread = f"{min(costs) * 1e3:.2f} to {max(costs) * 1e3:.2f}"
    how = (
        f"CPU time, median of {len(measured.pairs[kind])} blocks against that of {len(costs)} "
        f"runs, {measured.threads} thread(s), {depth} tokens before; ms a token {ours.cpu * 1e3:.2f} against "
        f"{theirs * 1e3:.2f} ({spread})"
    )
    return theirs / ours.cpu, how


@cache
def _costs(program: str, kind: str, depth: int, threads: int) -> tuple[float, ...]:
    """CPU seconds a token of several measurements."""
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
    return tuple((_cpu_s([*command, "-r", "3"]) - _cpu_s([*command, "-r", "1"])) / 2 / tokens for _ in range(_ROUNDS))


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
