"""A conversation's title from its first message: one short line that never cuts a character in two."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final

from mistral_desk.core import strangers
from mistral_desk.core.words import mark, tr

if TYPE_CHECKING:
    from collections.abc import Iterator

UNTITLED: Final = mark("A chat without a title")
LIMIT: Final = 60
"""Code points in a title at most, the ellipsis included."""
ELLIPSIS: Final = "…"
_JOINER: Final = "\u200d"
# Characters that turn the direction of everything after them: a title stands in a list beside others.
_DIRECTION: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def called(title: str) -> str:
    """What a stored conversation with this title is called wherever it is named."""
    return title or tr(UNTITLED)


def title_from(text: str, limit: int = LIMIT) -> str:
    """The first line that says something, in at most `limit` code points, cut after a word where there is one.

    Empty if no line has a visible character.
    """
    for line in text[:20_000].splitlines():
        plain = " ".join("".join(_visible(line)).split())
        if strangers.plain(plain[:limit], limit):  # a line that nobody could see would be no line in a list
            return _cut(plain, limit)
    return ""


def clusters(text: str) -> Iterator[str]:
    """The text in pieces that a person sees as one character.

    Follows the main rules of Unicode's UAX #29 (marks, joiners, emoji modifiers, flags, Hangul), which the
    standard library does not have; where it is unsure it keeps characters together.
    """
    start = 0
    flags = 0
    for index in range(1, len(text)):
        before, here = text[index - 1], text[index]
        flags = flags + 1 if _is_flag(before) else 0
        if _joins(before, here, flags):
            continue
        yield text[start:index]
        start = index
    if text:
        yield text[start:]


def _cut(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    kept: list[str] = []
    room = limit - len(ELLIPSIS)
    for cluster in clusters(text[: 4 * limit]):
        if len(cluster) > room:
            break
        kept.append(cluster)
        room -= len(cluster)
    short = "".join(kept)
    if not text[len(short) :].startswith(" "):
        word_end = short.rfind(" ")
        # A last word that fills most of the title (or a script without spaces) is cut inside.
        if word_end >= limit // 2:
            short = short[:word_end]
    return short.rstrip(" ,;:-–—(") + ELLIPSIS


def _visible(line: str) -> Iterator[str]:
    for character in line:
        category = unicodedata.category(character)
        if category == "Cc":
            yield " "
        elif category != "Cs" and character not in _DIRECTION:
            yield character


def _joins(before: str, here: str, flags: int) -> bool:
    if _JOINER in {before, here}:
        return True
    if unicodedata.category(here) in {"Mn", "Me", "Mc"}:
        return True
    if 0x1F3FB <= ord(here) <= 0x1F3FF or 0xE0020 <= ord(here) <= 0xE007F:
        return True  # skin tones and the tags of regional flags
    if _is_flag(here):
        return flags % 2 == 1  # flags are pairs of letters
    return _is_jamo(here) and (_is_jamo(before) or 0xAC00 <= ord(before) <= 0xD7A3)


def _is_flag(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF


def _is_jamo(character: str) -> bool:
    return 0x1100 <= ord(character) <= 0x11FF
