"""`mistral-desk fit`: will a model run here, where does every byte go, how fast, and what instead.

It reads headers and facts only, never weights; a described machine stands in for this one.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.catalog.gguf import DamagedError
from mistral_desk.cli.output import write_json, write_text
from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders, resource
from mistral_desk.core.words import tr
from mistral_desk.fit import advice, detect, machine, measure
from mistral_desk.fit.plan import Wishes, server_command
from mistral_desk.fit.read import shape_of
from mistral_desk.inference import model_file, projector_file
from mistral_desk.inference.client import Worker

if TYPE_CHECKING:
    import argparse

    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.speed import Range

_FOREIGN = "MODEL.gguf"


class Row(msgspec.Struct, frozen=True):
    """A verdict as JSON. Sizes in bytes by device and kind; ranges are low, mid, high; null where it does not fit."""

    model: str
    name: str
    quant: str
    bytes: int
    speed: str
    quality: str
    quality_source: str
    placement: dict[str, dict[str, int]]
    context: int
    tokens_per_s: tuple[float, float, float] | None
    prompt_per_s: tuple[float, float, float] | None
    answer_s: tuple[float, float, float] | None
    answer_thinking_s: tuple[float, float, float] | None
    load_s: tuple[float, float, float] | None
    reasons: tuple[str, ...]
    alternatives: tuple[dict[str, str], ...]
    command: str
    role: str = ""


class Variants(msgspec.Struct, frozen=True):
    """A model with several quantizations, best for this machine first."""

    model: str
    machine: dict[str, Any]
    variants: tuple[Row, ...]


class Ranking(msgspec.Struct, frozen=True):
    """All known models for this machine, the one to take first."""

    machine: dict[str, Any]
    models: tuple[Row, ...]


def fit(arguments: argparse.Namespace) -> int:
    """Run the command."""
    where = _machine(arguments.machine, again=arguments.measure)
    wishes = Wishes(context=arguments.context)
    asked: str | None = arguments.model
    if asked is None:
        offers = advice.ranking(where, wishes)
        rows = tuple(_row(offer.variant, (), offer.role) for offer in offers)
        if arguments.json:
            write_json(Ranking(machine.as_description(where), rows))
        else:
            write_text(_table(where, [(offer.variant, offer.role) for offer in offers]), sys.stdout)
        return 0
    if file := _file(asked):
        return _one(file, where, wishes, as_json=arguments.json)
    models = facts.find(asked)
    if not models:
        known = ", ".join(model.id for model in facts.models())
        raise DeskError("fit.unknown_model", name=asked, known=known)
    found = sorted(
        (variant for model in models for variant in advice.variants(model, where, wishes)),
        key=advice.merit,
        reverse=True,
    )
    others = _alternatives(advice.ranking(where, wishes), {model.id for model in models})
    if arguments.json:
        rows = tuple(_row(variant, others) for variant in found)
        write_json(Variants(asked, machine.as_description(where), rows))
    else:
        write_text(_table(where, [(variant, "") for variant in found]) + _words_about(found, others), sys.stdout)
    return 0


def _one(file: Path, where: Machine, wishes: Wishes, *, as_json: bool) -> int:
    model = model_file.inspect(file)
    eyes = projector_file.find(model).file
    try:
        shape = shape_of(model.header, model.tensors, eyes.bytes if eyes else 0)
    except DamagedError as error:
        raise DeskError("model.damaged", name=file.name, reason=str(error)) from error
    found = msgspec.structs.replace(advice.judge(shape, where, wishes), name=model.name, bytes=model.bytes)
    good = found.usable and found.sane
    others = () if good else _alternatives(advice.ranking(where, wishes), set())
    if as_json:
        write_json(_row(found, others, path=str(file), eyes=str(eyes.path) if eyes else ""))
    else:
        write_text(_table(where, [(found, "")]) + _words_about([found], others), sys.stdout)
    return 0


def _file(asked: str) -> Path | None:
    """The file that is meant; a name of a known model, unless there is such a file, is none."""
    if asked == "builtin":
        return resource("model", "guide.gguf")
    path = Path(asked)
    return path if asked.lower().endswith(".gguf") or path.is_file() else None


def _machine(asked: str | None, *, again: bool) -> Machine:
    """The machine to plan for: a description (JSON, or a file of it), else this computer."""
    if asked is not None:
        text = asked.strip()
        if text.startswith("{"):
            return machine.described(text)
        try:
            return machine.described(Path(text).read_bytes())
        except (OSError, ValueError) as error:
            raise DeskError("machine.description", reason="there is no such file") from error
    places = folders()
    return detect.this_machine(asyncio.run(_devices()), measure.measured(places.cache, places.models, again=again))


async def _devices() -> tuple[machine.GpuReport, ...]:
    """What the engine computes on; a worker that does not start has no devices, and says why elsewhere."""
    worker = Worker()
    try:
        hello = await worker.start()
    except DeskError:
        return ()
    finally:
        await worker.close()
    return tuple(
        machine.GpuReport(device.name, device.description, device.kind, device.memory_free, device.memory_total)
        for device in hello.devices
    )


def _row(
    found: Variant, others: tuple[dict[str, str], ...], role: str = "", path: str = _FOREIGN, eyes: str = ""
) -> Row:
    made, fast = found.plan, found.plan.speed
    return Row(
        model=found.model,
        name=found.name,
        quant=found.quant,
        bytes=found.bytes,
        speed=advice.SPEED_WORDS[made.word],
        quality=advice.QUALITY_WORDS[found.quality],
        quality_source=found.quality_source,
        placement={
            holding.device: {str(kind): size for kind, size in holding.bytes.items()} for holding in made.holdings
        },
        context=made.context,
        tokens_per_s=_numbers(fast.tokens_per_s) if fast else None,
        prompt_per_s=_numbers(fast.prompt_per_s) if fast else None,
        answer_s=_numbers(fast.answer_s) if fast else None,
        answer_thinking_s=_numbers(fast.thinking_answer_s) if fast else None,
        load_s=_numbers(fast.load_s) if fast else None,
        reasons=tuple(reason.text.format(**reason.params) for reason in found.reasons),
        alternatives=others,
        command=server_command(made, path, eyes) if made.fits else "",
        role=role,
    )


def _numbers(values: Range) -> tuple[float, float, float]:
    return _three(values.low), _three(values.mid), _three(values.high)


def _three(value: float) -> float:
    """Three digits that mean something."""
    return float(f"{value:.3g}")


def _alternatives(offers: tuple[Offer, ...], besides: set[str]) -> tuple[dict[str, str], ...]:
    """The models to take instead: the best here and the fast one."""
    return tuple(
        {
            "model": offer.variant.model,
            "name": offer.variant.name,
            "quant": offer.variant.quant,
            "role": offer.role,
            "speed": advice.SPEED_WORDS[offer.variant.word],
            "quality": advice.QUALITY_WORDS[offer.variant.quality],
        }
        for offer in offers
        if offer.role and offer.variant.model not in besides
    )


def _table(where: Machine, found: list[tuple[Variant, str]]) -> str:
    """The machine in a line, and a line a verdict."""
    roles = {"best": tr("best here"), "fast": tr("the fast one"), "": ""}
    rows = [
        (
            variant.name or variant.model,
            variant.quant,
            amounts.file_size(variant.bytes),
            tr(advice.SPEED_WORDS[variant.word]),
            tr(advice.QUALITY_WORDS[variant.quality]),
            _pace(variant),
            roles[role],
        )
        for variant, role in found
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(7)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return _machine_line(where) + "\n\n" + "\n".join(lines) + "\n"


def _machine_line(where: Machine) -> str:
    parts = [tr("{number} cores", number=where.cores), tr("{size} of memory", size=amounts.file_size(where.memory))]
    parts += [f"{gpu.name} {amounts.file_size(gpu.memory)}" for gpu in where.gpus]
    return " · ".join(parts)


def _pace(variant: Variant) -> str:
    found = variant.plan.speed
    if found is None:
        return ""
    digits = 0 if found.tokens_per_s.mid >= 10 else 1
    low, high = (amounts.number(value, digits) for value in (found.tokens_per_s.low, found.tokens_per_s.high))
    return tr("{low} to {high} tokens/s", low=low, high=high)


def _words_about(found: list[Variant], others: tuple[dict[str, str], ...]) -> str:
    """Why the first verdict is what it is, where its bytes go, and what to take instead."""
    if not found:
        return ""
    first, lines = found[0], [""]
    lines += [tr(reason.text, **reason.params) if reason.params else tr(reason.text) for reason in first.reasons]
    names = {"memory": tr("Memory"), "disk": tr("SSD")}
    for holding in first.plan.holdings:
        lines.append(f"  {names.get(holding.device, holding.name)}: {amounts.file_size(holding.total)}")
    if speed := first.plan.speed:
        plain, long = (amounts.about(time.mid) for time in (speed.answer_s, speed.thinking_answer_s))
        if plain:
            lines.append(tr("A typical answer: {plain}, with thinking {long}.", plain=plain, long=long))
    for other in others:
        choice = f"{other['name']} {other['quant']} ({tr(other['speed'])}, {tr(other['quality'])})"
        fast = other["role"] == "fast"
        lines.append(tr("Faster here: {choice}", choice=choice) if fast else tr("Best here: {choice}", choice=choice))
    return "\n".join(lines) + "\n"
