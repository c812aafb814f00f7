"""Every setting that a chat can have of its own: its words, its numbers, and what holds where nothing is said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mistral_desk.chat.presets import SAMPLING
from mistral_desk.core import amounts
from mistral_desk.core.sampling_bounds import BOUNDS, LONGEST, LONGEST_THOUGHT_S
from mistral_desk.core.words import mark, tr, trn

if TYPE_CHECKING:
    from mistral_desk.inference.protocol import ModelInfo

SYSTEM_LABEL: Final = mark("System prompt")
SYSTEM_HELP: Final = mark(
    "What the model is told before the chat begins: who it is, what it is to do, how it is to write."
)
THINK_LABEL: Final = mark("Think harder")
THINK_HELP: Final = mark("Whether the switch is on when this chat is opened. You can still flip it for each message.")
THINK_CHOICES: Final = {"": mark("As in the app's settings"), "yes": mark("On"), "no": mark("Off")}
KEEP_LABEL: Final = mark("Earlier thinking")
KEEP_HELP: Final = mark("Whether the model still sees what it thought for its earlier answers.")
KEEP_CHOICES: Final = {"": mark("As the model's template does"), "yes": mark("Stays"), "no": mark("Is left out")}
KEEP_COST: Final = mark("In this chat it takes {tokens} now.")
KEEP_NEVER: Final = mark("This model's template always leaves it out, so there is nothing to choose.")
KEEP_READ: Final = mark("Leaving it out means that each answer is read once more with the next message.")
FULL_LABEL: Final = mark("When the context is full")
FULL_HELP: Final = mark("What happens when the chat is longer than what the model sees at once. The chat keeps it all.")
FULL_CHOICES: Final = {
    "ask": mark("Ask me"),
    "stop": mark("Stop and say so"),
    "drop": mark("Drop the oldest messages"),
    "summarise": mark("Sum up the oldest messages"),
}


@dataclass(frozen=True)
class Number:
    """A setting that is a number. `usual` is where a step begins while the model's own is not known."""

    field: str
    label: str
    help: str
    low: float
    high: float
    step: float
    decimals: int
    usual: float


NUMBERS: Final = (
    Number(
        "temperature",
        mark("Temperature"),
        mark("How daring the choice of words is. 0 always takes the likeliest one; above 1 it becomes erratic."),
        *BOUNDS["temperature"],
        0.05,
        2,
        0.7,
    ),
    Number(
        "top_k",
        mark("Top-k"),
        mark("Only so many of the likeliest words are considered. 0 considers all of them, and is slower."),
        *BOUNDS["top_k"],
        1,
        0,
        40,
    ),
    Number(
        "top_p",
        mark("Top-p"),
        mark("Only the likeliest words that make up this share of all chances are considered. 1 considers all."),
        *BOUNDS["top_p"],
        0.05,
        2,
        0.95,
    ),
    Number(
        "min_p",
        mark("Min-p"),
        mark("Words with less than this share of the likeliest one's chance are left out. 0 leaves out none."),
        *BOUNDS["min_p"],
        0.01,
        2,
        0.05,
    ),
    Number(
        "repeat_penalty",
        mark("Repetition"),
        mark("Above 1, words that were just used become less likely; too much makes the text odd. 1 is off."),
        *BOUNDS["repeat_penalty"],
        0.05,
        2,
        1.0,
    ),
    Number(
        "seed",
        mark("Seed"),
        mark("The same number gives the same answer to the same chat. Without one, each answer is drawn anew."),
        *BOUNDS["seed"],
        1,
        0,
        1,
    ),
    Number(
        "longest",
        mark("Longest answer"),
        mark("In tokens, each of them a word or a piece of one. The answer is cut there and can be continued."),
        1,
        LONGEST,
        64,
        0,
        1024,
    ),
)
THOUGHTS: Final = (
    Number(
        "think_seconds",
        mark("Longest thought, in seconds"),
        mark(
            "When they are over, the model ends its sentence and answers with what it has thought so far. A shorter "
            "thought is quicker, and more often wrong on hard questions. 0 means no limit."
        ),
        0,
        LONGEST_THOUGHT_S,
        5,
        0,
        60,
    ),
    Number(
        "think_tokens",
        mark("Longest thought, in tokens"),
        mark(
            "As above, but the same on a slow and on a fast computer. Where both are set, what is used up first "
            "counts. 0 means no limit."
        ),
        0,
        LONGEST,
        64,
        0,
        1024,
    ),
)
"""How long a thought may be."""
LABELS: Final = {
    "system": SYSTEM_LABEL,
    "think": THINK_LABEL,
    "keep_thinking": KEEP_LABEL,
    "when_full": FULL_LABEL,
    **{one.field: one.label for one in (*NUMBERS, *THOUGHTS)},
}


def tokens(count: int) -> str:
    """A number of tokens."""
    return trn("{n} token", "{n} tokens", count)


def own_number(field: Number, info: ModelInfo | None, *, thinks: bool) -> float | None:
    """What the model itself would do; None where that is not known, or is no number."""
    if info is None or field.field not in SAMPLING or field.field == "seed":
        return None
    held = info.thinking_sampling if thinks and info.thinking_sampling is not None else info.sampling
    value = getattr(held, field.field)
    return None if value is None else float(value)


def shown(field: Number, value: float) -> str:
    """A number as a person reads it, without noughts behind the point that say nothing."""
    digits = next((one for one in range(field.decimals) if round(value, one) == round(value, field.decimals)), None)
    return amounts.number(value, field.decimals if digits is None else digits)


def own_words(field: Number, info: ModelInfo | None) -> tuple[str, str]:
    """What stands in the field while nothing is said, and the sentence that explains it."""
    if field.field == "seed":
        return tr("Drawn anew"), ""
    if field.field == "longest":
        return tr("No limit"), ""
    if field in THOUGHTS:
        return tr("As in the app's settings"), ""
    calm, thinking = (own_number(field, info, thinks=thinks) for thinks in (False, True))
    if calm is None or thinking is None:
        return tr("The model's own"), tr("The model's own number is known once the model is loaded.")
    if calm == thinking:
        return shown(field, calm), tr("The model's own: {number}.", number=shown(field, calm))
    return tr("The model's own"), tr(
        "The model's own: {number}, and {thinking} while it thinks harder.",
        number=shown(field, calm),
        thinking=shown(field, thinking),
    )


def listed(fields: tuple[str, ...]) -> str:
    """The labels of some fields, for a sentence."""
    return ", ".join(tr(LABELS[field]) for field in fields)
