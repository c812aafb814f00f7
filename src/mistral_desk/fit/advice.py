"""What a person is told: two words for every quantization, why, and which model to take on this computer instead.

A model is only put first when enough is known about it, and never below about 3 bits while another one runs at 4.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.catalog.facts import Quality
from mistral_desk.catalog.facts import models as known_models
from mistral_desk.core.words import mark
from mistral_desk.fit.guess import guess
from mistral_desk.fit.layout import usable_gpu, usable_memory
from mistral_desk.fit.machine import GB, Machine
from mistral_desk.fit.plan import Plan, SpeedWord, held_by_reading, plan
from mistral_desk.fit.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mistral_desk.catalog.facts import Model, Quantization, Repository
    from mistral_desk.fit.plan import Wishes
    from mistral_desk.fit.speed import Region, Run

SPEED_WORDS: Final[dict[SpeedWord, str]] = {
    "fast": mark("Fast"),
    "comfortable": mark("Comfortable"),
    "slow": mark("Slow"),
    "too_slow": mark("Too slow for chat"),
    "does_not_fit": mark("Does not fit"),
}
QUALITY_WORDS: Final[dict[Quality, str]] = {
    "near_original": mark("Near original"),
    "slightly_reduced": mark("Slightly reduced"),
    "noticeably_reduced": mark("Noticeably reduced"),
    "damaged": mark("Damaged"),
}
BITS: Final[tuple[tuple[float, Quality], ...]] = (
    (2.6, "damaged"),
    (3.9, "noticeably_reduced"),
    (5.9, "slightly_reduced"),
    (float("inf"), "near_original"),
)
"""Where nobody measured a quantization: bits a number below which a word holds."""
_NAMES: Final[tuple[tuple[str, Quality], ...]] = (
    (r"IQ1|TQ[12]", "damaged"),
    (r"I?Q[23]_", "noticeably_reduced"),
    (r"I?Q4_|MXFP4|NVFP4", "slightly_reduced"),
)
"""What a quantization's name says at best."""
LEAST_BITS: Final = 2.9
_QUALITY_COUNTS: Final[dict[Quality, float]] = {
    "near_original": 1.0,
    "slightly_reduced": 0.97,
    "noticeably_reduced": 0.8,
    "damaged": 0.1,
}
_ENOUGH: Final = 30.0
"""Tokens a second above which more speed is worth nothing."""
_FILES_KNOWN: Final = 1.15
"""What it counts that a download's files are known exactly."""
_CLEARLY_FASTER: Final = 1.4

_ALL_ON_GPU: Final = mark("All of it lies on {gpu}.")
_UNIFIED: Final = mark("All of it lies in the memory that processor and GPU share.")
_SPLIT: Final = mark(
    "{gpu_gb} GB lie on the GPU; {ram_gb} GB of experts stay in memory, of which a word reads {read_gb} GB."
)
_PART: Final = mark("{gpu_gb} GB lie on the GPU and {ram_gb} GB in memory.")
_NETWORK: Final = mark("{there_gb} GB lie on other computers ({names}), the rest here: much depends on the network.")
_MEMORY: Final = mark("All of it lies in memory; the processor computes.")
OUT_OF_REACH: Final = mark(
    "{name} uses a small part of itself per word, but all {size} GB must be within reach; this computer has {has} GB."
)
_NOT_FREE: Final = mark(
    "{name} needs {needs} GB; of this computer's {has} GB, {free} GB are free for it now. "
    "Closing other programs may help."
)
_TRY: Final = mark("Try anyway: about {minutes} minutes per answer, {thinking} with thinking.")
_TRY_SHORT: Final = mark("Try anyway: about a minute per answer, {thinking} min with thinking.")
_LACKING: Final = mark("{size} GB do not fit: {lacking} GB of memory are missing.")
_LACKING_GPU: Final = mark("{size} GB do not fit so: {lacking} GB of the GPU's memory are missing.")
READS: Final = mark("It writes quickly enough, but reads slowly: after a long text one waits for the answer to begin.")
_SHORT: Final = mark("The context is limited to {context} tokens.")
_ROUGH: Final = mark("Predicted from the file's size alone; its header will tell more exactly.")
_ESTIMATED: Final = mark("Neither stated nor measured, so estimated: {fields}.")
_DAMAGED: Final = mark("So few bits damage this model badly; it is not recommended.")
_FEW_BITS: Final = mark("Below 3 bits a number: a model that runs at 4 bits answers better.")
_SIZES: Final = frozenset({"vram_gb", "vram_available_gb"})
_ON_CORES: Final[tuple[Region, ...]] = ("memory", "split", "disk", "network")
_COUNTS: Final[dict[str, tuple[Region, ...]]] = {
    "cores": _ON_CORES,
    "core_gbps": _ON_CORES,
    "ram_gbps": _ON_CORES,
    "ssd_gbps": ("disk",),
    "ssd_random_gbps": ("disk",),
    "gbps": ("gpu", "split", "disk", "network"),
    "pcie_gbps": ("split", "disk"),
}
"""Where a model must lie for a speed of the computer to count; sizes always do."""


class Reason(msgspec.Struct, frozen=True):
    """A sentence with what its placeholders stand for, to be put into words at the edges."""

    text: str
    params: dict[str, str | int | float] = {}


class Variant(msgspec.Struct, frozen=True):
    """One quantization of a model on a machine, judged."""

    model: str
    name: str
    quant: str
    repository: str
    bytes: int
    bits: float
    plan: Plan
    quality: Quality
    quality_source: str
    shape: Shape
    exact: bool = False
    complete: bool = False
    licensed: bool = False
    reasons: tuple[Reason, ...] = ()

    @property
    def word(self) -> SpeedWord:
        """The word for its speed."""
        return self.plan.word

    @property
    def pace(self) -> float:
        """The likeliest tokens a second, 0 where it does not fit."""
        return self.plan.speed.tokens_per_s.mid if self.plan.speed else 0.0

    @property
    def wait(self) -> float:
        """The likeliest seconds until a typical answer is there, reading counted; endless where it does not fit."""
        return self.plan.speed.answer_s.mid if self.plan.speed else math.inf

    @property
    def sane(self) -> bool:
        """Whether it may be recommended at all: not damaged, and not below about 3 bits."""
        return self.quality != "damaged" and self.bits >= LEAST_BITS

    @property
    def usable(self) -> bool:
        """Whether one can chat with it."""
        return self.word in {"fast", "comfortable", "slow"}


class Offer(msgspec.Struct, frozen=True):
    """A model in the ranking with its best variant; `role` is `best`, `fast`, or empty."""

    variant: Variant
    role: str = ""


def quality_of(
    bits: float, quantization: str = "", published: Quality | None = None, source: str = ""
) -> tuple[Quality, str]:
    """The word for a quantization's quality, and where it comes from: a published judgement, else the worse of what
    its bits and its name say (a file of many bits may spare them where most of its numbers are).
    """
    if published:
        return published, source
    words = [next(word for most, word in BITS if bits < most)]
    words += [word for pattern, word in _NAMES if re.search(pattern, quantization)]
    order = list(QUALITY_WORDS)
    return max(words, key=order.index), f"rule of thumb: {quantization} {bits:.1f} bits a number".replace(":  ", ": ")


def judge(shape: Shape, machine: Machine, wishes: Wishes | None = None, runs: Sequence[Run] = ()) -> Variant:
    """The verdict on a model whose header was read."""
    made = plan(shape, machine, wishes, runs)
    quality, source = quality_of(shape.bits, shape.quantization)
    found = Variant(
        model="",
        name=shape.name,
        quant=shape.quantization,
        repository="",
        bytes=shape.weights,
        bits=shape.bits,
        plan=made,
        quality=quality,
        quality_source=source,
        shape=shape,
        exact=True,
    )
    return msgspec.structs.replace(found, reasons=reasons(found, machine))


def variants(
    model: Model, machine: Machine, wishes: Wishes | None = None, runs: Sequence[Run] = ()
) -> tuple[Variant, ...]:
    """Every quantization of a model whose size is known, best for this machine first."""
    found = [
        variant
        for repository in model.repositories
        for quantization in repository.quantizations
        if (variant := _variant(model, repository, quantization, machine, (wishes, runs)))
    ]
    return tuple(sorted(found, key=merit, reverse=True))


def ranking(machine: Machine, wishes: Wishes | None = None, runs: Sequence[Run] = ()) -> tuple[Offer, ...]:
    """All known models for this machine: the best first, then a clearly faster one if there is one, then the rest."""
    return ranked(standing(machine, wishes, runs).values())


def standing(
    machine: Machine, wishes: Wishes | None = None, runs: Sequence[Run] = ()
) -> dict[str, tuple[Variant, ...]]:
    """The `variants` of every known model, by its id; empty where no size is known."""
    return {model.id: variants(model, machine, wishes, runs) for model in known_models()}


def ranked(judged: Iterable[tuple[Variant, ...]]) -> tuple[Offer, ...]:
    """The ranking of models whose variants were judged."""
    ordered = sorted((found[0] for found in judged if found), key=_rank, reverse=True)
    if not ordered or not (ordered[0].usable and ordered[0].sane):
        return tuple(Offer(variant) for variant in ordered)
    best = ordered[0]
    quick = [
        v for v in ordered[1:] if v.sane and v.licensed and v.word == "fast" and v.pace >= _CLEARLY_FASTER * best.pace
    ]
    fast = max(quick, key=_strength, default=None)
    rest = [variant for variant in ordered if variant is not best and variant is not fast]
    return (Offer(best, "best"), *([Offer(fast, "fast")] if fast else []), *(Offer(variant) for variant in rest))


def reasons(found: Variant, machine: Machine) -> tuple[Reason, ...]:
    """Why a verdict is what it is, most important first."""
    made, said = found.plan, []
    if made.speed is None:
        size, lacking = _gb(found.bytes), _gb(max(1, made.lacking))
        said.append(Reason(_LACKING_GPU if made.lacks_gpu else _LACKING, {"size": size, "lacking": lacking}))
        if found.shape.routed and not made.lacks_gpu:
            said.append(_within_reach(found, machine))
    elif made.speed.region == "disk":
        minutes = [max(1, round(time.mid / 60)) for time in (made.speed.answer_s, made.speed.thinking_answer_s)]
        said += [
            _within_reach(found, machine),
            Reason(_TRY if minutes[0] > 1 else _TRY_SHORT, {"minutes": minutes[0], "thinking": minutes[1]}),
        ]
    else:
        said.append(_placed(found, machine))
        if held_by_reading(made.speed):
            said.append(Reason(READS))
    if made.fits and made.context < min(8192, found.shape.trained or 8192):
        said.append(Reason(_SHORT, {"context": made.context}))
    if found.quality == "damaged":
        said.append(Reason(_DAMAGED))
    elif found.bits < LEAST_BITS:
        said.append(Reason(_FEW_BITS))
    if found.shape.rough:
        said.append(Reason(_ROUGH))
    if guessed := estimated(made, machine):
        said.append(Reason(_ESTIMATED, {"fields": ", ".join(guessed)}))
    return tuple(said)


def estimated(made: Plan, machine: Machine) -> tuple[str, ...]:
    """What a verdict rests on although nobody stated or measured it: fields of a description, a GPU's behind its name.

    Sizes decide where a model goes. Speeds count of what it lies on: an SSD that is not read for words says nothing
    of it but how long it loads, and a GPU without a part of it nothing at all.
    """
    region = made.speed.region if made.speed else None
    used = made.layout.gpus if made.layout else ()
    own = [field for field in machine.estimated if region in _COUNTS.get(field, (region,))]
    for number, gpu in enumerate(machine.gpus):
        fields = [field for field in gpu.estimated if field in _SIZES or number in used]
        own += [f"{gpu.name} {field}" for field in fields if region in _COUNTS.get(field, (region,))]
    return tuple(own)


def _variant(
    model: Model,
    repository: Repository,
    quantization: Quantization,
    machine: Machine,
    asked: tuple[Wishes | None, Sequence[Run]],
) -> Variant | None:
    shape = guess(model, quantization, repository.projector.bytes if repository.projector else None)
    if shape is None or not quantization.bytes:
        return None
    quality, source = quality_of(shape.bits, quantization.name, quantization.quality, quantization.quality_source)
    found = Variant(
        model=model.id,
        name=model.name,
        quant=quantization.name,
        repository=repository.repository,
        bytes=quantization.bytes,
        bits=shape.bits,
        plan=plan(shape, machine, *asked),
        quality=quality,
        quality_source=source,
        shape=shape,
        exact=not quantization.approximate,
        complete=bool(model.license) and model.vision is not None and not model.gated,
        licensed=bool(model.license),
    )
    return msgspec.structs.replace(found, reasons=reasons(found, machine))


def _placed(found: Variant, machine: Machine) -> Reason:
    made = found.plan
    gpu, memory = made.where("gpu"), made.where("memory")
    region = made.speed.region if made.speed else "memory"
    if region == "memory":
        return Reason(_MEMORY)
    if region == "network":
        there = [one for one in made.holdings if one.device[3:].isdigit() and machine.gpus[int(one.device[3:])].remote]
        size = _gb(sum(holding.total for holding in there))
        return Reason(_NETWORK, {"there_gb": size, "names": ", ".join(holding.name for holding in there)})
    if region == "gpu":
        names = [holding.name for holding in made.holdings if holding.device.startswith("gpu")]
        shared = all(gpu.shared for gpu in machine.gpus)
        return Reason(_UNIFIED) if shared else Reason(_ALL_ON_GPU, {"gpu": " + ".join(names)})
    if made.layout and made.layout.splits_experts:
        held = sum(holding.bytes.get("routed", 0) for holding in made.holdings if holding.device == "memory")
        read = _gb(round(held * found.shape.share))
        return Reason(_SPLIT, {"gpu_gb": _gb(gpu), "ram_gb": _gb(held), "read_gb": read})
    return Reason(_PART, {"gpu_gb": _gb(gpu), "ram_gb": _gb(memory)})


def _within_reach(found: Variant, machine: Machine) -> Reason:
    """What a person with a small GPU, or with much else in memory, has to know about a large mixture of experts."""
    unit = GB if machine.described else 2**30  # memory is sold by 2³⁰, described machines count by 10⁹
    own = [
        round(sum(gpu.memory for gpu in machine.gpus if not gpu.shared and not gpu.remote) / unit),
        round(machine.memory / unit),
    ]
    has = " + ".join(str(size) for size in own if size)
    needs = sum(holding.total for holding in found.plan.holdings)
    cards = [number for number, gpu in enumerate(machine.gpus) if not gpu.shared and not gpu.remote]
    free = usable_memory(machine) + sum(usable_gpu(machine, number) for number in cards)
    if free < needs <= sum(own) * unit:
        tenths = {"needs": math.ceil(10 * needs / GB) / 10, "free": math.floor(10 * free / GB) / 10}
        return Reason(_NOT_FREE, {"name": found.name, "has": has, **tenths})
    return Reason(OUT_OF_REACH, {"name": found.name, "size": _gb(found.bytes), "has": has})


def merit(found: Variant) -> tuple[int, float]:
    """The order of one model's quantizations: what one can chat with, then what answers well, then speed."""
    if not found.plan.fits or found.quality == "damaged":
        group = 0 if not found.plan.fits else 1
    elif not found.sane:
        group = 2
    elif not found.usable:
        group = 3 if found.quality == "noticeably_reduced" else 4
    else:
        group = 6 if found.word != "slow" and found.quality != "noticeably_reduced" else 5
    pace = (min(found.pace, _ENOUGH) / _ENOUGH) ** 0.35
    return group, pace * _QUALITY_COUNTS[found.quality] * (_FILES_KNOWN if found.exact else 1.0)


def _rank(found: Variant) -> tuple[int, float]:
    """The order of models: those to chat with and known well enough to offer, by strength; the others by speed."""
    if not found.plan.fits:
        return 0, _strength(found)
    if not found.sane or not found.usable:
        return 1, -found.wait  # where nothing is quick enough, a person waits least for the quickest
    known = 1 if found.complete else 0
    if found.word == "slow":
        return 2 + known, _strength(found)
    return (4 if found.quality == "noticeably_reduced" else 6) + known, _strength(found)


def _strength(found: Variant) -> float:
    """How capable a model is likely to be, from its parameters: what it knows counts more than what it computes
    with. Billions, total^0.7 · active^0.3; for a dense model simply its size.
    """
    total = found.shape.parameters / 1e9
    return float(total**0.7 * (max(found.shape.active, 1) / 1e9) ** 0.3)


def _gb(size: int) -> int | float:
    """10⁹ bytes as people say them: whole ones, below ten with a tenth, and never nought of what is something."""
    value = size / GB
    return round(value) if value >= 9.95 or not size else max(0.1, round(value, 1))
