"""Words that end an answer where they first appear, and are not part of it; they may come in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Stops:
    """What could be the beginning of such a word is held back until more is known."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = tuple(words)
        self._held = ""
        self.met = False
        """Whether one has appeared; nothing more is let through then."""

    def take(self, text: str) -> str:
        """More of the answer; what of it, and of what was held back, is certain to stay."""
        if self.met or not self._words:
            return "" if self.met else text
        whole = self._held + text
        # The one that is complete first, so that it is the same one however the answer is cut into pieces.
        found = [(at + len(word), at) for word in self._words if (at := whole.find(word)) >= 0]
        if found:
            self.met, self._held = True, ""
            return whole[: min(found)[1]]
        kept = max(self._beginning(whole, word) for word in self._words)
        self._held = whole[len(whole) - kept :]
        return whole[: len(whole) - kept]

    def rest(self) -> str:
        """What is still held back when the answer ends."""
        held, self._held = self._held, ""
        return held

    @staticmethod
    def _beginning(text: str, word: str) -> int:
        """How many characters at the end of the text are the beginning of the word."""
        longest = min(len(text), len(word) - 1)
        return next((size for size in range(longest, 0, -1) if word.startswith(text[len(text) - size :])), 0)
