"""Asks a worker of the bundle that any command starts: under another processor, in a root, on a graphics device.

    python -m tools.package.asking WAY MODEL HERE COMMAND…

`WAY` is how the model is divided, `MODEL` its file as that worker sees it, `HERE` the same file on this computer.
Prints one JSON document: what the worker said, and where everything lies beside what the plan predicted.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.cli.self_test import QUESTION
from mistral_desk.fit.machine import GB, GpuReport, Machine, gpus_of
from mistral_desk.fit.plan import Plan, Wishes, plan
from mistral_desk.fit.read import shape_of
from mistral_desk.inference import model_file
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.protocol import Piece, Sampling, Turn
from mistral_desk.inference.remote import Worker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.inference.protocol import Hello, ModelInfo

_CONTEXT: Final = 2048
WAYS: Final = {
    "automatic": None,
    "memory": Wishes(context=_CONTEXT, gpu_layers=0, load_mode="none"),
    "some layers": Wishes(context=_CONTEXT, gpu_layers=4, load_mode="none"),
    "all layers": Wishes(context=_CONTEXT, gpu_layers=99, load_mode="none"),
    "all but the experts": Wishes(context=_CONTEXT, gpu_layers=99, experts_on_gpu=0, load_mode="none"),
}
"""How the model is to be divided; automatic: nothing is planned, as on a computer without a graphics card."""


async def ask(way: str, model: str, here: Path, command: Sequence[str]) -> dict[str, Any]:
    """Load the model in that worker, ask the self-test's question, and say what came of it."""
    worker = Worker(command)
    try:
        began = time.monotonic()
        hello = await worker.start()
        made = _planned(here, hello, WAYS[way])
        placement = Placement.of(made, hello.devices) if made else None
        info = await worker.load(ModelSpec(model, context=_CONTEXT, projector="", placement=placement))
        said = ""
        asked = worker.generate((Turn("user", QUESTION[0]),), "none", Sampling(temperature=0.0), 32)
        async with contextlib.aclosing(asked) as events:
            async for event in events:
                if isinstance(event, Piece) and event.kind == "text":
                    said += event.text
        return {
            "backends": hello.backends,
            "devices": [f"{one.name}: {one.description} ({one.kind})" for one in hello.devices],
            "said": said.strip(),
            "right": QUESTION[1] in said,
            "buffers": _beside(made, hello, info) if made else {},
            "seconds": round(time.monotonic() - began, 1),
        }
    finally:
        await worker.close()


def _planned(here: Path, hello: Hello, wishes: Wishes | None) -> Plan | None:
    """The plan for the computer that the worker reports."""
    if wishes is None:
        return None
    found = model_file.inspect(here)
    reports = tuple(
        GpuReport(one.name, one.description, one.kind, one.memory_free, one.memory_total)
        for one in hello.devices
        if one.kind in {"gpu", "integrated"}
    )
    gpus = gpus_of(reports, 16 * GB, 12 * GB, 40.0)
    return plan(
        shape_of(found.header, found.tensors), Machine(4, 16 * GB, 12 * GB, 40.0, 2.0, 0.3, False, gpus), wishes
    )


def _beside(made: Plan, hello: Hello, info: ModelInfo) -> dict[str, dict[str, tuple[int, int]]]:
    """For each device and kind of buffer the bytes that were predicted and those that the engine reported."""
    cards = [one.name for one in hello.devices if one.kind in {"gpu", "integrated"}]
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for holding in made.holdings:
        number = holding.device.removeprefix("gpu")
        device = cards[int(number)] if number.isdigit() else "memory"
        there = {
            kind: sum(
                one.bytes
                for one in info.placed
                if one.kind == kind and (one.device == device or (device == "memory" and one.device not in cards))
            )
            for kind in ("model", "cache", "compute")
        }
        planned = {"cache": holding.bytes.get("cache", 0), "compute": holding.bytes.get("compute", 0)}
        planned["model"] = holding.total - sum(planned.values())
        found[device] = {kind: (planned[kind], there[kind]) for kind in there}
    return found


def main(words: Sequence[str]) -> int:
    """Ask, and print what came of it."""
    way, model, here, *command = words
    print(json.dumps(asyncio.run(ask(way, model, Path(here), command))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
