"""`mistral-desk fit`: will a model run here, where does every byte go, how fast, and what instead.

It reads headers and facts only, never weights; a described machine stands in for this one.
"""

from __future__ import annotations

import asyncio
import difflib
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.cli import fit_words
from mistral_desk.cli.here import meant
from mistral_desk.cli.output import iso_day, write_json, write_text
from mistral_desk.cli.tables import paragraphs
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders, is_file, resource
from mistral_desk.core.settings import Settings
from mistral_desk.core.words import tr
from mistral_desk.fit import advice, machine
from mistral_desk.fit.plan import OF_MODEL, Wishes, server_command
from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.inference.fitting import Fitting
from mistral_desk.inference.fitting.model_facts import Files, judged
from mistral_desk.inference.model_ids import is_name, model_title, models_folder, usual_wishes

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from mistral_desk.catalog.facts import Model
    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.runs import Comparison
    from mistral_desk.fit.speed import Range, Run

_NEAREST: Final = 5
"""Names that are told where one means nothing."""
_ALIKE: Final = 0.5
"""The share of letters in common from which two names are alike: below it anything would be offered for anything."""


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
    """Run the command. What is wrong with a name is said before anything is measured."""
    asked: str | None = arguments.model
    found_file = _file(asked) if asked is not None else None
    models = _models(asked) if asked is not None and found_file is None else ()
    wishes = Wishes(context=arguments.context)
    if arguments.machine is None:
        here = this_computer()
        asker = _Asker(asyncio.run(here.machine(again=arguments.measure)), wishes, here)
    else:
        asker = _Asker(described(arguments.machine), wishes, None)
    where, runs = asker.machine, asker.runs()
    if asked is None:
        offers = advice.ranking(where, wishes, runs)
        rows = tuple(verdict_row(offer.variant, where, (), offer.role) for offer in offers)
        if arguments.json:
            write_json(Ranking(machine.as_description(where), rows))
        else:
            write_text(_ranked(where, offers), sys.stdout)
        return 0
    if found_file is not None:
        return _one(*found_file, asker, as_json=arguments.json)
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
        write_text(_judged(where, models, found, others), sys.stdout)
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
        text = _judged(where, (), [found], others)
        write_text(text + (fit_words.measured_lines(beside) if beside else ""), sys.stdout)
    return 0


def _ranked(where: Machine, offers: Sequence[Offer]) -> str:
    """All models that can be judged, and the names of those that cannot."""
    parts = [fit_words.machine_line(where) + "\n"]
    parts.append(fit_words.verdicts([(offer.variant, offer.role) for offer in offers]))
    judged = {offer.variant.model for offer in offers}
    if left := [model.id for model in facts.models() if model.id not in judged]:
        names = ", ".join(left)
        parts.append(paragraphs(tr("Too little is known to predict anything of {names}.", names=names), None) + "\n")
    return "\n".join(part for part in parts if part)


def _judged(where: Machine, models: Sequence[Model], found: list[Variant], others: tuple[dict[str, str], ...]) -> str:
    """What was asked for on a computer: every file that can be judged, why the first is what it is, and what is known
    of models without such files.
    """
    parts = [fit_words.machine_line(where) + "\n"]
    parts.append(fit_words.verdicts([(variant, "") for variant in found]))
    parts += [fit_words.why(found[0], others, named=len(found) > 1)] if found else []
    judged = {variant.model for variant in found}
    left = fit_words.without_verdict([model for model in models if model.id not in judged])
    if not found and not left:
        left = [tr("No file of it is known, so nothing can be said.")]
    parts.append(paragraphs("\n".join(left), None) + "\n" if left else "")
    return "\n".join(part for part in parts if part)


def _models(asked: str) -> tuple[Model, ...]:
    """The known models that a name means; none where only the catalogue has it.

    Raises `fit.unknown_model`, or `fit.nothing_alike` where no name comes near.
    """
    if not _known(asked):
        if near := _nearest(asked.strip().lower()):
            raise DeskError("fit.unknown_model", name=asked[:200], known=", ".join(near))
        raise DeskError("fit.nothing_alike", name=asked[:200])
    return facts.find(asked)


def _known(asked: str) -> bool:
    """Whether a name means a model that can be downloaded, or one of the catalogue."""
    return bool(facts.find(asked)) or open_catalogue(folders().cache).get(asked.strip().lower()) is not None


def _nearest(wanted: str) -> list[str]:
    """The ids that are like a name that means nothing: those that it is a part of, then by their letters."""
    names = [model.id for model in facts.models()]
    inside = [BUILTIN] if wanted and wanted in model_title(BUILTIN).lower() else []
    inside += [name for name in names if wanted and wanted in name]
    alike = difflib.get_close_matches(wanted, names, _NEAREST, _ALIKE)
    return list(dict.fromkeys([*inside, *alike]))[:_NEAREST]


def this_computer() -> Fitting:
    """Plans and measurements of this computer, by its own settings."""
    places = folders()
    settings, _ = Settings.open(places.settings)
    return Fitting(places, lambda: models_folder(places, settings), usual=lambda: usual_wishes(settings))


def _beside(found: Comparison | None) -> dict[str, Beside]:
    """The figures of which there are runs, by name."""
    return {
        name: Beside(_numbers(figure.predicted), _numbers(figure.measured), figure.count, iso_day(figure.when))
        for name, figure in fit_words.figures(found)
        if figure.predicted and figure.measured
    }


def _file(asked: str) -> tuple[Path, str | None] | None:
    """The file that is meant, and its eyes where they lie apart; a name of a known model, unless there is such a file,
    is none. Any other name may be one of the library, which knows repositories and titles, too.

    Raises `library.several`, and `library.not_found` for a name of the library's own kind.
    """
    if asked == BUILTIN:
        return resource("model", "guide.gguf"), None
    path, of_library = Path(asked), is_name(asked)
    if is_file(path) or (asked.lower().endswith(".gguf") and not of_library):
        return path, None
    if not of_library and _known(asked):
        return None
    try:
        model = meant(asked, Settings.open(folders().settings)[0])
    except DeskError as error:
        if of_library or error.problem.id == "library.several":
            raise
        return None
    if not of_library and (model.id == BUILTIN or not is_file(model.path)):
        return None
    return Path(model.path), model.projector


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
