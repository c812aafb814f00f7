"""How long a history of 10,000 conversations with 1,000,000 messages takes to be searched and listed.

`MISTRAL_DESK_BENCH_CHATS=100` makes a smaller one, to try the benchmark itself. What is measured begins where the
window asks and ends where it has the answer, database, threads and event loop included.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from benchmarks import history_of_a_million as million
from mistral_desk.chat.history import History

if TYPE_CHECKING:
    from collections.abc import Coroutine

ASKED: Final = {
    "rare": (million.RARE, "ForkingPickler", "metaclasses", "unpicklable", "daylight saving"),
    "common": ("the", "that", "return", "function", "string"),
    "Chinese": (million.CHINESE[5:8], million.CHINESE[:3], million.CHINESE[900:903], million.CHINESE[40] * 3),
    "two letters": ("if", "qx", million.CHINESE[:2], million.CHINESE[700:702], "x.", "zq"),
    "no hit": ("zzzqqq", "nothere", "incantation", "rationing", "ostension", "thereunderstandings"),
    "several words": (
        "thread socket",
        "connection database",
        "other interesting",
        '"of the arguments"',
        "determination of",
        "temporary file directory",
        "Érror hàndler",
    ),
    "as it is typed": ("con", "conn", "conne", "connec", "connect", "connecti", "connectio", "connection"),
}
LISTED: Final = 200
"""Conversations that the sidebar asks for at first."""
ROUNDS: Final = 3
LIMIT: Final = 50
"""Hits of one search."""


class Times(NamedTuple):
    """Milliseconds by the wall's clock, and of the whole process's CPU time."""

    searches: dict[str, list[tuple[float, float]]]
    first: float
    early: int
    listed: tuple[float, float]
    all_listed: float
    opened: float


def search() -> tuple[float, str]:
    """Milliseconds of a search, 95th percentile over queries of every kind."""
    found = _measured()
    every = [wall for times in found.searches.values() for wall, _ in times]
    kinds = ", ".join(f"{kind} {max(wall for wall, _ in times):.0f}" for kind, times in found.searches.items())
    return _p95(every), (
        f"{len(every)} searches in {million.CHATS * million.EACH:,} messages, median {statistics.median(every):.1f}; "
        f"worst by kind: {kinds}; {found.early} ended early and said so; the first one after the start "
        f"{found.first:.0f} ms; by the wall's clock"
    )


def search_work() -> tuple[float, str]:
    """The same in CPU time of the whole process, which no other program on this computer disturbs."""
    every = [work for times in _measured().searches.values() for _, work in times]
    return _p95(every), f"CPU time, median {statistics.median(every):.1f}, worst {max(every):.0f} ms"


def listing() -> tuple[float, str]:
    """Milliseconds until the sidebar has its first conversations, from the opened history."""
    found = _measured()
    return found.listed[0], (
        f"the first {LISTED} of {million.CHATS:,} conversations; all of them {found.all_listed:.0f} ms; "
        f"opening the file, with its check of at most 1 s, {found.opened:.0f} ms; by the wall's clock"
    )


def listing_work() -> tuple[float, str]:
    """The same in CPU time."""
    return _measured().listed[1], "CPU time of the whole process"


@cache
def _measured() -> Times:
    return asyncio.run(_measure())


async def _measure() -> Times:
    file = million.path()
    begun = time.perf_counter()
    history, notice = await History.open(file)
    opened = (time.perf_counter() - begun) * 1000
    if notice is not None:
        raise RuntimeError(f"the history of the benchmark is not what it was: {notice.id}")
    try:
        listed = await _timed(history.conversations(LISTED))
        all_listed, _ = await _timed(history.conversations(million.CHATS))
        first, _ = await _timed(history.search("first"))
        searches: dict[str, list[tuple[float, float]]] = {kind: [] for kind in ASKED}
        for _ in range(ROUNDS):
            for kind, queries in ASKED.items():
                for query in queries:
                    searches[kind].append(await _timed(history.search(query)))
        every = [await history.search(query) for queries in ASKED.values() for query in queries]
        early = sum(found.more and len(found.hits) < LIMIT for found in every)
        return Times(searches, first, early, listed, all_listed, opened)
    finally:
        await history.close()


async def _timed(asked: Coroutine[object, object, object]) -> tuple[float, float]:
    begun, work = time.perf_counter(), time.process_time()
    await asked
    return (time.perf_counter() - begun) * 1000, (time.process_time() - work) * 1000


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
