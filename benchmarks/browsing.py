"""Two thousand models in the browser: how long a keystroke takes until the cards are painted, and a notch of the wheel.

Two figures each: by the wall's clock, which other programs on this computer disturb, and in CPU time of the window's
thread, which they do not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Final

from benchmarks.figure import UnavailableError

LIMIT_S: Final = 600


def keystroke() -> tuple[float, str]:
    """Milliseconds from a key in the search field to the painted cards, 95th percentile."""
    return _figure("keystroke", "wall", "p95", "letters typed and taken back")


def keystroke_work() -> tuple[float, str]:
    """The same in CPU time."""
    return _figure("keystroke", "work", "p95", "letters typed and taken back")


def scroll() -> tuple[float, str]:
    """Milliseconds from a notch of the wheel to the painted cards, 99th percentile."""
    return _figure("scroll", "wall", "p99", "notches from the first to the last")


def scroll_work() -> tuple[float, str]:
    """The same in CPU time."""
    return _figure("scroll", "work", "p99", "notches from the first to the last")


def _figure(what: str, clock: str, share: str, samples: str) -> tuple[float, str]:
    found = _measured(what)
    said = "wall's clock" if clock == "wall" else "CPU time of the window's thread"
    return found[f"{clock}_{share}"], (
        f"{found['samples']:.0f} {samples} of {found['models']:.0f} models, offscreen, {said}; "
        f"median {found[f'{clock}_p50']:.1f}, worst {found[f'{clock}_worst']:.1f} ms"
    )


@cache
def _measured(what: str) -> dict[str, float]:
    environment = dict(os.environ)
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "benchmarks.browsing_child", what]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, timeout=LIMIT_S, check=False)
    if done.returncode:
        raise UnavailableError(f"the browser ended with {done.returncode}")
    found: dict[str, float] = json.loads(done.stdout)
    return found
