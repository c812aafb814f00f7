"""What a device of another computer is to a plan, and what the network between costs: bytes over the link, and turns.

For each token, and each other computer that holds layers: its numbers go there (four bytes for each of the model's
width, four for each cell of the cache to say what is looked at, and the heads of some messages), they come back, and
whoever waits for them waits for one turn, there and back. A prompt sends the same for all of its tokens, and for each
micro-batch the layers' graph. docs/other-computers.md has the formula and how well it foretells.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.fit.machine import GB, Gpu
from mistral_desk.fit.shape import CELLS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mistral_desk.fit.machine import Machine
    from mistral_desk.net.rpc.found import Found

NUMBER: Final = 4
"""Bytes of a number on its way."""
HEADS: Final = 6_000
"""Bytes of the messages around them for a token, counted on the line: each names its tensor in 313 bytes."""
GRAPH: Final = 15_000
"""Bytes that describe what a layer computes; sent once for each micro-batch, and not with every token."""
LAYER: Final = 80e-6
"""Seconds a layer in which the other computer's threads wait for each other, as `speed.CORE_LAYER`."""
ROUTED: Final = 0.85
"""Of the rate that was measured with one matrix, what scattered experts get."""


def device(found: Found, number: int, name: str) -> Gpu:
    """A device of another computer as a plan takes it."""
    lent = found.devices[number]
    known = lent.gbps > 0 and found.there_gbps > 0
    return Gpu(
        name=name,
        memory=lent.total,
        free=lent.free,
        gbps=lent.gbps or 10.0,
        pcie_gbps=min(found.there_gbps, found.back_gbps) or 0.1,
        estimated=() if known else ("gbps", "pcie_gbps"),
        remote=True,
        turn_s=found.turn_s,
        gflops=lent.gflops or 50.0,
    )


def joined(machine: Machine, gpus: Iterable[Gpu]) -> Machine:
    """The machine with devices of other computers behind its own."""
    return msgspec.structs.replace(machine, gpus=(*machine.gpus, *gpus))


def bytes_there(width: int, depth: int, tokens: int = 1) -> int:
    """Bytes that go to another computer for so many tokens at once, with `depth` before them."""
    cells = -(-(depth + tokens) // CELLS) * CELLS
    return tokens * NUMBER * (width + cells) + HEADS


def seconds_there(gpu: Gpu, width: int, depth: int, tokens: int = 1, layers: int = 0) -> float:
    """Seconds until all that it needs is there; `layers` whose graph is sent too."""
    return (bytes_there(width, depth, tokens) + layers * GRAPH) / (gpu.pcie_gbps * GB)


def seconds_back(gpu: Gpu, width: int) -> float:
    """Seconds until what it computed is here, once it is done: of a prompt only the last token's numbers come back."""
    return gpu.turn_s + NUMBER * width / (gpu.pcie_gbps * GB)
