"""The window's list over 10,000 conversations: how soon it is on the screen, and what scrolling to its end costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from functools import cache
from typing import Final

from benchmarks.figure import UnavailableError

LIMIT_S: Final = 300


def opening() -> tuple[float, str]:
    """Milliseconds from the question to the history until the list is painted."""
    found = _measured()
    return found["open_ms"], f"{found['chats']:.0f} conversations, median of {found['rounds']:.0f}, by the wall's clock"


def opening_work() -> tuple[float, str]:
    """The same in CPU time of the whole process, which no other program on this computer disturbs."""
    found = _measured()
    return found["open_work_ms"], f"CPU time of the window's process, worst {found['open_work_worst_ms']:.0f} ms"


def scrolling_work() -> tuple[float, str]:
    """CPU time of the window's thread for one more page, 99th percentile, until all are in the list."""
    found = _measured()
    more = f"{found['pages']:.0f} pages, worst {found['page_work_worst_ms']:.0f} ms"
    return found["page_work_ms"], f"{more}; a refresh of all {found['refresh_work_ms']:.0f} ms"


@cache
def _measured() -> dict[str, float]:
    environment = dict(os.environ)
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "benchmarks.sidebar_child"]
    with tempfile.TemporaryDirectory() as home:
        environment["MISTRAL_DESK_HOME"] = home
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, timeout=LIMIT_S, check=False)
    if done.returncode:
        raise UnavailableError(f"the window ended with {done.returncode}")
    found: dict[str, float] = json.loads(done.stdout)
    return found
