"""The list of downloads as a program that can be killed: opens it, adds orders, tells each change of state.

Started with a JSON object: `folder`, `base` (the hub), `orders`, `block`, and what is done to it on the way: `ballast`
(a file that is deleted as soon as the disk is full), `jumps` (the computer's clock goes back and forth), `count` (a
file in which the bytes that came for each order are counted, so that a kill cannot hide them). Each line on stdout is
a JSON object; it ends when all is done or paused, or waits for the network.
"""

from __future__ import annotations

import asyncio
import mmap
import os
import random
import struct
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from mistral_desk.core.log import Log
from mistral_desk.core.settings import Settings
from mistral_desk.library.orders import FILE, Download, Order
from mistral_desk.library.queue import Queue
from mistral_desk.library.transfer import Manner, Transfer
from mistral_desk.net.client import Net
from mistral_desk.net.ledger import FILE as LEDGER
from mistral_desk.net.ledger import Ledger
from mistral_desk.net.secrets import Secrets


class Plan(msgspec.Struct, frozen=True):
    """What to do."""

    folder: str
    base: str
    orders: tuple[Order, ...]
    block: int
    connections: int = 4
    ballast: str = ""
    jumps: bool = False
    count: str = ""


class Line(msgspec.Struct, frozen=True):
    """A download's state, and at the end the bytes that came over the network in this run."""

    id: str
    state: str
    problem: str = ""
    words: str = ""
    received: int = 0


_clock: Final = time.time
_dice: Final = random.Random(1)


def _jumping() -> float:
    """A clock that somebody sets by up to ten days, again and again."""
    return _clock() + _dice.uniform(-864_000, 864_000)


def count_into(path: Path) -> None:
    """Count what comes for the files `mN-…` in place N of a file that is memory of this program, too."""
    handle = os.open(path, os.O_RDWR)
    memory = mmap.mmap(handle, os.fstat(handle).st_size)

    def received(self: Transfer) -> int:
        return int(self.__dict__.get("received_here", 0))

    def receive(self: Transfer, value: int) -> None:
        place = 8 * int(self.wanted.path.partition("-")[0][1:])
        more = value - received(self)
        struct.pack_into("<q", memory, place, struct.unpack_from("<q", memory, place)[0] + more)
        self.__dict__["received_here"] = value

    Transfer.received = property(received, receive)  # type: ignore[assignment]


def tell(line: Line) -> None:
    """One line."""
    sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
    sys.stdout.flush()


async def main(plan: Plan) -> None:
    """Do it."""
    folder = Path(plan.folder)
    settings = Settings(folder / "settings.json")
    net = Net(settings, Ledger(folder / LEDGER))
    manner = Manner(plan.connections, plan.block, silence_s=20, patience=2, backoff_s=0.01, longest_s=2, reserve=0)
    made = Queue(
        net, settings, folder / FILE, lambda: folder / "models", token=Secrets().get, manner=lambda: manner,
        at_once=lambda: 1, look_again_s=0.05, base=plan.base,
    )  # fmt: skip
    ended = asyncio.Event()
    last: dict[str, Line] = {}

    def changed(downloads: tuple[Download, ...]) -> None:
        for download in downloads:
            job = made._jobs.get(download.order.id)
            line = Line(
                download.order.id,
                download.state,
                download.problem.id if download.problem else "",
                str(download.problem.params) if download.problem else "",
                job.received if job else 0,
            )
            before = last.get(line.id)
            if before is None or (before.state, before.problem) != (line.state, line.problem):
                tell(line)
            last[line.id] = line
            if line.problem == "library.disk_full" and plan.ballast:
                Path(plan.ballast).unlink(missing_ok=True)
        if downloads and all(download.state in {"done", "paused"} for download in downloads):
            ended.set()
        if any(
            download.state == "waiting" and download.problem and download.problem.id.startswith("net.")
            for download in downloads
        ):
            ended.set()

    made.listen(changed)
    await made.open()
    for order in plan.orders:
        await made.add(order)
    await ended.wait()
    await made.close()
    await net.close()


if __name__ == "__main__":
    given = msgspec.json.decode(sys.argv[1], type=Plan)
    log = Log(Path(given.folder) / "logs", verbose=True)
    if given.count:
        count_into(Path(given.count))
    if given.jumps:
        time.time = _jumping
    asyncio.run(main(given))
    log.close()
    sys.stdout.flush()
