"""What `fit` says in words: the computer, a table of verdicts, why, what else to take, and what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.cli.tables import paragraphs, table
from mistral_desk.core import amounts
from mistral_desk.core.words import tr, trn
from mistral_desk.fit import advice
from mistral_desk.fit import machine as machines
from mistral_desk.fit.saying import said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.facts import Model
    from mistral_desk.fit.advice import Reason, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.runs import Comparison, Figure

_BILLION: Final = 10**9


def machine_line(where: Machine) -> str:
    """The computer in a line."""
    size = amounts.file_size if where.described else amounts.memory  # descriptions count by 10⁹
    parts = [trn("{n} core", "{n} cores", where.cores), tr("{size} of memory", size=size(where.memory))]
    parts += [f"{gpu.name} {size(gpu.memory)}" for gpu in where.gpus]
    return paragraphs(" · ".join(parts), None)


def verdicts(found: Sequence[tuple[Variant, str]]) -> str:
    """A line a verdict, with its role, below headings; the id where there are several models, and whose file it is
    where two of them are called alike.
    """
    roles = {"best": tr("best here"), "fast": tr("the fast one"), "": ""}
    several = len({variant.model for variant, _ in found}) > 1
    alike = len({(variant.model, variant.quant) for variant, _ in found}) < len(found)
    head = (
        *(tr("Model"), tr("File"), tr("Size"), tr("Speed"), tr("Quality"), tr("Writing"), tr("Answer")),
        *(tr("Id"), tr("Repository"), ""),
    )
    rows = [
        (
            variant.name or variant.model,
            variant.quant,
            amounts.file_size(variant.bytes),
            tr(advice.SPEED_WORDS[variant.word]),
            tr(advice.QUALITY_WORDS[variant.quality]),
            _pace(variant),
            amounts.roughly(variant.wait) if variant.plan.speed else "",
            variant.model if several else "",
            variant.repository if alike else "",
            roles[role],
        )
        for variant, role in found
    ]
    return table(head, rows)


def why(first: Variant, others: Sequence[dict[str, str]], *, named: bool) -> str:
    """Why a verdict is what it is, where its bytes go, and what to take instead; `named` says first which it is."""
    lines = [f"{first.name} {first.quant}:"] if named else []
    lines += [_in_words(reason) for reason in first.reasons]
    names = {"memory": tr("Memory"), "disk": tr("SSD")}
    places = [(names.get(one.device, one.name), one.total) for one in first.plan.holdings]
    lines += ["  " + tr("{name}: {value}", name=place, value=amounts.file_size(size)) for place, size in places]
    if speed := first.plan.speed:
        plain, long = (amounts.roughly(time.mid) for time in (speed.answer_s, speed.thinking_answer_s))
        lines.append(tr("A typical answer: {plain}, with thinking {long}.", plain=plain, long=long))
    for other in others:
        choice = f"{other['name']} {other['quant']} ({tr(other['speed'])}, {tr(other['quality'])})"
        fast = other["role"] == "fast"
        lines.append(tr("Faster here: {choice}", choice=choice) if fast else tr("Best here: {choice}", choice=choice))
    return paragraphs("\n".join(lines), None) + "\n"


def without_verdict(models: Sequence[Model]) -> list[str]:
    """Models that nothing can be predicted of: what is known of them, and what is not; a line each, or a few."""
    lines: list[str] = []
    for model in models:
        lines.append(" · ".join((f"{model.name} ({model.id})", *_known(model))))
        files = [
            f"{one.name} {amounts.file_size(one.bytes)}"
            for place in model.repositories
            for one in place.quantizations
            if one.bytes
        ]
        where = ", ".join(place.repository for place in model.repositories)
        if files:
            lines.append("  " + tr("Known files: {files} ({repository})", files=", ".join(files), repository=where))
            lines.append("  " + tr("How many parameters it has is not known, so nothing can be predicted."))
        else:
            lines.append("  " + tr("No file of it is known, so nothing can be said."))
            if where:
                lines.append("  " + tr("Some may be at {repository}.", repository=where))
    return lines


def _known(model: Model) -> list[str]:
    told = []
    if model.parameters:
        told.append(tr("Parameters: {number} billion", number=_billions(model.parameters)))
    if model.active:
        told.append(tr("{number} billion of them for a word", number=_billions(model.active)))
    if model.context:
        told.append(trn("context of {n} token", "context of {n} tokens", model.context))
    return [*told, *([model.license] if model.license else [])]


def _billions(count: int) -> str:
    value = count / _BILLION
    return amounts.number(value, 0 if value >= 20 or value.is_integer() else 1)


def figures(found: Comparison | None) -> list[tuple[str, Figure]]:
    """What was measured and predicted, by name."""
    if found is None:
        return []
    names = ("tokens_per_s", "prompt_per_s", "load_s", "memory")
    return [(name, getattr(found, name)) for name in names]


def measured_lines(found: Comparison) -> str:
    """Predicted beside measured, a line a figure."""
    titles = {"tokens_per_s": tr("Writing"), "prompt_per_s": tr("Reading"), "load_s": tr("Loading")}
    titles["memory"] = tr("Memory")
    lines = []
    for name, figure in figures(found):
        if figure.predicted is None or figure.measured is None:
            continue
        low, high = _said(name, figure.predicted.low, bare=True), _said(name, figure.predicted.high)
        params = {"what": titles[name], "measured": _said(name, figure.measured.mid), "low": low, "high": high}
        params["day"] = amounts.day(figure.when)
        runs = trn("{n} run", "{n} runs", figure.count)
        lines.append("  " + tr("{what}: {measured}, predicted {low} to {high} ({runs}, {day})", **params, runs=runs))
    return paragraphs("\n".join([tr("Measured on this computer:"), *lines]), None) + "\n" if lines else ""


def _in_words(reason: Reason) -> str:
    """A reason for people: programs read the names of fields, people their meaning."""
    if "minutes" in reason.params:
        plain, long = (amounts.roughly(60 * int(reason.params[name])) for name in ("minutes", "thinking"))
        return tr("Try anyway: {plain} for an answer, {long} with thinking.", plain=plain, long=long)
    if fields := str(reason.params.get("fields", "")):
        return said(reason, fields=", ".join(dict.fromkeys(map(_field, fields.split(", ")))))
    return said(reason)


def _field(named: str) -> str:
    """A field of a description in words; before one of a GPU stands its name."""
    known = machines.ESTIMATES
    gpu, _, field = named.rpartition(" ")
    if named in known:
        return tr(known[named])
    return f"{tr(known[field])} ({gpu})" if field in known else named


def _said(name: str, value: float, *, bare: bool = False) -> str:
    if name == "memory":
        return amounts.file_size(round(value))
    if bare and name != "load_s":
        return amounts.number(value, 1 if value < 20 else 0)
    return amounts.seconds(value, 1) if name == "load_s" else amounts.speed(value)


def _pace(variant: Variant) -> str:
    found = variant.plan.speed
    if found is None:
        return ""
    digits = 0 if found.tokens_per_s.mid >= 10 else 1
    low, high = (amounts.number(value, digits) for value in (found.tokens_per_s.low, found.tokens_per_s.high))
    if low == high:
        return amounts.speed(found.tokens_per_s.low)
    return tr("{low} to {high} tokens/s", low=low, high=high)
