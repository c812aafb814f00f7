"""Where words stand in a text, whatever their case and diacritics: what is looked for, and what of a text is shown.

The one folding serves what is stored in the index, what a person types and the marks in what is shown, so that they
never disagree. Pure, and no part of it knows of the database.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from mistral_desk.catalog.folding import fold as fold_letters
from mistral_desk.chat.row_values import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST_QUERY: Final = 500
"""Letters of what a person types that are taken."""
MOST_TERMS: Final = 20
SNIPPET: Final = 160
"""Letters of a message that are shown, at most."""
BEFORE: Final = 40
"""Letters that stand before the first word that was found."""
MOST_MARKS: Final = 40
ELLIPSIS: Final = "…"
_DIRECTION: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They would turn what stands beside them around."""
_TERM: Final = re.compile(r'"([^"]*)"?|([^\s"]+)')
_BLANK: Final = re.compile(r"[^\S ]|\0")


class Shown(NamedTuple):
    """What is shown of a text, and begin and end in it of each word that was found."""

    text: str
    marks: tuple[tuple[int, int], ...]


def fold(text: str) -> str:
    """A text as it is compared: without case and diacritics, every kind of blank a space."""
    return _BLANK.sub(" ", fold_letters(text))


folded_title: Final = lru_cache(16_384)(fold)
"""Titles are looked through at each search."""


def terms_of(query: str) -> tuple[str, ...]:
    """The folded words of a query, each once; what stands in quotes is one, blanks inside included."""
    found: dict[str, None] = {}
    for quoted, word in _TERM.findall(clean(query[:LONGEST_QUERY])):
        term = fold(quoted).strip(" ") if quoted else fold(word).strip(" ")
        if term:
            found[term] = None
    return tuple(found)[:MOST_TERMS]


def shown(text: str, terms: Sequence[str]) -> Shown:
    """A line of `text` around the first of `terms`, with all of them marked; its beginning where there is none."""
    ranges = _ranges(text, terms)
    first = ranges[0][0] if ranges else 0
    begin = _word_start(text, max(0, first - BEFORE), first) if first > BEFORE else 0
    end = min(len(text), begin + SNIPPET)
    if ranges and end < ranges[0][1]:
        end = min(len(text), ranges[0][1])  # a long phrase is shown whole
    end = _letter_end(text, end)
    line, places = _one_line(text[begin:end])
    lead = ELLIPSIS if begin else ""
    marks = []
    for low, high in ranges:
        if low < end:
            at, to = places[low - begin] + len(lead), places[min(high, end) - begin] + len(lead)
            if to > at:
                marks.append((at, to))
    return Shown(lead + line + (ELLIPSIS if end < len(text) else ""), tuple(marks[:MOST_MARKS]))


def _ranges(text: str, terms: Sequence[str]) -> list[tuple[int, int]]:
    """Begin and end in `text` of every place where a term stands; in order, those that touch made one."""
    folded = fold(text)
    present = [term for term in terms if term in folded]
    if not present:
        return []
    places: Sequence[int] = range(len(text) + 1) if text.isascii() else _places(text)
    found = []
    for term in present:
        at, left = folded.find(term), MOST_MARKS
        while at >= 0 and left:
            found.append((places[at], _letter_end(text, places[at + len(term) - 1] + 1)))
            at, left = folded.find(term, at + len(term)), left - 1
    return _joined(found)


def _places(text: str) -> list[int]:
    """For each letter of the folded text where it stands in the text; one more for its end."""
    places: list[int] = []
    for number, character in enumerate(text):
        length = 1 if character < "\x80" else _length(character)
        if length == 1:
            places.append(number)
        else:
            places += [number] * length
    places.append(len(text))
    return places


@lru_cache(65_536)
def _length(character: str) -> int:
    """How many letters one becomes."""
    return len(fold_letters(character))


def _letter_end(text: str, end: int) -> int:
    """`end` moved behind the marks that belong to the letter before it."""
    while 0 < end < len(text) and not text[end].isascii() and not _length(text[end]):
        end += 1
    return end


def _joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return joined


def _word_start(text: str, low: int, high: int) -> int:
    """The first beginning of a word at or after `low`, before `high`; `low` where there is none."""
    for place in range(low, high):
        if text[place - 1].isspace() and not text[place].isspace():
            return place
    while 0 < low < high and not text[low].isascii() and not _length(text[low]):
        low += 1  # not between a letter and its mark
    return low


def _one_line(text: str) -> tuple[str, list[int]]:
    """The text with each run of blanks and control characters as one space; where each of its letters now stands."""
    letters: list[str] = []
    places = []
    for character in text:
        blank = character.isspace() or not (character.isprintable() or ord(character) > 0x9F)
        places.append(len(letters))
        if character not in _DIRECTION and not (blank and (not letters or letters[-1] == " ")):
            letters.append(" " if blank else character)
    places.append(len(letters))
    return "".join(letters), places
