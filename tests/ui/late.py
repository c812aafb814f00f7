"""A window whose computer is not looked at yet: verdicts come when a test says so."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from mistral_desk.fit import advice
from tests.ui import window
from tools.gallery.fitting import StillFitting, pc

if TYPE_CHECKING:
    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.inference.fitting import Fitting
    from mistral_desk.ui.desk import Desk

MACHINES = {"poor": pc(8), "common": pc(32, 8), "rich": pc(96, 24), "unified": pc(128, unified=True)}


class Late(StillFitting):
    """Finds out about this computer when it is told to; until then it takes it for `thought`."""

    def __init__(self, where: Machine, thought: Machine | None = None) -> None:
        super().__init__(where)
        self.told = asyncio.Event()
        self.thought = thought or where

    async def expected(self) -> tuple[Offer, ...]:
        return advice.ranking(self.thought)

    async def machine(self, again: bool = False) -> Machine:
        await self.told.wait()
        return await super().machine(again)

    async def variants(self, model_id: str) -> tuple[Variant, ...]:
        await self.told.wait()
        return await super().variants(model_id)

    async def standing(self) -> dict[str, tuple[Variant, ...]]:
        await self.told.wait()
        return await super().standing()


async def at_models(desk: Desk, where: Machine = MACHINES["common"], thought: Machine | None = None) -> Late:
    """The list, whose models nobody has judged yet."""
    late = Late(where, thought)
    desk.services.fitting = cast("Fitting", late)
    desk.window.show_page("models")
    async with asyncio.timeout(window.END_OF_WORLD_S):
        while desk.catalog._catalogue is None:
            await window.drawn()
    return late
