"""How soon the window can be used, what it weighs without a model, and whether it stays smooth while it streams."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import psutil

from benchmarks.figure import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Sequence

STARTS: Final = 5
LIMIT_S: Final = 120
SETTLED_S: Final = 1.0
"""Between the first paint and weighing: the lists are read and the model is loaded, in the other process."""


class Start(NamedTuple):
    """One start: seconds from the process's creation to a usable window, CPU seconds of it, and memory in bytes."""

    usable_s: float
    cpu_s: float
    resident: int
    own: int


def start() -> tuple[float, str]:
    """Seconds from starting the process to a painted window that takes a message; files warm."""
    starts = _starts()
    times = sorted(s.usable_s for s in starts)
    cpu = statistics.median(s.cpu_s for s in starts)
    how = f"median of {len(times)} warm starts, offscreen; {times[0]:.2f} to {times[-1]:.2f} s; {cpu:.2f} s of CPU"
    return statistics.median(times), how


def memory() -> tuple[float, str]:
    """Megabytes of the window's process; a model lives in another one."""
    starts = _starts()
    resident = statistics.median(s.resident for s in starts) / 1e6
    own = statistics.median(s.own for s in starts) / 1e6
    return resident, f"resident memory of the window's process, {own:.0f} MB of it shared with nobody"


def smoothness() -> tuple[float, str]:
    """Milliseconds that an event waits for the loop while an answer streams, 99th percentile."""
    found = _stream()
    return found["p99_ms"], (
        f"{found['samples']:.0f} ticks while {found['tokens_per_s']:.0f} tokens/s of markdown were shown, offscreen; "
        f"median {found['p50_ms']:.1f}, worst {found['worst_ms']:.1f} ms by the wall's clock"
    )


def smooth_work() -> tuple[float, str]:
    """The same by the loop's own CPU time, which no other program on this computer disturbs."""
    found = _stream()
    return found["work_p99_ms"], (
        f"CPU time of the loop's thread between two ticks, worst {found['work_worst_ms']:.1f} ms; "
        f"{found['cpu_ms_a_token']:.2f} ms of CPU a token"
    )


@cache
def _stream() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as home, _child(["stream"], home) as process:
        output, _ = process.communicate(timeout=LIMIT_S)
    if process.returncode:
        raise UnavailableError(f"the window ended with {process.returncode}")
    found: dict[str, float] = json.loads(output)
    return found


@cache
def _starts() -> list[Start]:
    with tempfile.TemporaryDirectory(prefix="Mistral Desk ") as home:
        return [_start(home) for _ in range(STARTS + 1)][1:]


def _start(home: str) -> Start:
    with _child(["start", repr(time.time())], home) as process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise UnavailableError(f"the window ended with {process.wait(LIMIT_S)} before it could be used")
        time.sleep(SETTLED_S)
        weight = psutil.Process(process.pid).memory_full_info()
        process.communicate("", timeout=LIMIT_S)
    found = json.loads(line)
    return Start(found["usable_s"], found["cpu_s"], weight.rss, weight.uss)


def _child(arguments: Sequence[str], home: str) -> subprocess.Popen[str]:
    environment = dict(os.environ, MISTRAL_DESK_HOME=home)
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "benchmarks.window_child", *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
