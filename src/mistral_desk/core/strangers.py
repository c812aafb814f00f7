"""What strangers call things (models, servers, files), as it can stand in a line of ours.

A name in a file can be megabytes long, turn the line around, take its end along, look like another one letter for
letter, or cover the lines above it; none of that reaches a person.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 120
"""Letters of a model's name where nothing else bounds it; a file's name has 255 at most."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_BLANK: Final = dict.fromkeys((0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0, 0x1D159), " ")
"""Letters and signs that are empty: fillers of Hangul, Braille without a dot, a note without a head."""
_NOTHING: Final = re.compile("[\u034f\u17b4\u17b5\u180b-\u180d\u180f\ufe00-\ufe0d\U00016fe4\U000e0100-\U000e01ef]")
"""Marks that show nothing, or which form of a letter is meant (Unicode's Default_Ignorable_Code_Point)."""
_SHAPES: Final = "\ufe0e\ufe0f"
"""Say whether the sign before them is a drawing."""
_JOINER: Final = "\u200d"
_KEYS: Final = frozenset("0123456789#*")
_KEY: Final = "\u20e3"
_DRAWN: Final = 0x2190
"""Where signs begin of which there are drawings, but for a few."""
_MARKS: Final = frozenset({"Mn", "Me"})
_MOST_MARKS: Final = 5
"""Over and under one letter: more than any script writes would cover the lines around it."""


def plain(text: str, longest: int) -> str:
    """A name on one line: without control, direction, half, empty and unseen characters and without piles of marks, and
    cut where it is too long. What joins emoji stays.
    """
    if len(text) <= longest and text.isascii() and text.isprintable():  # as most of them are
        return " ".join(text.split())
    spaced = " ".join(_NOTHING.sub("", text[: 4 * longest].translate(_BLANK)).split())
    kept: list[str] = []
    marks = 0
    for at, letter in enumerate(spaced):
        kind, before = unicodedata.category(letter), kept[-1] if kept else " "
        marks = marks + 1 if kind in _MARKS else 0
        if letter in _SHAPES:
            seen = _drawn(before) or (before in _KEYS and spaced[at + 1 : at + 2] == _KEY)
        elif letter == _JOINER:
            seen = (before in _SHAPES or _drawn(before)) and _drawn(spaced[at + 1 : at + 2])
        elif kind in _MARKS:
            seen = before != " " and marks <= _MOST_MARKS
        else:
            seen = kind not in _UNSEEN
        if seen:
            kept.append(letter)
    return " ".join("".join(kept).split())[:longest].strip(f" {_JOINER}")


def shortened(name: str, longest: int, behind: int) -> str:
    """A name of `longest` letters at most, of which `behind` stand after what is left out: both ends tell versions
    apart.
    """
    return name if len(name) <= longest else f"{name[: longest - behind - 1]}…{name[-behind:]}"


def title(text: str) -> str:
    """What a model is called, by its file or its server: `plain`, and `shortened` to `LONGEST`."""
    return shortened(plain(text, 4 * LONGEST), LONGEST, LONGEST // 3)


def _drawn(letter: str) -> bool:
    """Whether there may be a drawing of it, as emoji are."""
    kind = unicodedata.category(letter) if letter else ""
    return kind == "So" or (kind in {"Sk", "Sm"} and ord(letter) >= _DRAWN)
