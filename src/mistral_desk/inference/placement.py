"""Where a model is to lie when it is loaded, in the engine's terms; and what is made smaller when that went wrong.

A plan is made for a person's computer (`fit.plan`); a placement is the same decision for the devices that the engine
names. All functions are pure.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core.errors import Problem
from mistral_desk.core.words import mark
from mistral_desk.fit.machine import once
from mistral_desk.fit.shape import KvType
from mistral_desk.inference.rpc.places import address_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mistral_desk.fit.plan import Plan
    from mistral_desk.inference.device import Device

LoadMode: TypeAlias = Literal["mmap", "none"]
MEMORY: Final = "CPU"
"""ggml's name of the buffers in the computer's own memory."""
EXPERTS: Final = r"\.ffn_(up|down|gate|gate_up)_(ch|)exps"
"""llama.cpp's own pattern for the tensors of routed experts; it follows `blk.` and the layer's number."""
SHORTEST: Final = 4096
"""Tokens below which a context is not made shorter by itself: a conversation would be over too soon."""
SMALL_BATCH: Final = 128
MOST_STEPS: Final = 6
"""How many times one load is made smaller before it is given up: from common contexts it reaches the GPU's part."""
SPILLS_BELOW: Final = 1 / 3
"""Of the lowest planned speed: what is slower than this was not merely planned badly."""
SPILL_TOKENS: Final = 32
"""Tokens that must have been written before their speed means something."""

NO_MEMORY: Final = mark("there was not enough memory")
SPILLED: Final = mark("it wrote much more slowly than this graphics card should, as it does when its memory runs over")


class Expected(msgspec.Struct, frozen=True):
    """Tokens a second in writing that a plan promises: the lowest, and the middle."""

    low: float
    mid: float


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that loading a model needs to know.

    `context` and `batch` (the micro-batch) in tokens; `layers` are the model's. `gpu_layers` go to the `devices`
    (ggml's names), as llama.cpp counts: first the output, then the last layers; `tensor_split` is how many of them each
    device takes, in that order. `overrides` are patterns of tensors' names with the buffer type that these go to.
    `experts_on_gpu` are the last layers whose experts are not held back by them. `load_mode` "none" reads the file
    into memory instead of mapping it; `lock` keeps it there. `projector` is the device for the eyes, empty: memory.
    `helpers` are the addresses of other computers whose devices are among these.
    Up to `most_threads` compute while nobody else needs the cores; 0: no more than `threads`.
    """

    context: int
    threads: int
    kv: KvType = "f16"
    batch: int = 512
    layers: int = 0
    gpu_layers: int = 0
    devices: tuple[str, ...] = ()
    tensor_split: tuple[float, ...] = ()
    experts_on_gpu: int = 0
    overrides: tuple[tuple[str, str], ...] = ()
    load_mode: LoadMode = "mmap"
    lock: bool = False
    projector: str = ""
    most_threads: int = 0
    helpers: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: Plan, devices: Sequence[Device]) -> Placement:
        """The placement of a plan that fits, on the devices that the engine reported and that the plan was made for.

        Raises `ValueError` for a plan that does not fit, or that uses a GPU which is not among the devices.
        """
        layout = plan.layout
        if layout is None:
            raise ValueError("a plan that does not fit has no placement")
        there = [one for one in devices if one.kind in {"gpu", "integrated"} and one.memory_total > 0]
        counted = once([(one.name, one.description) for one in there])
        gpus = [one.name for one, counts in zip(there, counted, strict=True) if counts]
        gpus += [one.name for one in devices if one.kind == "remote"]
        if any(number >= len(gpus) for number in layout.gpus):
            raise ValueError(f"the plan is for another computer: it has {len(gpus)} graphics devices")
        used = layout.gpus
        return cls(
            context=plan.context,
            threads=plan.threads,
            kv=plan.kv,
            batch=plan.batch,
            layers=len(layout.layers),
            gpu_layers=plan.gpu_layers,
            devices=tuple(gpus[number] for number in used),
            tensor_split=tuple(float(plan.tensor_split[number]) for number in used),
            experts_on_gpu=plan.experts_on_gpu,
            overrides=tuple((pattern, MEMORY) for pattern in plan.overrides),
            load_mode=plan.load_mode,
            lock=plan.lock,
            projector=gpus[layout.projector] if layout.projector in used else "",
            helpers=tuple(dict.fromkeys(filter(None, (address_of(gpus[number]) for number in used)))),
        )

    @property
    def blocks_on_gpu(self) -> int:
        """How many layers go to a GPU, the output not counted."""
        return min(max(self.gpu_layers - 1, 0), self.layers)


def step_down(now: Placement) -> tuple[Placement, Problem] | None:
    """The next smaller thing after memory was short, with the note for a person; None where nothing is left.

    In this order: half the context, a smaller micro-batch, a cache of 8 bits, a quarter less on the GPU.
    """
    lower = _shorter(now) or _small_batch(now) or _small_cache(now) or _less_on_gpu(now)
    return (lower, next(changes(now, lower))) if lower else None


def relieve(now: Placement) -> tuple[Placement, Problem] | None:
    """A quarter less on the GPU, for one whose memory runs over in silence; None where nothing lies there."""
    lower = _less_on_gpu(now)
    return (lower, next(changes(now, lower, SPILLED))) if lower else None


def changes(first: Placement, last: Placement, reason: str = NO_MEMORY) -> Iterator[Problem]:
    """What is smaller in `last`, each as one note, however many steps there were between."""
    if last.context < first.context:
        yield Problem("load.shorter_context", {"context": last.context, "before": first.context, "reason": reason})
    if last.batch < first.batch:
        yield Problem("load.smaller_batch", {"batch": last.batch, "before": first.batch, "reason": reason})
    if last.kv != first.kv:
        yield Problem("load.smaller_cache", {"reason": reason})
    relieved = reason == SPILLED  # then less is meant to be faster, else it may be slower
    if last.gpu_layers < first.gpu_layers:
        layers, before = last.gpu_layers, first.gpu_layers
        note = "load.relieved_layers" if relieved else "load.fewer_layers"
        yield Problem(note, {"layers": layers, "before": before, "reason": reason})
    elif last.experts_on_gpu < first.experts_on_gpu:
        layers, before = last.experts_on_gpu, first.experts_on_gpu
        note = "load.relieved_experts" if relieved else "load.fewer_experts"
        yield Problem(note, {"layers": layers, "before": before, "reason": reason})


def spills(placement: Placement | None, expected: Expected | None, tokens: int, tokens_per_s: float | None) -> bool:
    """Whether a model on a GPU wrote so far below its plan that the GPU's memory must have run over in silence."""
    if placement is None or expected is None or not placement.devices or not placement.gpu_layers:
        return False
    return tokens >= SPILL_TOKENS and tokens_per_s is not None and tokens_per_s < expected.low * SPILLS_BELOW


def _shorter(now: Placement) -> Placement | None:
    if now.context <= SHORTEST:
        return None
    return msgspec.structs.replace(now, context=max(SHORTEST, now.context // 2))


def _small_batch(now: Placement) -> Placement | None:
    return msgspec.structs.replace(now, batch=SMALL_BATCH) if now.batch > SMALL_BATCH else None


def _small_cache(now: Placement) -> Placement | None:
    return msgspec.structs.replace(now, kv="q8_0") if now.kv == "f16" else None


def _less_on_gpu(now: Placement) -> Placement | None:
    """A quarter of the layers with experts on the GPU fewer; where there are none (any more), of all layers."""
    if now.experts_on_gpu:
        fewer = now.experts_on_gpu - ceil(now.experts_on_gpu / 4)
        held_back = range(now.layers - now.blocks_on_gpu, now.layers - fewer)
        pattern = rf"blk\.({'|'.join(map(str, held_back))}){EXPERTS}"
        others = tuple(pair for pair in now.overrides if not pair[0].endswith(EXPERTS))
        return msgspec.structs.replace(now, experts_on_gpu=fewer, overrides=(*others, (pattern, MEMORY)))
    if not now.gpu_layers:
        return None
    fewer = now.gpu_layers - ceil(now.gpu_layers / 4)
    if not fewer:
        return msgspec.structs.replace(now, gpu_layers=0, devices=(), tensor_split=(), projector="", helpers=())
    return msgspec.structs.replace(now, gpu_layers=fewer)
