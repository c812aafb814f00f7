"""`ask` with a model at an endpoint: its answer through the same outputs as a model here."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import TYPE_CHECKING

from mistral_desk.catalog.store import open_catalogue
from mistral_desk.chat.elsewhere.door import EndpointDoor
from mistral_desk.chat.elsewhere.prices import Prices
from mistral_desk.chat.parts import lookup
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.cli.endpoint import opened
from mistral_desk.cli.interrupts import INTERRUPTED, interrupts
from mistral_desk.cli.output import write_text
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.core.words import tr
from mistral_desk.inference.protocol import Finished, Piece

if TYPE_CHECKING:
    import argparse

    from mistral_desk.chat.elsewhere.prices import Cost
    from mistral_desk.cli.ask import Json, Terminal
    from mistral_desk.cli.question import Asked
    from mistral_desk.net.endpoints.record import EndpointModel


async def answer(asked: Asked, source: EndpointModel, arguments: argparse.Namespace, out: Json | Terminal) -> int:
    """As `ask` does with a model here; the first Ctrl+C closes the connection and keeps what came.

    Raises `endpoint.option` for what only a model here can do, and `endpoint.no_effort`.
    """
    host = source.endpoint.host
    for name in ("schema", "think_tokens", "think_seconds"):
        if getattr(arguments, name):
            raise DeskError("endpoint.option", name="--" + name.replace("_", "-"))
    if asked.draft.think and not source.can_think:
        raise DeskError("endpoint.no_effort", host=host, name=source.model.name)
    going = (
        tr("Asking {host}", host=host) if source.endpoint.reach == "here" else tr("Sending this to {host}", host=host)
    )
    write_text(f"{going}\n", sys.stderr)
    end: Finished | None = None
    async with opened() as endpoints:
        door = EndpointDoor(endpoints, source)
        try:
            with interrupts(door) as interrupted:
                pictures = PicturesInMemory()
                turns = await asked.turns(pictures, door.blindness)
                bounds = asked.sampling, asked.max_tokens, lookup(pictures)
                async with contextlib.aclosing(door.generate(turns, asked.draft.effort, *bounds)) as events:
                    async for event in events:
                        match event:
                            case Piece():
                                out.piece(event)
                            case Finished():
                                end = event
                if end:
                    out.done(end, await asyncio.to_thread(_cost, source, end))
                return INTERRUPTED if interrupted() else 0
        except DeskError as error:
            out.broken(error.problem)
            return 1


def _cost(source: EndpointModel, end: Finished) -> Cost | None:
    if source.endpoint.reach != "away" or not end.figures.prompt_tokens:
        return None
    catalogue = open_catalogue(folders().cache)
    return Prices(lambda: catalogue).cost(source, end.figures)
