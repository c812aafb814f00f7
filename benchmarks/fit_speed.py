"""Whether measured speeds lie in the ranges that fit predicts: three synthetic models, two quantizations, our worker.

Each model is written, predicted from its header, run and deleted again.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import gguf
import psutil

from benchmarks.figure import UnavailableError
from mistral_desk.fit import detect, measure
from mistral_desk.fit.machine import GpuReport, Machine
from mistral_desk.fit.measure import Measured
from mistral_desk.fit.plan import Wishes, plan
from mistral_desk.fit.read import shape_of
from mistral_desk.fit.speed import Case, Run, speed
from mistral_desk.inference import model_file
from mistral_desk.inference.client import ModelSpec, Worker
from mistral_desk.inference.protocol import Piece, Sampling, Turn
from tests.fixtures.gguf_filled import fill
from tests.fixtures.gguf_outlines import Outline, Size, dense, write_outline

if TYPE_CHECKING:
    from collections.abc import Iterator


_COMMON: Final = Size(tokens=32_768, width=1024, heads=16, kv_heads=4, head=64, context=4096)
MODELS: Final[dict[str, Outline]] = {
    "dense 0.5B": dense(replace(_COMMON, layers=28, feed_forward=4096)),
    "experts 1.0B": dense(replace(_COMMON, layers=18, feed_forward=512, experts=32, used=4)),
    "experts 2.4B": dense(replace(_COMMON, width=1536, heads=24, layers=20, feed_forward=768, experts=32, used=4)),
}
KINDS: Final = (gguf.GGMLQuantizationType.Q8_0, gguf.GGMLQuantizationType.Q4_K)
ANSWER: Final = 64
ROUNDS: Final = 3
SAMPLER: Final = Sampling(temperature=0.7, top_k=40, top_p=0.95, min_p=0.0, repeat_penalty=1.0, seed=1)
_FREE: Final = 8_000_000_000
_BUSY: Final = 25.0


def prediction() -> tuple[float, str]:
    """How many of the six measured speeds lie inside the predicted range."""
    machine = _machine()
    inside, told = 0, []
    for title, path, case in _cases(machine):
        seen = asyncio.run(_measured(path, case.threads))
        span = speed(case, depth=ANSWER).tokens_per_s
        inside += span.low <= seen <= span.high
        told.append(f"{title} {seen:.1f} in {span.low:.1f} to {span.high:.1f}")
    rates = ", ".join(f"{name} {rate:.1f}" for name, rate in machine.core.gbps)
    return inside, f"tokens/s, memory {machine.gbps:.1f} GB/s, a thread {rates}: " + "; ".join(told)


def correction() -> tuple[float, str]:
    """How many of the six speeds lie inside the range that one run before them made narrower."""
    inside, told, widths = 0, [], [0.0, 0.0]
    for title, path, case in _cases(_machine()):
        first = asyncio.run(_measured(path, case.threads))
        before = speed(case, depth=ANSWER)
        run = Run(before.region, before.tokens_per_s.mid, first, same=True)
        after = speed(case, [run], ANSWER).tokens_per_s
        seen = asyncio.run(_measured(path, case.threads))
        widths = [(span.high - span.low) / (2 * span.mid) for span in (before.tokens_per_s, after)]
        inside += after.low <= seen <= after.high and widths[1] < widths[0]
        told.append(f"{title} {seen:.1f} in {after.low:.1f} to {after.high:.1f}")
    return inside, f"tokens/s, ±{widths[1]:.0%} instead of ±{widths[0]:.0%} after one run: " + "; ".join(told)


def _machine() -> Machine:
    if psutil.virtual_memory().available < _FREE:
        raise UnavailableError("less than 8 GB of memory are free")
    machine = detect.this_machine(asyncio.run(_reports()), Measured(ram_gbps=measure.memory()))
    if machine.cores > 2 and (busy := psutil.cpu_percent(1.0)) > _BUSY:
        raise UnavailableError(f"this computer is busy with other things ({busy:.0f} % of its processors)")
    return machine


async def _reports() -> tuple[GpuReport, ...]:
    """What a worker measures of this processor, as the program does it the first time."""
    worker = Worker(measures=True)
    try:
        devices = (await worker.start()).devices
    finally:
        await worker.close()
    return tuple(GpuReport(one.name, one.description, "cpu", 0, 0, core=one.core) for one in devices if one.core)


def _cases(machine: Machine) -> Iterator[tuple[str, Path, Case]]:
    """Each model in each quantization: its title, its file while it is there, and how it is divided."""
    with tempfile.TemporaryDirectory() as folder:
        for name, outline in MODELS.items():
            for kind in KINDS:
                path = fill(write_outline(Path(folder) / "model.gguf", replace(outline, kind=kind)))
                found = model_file.inspect(path)
                shape = shape_of(found.header, found.tensors)
                made = plan(shape, machine, Wishes(context=2048))
                if made.layout is None:
                    raise UnavailableError("a model does not fit")
                yield f"{name} {kind.name}", path, Case(shape, machine, made.layout, made.threads)
                path.unlink()


async def _measured(path: Path, threads: int) -> float:
    """The best of a few answers, in tokens a second. With one thread the worker's own processor time counts, so that
    other work does not; with several, the clock.
    """
    worker, best = Worker(), 0.0
    await worker.start()
    try:
        await worker.load(ModelSpec(str(path), 2048, threads))
        process = psutil.Process(worker.pid or 0)

        def now() -> float:
            times = process.cpu_times()
            return times.user + times.system if threads == 1 else time.perf_counter()

        for number in range(ROUNDS):
            began, last, count = 0.0, 0.0, 0
            turns = [Turn("user", f"Question {number}")]
            async with contextlib.aclosing(worker.generate(turns, "none", SAMPLER, ANSWER)) as events:
                async for event in events:
                    if isinstance(event, Piece):
                        last = now()
                        began, count = (last, 0) if not began else (began, count + len(event.tokens))
            best = max(best, count / (last - began)) if last > began else best
    finally:
        await worker.close()
    if not best:
        raise UnavailableError("a synthetic model ended its answers at once")
    return best
