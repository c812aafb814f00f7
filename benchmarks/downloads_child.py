"""The measured side of `downloads`, in a process of its own: started with a JSON object, answers with one.

`{"what": "throughput" | "memory" | "loop", "hub", "cdn", "sha256", "size", "folder", "rounds"}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import psutil

from mistral_desk.core.settings import Settings
from mistral_desk.library.transfer import Manner, Transfer
from mistral_desk.library.wanted import Wanted
from mistral_desk.net.client import Net, Purpose, Wants
from mistral_desk.net.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Awaitable

_TICK_S: Final = 0.004
_IDLE_S: Final = 2.0
"""So long the same clock runs with nothing to do: what other programs cost it here."""


class Cost(NamedTuple):
    """What a download took, in seconds: on the clock, of the processor, and of that in the event loop's own thread."""

    wall: float
    work: float
    loop: float

    @classmethod
    def now(cls) -> Cost:
        """A moment, to be subtracted from a later one."""
        return cls(time.perf_counter(), time.process_time(), time.thread_time())

    def since(self, before: Cost) -> Cost:
        """The difference."""
        return Cost(*(a - b for a, b in zip(self, before, strict=True)))


def bare(address: str) -> tuple[tuple[float, float], str]:
    """The yardstick, in a process of its own: seconds on the clock and of the processor, and the hash."""
    command = [sys.executable, "-m", "benchmarks.bare_download", address]
    cost, sha256 = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return (cost[0], cost[1]), sha256


async def ours(net: Net, order: dict[str, Any], name: str, connections: int) -> Cost:
    """Our way: ranges, blocks, hash, disk, in its place."""
    wanted = Wanted("acme/large-GGUF", "main", f"{name}.gguf", order["size"], order["sha256"])
    final = Path(order["folder"]) / f"{name}.gguf"
    before = Cost.now()
    await Transfer(net, wanted, final, base=order["hub"], manner=Manner(connections, reserve=0)).run()
    passed = Cost.now().since(before)
    await asyncio.to_thread(final.unlink)  # a disk takes its time for that, and the loop has no part in it
    return passed


async def main(order: dict[str, Any]) -> dict[str, Any]:
    """Measure."""
    folder = Path(order["folder"])
    net = Net(Settings(folder / "settings.json"), Ledger())
    try:
        if order["what"] == "throughput":
            rounds = []
            await ours(net, {**order}, "warm", 1)
            for number in range(order["rounds"]):
                theirs, sha256 = await asyncio.to_thread(bare, order["cdn"])
                if sha256 != order["sha256"]:
                    raise AssertionError("the yardstick is broken")
                rounds.append((theirs, await ours(net, order, f"r{number}", order["connections"])))
            return {"rounds": rounds}
        if order["what"] == "memory":
            return {"bytes": await _memory(net, order)}
        idle = await _late(asyncio.sleep(_IDLE_S))
        work = _each_callback()
        late = await _late(asyncio.gather(*(ours(net, order, f"l{number}", 4) for number in range(4))))
        return {"late_s": late, "work_s": work, "idle_s": idle}
    finally:
        await net.close()


async def _memory(net: Net, order: dict[str, Any]) -> int:
    """How much more the process takes than before, at most."""
    me = psutil.Process()
    await net.fetch(
        order["hub"], Purpose("download", "Measuring"), limit=1000, wants=Wants(allow=frozenset(range(200, 600)))
    )
    gc.collect()
    before, most = me.memory_info().rss, 0
    task = asyncio.create_task(ours(net, order, "m", 4))
    while not task.done():
        most = max(most, me.memory_info().rss)
        await asyncio.wait((task,), timeout=0.02)
    await task
    return most - before


def _each_callback() -> list[float]:
    """From now on, seconds of work of each callback of the loop: what it was held up by, whoever else computes here."""
    found: list[float] = []
    plain = asyncio.events.Handle._run  # noqa: SLF001 - the loop offers no other place to look from

    def timed(self: asyncio.Handle) -> None:
        before = time.thread_time()
        plain(self)
        found.append(time.thread_time() - before)

    asyncio.events.Handle._run = timed  # type: ignore[method-assign]  # noqa: SLF001
    return found


async def _late(work: Awaitable[object]) -> list[float]:
    """How late a timer of the loop is until this is done."""
    late: list[float] = []

    async def watch() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            late.append(time.perf_counter() - before - _TICK_S)

    watching = asyncio.create_task(watch())
    await work
    watching.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watching
    return late


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(json.loads(sys.argv[1])))), flush=True)
