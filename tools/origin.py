"""Where a figure comes from: the day, the computer and the commit, said the same way on every page that has figures."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Final

from mistral_desk.core.machine import this_machine

ROOT: Final = Path(__file__).resolve().parents[1]


def today() -> str:
    """The day, in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def machine() -> str:
    """This computer in a few words: processor, cores, memory."""
    here = this_machine()
    return f"{here.processor}, {here.cores} cores, {here.memory_total / 2**30:.0f} GiB"


def commit() -> str:
    """The commit that is checked out."""
    done = subprocess.run(
        ["git", "rev-parse", "--short=10", "HEAD"], cwd=ROOT, check=False, capture_output=True, encoding="utf-8"
    )
    return done.stdout.strip() or "unknown"
