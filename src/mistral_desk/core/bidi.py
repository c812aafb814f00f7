"""Names and paths inside sentences of the other direction: kept together, and no sentence turned around by them.

The marks are those of the Unicode Bidirectional Algorithm (UAX #9, 2.4 explicit directional isolates). A text's own
direction is that of its first letter outside of isolates (rules P2 and P3), so a name in marks never decides it.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePath
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

LEFT_TO_RIGHT_ISOLATE: Final = "\u2066"
FIRST_STRONG_ISOLATE: Final = "\u2068"
POP_DIRECTIONAL_ISOLATE: Final = "\u2069"
RIGHT_TO_LEFT_MARK: Final = "\u200f"
_PLACE: Final = re.compile(r"\{[^{}]*\}")
_RIGHT_TO_LEFT: Final = re.compile(
    r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
"""The blocks that Unicode keeps for letters from right to left (UAX #44, Bidi_Class defaults)."""


def direction(text: str) -> Literal["left", "right", ""]:
    """Where the first letter (or mark) of a sentence that has a direction runs; `{places}` and isolates have none."""
    depth = 0
    for character in _PLACE.sub("", text):
        kind = unicodedata.bidirectional(character)
        if kind in ("LRI", "RLI", "FSI"):
            depth += 1
        elif kind == "PDI":
            depth = max(0, depth - 1)
        elif depth == 0 and kind in ("R", "AL"):
            return "right"
        elif depth == 0 and kind == "L":
            return "left"
    return ""


def runs_right_to_left(text: str) -> bool:
    """Whether the text runs from right to left."""
    return direction(text) == "right"


def placed(text: str, values: Mapping[str, object], *, mirrored: bool) -> tuple[str, dict[str, object]]:
    """A sentence and what is filled into it, with the marks that both need; `mirrored` is the language's direction.

    A sentence from right to left keeps all values apart; one from left to right only those with letters that would
    turn it. One without letters of its own (`{name}: {size}`) runs as the language does.
    """
    values = {name: str(value) if isinstance(value, PurePath) else value for name, value in values.items()}
    own = direction(text)
    if own == "right":
        return text, {name: isolated(value) for name, value in values.items()}
    if not own and mirrored and any(isinstance(value, str) and direction(value) for value in values.values()):
        return RIGHT_TO_LEFT_MARK + text, {name: isolated(value) for name, value in values.items()}
    return text, {
        name: isolated(value) if isinstance(value, str) and _RIGHT_TO_LEFT.search(value) else value
        for name, value in values.items()
    }


def isolated(value: object) -> object:
    """A text that is put into such a sentence, with marks around it; anything else as it is.

    A number with its signs (`42 %`, `8 + 32`) runs from left to right in every language.
    """
    if isinstance(value, str) and value:
        return f"{FIRST_STRONG_ISOLATE if direction(value) else LEFT_TO_RIGHT_ISOLATE}{value}{POP_DIRECTIONAL_ISOLATE}"
    return value
