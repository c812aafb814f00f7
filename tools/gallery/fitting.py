"""A computer that is described and not there: the same verdicts in the pictures wherever they are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.catalog import facts
from mistral_desk.fit import advice, machine

if TYPE_CHECKING:
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

    async def machine(self, again: bool = False) -> Machine:  # noqa: ARG002 - as the real one's
        """The described one."""
        return self.where

    async def ranking(self) -> tuple[Offer, ...]:
        """For it."""
        return advice.ranking(self.where)

    async def variants(self, model_id: str) -> tuple[Variant, ...]:
        """For it."""
        return tuple(one for model in facts.find(model_id) for one in advice.variants(model, self.where))

    async def close(self) -> None:
        """Nothing runs."""
