"""One order under way: its files one after the other, each taken from the disk where it is, else from the hub."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mistral_desk.library import disk, there
from mistral_desk.library.pace import Meter, time_left
from mistral_desk.library.part import left_over
from mistral_desk.library.threads import begin, over
from mistral_desk.library.transfer import Transfer
from mistral_desk.library.wanted import place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import ParamSpec, TypeVar

    from mistral_desk.core.errors import Problem
    from mistral_desk.library.lines import Lines
    from mistral_desk.library.orders import Order, State
    from mistral_desk.library.pace import Pace
    from mistral_desk.library.part import Remembered
    from mistral_desk.library.transfer import Manner
    from mistral_desk.library.wanted import Wanted
    from mistral_desk.net.client import Net

    P = ParamSpec("P")
    T = TypeVar("T")


@dataclass(frozen=True)
class Means:
    """What all jobs share. `contents` are locks by SHA-256: equal files come once. `base` is the hub's scheme and host;
    `remembered` is what earlier jobs of this program know of unfinished files.
    """

    net: Net
    lines: Lines
    pace: Pace
    base: str | None
    contents: dict[str, asyncio.Lock] = field(default_factory=dict)
    remembered: dict[str, Remembered] = field(default_factory=dict)


class Job:
    """A run of an order. What it is at can be read at any time."""

    def __init__(self, means: Means, order: Order, models: Path, manner: Manner) -> None:
        self.order = order
        self.number, self.file = 0, ""
        self.device = -1
        self.last_speed = 0.0
        """Smoothed bytes a second while it was fetching last; 0 where nobody asked."""
        self.looked = False
        """Whether `done` is known by now."""
        self._means, self._models, self._manner = means, models, manner
        self._transfer: Transfer | None = None
        self._looking = True
        self._there: dict[str, int] = {}
        self._received = self._metered = 0
        self._meter = Meter()
        self._stop = threading.Event()

    # --- what it is at --------------------------------------------------------------------------------

    @property
    def state(self) -> State:
        """What is being done now."""
        if self._looking:
            return "checking"
        if self._transfer is None:
            return "finishing"
        phase = self._transfer.phase
        return "checking" if phase == "waiting" else "finishing" if phase == "done" else phase

    @property
    def trouble(self) -> Problem | None:
        """Why it tries again just now."""
        return self._transfer.trouble if self._transfer else None

    @property
    def received(self) -> int:
        """Bytes that came over the network in this run."""
        return self._received + (self._transfer.received if self._transfer else 0)

    @property
    def done(self) -> int:
        """Bytes of the order that are there."""
        now = self._transfer
        key = _content(now.wanted) if now else ""
        others = sum(size for name, size in self._there.items() if name != key)
        if now is None:
            return others
        checking = now.phase in {"waiting", "checking"}
        return others + (max(now.done, self._there.get(key, 0)) if checking else now.done)

    def speed(self) -> tuple[float | None, float | None]:
        """Smoothed bytes a second and the seconds that are left; None where they cannot be told yet."""
        received = self.received
        self._meter.add(received - self._metered)
        self._metered = received
        found = self._meter.speed()
        if self.state != "fetching":
            return None, None
        self.last_speed = found or self.last_speed
        return found, time_left(self.order.bytes - self.done, found)

    # --- doing it -------------------------------------------------------------------------------------

    async def run(self, token: str | None, others_need: int) -> None:
        """Fetch all of it; `others_need` bytes of the same disk are promised to others. Raises as `Transfer.run`."""
        try:
            await self._work(self._look)
            self.looked = True
            found = await self._work(there.room, self.order, self._models, self._manner.reserve + others_need)
            if not found.enough:
                raise there.full(found)
            for number, wanted in enumerate(self.order.files, 1):
                self.number, self.file = number, wanted.name
                async with self._means.contents.setdefault(_content(wanted), asyncio.Lock()):
                    await self._one(wanted, token)
                self._there[_content(wanted)] = wanted.size
                self._looking = False  # nothing was to be fetched, and nothing is looked for any more
        finally:
            self._stop.set()

    def _look(self) -> None:
        self.device = disk.device(self._models)
        for wanted in self.order.files:
            with disk.told(self._models):
                self._there[_content(wanted)] = min(wanted.size, left_over(place(self._models, wanted)))

    async def _one(self, wanted: Wanted, token: str | None) -> None:
        """One file: already there, there under another name, or to be fetched."""
        self._looking = True
        final, label = place(self._models, wanted), (self.order.id, self.order.title)
        if await self._work(there.present, final, wanted, label, self._stop):
            return
        twin = await self._work(there.twin, self._models, wanted)
        if twin is not None and await self._work(there.take_over, twin, final, wanted, label, self._stop):
            return
        means = self._means
        self._transfer = Transfer(
            means.net,
            wanted,
            final,
            token=token,
            manner=self._manner,
            pace=means.pace,
            base=means.base,
            label=label,
            before=means.remembered.pop(str(final), None),
        )
        self._looking = False
        try:
            await means.lines.run(self._transfer.run)
        finally:
            if (known := self._transfer.remembered) is not None:
                means.remembered[str(final)] = known
            self._received += self._transfer.received
            self._there[_content(wanted)] = self._transfer.done
            self._transfer = None

    async def _work(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Long work in a thread, ended early when this task is cancelled."""
        return await over(begin(work, *args, **kwargs), self._stop.set)


def _content(wanted: Wanted) -> str:
    """What two files have in common that are the same."""
    return wanted.sha256 or f"{wanted.repository}@{wanted.revision}/{wanted.path}"
