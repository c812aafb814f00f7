"""`mistral-desk bench`: how fast a model reads and writes here, beside what had been predicted; it is also recorded."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.cli.here import meant
from mistral_desk.cli.interrupts import INTERRUPTED, interrupts
from mistral_desk.cli.output import Status, write_json, write_problem, write_text
from mistral_desk.core.amounts import percent
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import Settings
from mistral_desk.core.words import mark, tr
from mistral_desk.inference.fitting import Fitting, PlannedEngine, benchmark, benchmark_text, compared
from mistral_desk.inference.fitting.beside import known
from mistral_desk.inference.model_ids import model_spec, models_folder, usual_wishes

if TYPE_CHECKING:
    import argparse

    from mistral_desk.inference.client import ModelSpec
    from mistral_desk.inference.fitting import Benchmark
    from mistral_desk.inference.fitting.benchmark import Step

_STEPS: Final[dict[Step, str]] = {
    "machine": mark("Measuring this computer"),
    "load": mark("Loading the model {share}"),
    "round": mark("Reading and writing {share}"),
    "lengths": mark("Longer and longer conversations {share}"),
    "beside": mark("The same with llama.cpp alone {share}"),
}


def bench(arguments: argparse.Namespace) -> int:
    """Run the command; raises `DeskError`."""
    places = folders().ensure()
    settings, problems = Settings.open(places.settings)
    for problem in problems:
        write_problem(problem, as_json=False)
    for path in arguments.beside:
        known(path)
    model = meant(arguments.model, settings)
    spec = model_spec(model.path, settings, model.projector)
    fitting = Fitting(places, lambda: models_folder(places, settings), usual=lambda: usual_wishes(settings))
    found = asyncio.run(_run(fitting, spec, arguments))
    if found and arguments.json:
        write_json(found)
    elif found:
        write_text(benchmark_text(found), sys.stdout)
    if found is None or found.stopped:
        sys.stderr.write(tr("(Stopped.)") + "\n")
        return INTERRUPTED
    return 0


async def _run(fitting: Fitting, spec: ModelSpec, arguments: argparse.Namespace) -> Benchmark | None:
    """What was measured; after Ctrl+C what there is by then, None where that is nothing."""
    engine, status = PlannedEngine(fitting, steady=True), Status()
    latest: Benchmark | None = None

    def tell(step: Step, share: float) -> None:
        words = tr(_STEPS[step])
        status.show(words.format(share=percent(share)))

    def keep(result: Benchmark) -> None:
        nonlocal latest
        latest = result

    try:
        with interrupts(engine) as interrupted:
            if arguments.try_anyway:
                fitting.allow(await fitting.key(spec.path))
            try:
                found = await benchmark(fitting, engine, spec, tell)
                if found is None or arguments.short:
                    return found
                keep(found)
                return await compared(engine, found, arguments.beside, arguments.seconds, tell, keep=keep)
            except (DeskError, asyncio.CancelledError):
                if interrupted():
                    return latest and msgspec.structs.replace(latest, stopped=True)
                raise
    finally:
        status.clear()
        await engine.close()
        await fitting.close()
