"""How fast the catalogue of 2,000 records is: read from the disk by a fresh process, and searched at each keystroke.

The records are the made-up ones of the tests, of every known variation.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from mistral_desk.catalog.search import Fit, Index, Wishes
from mistral_desk.catalog.store import Entry, Fetched, open_catalogue, replace
from tests.fixtures.catalog_records import published

RECORDS: Final = 2000
STARTS: Final = 7
SEEN: Final = 30
"""Cards on a screen: their marks are part of an answer."""
TYPED: Final = (
    "maple 3",
    "open-source coding",
    "grove labs",
    "núcleo",
    "e",
    "zelkova 2 119b",
    "a long document",
    "zzz",
)
LIMIT_S: Final = 120


class Times(NamedTuple):
    """Milliseconds by the wall's clock and of the process's CPU."""

    wall: list[float]
    work: list[float]


def cold() -> tuple[float, str]:
    """Milliseconds until a fresh process has the cached catalogue; the file is in the system's cache."""
    times = _cold()
    worst, work = max(times.wall), statistics.median(times.work)
    return statistics.median(times.wall), (
        f"median of {STARTS} fresh processes, {RECORDS} records, worst {worst:.0f} ms; {work:.0f} ms of CPU"
    )


def cold_work() -> tuple[float, str]:
    """The same by the process's own CPU time, which no other program on this computer disturbs."""
    times = _cold()
    return statistics.median(
        times.work
    ), f"CPU time, median of {STARTS} fresh processes, worst {max(times.work):.0f} ms"


def search() -> tuple[float, str]:
    """Milliseconds from a keystroke to the hits with the marks of those on the screen, 95th percentile."""
    times = _searched()
    middle, worst = statistics.median(times.wall), max(times.wall)
    return _p95(times.wall), (
        f"{len(times.wall)} keystrokes with and without filters over {RECORDS} records; median {middle:.1f}, "
        f"worst {worst:.1f} ms by the wall's clock"
    )


def search_work() -> tuple[float, str]:
    """The same by the process's own CPU time."""
    times = _searched()
    return _p95(times.work), f"CPU time, median {statistics.median(times.work):.1f}, worst {max(times.work):.1f} ms"


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A cache folder with 2,000 records, gone when the program ends."""
    folder = tempfile.TemporaryDirectory(prefix="catalogue-")
    entries = tuple(Entry(one.body, '"tag"', True) for one in published(RECORDS))
    replace(Path(folder.name), Fetched(time.time(), "http://127.0.0.1:1", entries))
    return folder


@cache
def _cold() -> Times:
    times = Times([], [])
    for _ in range(STARTS):
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.catalogue", _folder().name],
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=LIMIT_S,
        )
        wall, work = map(float, done.stdout.split())
        times.wall.append(wall)
        times.work.append(work)
    return times


@cache
def _searched() -> Times:

    catalogue = open_catalogue(Path(_folder().name))
    index = Index(catalogue)
    fits = {
        record.id: Fit(number * 7919 % RECORDS, number % 3 == 0, number % 90 * 10**9)
        for number, record in enumerate(catalogue.records)
    }
    wishes = (
        Wishes(),
        Wishes(fits_here=True, licenses=frozenset({"MIT", "Apache 2.0"})),
        Wishes(sort="benchmark:coding", tags=frozenset({"coding", "reasoning"}), least_context=100_000),
        Wishes(sort="date", reverse=True, modality=frozenset({"image"}), size=(None, 40)),
    )
    times = Times([], [])
    for wish in wishes:
        for text in TYPED:
            for length in range(len(text) + 1):
                typed = msgspec.structs.replace(wish, text=text[:length])
                wall, work = time.perf_counter(), time.process_time()
                hits = index.find(typed, fits)
                for hit in hits[:SEEN]:
                    _ = hit.marks
                times.wall.append((time.perf_counter() - wall) * 1e3)
                times.work.append((time.process_time() - work) * 1e3)
    return times


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]


def main(folder: str) -> None:
    """Read the catalogue once, and say how long that took: wall and CPU, in milliseconds."""
    wall, work = time.perf_counter(), time.process_time()
    open_catalogue(Path(folder))
    print((time.perf_counter() - wall) * 1e3, (time.process_time() - work) * 1e3)


if __name__ == "__main__":
    main(sys.argv[1])
