"""A conversation of a thousand messages: how soon it opens, whether it streams smoothly, what it costs when left alone.

`MISTRAL_DESK_IDLE_S=600` leaves the window alone for ten minutes instead of twenty seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from typing import Final

from benchmarks.figure import UnavailableError

IDLE_S: Final = float(os.environ.get("MISTRAL_DESK_IDLE_S", "20"))
LIMIT_S: Final = 300


def opening() -> tuple[float, str]:
    """Milliseconds from the first click on the conversation to its end on the screen."""
    found = _measured("open")
    return found["first_ms"], (
        f"first click to painted, {found['turns']:.0f} messages read from the disk; "
        f"later clicks median {found['median_ms']:.0f} ms by the wall's clock"
    )


def opening_work() -> tuple[float, str]:
    """The same in CPU time of the whole process, which no other program on this computer disturbs."""
    found = _measured("open")
    return found["first_work_ms"], f"CPU time of the window's process; later clicks median {found['work_ms']:.0f} ms"


def streaming() -> tuple[float, str]:
    """Milliseconds that an event waits for the loop while an answer grows at its end, 99th percentile."""
    found = _measured("stream")
    return found["p99_ms"], (
        f"{found['samples']:.0f} ticks while {found['tokens_per_s']:.0f} tokens/s were shown below "
        f"{found['turns'] - 1:.0f} messages; median {found['p50_ms']:.1f}, worst {found['worst_ms']:.1f} ms "
        "by the wall's clock"
    )


def streaming_work() -> tuple[float, str]:
    """The same by the loop's own CPU time."""
    found = _measured("stream")
    return found["work_p99_ms"], (
        f"CPU time of the loop's thread between two ticks, worst {found['work_worst_ms']:.1f} ms"
    )


def huge_opening() -> tuple[float, str]:
    """Milliseconds from the click on a conversation of five thousand messages to its end on the screen."""
    found = _measured("huge", "open")
    more = f"all {found['turns']:.0f} messages after {found['whole_ms']:.0f} ms, longest step {found['step_ms']:.0f} ms"
    return found["first_ms"], f"the first click, median of 7 {found['median_ms']:.0f} ms, by the wall's clock; {more}"


def huge_opening_work() -> tuple[float, str]:
    """The same in CPU time of the whole process."""
    found = _measured("huge", "open")
    return found["first_work_ms"], (
        f"CPU time of the first click, median of 7 {found['work_ms']:.0f} ms; {found['live']:.0f} of "
        f"{found['turns']:.0f} messages made"
    )


def huge_scrolling() -> tuple[float, str]:
    """Milliseconds of a turn of the wheel in it, 99th percentile."""
    found = _measured("huge", "scroll")
    return found["p99_ms"], f"{found['samples']:.0f} turns of the wheel at four places, by the wall's clock"


def huge_scrolling_work() -> tuple[float, str]:
    """The same by the loop's own CPU time."""
    found = _measured("huge", "scroll")
    return found["work_p99_ms"], f"CPU, median {found['work_p50_ms']:.1f}, worst {found['work_worst_ms']:.1f} ms"


def huge_streaming_work() -> tuple[float, str]:
    """CPU time between two ticks while an answer grows at its end, 99th percentile."""
    found = _measured("huge", "stream")
    more = f"at {found['tokens_per_s']:.0f} tokens/s below {found['turns']:.0f} messages"
    return found["work_p99_ms"], f"{more}, worst {found['work_worst_ms']:.1f} ms; wall {found['p99_ms']:.1f} ms"


def huge_memory() -> tuple[float, str]:
    """Megabytes more with it open and looked through."""
    found = _measured("huge", "weigh")
    return found["grown_mb"], f"above {found['weight_mb']:.0f} MB with a short conversation, at 20 places"


def idle() -> tuple[float, str]:
    """Percent of one core that the window takes while nobody touches it."""
    found = _measured("idle", f"{IDLE_S:g}")
    return found["cpu_percent"], f"CPU time of the window's process in {found['seconds']:.0f} s, the conversation open"


def idle_growth() -> tuple[float, str]:
    """Megabytes that it grows meanwhile."""
    found = _measured("idle", f"{IDLE_S:g}")
    more = f"at most {found['highest_mb']:.1f} MB more meanwhile, in {found['seconds']:.0f} s"
    return found["grown_mb"], f"of {found['weight_mb']:.0f} MB resident, {more}"


@cache
def _measured(*arguments: str) -> dict[str, float]:
    environment = dict(os.environ)
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "benchmarks.long_chat_child", *arguments]
    with tempfile.TemporaryDirectory() as home:
        environment["MISTRAL_DESK_HOME"] = home
        done = subprocess.run(
            command, stdout=subprocess.PIPE, text=True, env=environment, timeout=LIMIT_S + IDLE_S, check=False
        )
    if done.returncode:
        raise UnavailableError(f"the window ended with {done.returncode}")
    found: dict[str, float] = json.loads(done.stdout)
    return found
