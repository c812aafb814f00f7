"""Remembers how texts were tokenized: a long chat is asked for again and again, and only its end is new each time."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mistral_desk.inference.spans import Words

ROOM: Final = 4_000_000
"""Letters that are remembered at most; with their ids some 20 MB."""
_WORTH: Final = 24
"""Shorter texts are tokenized as fast as they are found."""


class Tokenized:
    """Ids of texts, those that were asked for last."""

    def __init__(self, words: Words, room: int = ROOM) -> None:
        self._words = words
        self._room = room
        self._held = 0
        self._known: OrderedDict[str, array[int]] = OrderedDict()

    def ids(self, text: str) -> list[int]:
        """As `Words.tokenize` without special tokens."""
        if len(text) < _WORTH:
            return self._words.tokenize(text, special=False)
        known = self._known.get(text)
        if known is not None:
            self._known.move_to_end(text)
            return known.tolist()
        ids = self._words.tokenize(text, special=False)
        if len(text) <= self._room // 2:
            self._known[text] = array("i", ids)
            self._held += len(text)
            while self._held > self._room:
                oldest, _ = self._known.popitem(last=False)
                self._held -= len(oldest)
        return ids
