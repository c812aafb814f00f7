"""`mistral-desk fit`: will a model run here, where does every byte go, how fast, and what instead.

It reads headers and facts only, never weights; a described machine stands in for this one.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.cli.here import meant
from mistral_desk.cli.output import write_json, write_text
from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders, resource
from mistral_desk.core.settings import Settings
from mistral_desk.core.words import tr, trn
from mistral_desk.fit import advice, machine
from mistral_desk.fit.plan import OF_MODEL, Wishes, server_command
from mistral_desk.fit.saying import said
from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.inference.fitting import Fitting
from mistral_desk.inference.fitting.model_facts import Files, judged
from mistral_desk.inference.model_ids import is_name, models_folder, usual_wishes

if TYPE_CHECKING:
    import argparse

    from mistral_desk.fit.advice import Offer, Reason, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.runs import Comparison, Figure
    from mistral_desk.fit.speed import Range, Run


class Beside(msgspec.Struct, frozen=True):
    """What `runs` runs on this computer measured (lowest, median, highest) beside what the formulae say of them; the
    last one's day.
    """

    predicted: tuple[float, float, float]
    measured: tuple[float, float, float]
    runs: int
    day: str


class Row(msgspec.Struct, frozen=True):
    """A verdict as JSON. Sizes in bytes by device and kind; ranges are low, mid, high; null where it does not fit.

    `measured` has the figures of a file's own runs on this computer, by name; empty where there are none.
    """

    model: str
    name: str
    quant: str
    repository: str
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
    measured: dict[str, Beside] = {}


class Variants(msgspec.Struct, frozen=True):
    """A model with several quantizations, best for this machine first."""

    model: str
    machine: dict[str, Any]
    variants: tuple[Row, ...]


class Ranking(msgspec.Struct, frozen=True):
    """All known models for this machine, the one to take first."""

    machine: dict[str, Any]
    models: tuple[Row, ...]


@dataclass(frozen=True)
class _Asker:
    """Who asks: which computer it is about, what is wished for, and, for this computer, what it has learned."""

    machine: Machine
    wishes: Wishes
    here: Fitting | None

    def runs(self, key: str = "") -> tuple[Run, ...]:
        """What corrects a prediction; a described computer has measured nothing."""
        return self.here.corrections(key) if self.here else ()


def fit(arguments: argparse.Namespace) -> int:
    """Run the command."""
    wishes = Wishes(context=arguments.context)
    if arguments.machine is None:
        here = this_computer()
        asker = _Asker(asyncio.run(here.machine(again=arguments.measure)), wishes, here)
    else:
        asker = _Asker(described(arguments.machine), wishes, None)
    where, runs = asker.machine, asker.runs()
    asked: str | None = arguments.model
    if asked is None:
        offers = advice.ranking(where, wishes, runs)
        rows = tuple(verdict_row(offer.variant, where, (), offer.role) for offer in offers)
        if arguments.json:
            write_json(Ranking(machine.as_description(where), rows))
        else:
            write_text(_table(where, [(offer.variant, offer.role) for offer in offers]), sys.stdout)
        return 0
    if (found_file := _file(asked)) is not None:
        return _one(*found_file, asker, as_json=arguments.json)
    models = facts.find(asked)
    if not models:
        known = ", ".join(model.id for model in facts.models())
        raise DeskError("fit.unknown_model", name=asked, known=known)
    found = sorted(
        (variant for model in models for variant in advice.variants(model, where, wishes, runs)),
        key=advice.merit,
        reverse=True,
    )
    others = _alternatives(advice.ranking(where, wishes, runs), {model.id for model in models})
    if arguments.json:
        rows = tuple(verdict_row(variant, where, others) for variant in found)
        write_json(Variants(asked, machine.as_description(where), rows))
    else:
        write_text(_table(where, [(variant, "") for variant in found]) + _words_about(found, others), sys.stdout)
    return 0


def _one(file: Path, eyes: str | None, asker: _Asker, *, as_json: bool) -> int:
    facts_of = Files().look(file, eyes)
    where, wishes = asker.machine, asker.wishes
    if asker.here:  # what was set by hand holds here, and what is said now goes before it
        own = asker.here.wishes(facts_of.key)
        wishes = msgspec.structs.replace(own, context=wishes.context or own.context)
        found, beside = asker.here.judged(facts_of, where, wishes), asker.here.beside(facts_of.key)
    else:
        found, beside = judged(facts_of, where, wishes), None
    good = found.usable and found.sane
    others = () if good else _alternatives(advice.ranking(where, wishes, asker.runs()), set())
    if as_json:
        row = verdict_row(found, where, others, path=str(file), eyes=facts_of.projector)
        write_json(msgspec.structs.replace(row, measured=_beside(beside)))
    else:
        text = _table(where, [(found, "")]) + _words_about([found], others)
        write_text(text + (_measured_lines(beside) if beside else ""), sys.stdout)
    return 0


def this_computer() -> Fitting:
    """Plans and measurements of this computer, by its own settings."""
    places = folders()
    settings, _ = Settings.open(places.settings)
    return Fitting(places, lambda: models_folder(places, settings), usual=lambda: usual_wishes(settings))


def _beside(found: Comparison | None) -> dict[str, Beside]:
    """The figures of which there are runs, by name."""
    return {
        name: Beside(_numbers(figure.predicted), _numbers(figure.measured), figure.count, _day(figure))
        for name, figure in _figures(found)
        if figure.predicted and figure.measured
    }


def _figures(found: Comparison | None) -> list[tuple[str, Figure]]:
    if found is None:
        return []
    names = ("tokens_per_s", "prompt_per_s", "load_s", "memory")
    return [(name, getattr(found, name)) for name in names]


def _day(figure: Figure) -> str:
    return amounts.day(figure.when)


def _measured_lines(found: Comparison) -> str:
    """Predicted beside measured, a line a figure."""
    titles = {"tokens_per_s": tr("Writing"), "prompt_per_s": tr("Reading"), "load_s": tr("Loading")}
    titles["memory"] = tr("Memory")
    lines = []
    for name, figure in _figures(found):
        if figure.predicted is None or figure.measured is None:
            continue
        low, high = _said(name, figure.predicted.low, bare=True), _said(name, figure.predicted.high)
        params = {"what": titles[name], "measured": _said(name, figure.measured.mid), "low": low, "high": high}
        params["day"] = _day(figure)
        runs = trn("{n} run", "{n} runs", figure.count)
        lines.append("  " + tr("{what}: {measured}, predicted {low} to {high} ({runs}, {day})", **params, runs=runs))
    return "\n".join([tr("Measured on this computer:"), *lines]) + "\n" if lines else ""


def _in_words(reason: Reason) -> str:
    """A reason for people: programs read the names of fields, people their meaning."""
    if "minutes" in reason.params:
        plain, long = (amounts.roughly(60 * int(reason.params[name])) for name in ("minutes", "thinking"))
        return tr("Try anyway: {plain} for an answer, {long} with thinking.", plain=plain, long=long)
    if fields := str(reason.params.get("fields", "")):
        known = machine.ESTIMATES
        return said(reason, fields=", ".join(tr(known[one]) if one in known else one for one in fields.split(", ")))
    return said(reason)


def _said(name: str, value: float, *, bare: bool = False) -> str:
    if name == "memory":
        return amounts.file_size(round(value))
    if bare and name != "load_s":
        return amounts.number(value, 1 if value < 20 else 0)
    return amounts.seconds(value, 1) if name == "load_s" else amounts.speed(value)


def _file(asked: str) -> tuple[Path, str | None] | None:
    """The file that is meant, and its eyes where they lie apart; a name of a known model, unless there is such a file,
    is none.
    """
    if asked == BUILTIN:
        return resource("model", "guide.gguf"), None
    if is_name(asked) and not Path(asked).is_file():
        model = meant(asked, Settings.open(folders().settings)[0])
        return Path(model.path), model.projector
    path = Path(asked)
    return (path, None) if asked.lower().endswith(".gguf") or path.is_file() else None


def described(asked: str) -> Machine:
    """The machine of a description: JSON, or a file of it."""
    text = asked.strip()
    if text.startswith("{"):
        return machine.described(text)
    try:
        return machine.described(Path(text).read_bytes())
    except (OSError, ValueError) as error:
        raise DeskError("machine.description", reason="there is no such file") from error


def verdict_row(
    found: Variant,
    where: Machine,
    others: tuple[dict[str, str], ...],
    role: str = "",
    *,
    path: str = OF_MODEL,
    eyes: str = "",
) -> Row:
    """A verdict as JSON; `path` is the model's file in the command, `eyes` that of its projector."""
    made, fast = found.plan, found.plan.speed
    return Row(
        model=found.model,
        name=found.name,
        quant=found.quant,
        repository=found.repository,
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
        command=server_command(made, where, path, eyes),
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
    """The machine in a line, and a line a verdict; whose file it is, where two of them are called alike."""
    roles = {"best": tr("best here"), "fast": tr("the fast one"), "": ""}
    alike = len({(variant.model, variant.quant) for variant, _ in found}) < len(found)
    rows = [
        (
            variant.name or variant.model,
            variant.quant,
            amounts.file_size(variant.bytes),
            tr(advice.SPEED_WORDS[variant.word]),
            tr(advice.QUALITY_WORDS[variant.quality]),
            _pace(variant),
            roles[role],
            variant.repository if alike else "",
        )
        for variant, role in found
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(8)]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return machine_line(where) + "\n\n" + "\n".join(lines) + "\n"


def machine_line(where: Machine) -> str:
    """The computer in a line."""
    size = amounts.file_size if where.described else amounts.memory  # descriptions count by 10⁹
    parts = [trn("{n} core", "{n} cores", where.cores), tr("{size} of memory", size=size(where.memory))]
    parts += [f"{gpu.name} {size(gpu.memory)}" for gpu in where.gpus]
    return " · ".join(parts)


def _pace(variant: Variant) -> str:
    found = variant.plan.speed
    if found is None:
        return ""
    digits = 0 if found.tokens_per_s.mid >= 10 else 1
    low, high = (amounts.number(value, digits) for value in (found.tokens_per_s.low, found.tokens_per_s.high))
    if low == high:
        return amounts.speed(found.tokens_per_s.low)
    return tr("{low} to {high} tokens/s", low=low, high=high)


def _words_about(found: list[Variant], others: tuple[dict[str, str], ...]) -> str:
    """Why the first verdict is what it is, where its bytes go, and what to take instead."""
    if not found:
        return tr("No file of it is known, so nothing can be said.") + "\n"
    first, lines = found[0], [""]
    lines += [_in_words(reason) for reason in first.reasons]
    names = {"memory": tr("Memory"), "disk": tr("SSD")}
    for holding in first.plan.holdings:
        lines.append(f"  {names.get(holding.device, holding.name)}: {amounts.file_size(holding.total)}")
    if speed := first.plan.speed:
        plain, long = (amounts.roughly(time.mid) for time in (speed.answer_s, speed.thinking_answer_s))
        lines.append(tr("A typical answer: {plain}, with thinking {long}.", plain=plain, long=long))
    for other in others:
        choice = f"{other['name']} {other['quant']} ({tr(other['speed'])}, {tr(other['quality'])})"
        fast = other["role"] == "fast"
        lines.append(tr("Faster here: {choice}", choice=choice) if fast else tr("Best here: {choice}", choice=choice))
    return "\n".join(lines) + "\n"
