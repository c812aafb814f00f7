"""`mistral-desk pull`: says what will come, downloads it, and goes on where an earlier run stopped."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.catalog import facts
from mistral_desk.catalog.hub import Hub, token_name
from mistral_desk.cli.fit import this_computer
from mistral_desk.cli.interrupts import INTERRUPTED
from mistral_desk.cli.pull_output import Come, Json, Plan, Terminal
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import Settings
from mistral_desk.fit import advice
from mistral_desk.inference.model_ids import models_folder
from mistral_desk.library.awake import Awake
from mistral_desk.library.orders import FILE, order_of
from mistral_desk.library.queue import Queue
from mistral_desk.library.wanted import place
from mistral_desk.net.client import Net
from mistral_desk.net.ledger import FILE as CONNECTIONS
from mistral_desk.net.ledger import Ledger
from mistral_desk.net.secrets import Secrets

if TYPE_CHECKING:
    import argparse

    from mistral_desk.catalog.hub_files import Listing, Variant
    from mistral_desk.library.orders import Download, Order

_USUAL = "Q4_K_M"
"""What is taken of a repository that nobody has judged, where it has it: the size that most people take."""


@dataclass(frozen=True)
class Choice:
    """A repository and, where that is decided, a quantization; None where nobody states licence or gate."""

    repository: str
    quant: str | None
    license: str | None
    gated: bool | None


def pull(arguments: argparse.Namespace) -> int:
    """Run the command; raises `DeskError`."""
    out = Json() if arguments.json else Terminal()
    return asyncio.run(_pull(arguments.model, arguments.quant, out))


async def _pull(model: str, quant: str | None, out: Json | Terminal) -> int:
    places = folders().ensure()
    settings, _ = Settings.open(places.settings)
    folder = models_folder(places, settings)
    net, vault = Net(settings, Ledger(places.data / CONNECTIONS)), Secrets()
    hub = Hub(net, vault)
    queue = None
    try:
        # The list of this one order lies apart: what a window has in its own list is not begun from here. What came
        # is remembered beside the files.
        with tempfile.TemporaryDirectory() as aside:
            choice = await _stated(await _chosen(model, quant), hub)
            listing = await hub.files(choice.repository)
            variant = _variant(listing, choice.quant, quant)
            order = order_of(listing, variant)
            queue = Queue(
                net,
                settings,
                Path(aside) / FILE,
                lambda: folder,
                token=lambda: vault.get(token_name(hub.base)),
                awake=Awake(),
                base=hub.base,
            )
            try:
                await queue.open()
                room = await queue.room(order)
                out.plan(_planned(order, choice, folder, room.needed))
                if not room.enough:
                    raise DeskError(
                        "library.no_room",
                        needed=_gb(room.needed),
                        free=_gb(max(0, room.free)),
                        folder=str(folder),
                    )
                await _come(queue, order, out)
            finally:
                await queue.close()
        out.done(Come(order.id, str(place(folder, order.files[0])), order.bytes))
    except asyncio.CancelledError:
        out.paused()
        return INTERRUPTED
    finally:
        out.clear()
        await net.close()
    return 0


async def _come(queue: Queue, order: Order, out: Json | Terminal) -> None:
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
        if "/" not in asked:
            raise DeskError("library.no_download", name=asked[:200])
        return Choice(asked.strip(), None, None, None)
    if quant is not None:
        having = [pair for pair in named if any(one.name.upper() == quant.upper() for one in pair[1].quantizations)]
        model, one = (having or named)[0]
        return Choice(one.repository, None, model.license, one.gated)
    here = this_computer()
    machine, runs = await here.machine(), here.corrections()
    judged = [v for model in dict.fromkeys(m for m, _ in named) for v in advice.variants(model, machine, None, runs)]
    judged = [v for v in judged if v.repository in {one.repository for _, one in named}]
    if not judged:
        model, one = named[0]
        return Choice(one.repository, None, model.license, one.gated)
    best = max(judged, key=advice.merit)
    model, one = next(pair for pair in named if pair[1].repository == best.repository)
    return Choice(one.repository, best.quant, model.license, one.gated)


async def _stated(choice: Choice, hub: Hub) -> Choice:
    """With what the hub says of licence and gate, where our facts say nothing."""
    if choice.license is not None and choice.gated is not None:
        return choice
    name = choice.repository.lower()
    found = next((one for one in await hub.search(choice.repository) if one.id.lower() == name), None)
    if found is None:
        return choice
    gated = found.gated if choice.gated is None else choice.gated
    return replace(choice, license=choice.license or found.license, gated=gated)


def _variant(listing: Listing, advised: str | None, asked: str | None) -> Variant:
    """The quantization to take. Raises `library.no_quant`."""
    whole = [one for one in listing.quantizations if one.complete]
    names = ", ".join(one.name for one in whole) or "–"
    if asked is not None or advised is not None:
        wanted = (asked or advised or "").upper()
        found = [one for one in whole if wanted in {one.name.upper(), one.quantization.upper()}]
    else:
        found = whole if len(whole) == 1 else [one for one in whole if one.quantization == _USUAL]
    if not found:
        raise DeskError("library.no_quant", name=listing.repository, names=names)
    return found[0]


def _planned(order: Order, choice: Choice, folder: Path, needed: int) -> Plan:
    return Plan(
        id=order.id,
        title=order.title,
        files=tuple(file.path for file in order.files),
        bytes=order.bytes,
        to_fetch=needed,
        license=choice.license,
        gated=choice.gated,
        folder=str(place(folder, order.files[0]).parent),
    )


def _gb(count: int) -> float:
    return round(count / 1e9, 1)
