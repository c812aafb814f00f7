"""Numbers in what people wrote freely: “64K native, 128K with YaRN”, “119B total (6.5B active)”, “8GB VRAM (Q4)”.

The words are always kept beside the numbers: they say what a number alone does not.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

_STEPS: Final = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12, "ki": 2**10, "mi": 2**20, "gi": 2**30}
"""What a letter behind a number multiplies by. A bare K is a thousand, as the catalogue's own prose uses it; only
“Ki” says 1,024.
"""
_NAMES: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_NUMBER: Final = re.compile(
    r"(?<![\w.,])(?<![a-zA-Z]{2}-)(\d{1,3}(?:[,\u00a0\u202f ]\d{3})+(?![\d.])|\d{1,15}(?:\.\d{1,6})?)"
    r"(?:[\s-]?(ki|mi|gi|k|m|b|t|thousand|million|billion|trillion)(?:b|tok)?(?![\w])|(?![\w]))",
    re.IGNORECASE,
)
_MOST_NUMBERS: Final = 12
_FEWEST: Final = 10**6
"""Parameters: what is less counts something else, experts for example."""
_MOST_WORDS: Final = 2000
_VRAM: Final = re.compile(
    r"(\d{1,5}(?:\.\d{1,2})?)\s*(?:[-\u2013]\s*\d{1,5}\s*)?(gb|gib|mb|mib)\s*\+?\s*(?:of\s+)?(?:gpu\s+)?(?:v-?ram|gpu\s+memory|video\s+memory)",
    re.IGNORECASE,
)
_VRAM_FIRST: Final = re.compile(
    r"(?:v-?ram|gpu\s+memory|video\s+memory)[\s:=(]*(?:of\s+|at\s+least\s+|min\.?\s+|minimum\s+|≥\s*|>=\s*|~\s*)*"
    r"(\d{1,5}(?:\.\d{1,2})?)\s*(gb|gib|mb|mib)",
    re.IGNORECASE,
)
_COUNTED: Final = re.compile(r"\b\d+\s*[x×]\s*$", re.IGNORECASE)
_ACTIVE: Final = re.compile(r"\bactive|\bactivated|\bper token", re.IGNORECASE)
_CLAUSE: Final = re.compile(r"[(),;/|]|\bwith\b|\band\b|\bof which\b", re.IGNORECASE)


class Amount(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Free words, and the numbers in them in their order; none where the words hold none."""

    words: str
    numbers: tuple[int, ...] = ()

    @property
    def largest(self) -> int | None:
        """The largest of the numbers."""
        return max(self.numbers, default=None)


class Parameters(Amount, frozen=True, array_like=True, gc=False):
    """How large a model is: all its parameters, and those that one token uses where the words say so."""

    total: int | None = None
    active: int | None = None


def amount(words: str) -> Amount:
    """The numbers in a text. Takes at most 12 of them, from its first 2,000 characters."""
    return Amount(words, tuple(value for value, _, _ in _found(words))[:_MOST_NUMBERS])


def parameters(words: str) -> Parameters:
    """Total and active parameters: the number whose clause speaks of *active* is that, the largest other the total."""
    found = _found(words)[:_MOST_NUMBERS]
    active = next((value for value, begin, end in found if _ACTIVE.search(_clause(words, begin, end))), None)
    others = [value for value, _, _ in found if value != active and value >= _FEWEST]
    total = max(others, default=None)
    if total is not None and active is not None and active > total:
        active = None
    return Parameters(words, tuple(value for value, _, _ in found), total, active)


def video_memory(words: str) -> float | None:
    """The GB of video memory that a text about hardware claims; the least where it gives several.

    None where it names none, and where it counts several cards: those are another claim.
    """
    words = words[:_MOST_WORDS]
    sizes = []
    for pattern in (_VRAM, _VRAM_FIRST):
        for match in pattern.finditer(words):
            if _COUNTED.search(words[max(0, match.start() - 12) : match.start(1)]):
                continue
            sizes.append(float(match[1]) / (1000 if match[2].lower().startswith("m") else 1))
    return min((size for size in sizes if size > 0), default=None)


def _found(words: str) -> list[tuple[int, int, int]]:
    found = []
    for match in _NUMBER.finditer(words[:_MOST_WORDS]):
        digits = re.sub(r"[,\u00a0\u202f ]", "", match[1])
        unit = (match[2] or "").lower()
        factor = _STEPS.get(unit) or _NAMES[unit]
        found.append((round(float(digits) * factor), match.start(), match.end()))
    return found


def _clause(words: str, begin: int, end: int) -> str:
    """The part of a text around a number, up to the next bracket, comma or joining word on both sides."""
    left = max((m.end() for m in _CLAUSE.finditer(words[:begin])), default=0)
    right = _CLAUSE.search(words, end)
    return words[left : right.start() if right else len(words)]
