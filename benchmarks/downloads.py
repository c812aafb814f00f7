"""Downloads: as fast as the bare library with a hash, in little memory, and without holding up the event loop.

`MISTRAL_DESK_DOWNLOAD_GB` makes the file for the memory larger than its 1 GB (the promise is about 20).
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from benchmarks.figure import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZE: Final = 256 << 20
_ROUNDS: Final = 4
_END_S: Final = 1800


@cache
def _rounds() -> list[tuple[list[float], list[float]]]:
    """The bare library's cost and ours (wall, work, work of the loop's thread), in turns."""
    found: list[tuple[list[float], list[float]]] = _measured("throughput", _SIZE, connections=1)["rounds"]
    return found


def throughput() -> tuple[float, str]:
    """Our bytes a second by those of the bare library with SHA-256: the median of rounds that take turns."""
    ratios = sorted(theirs[0] / mine[0] for theirs, mine in _rounds())
    best = min(mine[0] for _, mine in _rounds())
    return statistics.median(ratios), (
        f"{_ROUNDS} rounds of {_SIZE >> 20} MiB, {ratios[0]:.2f} to {ratios[-1]:.2f}; "
        f"ours at best {_SIZE / best / 1e6:.0f} MB/s over one connection with blocks, hash and a disk made to keep it, "
        "the bare stream with a hash in a process of its own; what else the computer does counts in"
    )


def throughput_work() -> tuple[float, str]:
    """The same by work: the bare library's only thread against our busiest one, as two free cores would have it."""
    ratios = sorted(theirs[1] / max(mine[2], mine[1] - mine[2]) for theirs, mine in _rounds())
    theirs, mine = (statistics.median(pair[side][1] for pair in _rounds()) for side in (0, 1))
    gigabytes = _SIZE / 1e9
    return statistics.median(ratios), (
        f"{ratios[0]:.2f} to {ratios[-1]:.2f}; of all threads {mine / gigabytes:.1f} s of work for a GB "
        f"against {theirs / gigabytes:.1f}"
    )


def memory() -> tuple[float, str]:
    """What the process takes more while a large file comes over four connections, in MB."""
    size = int(float(os.environ.get("MISTRAL_DESK_DOWNLOAD_GB", "1")) * 1e9)
    return _measured("memory", size)["bytes"] / 1e6, f"most while {size / 1e9:g} GB came over four connections"


@cache
def _turning() -> tuple[list[float], list[float], list[float]]:
    found = _measured("loop", 64 << 20)
    return sorted(found["late_s"]), sorted(found["work_s"]), sorted(found["idle_s"])


def loop() -> tuple[float, str]:
    """How late the event loop's timers are with four downloads of four connections each: 99 of 100, in ms."""
    late, _, idle = _turning()
    middle = statistics.median(late) * 1000
    return late[int(len(late) * 0.99)] * 1000, (
        f"{len(late)} ticks, half within {middle:.1f} ms; what else the computer does counts in "
        f"(without downloads {idle[int(len(idle) * 0.99)] * 1000:.1f} ms)"
    )


def loop_work() -> tuple[float, str]:
    """How long one callback holds the loop up, by work: 999 of 1000, in ms."""
    _, work, _ = _turning()
    return work[int(len(work) * 0.999)] * 1000, f"{len(work)} callbacks, the longest {work[-1] * 1000:.1f} ms"


def window_loop() -> tuple[float, str]:
    """How long an event waits in the window's loop with four downloads and their rows in sight: 99 of 100, in ms."""
    found = _in_window()
    return found["late_p99_ms"], (
        f"{found['samples']:.0f} ticks, half within {found['late_p50_ms']:.1f} ms; offscreen; "
        "from the first of four orders to the last one's end; what else the computer does counts in "
        f"(without downloads {found['idle_p99_ms']:.1f} ms)"
    )


def window_loop_work() -> tuple[float, str]:
    """The same by the work of the window's thread, which no other program disturbs."""
    found = _in_window()
    return found["work_p99_ms"], f"{found['samples']:.0f} ticks, the worst {found['work_worst_ms']:.1f} ms"


@cache
def _in_window() -> dict[str, float]:
    size = 192 << 20
    with _served(size) as served:
        order = json.dumps({"hub": served["hub"], "size": size})
        return _asked("download_window_child", order)


def _measured(what: str, size: int, connections: int = 4) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, _served(size) as served:
        order = {
            **served, "what": what, "size": size, "folder": folder, "rounds": _ROUNDS, "connections": connections,
        }  # fmt: skip
        return _asked("downloads_child", json.dumps(order))


def _asked(child: str, order: str) -> dict[str, Any]:
    """What a measuring process answers."""
    command = [sys.executable, "-m", f"benchmarks.{child}", order]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_END_S)
    if done.returncode:
        raise UnavailableError(done.stderr.strip().splitlines()[-1])
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@contextlib.contextmanager
def _served(size: int) -> Iterator[dict[str, Any]]:
    if not hasattr(os, "sendfile"):
        raise UnavailableError("this system's kernel serves no file by itself")
    command = [sys.executable, "-m", "benchmarks.download_server", str(size)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()
