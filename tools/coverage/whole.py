"""The suite measured part by part, each part kept; then how much of each room it went through, and if it is enough."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from tests.campaigns.outcome import Outcome
from tools.coverage import measured, rooms
from tools.dev import suite

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

PARTS: Final = ("unit", "engine", "ui", "e2e", "campaigns")


def attack(_folder: Path, _seed: int, _cases: int, _minutes: float) -> Outcome:
    """All parts anew, as a campaign: its cases are lines and the ways out of them, its losses rooms with too few."""
    shutil.rmtree(measured.PLACE, ignore_errors=True)
    failed = measure(PARTS)
    found = rooms.by_room(report())
    whole = sum(found.values(), rooms.Counts())
    seen = {
        room: f"{counts.percent:.1f} % ({counts.branches_percent:.1f} % of {counts.branches:,} branches)"
        for room, counts in found.items()
    }
    seen["left out: what only the type checker reads or only another system runs"] = f"{whole.left_out:,} lines"
    seen["parts with tests that failed while measured"] = ", ".join(failed) or "none"
    return Outcome(whole.lines + whole.branches, 0, too_little(found), seen)


def measure(parts: Sequence[str]) -> list[str]:
    """Measure these parts anew; those in which a test failed. Being measured takes time and memory, which a few tests
    are about: whether the suite passes is for `dev.py test` to say.
    """
    failed = []
    python = measured.environment()
    for part in parts:
        print(f"\n{part}:", flush=True)
        words = suite.words_for([f"tests/{part}"], measured.ROOT, suite.cores())
        if measured.run(part, words, python):
            failed.append(part)
    return failed


def report() -> dict[str, rooms.Counts]:
    """Each file's counts, over all parts that were measured."""
    file = measured.PLACE / "coverage.json"
    measured.all_parts().json_report(outfile=str(file))
    return rooms.of_files(file)


def too_little(found: dict[str, rooms.Counts]) -> list[str]:
    """What is below what is promised, in words."""
    return [
        f"{name}: {counts.percent:.2f} % of lines and branches, {least:g} % are promised"
        for name, (counts, least) in rooms.judged(found).items()
        if counts.percent < least
    ]
