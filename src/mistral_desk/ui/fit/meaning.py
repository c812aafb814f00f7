"""What the words of a verdict mean, in one plain sentence each: for tool tips, screen readers and a fold of words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core.words import mark, tr
from mistral_desk.fit.advice import READS
from mistral_desk.fit.plan import held_by_reading
from mistral_desk.ui.fit import verdict

if TYPE_CHECKING:
    from mistral_desk.catalog.facts import Quality
    from mistral_desk.fit.advice import Variant
    from mistral_desk.fit.plan import SpeedWord
    from mistral_desk.ui.fit.verdict import Place

QUESTION: Final = mark("What does this mean?")
GLOSSARY: Final = (
    (
        mark("GPU memory (VRAM)"),
        mark("The graphics card's own memory: much faster than the computer's, so what lies there is computed first."),
    ),
    (
        mark("Experts"),
        mark(
            "The parts that some large models are made of: each word uses only a few of them, so the model is quicker "
            "than its size, but all of them have to be within reach."
        ),
    ),
    (
        mark("Tokens per second"),
        mark(
            "How fast it writes: a token is a short word or a piece of a longer one, and people read 5 to 8 a second."
        ),
    ),
    (
        mark("Context"),
        mark("How much of a conversation it has before it at once, counted in tokens."),
    ),
    (
        mark("Q4_K_M, UD-Q4_K_XL, …"),
        mark("How the file writes the model's numbers; the figure says with about how many bits each."),
    ),
)
"""A word, and its sentence."""
PLACES: Final[dict[Place, str]] = {
    "best": mark("Of its files this one is the best choice for this computer."),
    "closest": mark("None of its files runs well enough here for a chat; this one comes closest to it."),
    "smaller": mark("A smaller file: it needs less room and is usually faster, but less exact."),
    "better": mark("A larger file, nearer to the original; here it is slower, or does not fit."),
    "other": "",
}
SPEEDS: Final[dict[SpeedWord, str]] = {
    "fast": mark("A typical answer is there within 20 seconds: it writes faster than people read."),
    "comfortable": mark("A typical answer is there within a minute: one can read along as it writes."),
    "slow": mark("A typical answer takes between one minute and two and a half, but one can chat with it."),
    "too_slow": mark(
        "It would run, but an answer would take minutes, or parts of it would be read from the disk for every word."
    ),
    "does_not_fit": mark("This computer's memory is too small for it."),
}
QUALITIES: Final[dict[Quality, str]] = {
    "near_original": mark("Its answers hardly differ from those of the original."),
    "slightly_reduced": mark("Its numbers are written with fewer bits: its answers are a little less exact."),
    "noticeably_reduced": mark("Its numbers are written with so few bits that its answers are noticeably worse."),
    "damaged": mark("Its numbers are written with too few bits: its answers are often useless."),
}


def place(which: Place) -> str:
    """Why a row stands where it stands."""
    return tr(PLACES[which]) if PLACES[which] else ""


def speed(variant: Variant) -> str:
    """What its word for speed says, with the figures where there are some."""
    found = variant.plan.speed
    told = tr(READS if found is not None and held_by_reading(found) else SPEEDS[variant.word])
    return f"{told} {verdict.range_words(found.tokens_per_s)}." if found else told


def quality(variant: Variant) -> str:
    """What its word for quality says, and who says so."""
    return f"{tr(QUALITIES[variant.quality])} {verdict.quality_source(variant)}"
