"""What *Will it run here?* says, without a widget: which quantizations are shown, and the words for each.

The figures are `fit`'s; here they become sentences in the person's language.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from mistral_desk.core import amounts
from mistral_desk.core.amounts import number
from mistral_desk.core.words import beside, mark, tr
from mistral_desk.fit import saying
from mistral_desk.fit.advice import QUALITY_WORDS, SPEED_WORDS, estimated
from mistral_desk.fit.machine import ESTIMATES, GB

if TYPE_CHECKING:
    from mistral_desk.fit.advice import Offer, Reason, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.plan import SpeedWord
    from mistral_desk.fit.speed import Range

Where = Literal["gpu", "shared", "memory", "disk", "room", "missing"]
"""A part of the bar. `shared` is the memory of processor and GPU together; `room` and `missing` share out a model
that does not fit.
"""
Place = Literal["best", "closest", "smaller", "better", "other"]

PLACES: Final[dict[Place, str]] = {
    "best": mark("Best here"),
    "closest": mark("Closest"),
    "smaller": mark("Smaller"),
    "better": mark("Better"),
    "other": "",
}
WHERE: Final[dict[Where, str]] = {
    "gpu": mark("GPU"),
    "shared": mark("Shared with the GPU"),
    "memory": mark("Memory"),
    "disk": mark("SSD"),
    "room": mark("Has room"),
    "missing": mark("Missing"),
}
SIGNS: Final[dict[SpeedWord, tuple[str, str]]] = {
    "fast": ("check", "success"),
    "comfortable": ("check", "success"),
    "slow": ("info", "muted"),
    "too_slow": ("warning", "warning"),
    "does_not_fit": ("error", "danger"),
}
"""An icon and a colour for a word: neither says anything alone."""
NAMESAKE: Final = "mistral-small-4"
"""The model that the program is named for: where it does not run, a person is told why."""
_CLEARLY: Final = 0.93
"""Of the size: what is hardly smaller, or larger, is no other choice."""


@dataclass(frozen=True)
class Verdict:
    """A model on this computer: its quantizations, the best first, and what to take instead.

    `claim` is what the catalogue says that it needs, in the catalogue's words; empty where it says nothing.
    """

    variants: tuple[Variant, ...]
    machine: Machine
    alternatives: tuple[Offer, ...] = ()
    claim: str = ""


@dataclass(frozen=True)
class Part:
    """So many bytes in one place."""

    where: Where
    bytes: int


def chosen(variants: tuple[Variant, ...]) -> tuple[tuple[tuple[Place, Variant], ...], tuple[Variant, ...]]:
    """The rows that are shown (best here, or closest where none can be chatted with, smaller, better), and the rest.

    Smaller and better are the ones of most merit on either side: `variants` come with the best first.
    """
    if not variants:
        return (), ()
    best = variants[0]
    shown: list[tuple[Place, Variant]] = [("best" if best.usable else "closest", best)]
    smaller = [one for one in variants[1:] if one.sane and one.bytes < best.bytes * _CLEARLY]
    better = [one for one in variants[1:] if one.bits * _CLEARLY > best.bits and one.bytes * _CLEARLY > best.bytes]
    if smaller:
        shown.append(("smaller", smaller[0]))
    if better:
        shown.append(("better", better[0]))
    taken = {id(one) for _place, one in shown}
    return tuple(shown), tuple(one for one in variants if id(one) not in taken)


def parts(variant: Variant, machine: Machine) -> tuple[Part, ...]:
    """Where its bytes go; of what does not fit, how much would and how much is missing."""
    made = variant.plan
    if not made.fits:
        missing = min(max(made.lacking, 1), variant.bytes)
        found: tuple[Part, ...] = (Part("room", variant.bytes - missing), Part("missing", missing))
    else:
        gpus = [one for one in made.holdings if one.device.startswith("gpu")]
        shared = sum(one.total for one in gpus if machine.gpus[int(one.device[3:])].shared)
        own = made.where("gpu") - shared
        found = (
            Part("gpu", own),
            Part("shared", shared),
            Part("memory", made.where("memory")),
            Part("disk", made.where("disk")),
        )
    return tuple(part for part in found if part.bytes > 0)


def part_words(part: Part) -> str:
    """*GPU 6.1 GB*."""
    return tr("{place} {size}", place=tr(WHERE[part.where]), size=amounts.file_size(part.bytes))


def speed_word(variant: Variant) -> str:
    """The word for its speed."""
    return tr(SPEED_WORDS[variant.word])


def quality_word(variant: Variant) -> str:
    """The word for its quality."""
    return tr(QUALITY_WORDS[variant.quality])


def quality_source(variant: Variant) -> str:
    """Where that word comes from."""
    if variant.quality_source.startswith("rule of thumb"):
        return tr(
            "A rule of thumb by the file's {bits} bits a number and its name, {quant}: nobody has measured it.",
            bits=number(variant.bits, 1),
            quant=variant.quant or tr("unknown"),
        )
    return tr("Source: {source}", source=variant.quality_source)


def size(variant: Variant) -> str:
    """The file's size, as exactly as it is known."""
    return in_file_words("", variant.bytes, exact=variant.exact)


def file_words(variant: Variant) -> str:
    """*UD-Q4_K_XL, 74.2 GB*."""
    return in_file_words(variant.quant, variant.bytes, exact=variant.exact)


def in_file_words(quant: str, count: int, *, exact: bool) -> str:
    """The same of a file that was not judged yet; without `quant` its size alone."""
    told = amounts.file_size(count)
    told = told if exact else tr("about {size}", size=told)
    return tr("{quant}, {size}", quant=quant, size=told) if quant else told


def answer_words(variant: Variant) -> str:
    """How long a typical answer takes, with and without thinking; empty where it does not fit."""
    found = variant.plan.speed
    if found is None:
        return ""
    without, thinking = amounts.roughly(found.answer_s.mid), amounts.roughly(found.thinking_answer_s.mid)
    return tr("A typical answer takes {time}, with thinking {thinking}.", time=without, thinking=thinking)


def try_words(variant: Variant) -> str:
    """What trying it anyway costs."""
    found = variant.plan.speed
    if found is None:
        return ""
    return tr("Try anyway: {time} for an answer", time=amounts.roughly(found.answer_s.mid))


def rate(value: float) -> str:
    """Tokens a second with the digits that mean something."""
    return number(value, 0 if value >= 20 else 1 if value >= 1 else 2)


def range_words(values: Range) -> str:
    """*6.8 to 17.8 tokens/s, most likely 12.3*."""
    return tr(
        "{low} to {high} tokens/s, most likely {middle}",
        low=rate(values.low),
        high=rate(values.high),
        middle=rate(values.mid),
    )


def why(variant: Variant) -> tuple[str, ...]:
    """The reasons that are sentences of their own: times, roughness and estimates are told elsewhere."""
    told = []
    for reason in variant.reasons:
        if {"minutes", "fields"} & set(reason.params):
            continue
        if not reason.params and variant.shape.rough and "header" in reason.text:
            continue
        told.append(reason_words(reason))
    return tuple(told)


def reason_words(reason: Reason) -> str:
    """A reason in the person's language."""
    return saying.said(reason)


def more_words(variant: Variant) -> str:
    """Why a bar is longer than the file; empty where it hardly is."""
    more = sum(one.total for one in variant.plan.holdings) - variant.bytes
    if not variant.plan.fits or more < variant.bytes / 20:
        return ""
    return tr(
        "Besides the file's {size}, {more} are needed for the conversation, for computing and for pictures.",
        size=amounts.file_size(variant.bytes),
        more=amounts.file_size(more),
    )


def rough_words(variant: Variant) -> str:
    """Why the figures are an estimate; empty where they are not."""
    if variant.shape.rough:
        return tr("An estimate: from the file's size and the model's published dimensions; its header tells more.")
    return ""


def estimated_words(machine: Machine, variant: Variant | None = None) -> str:
    """What of this computer was neither stated nor measured, or what of it a verdict rests on; empty when nothing."""
    every = [*machine.estimated, *(field for gpu in machine.gpus for field in gpu.estimated)]
    named = every if variant is None else estimated(variant.plan, machine)
    fields = dict.fromkeys(one.rpartition(" ")[2] for one in named)  # without the name of a GPU
    if not fields:
        return ""
    return tr(
        "Not measured on this computer, so estimated: {what}.",
        what=", ".join(tr(ESTIMATES[one]) if one in ESTIMATES else one for one in fields),
    )


def memory_words(count: int, machine: Machine) -> str:
    """Memory as it is sold and as a reason says it, *32 GB*: by 2³⁰ bytes; descriptions of computers count by 10⁹."""
    value = count / (GB if machine.described else amounts.GIB)
    return tr("{number} GB", number=number(round(value)) if value >= 1 else number(value, 1))


def computer_words(machine: Machine) -> str:
    """This computer in one line."""
    memory = memory_words(machine.memory, machine)
    lent = sum(gpu.memory for gpu in machine.gpus if gpu.remote)
    if lent:
        alone = msgspec.structs.replace(machine, gpus=tuple(gpu for gpu in machine.gpus if not gpu.remote))
        size = memory_words(lent, machine)
        return tr("{computer}. Other computers lend {memory}", computer=computer_words(alone), memory=size)
    own = [gpu for gpu in machine.gpus if not gpu.shared]
    if own:
        names = " + ".join(
            tr("{name} with {memory}", name=gpu.name, memory=memory_words(gpu.memory, machine)) for gpu in own
        )
        return tr("This computer: {gpu}, and {memory} of memory", gpu=names, memory=memory)
    if machine.gpus:
        return tr("This computer: {memory} of memory, shared with the GPU", memory=memory)
    return tr("This computer: {memory} of memory, no GPU that helps", memory=memory)


def claim_title(verdict: Verdict) -> str:
    """The catalogue's claim beside the file; empty without a claim."""
    if not verdict.claim or not verdict.variants:
        return ""
    return tr("The catalog says “{claim}”; the file is {size}.", claim=verdict.claim, size=size(verdict.variants[0]))


def claim_text(verdict: Verdict) -> str:
    """How both can be true, or why it is not enough."""
    if not verdict.variants:
        return ""
    best = verdict.variants[0]
    reach = [reason_words(one) for one in best.reasons if "has" in one.params]
    if reach:
        return reach[0]
    if not verdict.claim:
        return ""
    made = best.plan
    waiting = sum(one.bytes.get("routed", 0) for one in made.holdings if one.device == "memory")
    if made.layout is not None and made.layout.splits_experts:
        return tr(
            "Both can be true: the GPU holds the {gpu} that every word needs, and {memory} of experts wait in memory, "
            "of which a word reads a small part.",
            gpu=amounts.file_size(made.where("gpu")),
            memory=amounts.file_size(waiting),
        )
    if made.fits:
        return tr("All of it has to be within reach, and on this computer it is.")
    return tr("Every word reads all of it, so all of it has to be within reach.")


def joined(*sentences: str) -> str:
    """Facts in one line, those that there are."""
    return beside(*sentences)


def role_words(role: str) -> str:
    """What a model of the ranking is here; empty for the rest."""
    return {"best": tr("Best on this computer"), "fast": tr("The fast one")}.get(role, "")


def alternative_words(offer: Offer) -> str:
    """*Gemma 4 26B-A4B: Fast*."""
    return tr("{name}: {word}", name=offer.variant.name, word=speed_word(offer.variant))


def said(verdict: Verdict) -> tuple[str, ...]:
    """All that a verdict says in words: one that says the same need not be shown anew."""
    return (
        computer_words(verdict.machine),
        estimated_words(verdict.machine),
        claim_title(verdict),
        claim_text(verdict),
        *(alternative_words(one) for one in verdict.alternatives),
        *(f"{file_words(one)}. {spoken(one, verdict.machine)}. {why(one)}" for one in verdict.variants),
    )


def spoken(variant: Variant, machine: Machine) -> str:
    """A row as a screen reader says it."""
    where = ", ".join(part_words(part) for part in parts(variant, machine))
    said = (speed_word(variant), quality_word(variant), answer_words(variant), where)
    return ". ".join(one.rstrip(".") for one in said if one)
