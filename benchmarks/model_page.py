"""How soon a model's page is there: from the click on its card to its painted top, in a catalogue of 2,000 records."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from typing import Final

from benchmarks.figure import UnavailableError

LIMIT_S: Final = 300


def opening() -> tuple[float, str]:
    """Milliseconds from the record to its painted page, 95th percentile of many different ones."""
    found = _measured()
    return found["p95_ms"], (
        f"{found['pages']:.0f} pages, {found['records']:.0f} records, offscreen; median {found['median_ms']:.1f}, "
        f"worst {found['worst_ms']:.1f} ms by the wall's clock; the given record {found['given_ms']:.1f} ms"
    )


def opening_work() -> tuple[float, str]:
    """The same in CPU time of the window's thread, which no other program on this computer disturbs."""
    found = _measured()
    return found["p95_work_ms"], (
        f"CPU time of the thread, median {found['median_work_ms']:.1f}, worst {found['worst_work_ms']:.1f} ms; the "
        f"verdict shown on it later {found['verdict_work_ms']:.1f} ms"
    )


@cache
def _measured() -> dict[str, float]:
    environment = dict(os.environ)
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [sys.executable, "-m", "benchmarks.model_page_child"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=environment, timeout=LIMIT_S, check=False)
    if done.returncode:
        raise UnavailableError(f"the window ended with {done.returncode}")
    found: dict[str, float] = json.loads(done.stdout)
    return found
