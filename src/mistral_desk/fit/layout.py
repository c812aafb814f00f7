"""Where each layer of a model lies: the ways that llama.cpp can divide it, and what each device then holds.

llama.cpp gives the output and the last layers to the GPUs, in order; with overrides the routed experts of the first
ones stay in memory. A layout is data; which one is best is decided elsewhere.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from mistral_desk.fit.machine import GB
from mistral_desk.fit.shape import KvType, compute, layer_cache, projector_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.shape import Layer, Shape

MEMORY: Final = -1
"""The device number of the computer's own memory; GPUs count from 0."""

STEPS: Final = 8
"""In so many steps less of a model is put on other computers, to see whether that is faster."""
RESERVE: Final = 16 << 20

Kind = Literal["attention", "dense", "shared", "routed", "embedding", "output", "cache", "compute", "projector"]
KINDS: Final[tuple[Kind, ...]] = (
    "attention",
    "dense",
    "shared",
    "routed",
    "embedding",
    "output",
    "cache",
    "compute",
    "projector",
)


class Layout(msgspec.Struct, frozen=True):
    """A division of a model: for each layer the device of its weights and cache, and that of its routed experts."""

    layers: tuple[int, ...]
    experts: tuple[int, ...]
    head: int
    projector: int
    context: int
    batch: int
    kv: KvType

    @property
    def gpus(self) -> tuple[int, ...]:
        """The GPUs that it uses."""
        return tuple(sorted({*self.layers, *self.experts, self.head} - {MEMORY}))

    @property
    def splits_experts(self) -> bool:
        """Whether experts of a layer lie in memory while the rest of it is on a GPU."""
        return any(a != MEMORY and b == MEMORY for a, b in zip(self.layers, self.experts, strict=True))


def parts(shape: Shape, layout: Layout) -> list[tuple[Layer, int, int, int]]:
    """Every kind of layer with its place, its experts' place, and how many there are of it: most layers are alike."""
    numbers = [id(layer) for layer in shape.layers]  # a layer's own hash would be made of all its numbers each time
    counts = Counter(zip(numbers, layout.layers, layout.experts, strict=True))
    known = dict(zip(numbers, shape.layers, strict=True))
    return [(known[number], place, experts, count) for (number, place, experts), count in counts.items()]


def holdings(shape: Shape, layout: Layout) -> dict[int, dict[Kind, int]]:
    """Bytes that every device holds, by kind."""
    held: dict[int, dict[Kind, int]] = {device: dict.fromkeys(KINDS, 0) for device in (*layout.gpus, MEMORY)}
    for layer, place, experts, count in parts(shape, layout):
        held[place]["attention"] += count * layer.attention
        held[place]["dense"] += count * layer.dense
        held[place]["shared"] += count * layer.shared
        held[place]["cache"] += count * layer_cache(layer, layout.context, layout.batch, layout.kv)
        held[experts]["routed"] += count * layer.routed
    held[MEMORY]["embedding"] += shape.embedding
    held[layout.head]["output"] += shape.output + shape.other
    if shape.tied and layout.head != MEMORY:  # one copy for looking words up, one for writing them
        held[layout.head]["output"] += shape.embedding
    for device, kinds in held.items():
        kinds["compute"] = buffers(shape, layout, device)
    held.setdefault(layout.projector, dict.fromkeys(KINDS, 0))["projector"] += projector_memory(shape)
    return held


def buffers(shape: Shape, layout: Layout, device: int) -> int:
    """Bytes for intermediate results on a device. Experts that lie in memory are copied to the GPU one tensor at a
    time while a prompt is read, and need room for one there.
    """
    if device == MEMORY:
        if not layout.gpus or MEMORY in layout.layers:
            return compute(shape, layout.context, layout.batch)
        return compute(shape, 512, min(layout.batch, 512))
    staged = shape.largest_experts if layout.splits_experts else 0
    return compute(shape, layout.context, layout.batch) + staged


def usable_memory(machine: Machine) -> int:
    """Bytes of memory that a model may take: what is free, less a reserve for this program and the system."""
    return max(0, machine.available - round(0.6 * GB) - machine.memory // 50)


def usable_gpu(machine: Machine, number: int) -> int:
    """Bytes of a GPU that a model may take: what is free, less a reserve for the desktop and the driver."""
    gpu = machine.gpus[number]
    if gpu.remote:  # its person has said how much of it is ours
        return max(0, min(gpu.free, gpu.memory) - RESERVE - gpu.memory // 50)
    return max(0, min(gpu.free, gpu.memory) - round(0.25 * GB) - gpu.memory // 50)


def layouts(
    shape: Shape, machine: Machine, context: int, batch: int, kv: KvType, *, only_splits: bool = False
) -> Iterator[Layout]:
    """The sensible divisions for a context and micro-batch, each taking as much of the GPUs as fits.

    Memory alone; whole layers on GPUs; everything but the experts on GPUs (with `only_splits` nothing else).
    Integrated GPUs only take a whole model: with a part of it they were measured slower than the processor alone.
    """
    ground = _Ground(shape, machine, context, batch, kv)
    count = len(shape.layers)
    if not only_splits:
        yield ground.divided((), 0, 0, MEMORY)[0]
    for group in _groups(machine):
        if is_remote(machine, group[-1]):
            yield from ground.over_network(group) if not only_splits else ()
            continue
        shared = machine.gpus[group[0]].shared
        for eyes in (group[0], MEMORY) if shape.projector else (group[0],):
            whole = ground.most_layers(group, eyes)
            if not only_splits and (whole > count or (whole and not shared)):
                yield ground.divided(group, whole, whole, eyes)[0]
            if whole > count or shared or not shape.routed or not ground.divided(group, count + 1, 0, eyes)[1]:
                continue
            most = ground.most_experts(group, eyes)
            yield ground.divided(group, count + 1, most, eyes)[0]


def asked(
    shape: Shape, machine: Machine, size: tuple[int, int, KvType], layers: int | None, experts: int | None
) -> Iterator[Layout | int]:
    """The divisions that a person asked for: on GPUs the output and one of the last layers less than `layers` says, the
    routed experts of the last `experts` of them; None: as many as fit. `size` is context, micro-batch and type of the
    cache. Where there is no GPU for them, the bytes that lack. Whether a division fits, `lack` tells.
    """
    ground = _Ground(shape, machine, *size)
    count = len(shape.layers)
    experts = max(0, min(experts, count)) if experts is not None and shape.routed else None
    least = max(0, min(layers if layers is not None else experts + 1 if experts else 0, count + 1))
    if not least and (layers is not None or not machine.gpus):
        yield ground.divided((), 0, 0, MEMORY)[0]
        return
    if not machine.gpus:
        yield ground.bytes(least, least if experts is None else experts)
        return
    for group in _groups(machine):
        remote = is_remote(machine, group[-1])
        for eyes in (MEMORY,) if remote else (group[0], MEMORY) if shape.projector else (group[0],):
            many = least if layers is not None else max(least, ground.most_layers(group, eyes, experts))
            some = max(0, many - 1)
            if experts is not None:
                some = min(experts, some)
            elif shape.routed and not remote:
                some = ground.most_experts(group, eyes, many)
            yield ground.divided(group, many, some, eyes)[0]


def lack(machine: Machine, layout: Layout, held: dict[int, dict[Kind, int]]) -> int:
    """Bytes by which a division asks more of the GPUs than they have room for."""
    return sum(max(0, sum(held[number].values()) - usable_gpu(machine, number)) for number in layout.gpus)


class _Ground:
    """A model on a machine with a context and micro-batch: what every division of it has in common."""

    def __init__(self, shape: Shape, machine: Machine, context: int, batch: int, kv: KvType) -> None:
        self._shape, self._machine = shape, machine
        self._context, self._batch, self._kv = context, batch, kv
        alike = {id(layer): layer for layer in shape.layers}
        sizes = {key: layer.fixed + layer_cache(layer, context, batch, kv) for key, layer in alike.items()}
        self._sizes = [sizes[id(layer)] for layer in shape.layers]
        self._routed = [layer.routed for layer in shape.layers]
        self._has_routed = any(self._routed)
        self._buffers = compute(shape, context, batch)
        self._eyes = projector_memory(shape)
        self._head = shape.output + shape.other + (shape.embedding if shape.tied else 0)

    def divided(self, group: tuple[int, ...], layers: int, experts: int, eyes: int) -> tuple[Layout, bool]:
        """With `layers` the output and one layer less, the last ones, go to the GPUs of the group, filled in order (so
        llama.cpp counts), with the experts of the last `experts`. Also tells whether each GPU has room for its part.
        """
        count = len(self._sizes)
        places, homes = [MEMORY] * count, [MEMORY] * count
        blocks = min(max(layers - 1, 0), count)
        splits = experts < blocks and self._has_routed
        at, fits = 0, True
        room = self._room(group[0], splits, eyes) if group else 0
        for layer in range(count - blocks, count):
            here = layer >= count - experts
            size = self._sizes[layer] + (self._routed[layer] if here else 0)
            while size > room and at < len(group) - 1:
                fits = fits and room >= 0
                at += 1
                room = self._room(group[at], splits, eyes)
            room -= size
            places[layer] = group[at]
            homes[layer] = group[at] if here else MEMORY
        head = MEMORY
        if layers and not is_remote(self._machine, group[at]):
            if self._head > room and at < len(group) - 1:
                fits = fits and room >= 0
                at += 1
                room = self._room(group[at], splits, eyes)
            room -= self._head
            head = group[at]
        fits = fits and (room >= 0 or not layers)
        seen = eyes if layers else MEMORY
        return Layout(tuple(places), tuple(homes), head, seen, self._context, self._batch, self._kv), fits

    def most_layers(self, group: tuple[int, ...], eyes: int, experts: int | None = None) -> int:
        """How much fits, counted as `divided` does, with all experts or with those of the last `experts` layers."""
        top = len(self._sizes) + 1
        most = top if experts is None else max(0, experts)
        return _most(lambda number: self.divided(group, number, min(number, most), eyes)[1], top)

    def most_experts(self, group: tuple[int, ...], eyes: int, layers: int | None = None) -> int:
        """With all layers on the GPUs, or `layers` counted as `divided` does, how many layers' experts fit too."""
        on_gpu = len(self._sizes) + 1 if layers is None else layers
        return _most(lambda number: self.divided(group, on_gpu, number, eyes)[1], max(on_gpu - 1, 0))

    def over_network(self, group: tuple[int, ...]) -> Iterator[Layout]:
        """Divisions over GPUs of this computer and other computers: as much there as fits, and less in steps, because
        what this computer holds itself may be faster. Output and eyes stay here: their results are many numbers.
        """
        whole = self.most_layers(group, MEMORY)
        for many in dict.fromkeys(-(-whole * part // STEPS) for part in range(STEPS, 0, -1)):
            layout, fits = self.divided(group, many, many, MEMORY)
            if fits and any(is_remote(self._machine, place) for place in layout.gpus):
                yield layout

    def bytes(self, layers: int, experts: int) -> int:
        """What `layers`, counted as `divided` does, weigh with cache and the experts of the last `experts`; not 0."""
        count = len(self._sizes)
        first = min(max(count + 1 - layers, 0), count)
        routed = sum(self._routed[max(first, count - experts) :])
        return max(1, sum(self._sizes[first:]) + routed + self._head)

    def _room(self, number: int, splits: bool, eyes: int) -> int:
        taken = self._buffers + (self._shape.largest_experts if splits else 0) + (self._eyes if number == eyes else 0)
        return usable_gpu(self._machine, number) - taken


def _groups(machine: Machine) -> list[tuple[int, ...]]:
    """Sets of GPUs that are worth trying: all discrete ones, the roomiest alone, all that share the memory; and with
    other computers behind them, which come last, so that layers cross the network once.
    """
    discrete = tuple(number for number, gpu in enumerate(machine.gpus) if not gpu.shared and not gpu.remote)
    remote = tuple(number for number, gpu in enumerate(machine.gpus) if gpu.remote)
    shared = [(number,) for number, gpu in enumerate(machine.gpus) if gpu.shared]
    alone = [(number,) for number in discrete] if len(discrete) > 1 else []
    others = [(*discrete, number) for number in remote] if len(remote) > 1 else []
    others += [(*discrete, *remote), *([remote] if discrete else [])] if remote else []
    return [*([discrete] if discrete else []), *alone, *shared, *others]


def is_remote(machine: Machine, number: int) -> bool:
    """Whether this is a device of another computer."""
    return number != MEMORY and machine.gpus[number].remote


def counted_head(layout: Layout) -> int:
    """The device on which llama.cpp counts the output. Where its weights are held back, it counts it there all the
    same: after the last layer.
    """
    return layout.head if layout.head != MEMORY or not layout.layers else layout.layers[-1]


def _most(holds: Callable[[int], bool], top: int) -> int:
    """The largest number up to `top` for which `holds`, 0 where only that; what holds for more holds for less."""
    low, high = 0, top
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
