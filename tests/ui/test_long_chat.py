"""A conversation of a thousand messages: only what is near the eye exists, and a window left alone does nothing.

Time is judged as CPU time of this process, with room: what other programs do on the computer decides nothing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.ui.test_app import END_OF_WORLD_S

ROOT = Path(__file__).parents[2]


def measured(*arguments: str) -> dict[str, Any]:
    """What the benchmark's child reports."""
    paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.long_chat_child", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        timeout=END_OF_WORLD_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_opens_without_making_what_nobody_sees() -> None:
    found = measured("open")
    assert found["turns"] == 1000
    assert found["live"] < 30, "widgets that exist"
    assert found["first_work_ms"] < 600, "CPU, three times the aim of 200 ms"


def test_a_window_that_is_left_alone_costs_next_to_nothing() -> None:
    found = measured("idle", "20")
    assert found["cpu_percent"] < 1.5, "three times the aim of 0.5 %"
    assert found["grown_mb"] < 2
