"""How much of each room was gone through: lines, and the ways that lead out of each line that has more than one."""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LEAST: Final = {"ui": 80.0}
"""Per cent that a room's tests have to go through."""
ELSEWHERE: Final = 95.0
PACKAGE: Final = "mistral_desk"


class Counts(msgspec.Struct, frozen=True):
    """Of a file or more: statements and branches, those gone through, and lines left out by a pattern: what only the
    type checker reads, and what only another system runs.
    """

    lines: int = 0
    lines_taken: int = 0
    branches: int = 0
    branches_taken: int = 0
    left_out: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            *(a + b for a, b in zip(msgspec.structs.astuple(self), msgspec.structs.astuple(other), strict=True))
        )

    @property
    def percent(self) -> float:
        """Statements and branches gone through, of all."""
        whole = self.lines + self.branches
        return 100 * (self.lines_taken + self.branches_taken) / whole if whole else 100.0

    @property
    def branches_percent(self) -> float:
        """Branches alone."""
        return 100 * self.branches_taken / self.branches if self.branches else 100.0


class _Summary(msgspec.Struct):
    covered_lines: int
    num_statements: int
    excluded_lines: int
    num_branches: int
    covered_branches: int


class _File(msgspec.Struct):
    summary: _Summary


class _Report(msgspec.Struct):
    files: dict[str, _File]


def of_files(report: Path) -> dict[str, Counts]:
    """Each file's counts from coverage's report in JSON, by its path below the package."""
    read = msgspec.json.decode(report.read_bytes(), type=_Report)
    counts = {}
    for name, file in read.files.items():
        parts = PurePath(name.replace("\\", "/")).parts
        inside = "/".join(parts[parts.index(PACKAGE) + 1 :])
        seen = file.summary
        counts[inside] = Counts(
            seen.num_statements, seen.covered_lines, seen.num_branches, seen.covered_branches, seen.excluded_lines
        )
    return counts


def by_room(files: Mapping[str, Counts]) -> dict[str, Counts]:
    """The same for each folder of the package; files that lie in none are one more, the doors."""
    rooms: defaultdict[str, Counts] = defaultdict(Counts)
    for name, counts in files.items():
        room = name.split("/")[0] if "/" in name else "(doors)"
        rooms[room] += counts
    return dict(sorted(rooms.items()))


def judged(rooms: Mapping[str, Counts]) -> dict[str, tuple[Counts, float]]:
    """What is promised: `ui`, and all the rest together; each with the least per cent."""
    rest = sum((counts for room, counts in rooms.items() if room not in LEAST), Counts())
    own = {room: (counts, LEAST[room]) for room, counts in rooms.items() if room in LEAST}
    return {**own, "outside ui": (rest, ELSEWHERE)}


def table(rooms: Mapping[str, Counts]) -> list[str]:
    """One line a room, as people read it."""
    lines = [f"{'room':<12} {'lines':>7} {'%':>6}   {'branches':>8} {'%':>6}   {'both %':>6}   {'left out':>8}"]
    for room, counts in rooms.items():
        taken = 100 * counts.lines_taken / counts.lines if counts.lines else 100.0
        lines.append(
            f"{room:<12} {counts.lines:>7,} {taken:>6.1f}   {counts.branches:>8,} {counts.branches_percent:>6.1f}   "
            f"{counts.percent:>6.1f}   {counts.left_out:>8,}"
        )
    return lines
