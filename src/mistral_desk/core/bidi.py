"""Names and paths inside sentences that run from right to left: kept together, whatever their own direction.

The marks are those of the Unicode Bidirectional Algorithm (UAX #9, 2.4 explicit directional isolates).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

FIRST_STRONG_ISOLATE: Final = "\u2068"
POP_DIRECTIONAL_ISOLATE: Final = "\u2069"
_PLACE: Final = re.compile(r"\{[^{}]*\}")


def runs_right_to_left(text: str) -> bool:
    """Whether the first letter (or mark) of a sentence that has a direction has that one; `{places}` have none."""
    for character in _PLACE.sub("", text):
        kind = unicodedata.bidirectional(character)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


def isolated(value: object) -> object:
    """A text that is put into such a sentence, with marks around it; anything else as it is."""
    if isinstance(value, str) and value:
        return f"{FIRST_STRONG_ISOLATE}{value}{POP_DIRECTIONAL_ISOLATE}"
    return value
