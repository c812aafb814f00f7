"""The door: `dev.py coverage` measures the suite and says how much of each room it went through, `… unit` only a part.

What was measured of the other parts is kept and counts. `dev.py trust coverage` measures all and keeps the figure.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from tools.coverage import measured, rooms, whole

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """0 where every room is gone through as promised, 1 where one is not, 2 for wrong use or with nothing measured."""
    asked = _parser().parse_args(arguments)
    failed = [] if asked.parts == ["report"] else whole.measure(asked.parts or whole.PARTS)
    if not measured.kept():
        sys.stderr.write("Nothing is measured yet: python3 dev.py coverage\n")
        return 2
    found = rooms.by_room(whole.report())
    print("\n".join(rooms.table(found)))
    for name, (counts, least) in rooms.judged(found).items():
        print(f"{name}: {counts.percent:.2f} % ({counts.branches_percent:.2f} % of the branches); promised {least:g} %")
    for part in failed:
        print(f"tests/{part}: some failed while they were measured; `dev.py test` says whether that is so without")
    return 1 if whole.too_little(found) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py coverage", description="How much of the program is tested.")
    parser.add_argument("parts", nargs="*", choices=[*whole.PARTS, "report"], help="measure only these; report: none")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
