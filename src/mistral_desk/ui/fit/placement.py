"""The words of *Advanced*: what lies where, how it is loaded, and what was predicted beside what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from mistral_desk.core import amounts
from mistral_desk.core.amounts import number
from mistral_desk.core.words import mark, tr, trn
from mistral_desk.fit.layout import KINDS, MEMORY, Kind
from mistral_desk.ui.fit import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.fit.advice import Variant
    from mistral_desk.fit.plan import Holding, LoadMode, Plan
    from mistral_desk.fit.runs import Comparison, Figure
    from mistral_desk.fit.shape import KvType
    from mistral_desk.fit.speed import Range
    from mistral_desk.inference.protocol import ModelInfo

KIND_WORDS: Final[dict[Kind, str]] = {
    "attention": mark("attention"),
    "dense": mark("feed-forward"),
    "shared": mark("shared experts"),
    "routed": mark("experts"),
    "embedding": mark("vocabulary"),
    "output": mark("output"),
    "cache": mark("cache"),
    "compute": mark("buffers"),
    "projector": mark("image reader"),
}
KV_WORDS: Final[dict[KvType, str]] = {"f16": mark("16 bits"), "q8_0": mark("8 bits"), "q4_0": mark("4 bits")}
MODE_WORDS: Final[dict[LoadMode, str]] = {"mmap": mark("Mapped"), "none": mark("Read into memory")}


def held(holding: Holding) -> str:
    """What a device holds: *6.1 GB: attention 4.2 GB, cache 0.4 GB*."""
    kinds = sorted(holding.bytes.items(), key=lambda one: (-one[1], KINDS.index(one[0])))
    inside = ", ".join(
        tr("{place} {size}", place=tr(KIND_WORDS[kind]), size=amounts.file_size(size)) for kind, size in kinds if size
    )
    return tr("{size}: {parts}", size=amounts.file_size(holding.total), parts=inside)


def device(holding: Holding) -> str:
    """The device's name."""
    return holding.name or tr(verdict.WHERE["disk" if holding.device == "disk" else "memory"])


def lines(variant: Variant) -> Iterator[tuple[str, str]]:
    """Name and value of everything that a plan decides; nothing for one that does not fit."""
    made = variant.plan
    if made.layout is None:
        return
    for holding in made.holdings:
        yield device(holding), held(holding)
    count = len(made.layout.layers)
    if made.layout.gpus:
        yield tr("Layers"), tr("{here} of {all} on the GPU", here=number(_on_gpu(made)), all=number(count))
        if variant.shape.routed:
            some = number(made.experts_on_gpu)
            told = trn(
                "those of {here} of {n} layer on the GPU", "those of {here} of {n} layers on the GPU", count, here=some
            )
            yield tr("Experts"), told if made.experts_on_gpu else tr("in memory")
    else:
        yield tr("Layers"), trn("{n}, in memory", "{n}, in memory", count)
    yield tr("Context"), trn("{n} token", "{n} tokens", made.context)
    yield tr("KV cache"), tr("{bits} a number", bits=tr(KV_WORDS[made.kv]))
    yield tr("Loading"), tr(MODE_WORDS[made.load_mode])
    yield tr("Threads"), number(made.threads)
    yield tr("Micro-batch"), trn("{n} token", "{n} tokens", made.batch)


def _on_gpu(made: Plan) -> int:
    return sum(place != MEMORY for place in made.layout.layers) if made.layout else 0


def compared(variant: Variant, comparison: Comparison | None, info: ModelInfo | None) -> Iterator[tuple[str, str, str]]:
    """Name, predicted, measured. `info` is of the model as it is loaded, with where llama.cpp put it."""
    found = variant.plan.speed
    known = comparison
    rows = (
        (tr("Writing"), found.tokens_per_s if found else None, known.tokens_per_s if known else None, _rates),
        (tr("Reading"), found.prompt_per_s if found else None, known.prompt_per_s if known else None, _rates),
        (tr("Loading"), found.load_s if found else None, known.load_s if known else None, _times),
    )
    for name, planned, figure, words in rows:
        before = figure.predicted if figure and figure.predicted else planned
        if before is not None:
            yield name, words(before), _measured(figure, words)
    if known is not None and known.memory.predicted is not None:
        yield tr("Memory in all"), _sizes(known.memory.predicted), _measured(known.memory, _sizes)
    if info is not None and info.placed:
        for name, kinds, own in _BUFFERS:
            planned_bytes = sum(one.bytes.get(kind, 0) for one in variant.plan.holdings for kind in kinds)
            real = sum(one.bytes for one in info.placed if one.kind in own)
            if planned_bytes or real:
                yield tr(name), amounts.file_size(planned_bytes), amounts.file_size(real)


_BUFFERS: Final[tuple[tuple[str, tuple[Kind, ...], tuple[str, ...]], ...]] = (
    (mark("Weights"), ("attention", "dense", "shared", "routed", "embedding", "output"), ("model",)),
    (mark("KV cache"), ("cache",), ("cache",)),
    (mark("Buffers"), ("compute",), ("compute", "output")),
    (mark("Image reader"), ("projector",), ("projector",)),
)
"""A name, the plan's kinds, and those of llama.cpp's report."""


class _Words(Protocol):
    """Puts a range into words; `alone` is of a single run."""

    def __call__(self, values: Range, *, alone: bool = False) -> str: ...


def _measured(figure: Figure | None, words: _Words) -> str:
    if figure is None or figure.measured is None:
        return tr("not yet")
    if figure.count == 1:
        return words(figure.measured, alone=True)
    return trn("{what} in {n} run", "{what} in {n} runs", figure.count, what=words(figure.measured))


def _rates(values: Range, *, alone: bool = False) -> str:
    if alone:
        return tr("{number} tokens/s", number=verdict.rate(values.mid))
    return tr("{low} to {high} tokens/s", low=verdict.rate(values.low), high=verdict.rate(values.high))


def _sizes(values: Range, *, alone: bool = False) -> str:
    if alone:
        return amounts.file_size(round(values.mid))
    low, high = amounts.file_size(round(values.low)), amounts.file_size(round(values.high))
    return tr("{low} to {high}", low=low, high=high)


def _times(values: Range, *, alone: bool = False) -> str:
    if alone:
        return amounts.seconds(values.mid, 1 if values.mid < 10 else 0)
    digits = 1 if values.high < 10 else 0
    return tr("{low} to {high}", low=amounts.seconds(values.low, digits), high=amounts.seconds(values.high, digits))
