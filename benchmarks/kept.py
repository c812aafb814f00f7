"""Figures that are kept beside docs/performance.md: what was measured, on which machine, when, and beside what.

A figure counts as measured beside other work when others took more than a tenth of all processors meanwhile.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

from benchmarks.figure import Figure
from tools import origin

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figure import Benchmark

FOLDER: Final = origin.ROOT / "docs" / "performance"
BUSY: Final = 0.1
_AT_ONCE_S: Final = 0.2


class Kept(msgspec.Struct, frozen=True):
    """A figure with where it comes from."""

    figure: Figure
    date: str
    machine: str
    commit: str
    seconds: float
    load: float = 0.0
    """How many processes wanted a processor in the minute before; 0 where no system says."""
    others: float | None = None
    """The share of all processors' time, 0 to 1, that other programs took meanwhile; None where nobody can say."""

    @property
    def busy(self) -> bool:
        """Other work ran beside it, so a time or a ratio of times says less."""
        return self.others > BUSY if self.others is not None else self.load > 1


def measured(benchmark: Benchmark, before: Kept | None = None) -> Kept:
    """Run a benchmark and watch what else runs. One that is there at once was measured together with the one `before`
    it, so what ran beside that one counts.
    """
    load = round(psutil.getloadavg()[0], 1)
    began, all_before, ours_before = time.monotonic(), _all_busy(), _ours()
    figure = benchmark.run()
    seconds = time.monotonic() - began
    others = None
    if sys.platform != "win32":  # which tells nothing of the time of children that have ended
        spent = _all_busy() - all_before - (_ours() - ours_before)
        others = round(min(1.0, max(0.0, spent / (seconds * (psutil.cpu_count() or 1)))), 3)
    if before is not None and seconds < _AT_ONCE_S:
        load, others = before.load, before.others
    return Kept(figure, origin.today(), origin.machine(), origin.commit(), round(seconds, 1), load, others)


def save(kept: Kept, folder: Path = FOLDER) -> None:
    """Keep it for the page. What could not be measured is not kept: the figure of before stays."""
    if kept.figure.value is None:
        return
    folder.mkdir(exist_ok=True)
    content = msgspec.json.format(msgspec.json.encode(kept), indent=2) + b"\n"
    (folder / f"{kept.figure.name}.json").write_bytes(content)


def kept_figures(folder: Path = FOLDER) -> dict[str, Kept]:
    """All that are kept, by name."""
    found = (msgspec.json.decode(path.read_bytes(), type=Kept) for path in sorted(folder.glob("*.json")))
    return {one.figure.name: one for one in found}


def _all_busy() -> float:
    """Seconds that all processors have worked since the system began."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0)


def _ours() -> float:
    """Seconds that this process and its children that have ended have worked."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
