"""Makes a record of a finished answer: what it took, beside what the formulae say of just this case."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

from mistral_desk.fit import speed
from mistral_desk.fit.runs import LEAST_READ, LEAST_WRITTEN, Record, Seen
from mistral_desk.fit.speed import BAND_PROMPT, Case, Range

if TYPE_CHECKING:
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.plan import Plan
    from mistral_desk.fit.shape import Shape
    from mistral_desk.inference.fitting.model_facts import FileFacts
    from mistral_desk.inference.protocol import Figures, ModelInfo

LEAST_SHARE: Final = 0.75
"""Of its threads' time that an answer in memory must have had: below it, it had to wait for other programs."""
MOST_OTHERS: Final = 0.3
"""Of all processors' time that other programs may have taken: above it they were in the way even where nobody waited,
because two threads of a core, and all of the memory, are shared.
"""
_SHORTEST_S: Final = 0.2
_MAPPED: Final = "_Mapped"
_REPACKED: Final = "_REPACK"
"""How ggml names buffers in the mapped file, and those with weights in an order made for the processor."""
_CACHE_OFF: Final = 0.01
_COMPUTE_OFF: Final = 0.25
"""How far predicted memory may be off: weights and cache, and buffers, as a share of them."""


@dataclass(frozen=True)
class Loaded:
    """A model as it was loaded: which file, on which machine, by which plan."""

    file: FileFacts
    machine: Machine
    plan: Plan
    info: ModelInfo
    engine: str = ""
    cached: float = 0.0
    """Share of the file that the system held in memory before it was loaded."""


@dataclass(frozen=True)
class Work:
    """What one answer took. `pictures` were among what was read. Of its threads' time it had the `share`, of all
    processors' time the `others` had theirs; None where the system does not tell.

    `load_s` are seconds that loading took before it, None where the model was there already.
    """

    figures: Figures
    pictures: bool = False
    share: float | None = None
    others: float | None = None
    load_s: float | None = None


def record(loaded: Loaded, work: Work, when: float) -> Record | None:
    """The record of an answer; None where nothing of it means anything."""
    case = case_of(loaded)
    if case is None:
        return None
    slow = slowed(loaded, work)
    made = Record(
        key=loaded.file.key,
        name=loaded.file.name,
        when=when,
        region=speed.region_of(case.layout, case.spilled, case.machine),
        threads=case.threads,
        engine=loaded.engine,
        tokens_per_s=None if slow else _writing(case, work.figures),
        prompt_per_s=None if slow or work.pictures else _reading(case, work.figures),
        load_s=Seen(load_range(loaded), work.load_s) if work.load_s and not slow else None,
        memory=_memory(loaded) if work.load_s and loaded.info.placed else None,
    )
    return made if made.tokens_per_s or made.prompt_per_s or made.load_s or made.memory else None


def case_of(loaded: Loaded) -> Case | None:
    """What the formulae take; None where the model was not loaded as planned, so that nothing was predicted of it."""
    plan, info = loaded.plan, loaded.info
    if plan.layout is None or info.changes:
        return None
    layout = msgspec.structs.replace(plan.layout, context=info.context)
    return Case(loaded.file.shape, loaded.machine, layout, info.threads, plan.spilled, plan.load_mode == "none")


def slowed(loaded: Loaded, work: Work) -> bool:
    """Whether other programs took so much of the processors that what was measured says little of this computer."""
    case = case_of(loaded)
    if case is None or speed.region_of(case.layout, case.spilled, case.machine) != "memory":
        return False
    starved = work.share is not None and work.share < LEAST_SHARE
    return starved or (work.others is not None and work.others > MOST_OTHERS)


def _memory(loaded: Loaded) -> Seen:
    return Seen(memory_range(loaded.plan, loaded.file.shape), taken(loaded.info))


def _writing(case: Case, took: Figures) -> Seen | None:
    if took.tokens_per_s is None or took.generated_tokens < LEAST_WRITTEN:
        return None
    return Seen(speed.speed(case, depth=depth_of(took)).tokens_per_s, took.tokens_per_s)


def depth_of(took: Figures) -> int:
    """Tokens that stood before an answer's tokens, on average."""
    return max(1, took.prompt_tokens + took.generated_tokens // 2)


def _reading(case: Case, took: Figures) -> Seen | None:
    count = took.prompt_tokens - took.cached_tokens
    if count < LEAST_READ or took.prompt_s <= 0:
        return None
    return Seen(reading(case, count), count / took.prompt_s)


def reading(case: Case, count: int) -> Range:
    """Tokens a second that are predicted for reading a prompt of so many."""
    return speed.around(count / speed.prompt_seconds(case, count), BAND_PROMPT)


def load_range(loaded: Loaded) -> Range:
    """Seconds that are predicted for just this load."""
    return speed.loading(loaded.file.shape, loaded.machine, loaded.cached)


def memory_range(plan: Plan, shape: Shape) -> Range:
    """Bytes that a plan takes on all devices together; what it leaves on the disk not counted.

    A projector's buffers grow with its pictures: the middle has what they take at a load, where that is known, and the
    top what the largest picture asks for.
    """
    held = [holding.bytes for holding in plan.holdings if holding.device != "disk"]
    compute = sum(kinds.get("compute", 0) for kinds in held)
    eyes = sum(kinds.get("projector", 0) for kinds in held)
    most = eyes - shape.projector if eyes else 0
    start = shape.projector_start if eyes else 0
    rest = sum(sum(kinds.values()) for kinds in held) - compute - most
    return Range(
        low=rest * (1 - _CACHE_OFF) + (compute + start) * (1 - _COMPUTE_OFF),
        mid=rest + compute + (start or most),
        high=rest * (1 + _CACHE_OFF) + (compute + most) * (1 + _COMPUTE_OFF),
    )


def taken(info: ModelInfo) -> int:
    """Bytes that a model has taken, as the engine reported it. What is repacked for the processor was first mapped
    from the file, and those pages are not needed again: they count once.
    """
    mapped = any(buffer.device.endswith(_MAPPED) for buffer in info.placed)
    return sum(buffer.bytes for buffer in info.placed if not (mapped and buffer.device.endswith(_REPACKED)))


class Watch:
    """Who had how much of the processors' time since the watch was started."""

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self._began = time.monotonic()
        self._before = _seconds(pid)
        self._all = _busy()

    def shares(self, threads: int) -> tuple[float | None, float | None]:
        """Its process's share of the time of so many threads, and others' share of all processors; None after too
        short a time, or where the system does not tell.
        """
        now, wall = _seconds(self._pid), time.monotonic() - self._began
        if now is None or self._before is None or wall < _SHORTEST_S:
            return None, None
        own = now - self._before
        others = (_busy() - self._all - own) / (wall * (psutil.cpu_count() or 1))
        return own / (wall * threads), max(0.0, others)


def _busy() -> float:
    """Seconds that all processors have worked since the system was started."""
    times = psutil.cpu_times()
    return float(times.user + times.system + getattr(times, "nice", 0.0))


def _seconds(pid: int | None) -> float | None:
    if pid is None:
        return None
    try:
        times = psutil.Process(pid).cpu_times()
    except psutil.Error:
        return None
    return float(times.user + times.system)


def given_back(pid: int | None) -> int:
    """Bytes of memory that come free when a process ends, what it only maps from files not counted."""
    if pid is None:
        return 0
    try:
        info = psutil.Process(pid).memory_info()
    except psutil.Error:
        return 0
    return max(0, int(getattr(info, "private", info.rss)) - int(getattr(info, "shared", 0)))
