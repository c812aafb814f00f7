"""Plans for what a person tries by hand, in another thread; only the latest wish is answered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject

from mistral_desk.fit import advice
from mistral_desk.fit.plan import plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mistral_desk.fit.advice import Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.plan import Wishes
    from mistral_desk.ui.fit.advanced import Advanced
    from mistral_desk.ui.tasks import Tasks


class Planner(QObject):
    """Answers an `Advanced` as long as that lives. While one plan is made, later wishes wait, and the last is taken."""

    def __init__(self, advanced: Advanced, tasks: Tasks, judge: Callable[[Wishes], Awaitable[Variant]]) -> None:
        super().__init__(advanced)
        self._advanced = advanced
        self._tasks = tasks
        self._judge = judge
        self._next: Wishes | None = None
        self._busy = False
        self._gone = False
        advanced.wished.connect(self._wished)
        advanced.destroyed.connect(self._end)

    def _wished(self, wishes: Wishes) -> None:
        self._next = wishes
        if not self._busy:
            self._busy = True
            self._tasks.spawn(self._answer(), "plan what is tried by hand")

    def _end(self) -> None:
        self._gone = True

    async def _answer(self) -> None:
        try:
            while self._next is not None:
                wishes, self._next = self._next, None
                found = await self._judge(wishes)
                if self._gone:
                    return
                if self._next is None:
                    self._advanced.show_plan(found)
        finally:
            self._busy = False


async def planned(variant: Variant, machine: Machine, wishes: Wishes) -> Variant:
    """The same quantization, divided as a person wishes."""
    return await asyncio.to_thread(_planned, variant, machine, wishes)


def _planned(variant: Variant, machine: Machine, wishes: Wishes) -> Variant:
    found = msgspec.structs.replace(variant, plan=plan(variant.shape, machine, wishes))
    return msgspec.structs.replace(found, reasons=advice.reasons(found, machine))
