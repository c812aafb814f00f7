"""How long a history of 10,000 conversations with 1,000,000 messages takes to be searched and listed.

`MISTRAL_DESK_BENCH_CHATS=100` makes a smaller one, to try the benchmark itself. What is measured begins where the
window asks and ends where it has the answer, database, threads and event loop included.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from functools import cache
from typing import Final, NamedTuple

from benchmarks import history_of_a_million as million
from mistral_desk.chat.history import History

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


class Times(NamedTuple):
    """Milliseconds."""

    searches: dict[str, list[float]]
    more: int
    first_list: float
    all_listed: float
    opened: float


def search() -> tuple[float, str]:
    """Milliseconds of a search, 95th percentile over queries of every kind."""
    found = _measured()
    every = [one for times in found.searches.values() for one in times]
    kinds = ", ".join(f"{kind} {max(times):.0f}" for kind, times in found.searches.items())
    return _p95(every), (
        f"{len(every)} searches in {million.CHATS * million.EACH:,} messages, median {statistics.median(every):.1f}, "
        f"worst {max(every):.0f} ms; worst by kind: {kinds}; {found.more} ended early and said so"
    )


def listing() -> tuple[float, str]:
    """Milliseconds until the sidebar has its first conversations, from the opened history."""
    found = _measured()
    return found.first_list, (
        f"the first {LISTED} of {million.CHATS:,} conversations; all of them {found.all_listed:.0f} ms; "
        f"opening the file, with its check of at most 1 s, {found.opened:.0f} ms"
    )


@cache
def _measured() -> Times:
    return asyncio.run(_measure())


async def _measure() -> Times:
    file = million.path()
    begun = time.perf_counter()
    history, notice = await History.open(file)
    opened = _since(begun)
    if notice is not None:
        raise RuntimeError(f"the history of the benchmark is not what it was: {notice.id}")
    try:
        begun = time.perf_counter()
        await history.conversations(LISTED)
        first_list = _since(begun)
        begun = time.perf_counter()
        await history.conversations(million.CHATS)
        all_listed = _since(begun)
        searches: dict[str, list[float]] = {kind: [] for kind in ASKED}
        more = 0
        for _ in range(ROUNDS):
            for kind, queries in ASKED.items():
                for query in queries:
                    begun = time.perf_counter()
                    found = await history.search(query)
                    searches[kind].append(_since(begun))
                    more += found.more and len(found.hits) < 50
        return Times(searches, more, first_list, all_listed, opened)
    finally:
        await history.close()


def _since(begun: float) -> float:
    return (time.perf_counter() - begun) * 1000


def _p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
