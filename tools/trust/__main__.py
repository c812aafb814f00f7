"""The door: `dev.py trust NAME [--seed N] [--cases N]` runs a campaign and keeps its figure, `page` makes the page."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tools.trust import figure, page
from tools.trust.campaigns import CAMPAIGNS

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN = 20


def main(arguments: Sequence[str]) -> int:
    """0 when nothing was lost, 1 when a promise was broken, 2 for wrong use or where it cannot run."""
    asked = _parser().parse_args(arguments)
    if asked.name == "page":
        page.write()
        return 0
    campaign = CAMPAIGNS[asked.name]
    if not campaign.needs():
        sys.stderr.write(f"{campaign.title} cannot run on this computer.\n")
        return 2
    cases = campaign.usual if asked.cases is None else asked.cases
    began = time.monotonic()
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix=f"trust-{asked.name}-") as folder:
        outcome = campaign.run(Path(folder), asked.seed, cases, asked.minutes)
    words = ["python3 dev.py trust", asked.name, f"--seed {asked.seed}", *([f"--cases {cases}"] if cases else [])]
    words += [f"--minutes {asked.minutes:g}"] if asked.minutes < 1e9 else []
    made = figure.figure_of(asked.name, " ".join(words), asked.seed, time.monotonic() - began, outcome)
    for line in outcome.lost[:SHOWN]:
        print(f"LOST  {line}")
    for what, seen in outcome.seen.items():
        print(f"{what}: {seen}")
    print(f"{made.cases} cases, {made.faults} faults, {made.lost} lost, {made.seconds} s (seed {asked.seed})")
    if not asked.look:
        figure.save(made, beside=asked.beside)
        page.write()
    return 1 if outcome.lost else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py trust", description="Attack the program's promises on purpose.")
    parser.add_argument("name", choices=[*CAMPAIGNS, "page"], help="the campaign; `page` makes docs/trust.md anew")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, help="how many; 0 for all that there are")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no new case after so many")
    parser.add_argument("--beside", action="store_true", help="keep the figure beside the one that is kept")
    parser.add_argument("--look", action="store_true", help="keep no figure")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
