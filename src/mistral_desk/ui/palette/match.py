"""Which entries fit what was typed, and in which order. Pure, so that it can be tested without a window."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
_WHOLE: Final = -1
_AT_START: Final = 0
_AT_WORD: Final = 1
_INSIDE: Final = 2


def folded(text: str) -> str:
    """Without case and diacritics: *Ä* is *a*."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


def rank(text: str, typed: str) -> int | None:
    """How well a text fits: -1 is just that, 0 begins with it, 1 its words begin like that, 2 has all the words.

    None fits not.
    """
    title, wanted = folded(text), folded(typed).split()
    if not wanted:
        return _AT_START
    if not all(word in title for word in wanted):
        return None
    if title.split() == wanted:
        return _WHOLE
    if title.startswith(" ".join(wanted)):
        return _AT_START
    words = title.split()
    if all(any(word.startswith(one) for word in words) for one in wanted):
        return _AT_WORD
    return _INSIDE


def best(
    entries: Iterable[T],
    typed: str,
    title: Callable[[T], str],
    limit: int,
    behind: Callable[[T], bool] = lambda _entry: False,
) -> list[T]:
    """At most `limit` entries that fit, the best first; equal ones keep their order, those `behind` come last."""
    fitting = [(place, entry) for entry in entries if (place := rank(title(entry), typed)) is not None]
    return [entry for _, entry in sorted(fitting, key=lambda pair: (pair[0], behind(pair[1])))][:limit]
