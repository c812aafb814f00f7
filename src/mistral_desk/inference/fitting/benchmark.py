"""Reads and writes with a model for a short while, and puts what was measured beside what had been predicted."""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from mistral_desk import __version__
from mistral_desk.core import machine as computer
from mistral_desk.core.errors import DeskError
from mistral_desk.fit import speed
from mistral_desk.inference.fitting.beside import Bare, Beside, beside, program
from mistral_desk.inference.fitting.lengths import SENTENCES, AtLength, Clock, at_lengths, ended, rounded
from mistral_desk.inference.fitting.measured import (
    Watch,
    Work,
    case_of,
    depth_of,
    load_range,
    memory_range,
    reading,
    slowed,
    taken,
)
from mistral_desk.inference.protocol import Figures, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.fit.speed import Range
    from mistral_desk.inference.fitting.door import Fitting
    from mistral_desk.inference.fitting.loading import PlannedEngine
    from mistral_desk.inference.fitting.measured import Loaded
    from mistral_desk.inference.model_spec import ModelSpec
    from mistral_desk.inference.protocol import Finished, ModelInfo

Step = Literal["machine", "load", "round", "lengths", "beside"]

_ANSWER: Final = 64
"""Tokens that an answer is to have."""
_ENOUGH: Final = 3 * _ANSWER
"""Tokens after which all has been written; a model that ends early gets more rounds."""
_ROUNDS: Final = 12
_LONG_S: Final = 30.0
"""Seconds after which no further round begins."""
_LETTERS: Final = 2000


class Measure(msgspec.Struct, frozen=True):
    """A figure: what was measured, None where it could not be, and what had been predicted: low, mid, high."""

    measured: float | None
    predicted: tuple[float, float, float] | None


class Benchmark(msgspec.Struct, frozen=True):
    """What a model did here. Speeds in tokens a second, `load_s` in seconds, sizes in bytes.

    `runs` are the runs of this computer that had corrected the prediction of `tokens_per_s`. `busy`: other programs
    took so much of the processors that the speeds say little. `gpu_layers` counts as llama.cpp does (the output is
    one), `experts_on_gpu` are the layers with their experts there, None for a model without; `placed` are bytes by
    device. `lengths` and `beside`: where that was asked for (`compared`), as far as it came where it was `stopped`.
    """

    model: str
    quantization: str
    bytes: int
    tokens_per_s: Measure
    prompt_per_s: Measure
    load_s: Measure
    memory: Measure
    runs: int
    busy: bool
    context: int
    threads: int
    written: int
    read: int
    engine: str
    version: str
    system: str
    processor: str
    cores: int
    ram: int
    gpus: tuple[Card, ...]
    kv: str
    batch: int
    load_mode: str
    layers: int
    gpu_layers: int
    experts_on_gpu: int | None
    placed: dict[str, int]
    lengths: tuple[AtLength, ...] = ()
    beside: tuple[Beside, ...] = ()
    stopped: bool = False


class Card(msgspec.Struct, frozen=True):
    """A graphics device that the model was on; memory in bytes."""

    name: str
    memory: int


@dataclass
class _Sum:
    """What all rounds took together."""

    written: int = 0
    writing_s: float = 0.0
    read: int = 0
    reading_s: float = 0.0
    depth: list[int] = field(default_factory=list)

    def add(self, took: Figures) -> None:
        if took.tokens_per_s and took.generated_tokens > 1:
            self.written += took.generated_tokens - 1
            self.writing_s += (took.generated_tokens - 1) / took.tokens_per_s
        if took.prompt_s > 0:
            self.read += took.prompt_tokens - took.cached_tokens
            self.reading_s += took.prompt_s
        self.depth.append(took.prompt_tokens)

    def figures(self) -> Figures:
        """The same as one answer."""
        rounds = max(len(self.depth), 1)
        depth = sum(self.depth) // rounds
        return Figures(
            prompt_tokens=depth,
            cached_tokens=max(0, depth - self.read // rounds),
            generated_tokens=self.written + 1 if self.written else 0,
            prompt_s=self.reading_s / rounds,
            tokens_per_s=self.written / self.writing_s if self.writing_s else None,
        )


async def benchmark(
    fitting: Fitting, engine: PlannedEngine, spec: ModelSpec, tell: Callable[[Step, float], None]
) -> Benchmark | None:
    """Measure a model; the result is recorded too. None where it was stopped (`engine.stop`).

    `tell` hears what is being done and how much of it, 0 to 1. Raises as `Fitting.key`, `PlannedEngine.ensure` and
    `Engine.generate`.
    """
    await fitting.key(spec.path)  # what is wrong with the file is said before anything is measured
    tell("machine", 0.0)
    await fitting.machine()
    before = engine.learns, engine.relieves
    engine.learns = engine.relieves = False  # all rounds together are one run, of one load
    try:
        return await _measured(fitting, engine, spec, tell)
    finally:
        engine.learns, engine.relieves = before


async def compared(
    engine: PlannedEngine,
    result: Benchmark,
    programs: Sequence[str],
    seconds: float,
    tell: Callable[[Step, float], None],
    *,
    keep: Callable[[Benchmark], None] = lambda _result: None,
) -> Benchmark:
    """The result with speeds at several lengths, and what the bare loop of llama.cpp and the `programs` (llama-bench or
    llama-server, by path) do in the same places. After so many seconds it ends with what there is.

    The model has to be loaded; it is not any more when the others begin. `keep` hears the result whenever it has grown:
    a task that is cancelled has no other. Where `engine.stop` ended it, the result is `stopped`. Raises
    `bench.unknown_program`, and as `Engine.generate`.
    """
    info = engine.model
    if info is None:
        raise DeskError("engine.no_model")
    others = [Bare(info), *(program(path, info) for path in programs)]
    clock = Clock(seconds, 1 + sum(other.reads for other in others))

    def longer(one: AtLength) -> None:
        nonlocal result
        result = msgspec.structs.replace(result, lengths=(*result.lengths, one))
        keep(result)

    before, engine.learns = engine.learns, False
    try:
        places = await at_lengths(engine, info, clock, lambda share: tell("lengths", share), longer)
    finally:
        engine.learns = before
    if places is None:
        return msgspec.structs.replace(result, stopped=True)
    if not places and clock.left:
        return result  # its context has no room for the shortest
    await engine.unload()
    done = result
    for number, other in enumerate(others):
        clock.sides = sum(one.reads for one in others[number:])

        def told(share: float, at: int = number) -> None:
            tell("beside", (at + share) / len(others))

        def more(found: Beside, before: Benchmark = done) -> None:
            keep(msgspec.structs.replace(before, beside=(*before.beside, found)))

        found = await beside(other, places, clock, told, more)
        done = msgspec.structs.replace(done, beside=(*done.beside, found))
        keep(done)
    return done


async def _measured(
    fitting: Fitting, engine: PlannedEngine, spec: ModelSpec, tell: Callable[[Step, float], None]
) -> Benchmark | None:
    tell("load", 0.0)
    info = await engine.ensure(spec, lambda share: tell("load", share))
    load_s = engine.take_load_s()
    watch, total, started = Watch(engine.pid), _Sum(), time.perf_counter()
    for number in range(_ROUNDS):
        tell("round", min(total.written / _ENOUGH, 0.99))
        end = await _round(engine, info, number)
        if end.reason == "stopped":
            return None
        total.add(end.figures)
        if total.written >= _ENOUGH or time.perf_counter() - started > _LONG_S:
            break
    work = Work(total.figures(), False, *watch.shares(info.threads), load_s)
    made = engine.loaded()
    before = _predicted(fitting, made, work) if made else _Predicted()
    if made:
        await fitting.learn(made, work)
    return _result(info, work, before, made)


async def _round(engine: PlannedEngine, info: ModelInfo, number: int) -> Finished:
    text = "".join(SENTENCES[(number + place) % len(SENTENCES)] for place in range(_LETTERS // 80))
    most = max(100, min(_LETTERS, info.context // 2))  # a letter is at most a token in all but the strangest models
    asked = f"{number + 1}. {text[:most]}\nTell this as a long story, with every detail."
    return await ended(engine, [Turn("user", asked)], _ANSWER, [])


@dataclass(frozen=True)
class _Predicted:
    """What was predicted for just this benchmark, before it."""

    writing: Range | None = None
    reading: Range | None = None
    load_s: Range | None = None
    memory: Range | None = None
    runs: int = 0


def _predicted(fitting: Fitting, made: Loaded, work: Work) -> _Predicted:
    case = case_of(made)
    if case is None:
        return _Predicted()
    took = work.figures
    found = speed.speed(case, fitting.corrections(made.file.key), depth_of(took))
    read = took.prompt_tokens - took.cached_tokens
    reads = reading(case, read) if read > 0 else None
    return _Predicted(found.tokens_per_s, reads, load_range(made), memory_range(made.plan, made.file.shape), found.runs)


def _result(info: ModelInfo, work: Work, before: _Predicted, made: Loaded | None) -> Benchmark:
    took, here = work.figures, computer.this_machine()
    read = took.prompt_tokens - took.cached_tokens
    return Benchmark(
        model=info.name,
        quantization=info.quantization,
        bytes=info.file_bytes,
        tokens_per_s=_measure(took.tokens_per_s, before.writing),
        prompt_per_s=_measure(read / took.prompt_s if took.prompt_s else None, before.reading),
        load_s=_measure(work.load_s, before.load_s),
        memory=_measure(taken(info) or None, before.memory),
        runs=before.runs,
        busy=bool(made and slowed(made, work)),
        context=info.context,
        threads=info.threads,
        written=took.generated_tokens,
        read=read,
        engine=made.engine if made else "",
        version=__version__,
        system=f"{platform.system()} {platform.machine()}",
        processor=here.processor,
        cores=here.cores,
        ram=here.memory_total,
        **_division(info, made),
    )


def _division(info: ModelInfo, made: Loaded | None) -> dict[str, Any]:
    """How the model was divided: without that a speed says nothing to others."""
    placement, layout = info.placement, made.plan.layout if made else None
    cards = made.machine.gpus if made else ()
    placed: dict[str, int] = {}
    for buffer in info.placed:
        placed[buffer.device] = placed.get(buffer.device, 0) + buffer.bytes
    return {
        "gpus": tuple(Card(cards[number].name, cards[number].memory) for number in (layout.gpus if layout else ())),
        "kv": placement.kv if placement else "f16",
        "batch": placement.batch if placement else 0,
        "load_mode": placement.load_mode if placement else "mmap",
        "layers": info.layers,
        "gpu_layers": placement.gpu_layers if placement else 0,
        "experts_on_gpu": placement.experts_on_gpu if placement and made and made.file.shape.routed else None,
        "placed": placed,
    }


def _measure(measured: float | None, predicted: Range | None) -> Measure:
    three = (predicted.low, predicted.mid, predicted.high) if predicted else None
    return Measure(
        None if measured is None else rounded(measured),
        (rounded(three[0]), rounded(three[1]), rounded(three[2])) if three else None,
    )
