"""Which words of a sentence stay in one line: numbers, their sum and its unit; a day, its month and year."""

from __future__ import annotations

import re
from typing import Final

_SPACE: Final = "\N{NO-BREAK SPACE}"
_SUM: Final = re.compile(r"(?<=\d) \+ (?=\d)")
_UNIT: Final = re.compile(r"(?<=\d) (?=(?:[kKMGT]i?B|B|ms|s|min|h|%)(?!\w))")
_DAY: Final = re.compile(r"\b(\d{1,2}) ([^\W\d]{3,}) (\d{4})\b")


def unbroken(text: str) -> str:
    """The same with spaces at which no line ends; each stays one character."""
    kept = _SUM.sub(f"{_SPACE}+{_SPACE}", _UNIT.sub(_SPACE, text))
    return _DAY.sub(rf"\1{_SPACE}\2{_SPACE}\3", kept)
