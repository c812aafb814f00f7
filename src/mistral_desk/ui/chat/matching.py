"""Where words stand in a text, whatever their case and their accents, as the app's other searches take them.

No Qt here: places count Python's characters.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog.folding import fold

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST: Final = 5_000
"""Places in one text; more would not be looked at one by one."""


@dataclass(frozen=True)
class Needle:
    """What is looked for. With `case`, letters count as they are written."""

    text: str
    case: bool = False

    @cached_property
    def _folded(self) -> str:
        return fold(self.text)

    def places(self, text: str) -> list[tuple[int, int]]:
        """Begin and end of each place, from the first on, without overlap."""
        if not self.text or not text:
            return []
        if self.case:
            return _all(text, self.text)
        if text.isascii():
            return _all(text.lower(), self._folded)
        if not self._folded or self._folded not in (plain := fold(text)):
            return []
        # Where no accent stands alone each sign folds to one letter at least, so the same length means one each.
        if len(plain) == len(text) and not any(map(unicodedata.combining, text)):
            return _all(plain, self._folded)
        letters, places = _placed(text)
        return _apart((places[begin], places[end - 1] + 1) for begin, end in _all(letters, self._folded))


def _all(text: str, word: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    at = text.find(word) if word else -1
    while at >= 0 and len(found) < MOST:
        found.append((at, at + len(word)))
        at = text.find(word, at + len(word))
    return found


def _apart(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those that do not overlap the one before: one letter may be several when it is folded (ß, ﬁ)."""
    found: list[tuple[int, int]] = []
    for begin, end in places:
        if not found or begin >= found[-1][1]:
            found.append((begin, end))
    return found


def _placed(text: str) -> tuple[str, list[int]]:
    """A folded text, and for each of its letters where it stands in the text; an accent belongs to its letter."""
    letters: list[str] = []
    places: list[int] = []
    for number, character in enumerate(text):
        for letter in character.lower() if character.isascii() else fold(character):
            letters.append(letter)
            places.append(number)
    return "".join(letters), places
