"""How fast a divided model writes and reads, as a range: from the bytes that a token touches at each level.

The terms are fixed beforehand for each kind of device and the same for every model; docs/fit.md has them with
their sources. What this computer measured on its own runs corrects them.
"""

from __future__ import annotations

import statistics
from itertools import pairwise
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from mistral_desk.fit import network
from mistral_desk.fit.core_rates import reading, writing
from mistral_desk.fit.layout import MEMORY, Layout, is_remote, parts
from mistral_desk.fit.machine import GB, MAPPED, PINNED, Machine
from mistral_desk.fit.shape import KV_BYTES, Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.fit.shape import Layer

GPU_READS: Final = 0.8
"""Share of a GPU's memory speed that reading weights gets."""
GPU_CACHE: Final = 0.35
"""The same for the key-value cache, whose reading also computes."""
GPU_LAYER: Final = 40e-6
GPU_ROUTING: Final = 60e-6
"""Seconds for starting a layer's kernels, and on top of it for choosing experts."""
GPU_GFLOPS: Final = 60.0
GPU_GFLOPS_ROUTED: Final = 25.0
"""Arithmetic on a prompt, 10⁹ operations a second for each 10⁹ bytes a second of memory speed."""
MEMORY_READS: Final = 0.8
MEMORY_ROUTED: Final = 0.7
"""Share of the memory's speed that reading weights gets; scattered experts less."""
CORE_LAYER: Final = 60e-6
"""Seconds in which threads wait for each other, a layer."""
HOP: Final = 40e-6
"""Seconds for handing a token's numbers from one device to another."""
TOKEN: Final = 0.4e-3
"""Seconds a token beside the model: choosing and passing it on."""
DEPTH: Final = 2048
"""Tokens that stand before the one being written, in a typical chat."""
PROMPT: Final = 500
ANSWER: Final = 350
THOUGHTS: Final = 1000
"""Tokens of a typical question with what belongs to it, of its answer, and of thinking about it."""
START: Final = 1.0
START_CACHED: Final = 0.5
"""Seconds of a load beside the file's bytes: a worker's start and a context; with a file that was used before, less."""
CACHED_GBPS: Final = 6.0
"""10⁹ bytes a second of a file that the system still holds in memory."""
BAND: Final = 0.4
BAND_ROUGH: Final = 0.48
BAND_PROMPT: Final = 0.48
BAND_LOAD: Final = 0.48
BAND_MEASURED: Final = 0.2
BAND_ONCE: Final = 0.25
"""How far a range goes from its middle: up to 1 + band times as much, down to 1 / (1 + band). So a speed and the time
that follows from it have the same width, and no end is more than half away from the middle, not even when rounded.
"""
_CORRECTION: Final = (0.2, 5.0)

Region = Literal["memory", "gpu", "split", "disk", "network"]


class Range(msgspec.Struct, frozen=True):
    """A prediction: lowest, likeliest, highest."""

    low: float
    mid: float
    high: float


class Run(msgspec.Struct, frozen=True):
    """One run that this computer measured: tokens a second that were predicted without correction, and seen.

    `same`: it was of the very model file that is asked about.
    """

    region: Region
    predicted: float
    measured: float
    same: bool = False


class Speed(msgspec.Struct, frozen=True):
    """Tokens a second when writing and reading, seconds for loading and for a typical answer."""

    tokens_per_s: Range
    prompt_per_s: Range
    load_s: Range
    answer_s: Range
    thinking_answer_s: Range
    region: Region
    runs: int = 0
    disk_per_token: int = 0


class Case(msgspec.Struct, frozen=True):
    """A divided model on a machine. `spilled` are bytes of routed experts that memory does not hold; `pinned` says
    that those in memory lie where a GPU can fetch them fast.
    """

    shape: Shape
    machine: Machine
    layout: Layout
    threads: int
    spilled: int = 0
    pinned: bool = False

    @property
    def disk_per_token(self) -> float:
        """Bytes that a token reads from the disk: its share of the experts that memory does not hold."""
        return self.spilled * self.shape.share


def speed(case: Case, runs: Sequence[Run] = (), depth: int = DEPTH) -> Speed:
    """The speed of a divided model with `depth` tokens in its chat, corrected by what this computer measured."""
    shape, machine = case.shape, case.machine
    region = region_of(case.layout, case.spilled, machine)
    missed = case.disk_per_token
    write = token_seconds(case, depth) + missed / (machine.ssd_random_gbps * GB)
    read = prompt_seconds(case, PROMPT) / PROMPT
    factor, known = correction(region, runs)
    band = _band(known, once=any(run.same and run.region == region for run in runs), rough=shape.rough or missed > 0)
    tokens = around(factor / write, band)
    prompt = around(1 / read, BAND_PROMPT)
    return Speed(
        tokens_per_s=tokens,
        prompt_per_s=prompt,
        load_s=_with_way(loading(shape, machine), case),
        answer_s=answer(tokens, prompt, ANSWER),
        thinking_answer_s=answer(tokens, prompt, ANSWER + THOUGHTS),
        region=region,
        runs=known,
        disk_per_token=round(missed),
    )


def loading(shape: Shape, machine: Machine, cached: float = 0.0) -> Range:
    """Seconds until a model answers, from its files on the disk, of which the system still holds the share `cached`."""
    size = shape.weights + shape.projector
    cold = size / (machine.ssd_gbps * GB) + START
    warm = size / (CACHED_GBPS * GB) + START_CACHED
    return around(cached * min(warm, cold) + (1 - cached) * cold, BAND_LOAD)


def _with_way(load: Range, case: Case) -> Range:
    """A load, with what has to reach other computers first."""
    gpus, seconds = case.machine.gpus, 0.0
    for layer, place, _, count in parts(case.shape, case.layout):
        if is_remote(case.machine, place):
            seconds += count * layer.bytes / (gpus[place].pcie_gbps * GB)
    return around(load.mid + seconds, BAND_LOAD) if seconds else load


def answer(tokens: Range, prompt: Range, length: int) -> Range:
    """Seconds for reading a typical question and writing `length` tokens."""
    return Range(*(PROMPT / p + length / t for p, t in zip(_down(prompt), _down(tokens), strict=True)))


def region_of(layout: Layout, spilled: int, machine: Machine) -> Region:
    """What decides the speed: the disk, the memory, the GPU, or both of these in turn, or other computers."""
    if spilled:
        return "disk"
    if not layout.gpus:
        return "memory"
    if any(is_remote(machine, number) for number in layout.gpus):
        return "network"
    everything = {*layout.layers, *layout.experts, layout.head}
    return "split" if MEMORY in everything else "gpu"


def correction(region: Region, runs: Sequence[Run]) -> tuple[float, int]:
    """The factor that this computer's own runs ask for (their median), and how many there were. Where there are runs
    of the very model file, only they count.
    """
    fitting = [run for run in runs if run.region == region and run.predicted > 0 and run.measured > 0]
    own = [run for run in fitting if run.same] or fitting
    ratios = [run.measured / run.predicted for run in own]
    if not ratios:
        return 1.0, 0
    low, high = _CORRECTION
    return min(max(statistics.median(ratios[-20:]), low), high), len(ratios)


def token_seconds(case: Case, depth: int) -> float:
    """Seconds for one token when everything lies where it belongs, with `depth` tokens before it."""
    shape, layout = case.shape, case.layout
    total = TOKEN
    for layer, place, experts, count in parts(shape, layout):
        rows = min(depth, layer.window or depth)
        remembered = rows * (layer.keys + layer.values) * KV_BYTES[layout.kv] + layer.state
        total += count * _fixed_seconds(case, layer, place, remembered)
        if layer.routed:
            total += count * _routed_seconds(case, layer.routed * shape.share, experts)
            total += count * 2 * HOP if experts != place else 0
    places = (MEMORY, *layout.layers, layout.head)
    total += sum(_hop(case, here, there, depth) for here, there in pairwise(places) if here != there)
    if layout.head == MEMORY:
        return total + _memory_seconds(case, shape.head, routed=False)
    return total + shape.head / (case.machine.gpus[layout.head].gbps * GB * GPU_READS)


def _hop(case: Case, here: int, there: int, depth: int, tokens: int = 1) -> float:
    """Seconds for handing tokens' numbers from one device to another, over the network where one is elsewhere."""
    gpus, width, total = case.machine.gpus, case.shape.width, HOP
    if is_remote(case.machine, here):
        total += network.seconds_back(gpus[here], width)
    if is_remote(case.machine, there):
        layers = case.layout.layers.count(there) if tokens > 1 else 0
        total += network.seconds_there(gpus[there], width, depth, tokens, layers)
    return total


def prompt_seconds(case: Case, tokens: int) -> float:
    """Seconds to read a prompt of `tokens`. Every micro-batch reads all weights once, or copies experts to a GPU."""
    shape, machine, layout = case.shape, case.machine, case.layout
    batches = -(-tokens // layout.batch)
    scale = shape.parameters / max(shape.weights, 1)
    total = TOKEN
    thread, scattered = (case.threads * GB * reading(machine.core, shape.bits, routed=only) for only in (False, True))
    for layer, place, experts, count in parts(shape, layout):
        looks = 2 * shape.queries * tokens * tokens if layer.keys else 0
        fixed = 2 * layer.fixed * scale * tokens + looks
        routed = 2 * layer.routed * shape.share * scale * tokens
        if place == MEMORY:
            each = fixed / thread + routed / scattered
            total += count * (each + batches * layer.bytes / (machine.gbps * GB))
            continue
        gpu = machine.gpus[place]
        if gpu.remote:
            each = (fixed + routed / network.ROUTED) / (gpu.gflops * GB) + batches * layer.bytes / (gpu.gbps * GB)
            total += count * each
            continue
        each = fixed / (gpu.gbps * GPU_GFLOPS * GB) + routed / (gpu.gbps * GPU_GFLOPS_ROUTED * GB)
        each += batches * layer.fixed / (gpu.gbps * GB)
        each += batches * _gathered(case, layer.routed, experts, place) if layer.routed else 0
        total += count * each
    places = (MEMORY, *layout.layers, layout.head)
    hops = [
        pair for pair in pairwise(places) if any(is_remote(machine, place) for place in pair) and pair[0] != pair[1]
    ]
    total += batches * sum(_hop(case, *pair, tokens // 2, min(tokens, layout.batch)) for pair in hops)
    return total + batches * case.spilled / (machine.ssd_random_gbps * GB)


def _gathered(case: Case, size: int, experts: int, place: int) -> float:
    """Seconds in which a layer's experts reach the GPU that computes a prompt with them."""
    gpu = case.machine.gpus[place]
    if experts != MEMORY:
        return size / (gpu.gbps * GB)
    return size / (gpu.pcie_gbps * GB * (PINNED if case.pinned else MAPPED))


def _fixed_seconds(case: Case, layer: Layer, place: int, remembered: float) -> float:
    """Seconds for what every token reads of a layer, and for what the layer remembers."""
    if place == MEMORY:
        looked = remembered / (case.machine.gbps * GB * MEMORY_READS)
        return CORE_LAYER + _memory_seconds(case, layer.fixed, routed=False) + looked
    gpu = case.machine.gpus[place]
    if gpu.remote:
        return network.LAYER + (layer.fixed + remembered) / (gpu.gbps * GB)
    started = GPU_LAYER + (GPU_ROUTING if layer.routed else 0)
    return started + layer.fixed / (gpu.gbps * GB * GPU_READS) + remembered / (gpu.gbps * GB * GPU_CACHE)


def _routed_seconds(case: Case, size: float, experts: int) -> float:
    if experts == MEMORY:
        return _memory_seconds(case, size, routed=True)
    if is_remote(case.machine, experts):
        return size / (case.machine.gpus[experts].gbps * GB * network.ROUTED)
    return size / (case.machine.gpus[experts].gbps * GB * GPU_READS)


def _memory_seconds(case: Case, size: float, *, routed: bool) -> float:
    """Seconds for weights in memory: what is slower of fetching them and of the threads' arithmetic."""
    shape = case.shape
    core = writing(case.machine.core, shape.bits, tables=shape.slow_bits)
    fetched = size / (case.machine.gbps * GB * (MEMORY_ROUTED if routed else MEMORY_READS))
    return max(fetched, size / (case.threads * core * GB))


def _band(known: int, *, once: bool, rough: bool) -> float:
    """How wide a range is: every run of one's own makes it narrower, the first one only if it was of the same file."""
    if known >= 3:
        return BAND_MEASURED
    if once:
        return BAND_ONCE
    return BAND_ROUGH if rough else BAND


def around(mid: float, band: float) -> Range:
    """A range of this width around its middle."""
    return Range(mid / (1 + band), mid, mid * (1 + band))


def _down(values: Range) -> tuple[float, float, float]:
    return values.high, values.mid, values.low
