"""What a worker computes on, and where it put what of a model, as it says so in `protocol`."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from mistral_desk.fit.core_rates import CoreRates

PlacedKind: TypeAlias = Literal["model", "cache", "compute", "output", "projector"]


class Device(msgspec.Struct, frozen=True, omit_defaults=True):
    """A compute device as ggml names it; memory in bytes.

    Where it was measured: `gbps` is its own memory's speed and `way_gbps` that of copying to it, in 10⁹ bytes a second;
    `way_pinned` says that it was copied from memory which the device can fetch from by itself. Of the processor `core`
    holds what one of its threads gets.
    """

    name: str
    description: str
    kind: Literal["cpu", "gpu", "integrated", "accelerator", "remote"]
    memory_free: int
    memory_total: int
    gbps: float | None = None
    way_gbps: float | None = None
    way_pinned: bool = False
    core: CoreRates | None = None


class Placed(msgspec.Struct, frozen=True):
    """A buffer that llama.cpp reported when it loaded: ggml's name of where it lies (`CPU`, `CPU_Mapped`, `CUDA0`),
    what for, and its bytes, as exact as the log is (0.01 MiB). "output" holds the numbers for the next token.
    """

    device: str
    kind: PlacedKind
    bytes: int
