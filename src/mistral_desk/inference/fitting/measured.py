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
    from mistral_desk.inference.fitting.model_facts import FileFacts
    from mistral_desk.inference.protocol import Figures, ModelInfo

LEAST_SHARE: Final = 0.75
"""Of the processors' time that an answer could have had in memory: below it, other programs slowed it down."""
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


@dataclass(frozen=True)
class Work:
    """What one answer took. `pictures` were among what was read; `share` of the processors' time it had; None unknown.

    `fresh`: it is the first one since the model was loaded.
    """

    figures: Figures
    pictures: bool = False
    share: float | None = None
    fresh: bool = False


def record(loaded: Loaded, work: Work, when: float) -> Record | None:
    """The record of an answer; None where nothing of it means anything."""
    layout = loaded.plan.layout
    if layout is None:
        return None
    layout = msgspec.structs.replace(layout, context=loaded.info.context)
    case = Case(
        loaded.file.shape,
        loaded.machine,
        layout,
        loaded.info.threads,
        loaded.plan.spilled,
        loaded.plan.load_mode == "none",
    )
    region = speed.region_of(layout, loaded.plan.spilled)
    slowed = work.share is not None and region == "memory" and work.share < LEAST_SHARE
    made = Record(
        key=loaded.file.key,
        name=loaded.file.name,
        when=when,
        region=region,
        threads=loaded.info.threads,
        engine=loaded.engine,
        tokens_per_s=None if slowed else _writing(case, work.figures),
        prompt_per_s=None if slowed or work.pictures else _reading(case, work.figures),
        load_s=_loading(case, loaded.info) if work.fresh else None,
    )
    return made if made.tokens_per_s or made.prompt_per_s or made.load_s else None


def _writing(case: Case, took: Figures) -> Seen | None:
    if took.tokens_per_s is None or took.generated_tokens < LEAST_WRITTEN:
        return None
    depth = took.prompt_tokens + took.generated_tokens // 2
    return Seen(speed.speed(case, depth=max(depth, 1)).tokens_per_s, took.tokens_per_s)


def _reading(case: Case, took: Figures) -> Seen | None:
    count = took.prompt_tokens - took.cached_tokens
    if count < LEAST_READ or took.prompt_s <= 0:
        return None
    return Seen(_around(count / speed.prompt_seconds(case, count), BAND_PROMPT), count / took.prompt_s)


def _loading(case: Case, info: ModelInfo) -> Seen | None:
    return Seen(speed.speed(case).load_s, info.load_s) if info.load_s > 0 else None


def _around(mid: float, band: float) -> Range:
    return Range(mid * (1 - band), mid, mid * (1 + band))


def memory_range(plan: Plan) -> Range:
    """Bytes that a plan takes on all devices together; what it leaves on the disk not counted."""
    held = [holding.bytes for holding in plan.holdings if holding.device != "disk"]
    compute = sum(kinds.get("compute", 0) for kinds in held)
    rest = sum(sum(kinds.values()) for kinds in held) - compute
    off = rest * _CACHE_OFF + compute * _COMPUTE_OFF
    return Range(rest + compute - off, rest + compute, rest + compute + off)


class Watch:
    """How much of the processors' time a process has had since the watch was started."""

    def __init__(self, pid: int | None) -> None:
        self._pid = pid
        self._began = time.monotonic()
        self._before = _seconds(pid)

    def share(self, threads: int) -> float | None:
        """Its share of the time of so many threads; None where the system does not tell, or after too short a time."""
        now, wall = _seconds(self._pid), time.monotonic() - self._began
        if now is None or self._before is None or wall < 0.2:
            return None
        return (now - self._before) / (wall * threads)


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
