"""A computer that is described and not there: the same verdicts in the pictures wherever they are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.catalog import facts
from mistral_desk.core.paths import folders
from mistral_desk.fit import advice, machine
from mistral_desk.fit.plan import Wishes
from mistral_desk.fit.runs import Comparison, Figure
from mistral_desk.fit.speed import Range
from mistral_desk.inference.rpc.computers import Computers
from mistral_desk.ui.fit.planner import planned

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine

CARD: Final = "GeForce RTX 4060"


def pc(ram: float, vram: float = 0, *, unified: bool = False, gbps: float = 60) -> Machine:
    """A common computer, in 10⁹ bytes."""
    gpu = f'{{"name":"{CARD}","vram_gb":{vram},"gbps":272}}' if vram else ""
    return machine.described(
        f'{{"cores":8,"ram_gb":{ram},"ram_available_gb":{ram * 0.875},"ram_gbps":{gbps},"ssd_gbps":3.5,'
        f'"ssd_random_gbps":0.7,"unified":{str(unified).lower()},"gpus":[{gpu}]}}'
    )


class StillFitting:
    """Shaped like `inference.fitting.Fitting`, for `where`; nothing is measured and nothing kept."""

    def __init__(self, where: Machine) -> None:
        self.where = where
        self.stored = Wishes()
        self.computers = Computers(folders())

    async def machine(self, again: bool = False) -> Machine:  # noqa: ARG002 - as the real one's
        """The described one."""
        return self.where

    async def standing(self) -> dict[str, tuple[Variant, ...]]:
        """For it."""
        return advice.standing(self.where)

    async def expected(self) -> tuple[Offer, ...]:
        """Nothing: all is known."""
        return ()

    async def ranking(self) -> tuple[Offer, ...]:
        """For it."""
        return advice.ranking(self.where)

    async def variants(self, model_id: str) -> tuple[Variant, ...]:
        """For it."""
        return tuple(one for model in facts.find(model_id) for one in advice.variants(model, self.where))

    async def variant(
        self,
        path: str | Path,  # noqa: ARG002
        wishes: Wishes | None = None,
        *,
        projector: str | None = None,  # noqa: ARG002
    ) -> Variant:
        """The namesake's file, whatever is asked for."""
        found = (await self.variants("mistral-small-4"))[0]
        return await planned(found, self.where, wishes or self.stored)

    async def key(self, path: str | Path) -> str:
        """Its name."""
        return str(path)

    def wishes(self, key: str) -> Wishes:  # noqa: ARG002
        """What is set by hand."""
        return self.stored

    async def set_wishes(self, key: str, wishes: Wishes | None) -> None:  # noqa: ARG002
        """Set by hand."""
        self.stored = wishes or Wishes()

    async def comparison(self, key: str) -> Comparison:
        """Some runs."""
        writing = Figure(Range(8.3, 12.3, 18.2), Range(10.9, 11.4, 12.6), 7, 0.0)
        loading = Figure(Range(15.0, 22.2, 32.9), Range(24.8, 24.8, 24.8), 1, 0.0)
        return Comparison(key, tokens_per_s=writing, load_s=loading)

    async def close(self) -> None:
        """Nothing runs."""
