"""A monkey at the real window: each run is a process and a home of its own, so that a crash is seen."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import msgspec

from tests.campaigns.monkey_driver import Plan, Ran
from tests.campaigns.outcome import Outcome

if TYPE_CHECKING:
    from pathlib import Path

EACH: Final = 500
"""Actions of one run: a home in which much has happened, and a start often enough."""
SIDE_BY_SIDE: Final = 2
REAL_EVERY: Final = 4
"""Every so-manieth run has the real worker and the Guide."""
MOST: Final = {"widgets": (1.5, 300), "threads": (1.5, 10), "open files": (1.5, 20), "children": (1, 2)}
"""What may be left at the end of a run: so many times what there was after its first third, and so many more."""
_END_S: Final = 3600


def attack(folder: Path, seed: int, cases: int, minutes: float = 1e9) -> Outcome:
    """So many actions, in runs of 500, as far as the minutes reach."""
    end = time.monotonic() + 60 * minutes
    found, done, grown = Outcome(), Counter[str](), [0.0]
    runs = real = looks = 0

    def run(number: int) -> tuple[Plan, Ran] | None:
        if time.monotonic() > end:
            return None
        place = folder / f"run {number}"
        place.mkdir()
        actions = min(EACH, cases - EACH * number)
        plan = Plan(str(place), seed + number, actions, number % REAL_EVERY == REAL_EVERY - 1)
        ran = play(plan)
        shutil.rmtree(place, ignore_errors=True)
        return plan, ran

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for plan, ran in filter(None, pool.map(run, range(-(-cases // EACH)))):
            runs, real, looks = runs + 1, real + plan.real, looks + ran.looks
            found.cases += ran.actions
            found.lost += [f"seed {plan.seed}{' real' if plan.real else ''}: {line}" for line in ran.lost]
            done.update(ran.done)
            if ran.grown:
                before, after = ran.grown["memory (MB)"]
                grown.append(after / before - 1 if before else 0)
    found.faults = done["trouble"] + done["drop"]
    found.seen["runs, each with a home of its own"] = f"{runs}, {real} of them with the real worker"
    found.seen["looks at the database and the folders"] = str(looks)
    found.seen["actions"] = ", ".join(f"{name} {count:,}" for name, count in done.most_common())
    found.seen["memory after the first third, to the end of a run"] = f"at most {max(grown):+.0%}"
    return found


def play(plan: Plan) -> Ran:
    """One run; what it says, and what was left when it was over."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.campaigns.monkey_driver", msgspec.json.encode(plan).decode()],
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=_END_S,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
    )
    try:
        ran = msgspec.json.decode(done.stdout.splitlines()[-1], type=Ran)
    except (IndexError, msgspec.MsgspecError):
        return Ran(lost=[f"it died with status {done.returncode}: {done.stderr[-3000:]}"])
    if done.returncode or done.stderr.strip():
        ran.lost.append(f"status {done.returncode}: {done.stderr[-3000:]}")
    for name, (times, more) in MOST.items():
        before, after = ran.grown.get(name, (0.0, 0.0))
        if after > times * before + more:
            ran.lost.append(f"a leak of {name}: {before} became {after}")
    return ran
