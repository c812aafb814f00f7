"""`mistral-desk pull`: says what will come, downloads it, and goes on where an earlier run stopped."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.catalog import facts
from mistral_desk.cli.fit import this_computer
from mistral_desk.cli.here import online
from mistral_desk.cli.interrupts import INTERRUPTED
from mistral_desk.cli.pull_output import Come, Json, Plan, Terminal
from mistral_desk.core.errors import DeskError
from mistral_desk.fit import advice
from mistral_desk.library import disk
from mistral_desk.library.wanted import place

if TYPE_CHECKING:
    import argparse

    from mistral_desk.library.ordering import Before
    from mistral_desk.library.orders import Download, Order
    from mistral_desk.library.queue import Queue


@dataclass(frozen=True)
class Choice:
    """A repository and, where that is decided, a quantization."""

    repository: str
    quant: str | None


def pull(arguments: argparse.Namespace) -> int:
    """Run the command; raises `DeskError`."""
    out = Json() if arguments.json else Terminal()
    return asyncio.run(_pull(arguments.model, arguments.quant, out))


async def _pull(model: str, quant: str | None, out: Json | Terminal) -> int:
    try:
        choice = await _chosen(model, quant)
        with tempfile.TemporaryDirectory() as aside:
            async with online(Path(aside)) as here:
                before = await here.ordering.before(choice.repository, quant or choice.quant)
                order = before.order
                out.plan(_planned(before, here.folder))
                _check(before)
                await come(here.queue, order, out)
        out.done(Come(order.id, str(place(here.folder, order.files[0])), order.bytes))
    except asyncio.CancelledError:
        out.paused()
        return INTERRUPTED
    finally:
        out.clear()
    return 0


def _check(before: Before) -> None:
    """Raise what stands in the way."""
    if before.access in {"token", "agreement", "scope"} and not before.there:
        raise DeskError("hub.gated", name=before.repository)
    room = before.room
    if not room.enough:
        raise disk.no_room(Path(room.folder), room.needed, room.free)


async def come(queue: Queue, order: Order, out: Json | Terminal) -> None:
    """Until all of it is there. Raises what a person must do something about."""
    ended: asyncio.Future[Download] = asyncio.get_running_loop().create_future()

    def told(downloads: tuple[Download, ...]) -> None:
        for now in downloads:
            out.progress(now)
            hopeless = now.problem is not None and now.problem.id == "net.offline"
            if (now.state in {"done", "paused"} or hopeless) and not ended.done():
                ended.set_result(now)

    unlisten = queue.listen(told)
    try:
        await queue.add(order)
        last = await ended
    finally:
        unlisten()
    if last.problem is not None:
        raise DeskError.of(last.problem)


async def _chosen(asked: str, quant: str | None) -> Choice:
    """What a name stands for: of a model that we know, the size that suits this computer best."""
    known = facts.find(asked)
    named = [
        (model, one)
        for model in known
        for one in model.repositories
        if "/" not in asked or one.repository.lower() == asked.strip().lower()
    ]
    if not named:
        repository, _, kind = asked.strip().partition(":")
        if "/" not in repository:
            raise DeskError("library.no_download", name=asked[:200])
        return Choice(repository, kind or None)
    if quant is not None:
        having = [pair for pair in named if any(one.name.upper() == quant.upper() for one in pair[1].quantizations)]
        return Choice((having or named)[0][1].repository, None)
    sized = any(size.bytes for _, one in named for size in one.quantizations)
    judged = await _judged(named) if sized else []  # the computer is measured for that
    if not judged:
        return Choice(named[0][1].repository, None)
    best = max(judged, key=advice.merit)
    return Choice(best.repository, best.quant)


async def _judged(named: list[tuple[facts.Model, facts.Repository]]) -> list[advice.Variant]:
    here = this_computer()
    machine, runs = await here.machine(), here.corrections()
    found = [v for model in dict.fromkeys(m for m, _ in named) for v in advice.variants(model, machine, None, runs)]
    return [v for v in found if v.repository in {one.repository for _, one in named}]


def _planned(before: Before, folder: Path) -> Plan:
    order = before.order
    return Plan(
        id=order.id,
        title=order.title,
        files=tuple(file.path for file in order.files),
        bytes=order.bytes,
        to_fetch=before.room.needed,
        license=before.license.words,
        gated=None if before.gate == "unknown" else before.gate != "none",
        folder=str(place(folder, order.files[0]).parent),
    )
