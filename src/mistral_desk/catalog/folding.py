"""Texts without case and diacritics, and where in a text a word was found.

Folding may change a text's length (“ß” is “ss”), so places are counted back to the letters that a person sees.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mistral_desk.catalog.record import Record

_SHOWN: Final = 600
"""Letters of a field that a list can show: further marks would not be seen."""
_MOST_MARKS: Final = 4
"""Of a word in a field: a single letter is everywhere, and marking it all says nothing."""


class Mark(msgspec.Struct, frozen=True, gc=False):
    """Where a word was found: a record's field, and begin and end in its text (of a list, in its element `number`)."""

    field: str
    number: int
    begin: int
    end: int


def fold(text: str) -> str:
    """A text without case and diacritics."""
    if text.isascii():
        return text.lower()
    parted = unicodedata.normalize("NFKD", text.casefold())
    return parted if parted.isascii() else "".join(c for c in parted if not unicodedata.combining(c)).casefold()


folded: Final = lru_cache(4096)(fold)
"""For names that come again and again."""


def marks(record: Record, words: tuple[str, ...]) -> Iterator[Mark]:
    """Where folded words stand in what a list shows of a record: at most four of a word in a field."""
    fields = [("title", 0, record.title), ("provider", 0, record.provider or "")]
    fields += [("description", 0, record.description or "")]
    fields += [("tags", number, tag) for number, tag in enumerate(record.tags)]
    fields += [("best_for", number, text) for number, text in enumerate(record.best_for)]
    for name, number, whole in fields:
        text = whole[:_SHOWN]
        plain = folded(text)
        present = [word for word in words if word in plain]
        if not present:
            continue
        places: Sequence[int] = range(len(text))
        if not text.isascii():  # folding may have made letters of marks, and two letters of one
            plain, places = _placed(text)
        for word in present:
            at, left = plain.find(word), _MOST_MARKS
            while at >= 0 and left:
                yield Mark(name, number, places[at], places[at + len(word) - 1] + 1)
                at, left = plain.find(word, at + len(word)), left - 1


def _placed(text: str) -> tuple[str, list[int]]:
    """A folded text, and for each of its letters where it stands in the text."""
    letters, places = [], []
    for number, character in enumerate(text):
        for letter in fold(character):
            letters.append(letter)
            places.append(number)
    return "".join(letters), places
