"""Looks for words in a whole conversation, a little at a time: also in turns that are not on the screen.

No Qt here. What is counted is what a text shows, not how it was written in markdown.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from mistral_desk.ui.chat.plain_text import shown
from mistral_desk.ui.chat.turns import SHOWN_CHARACTERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.ui.chat.matching import Needle
    from mistral_desk.ui.chat.turns import Turn

MOST: Final = 10_000
"""Places that are counted; then it says that there are more."""
PIECE: Final = 20_000
"""Characters that are looked through in one go."""
_TELLING: Final = re.compile(r"[&\\$<]|\]\(|\[\^")
_MARKS: Final = str.maketrans("", "", "*_`~#>|[]!-")

Found = tuple[int, int, int]
"""A turn, a block in it, and which of the places in that block."""


class Finding:
    """One search. `go_on` until it says that it is done; `found` grows meanwhile."""

    def __init__(self, turns: Sequence[Turn], needle: Needle) -> None:
        self._turns = list(turns)
        self._needle = needle
        self._turn = 0
        self.found: list[Found] = []
        self.done = not needle.text

    @property
    def more(self) -> bool:
        """Whether it stopped counting."""
        return len(self.found) >= MOST

    def go_on(self) -> bool:
        """Look through some more; whether all is looked through."""
        left = PIECE
        while left > 0 and not self.done:
            if self._turn >= len(self._turns) or self.more:
                self.done = True
                break
            turn = self._turns[self._turn]
            left -= 200 + self._look(turn)
            self._turn += 1
        return self.done

    def _look(self, turn: Turn) -> int:
        """Find the places in a turn; returns about how much work that was, in characters."""
        if turn.role == "user":
            places = self._needle.places(turn.text[:SHOWN_CHARACTERS])
            self.found += [(self._turn, 0, number) for number in range(len(places))]
            return len(turn.text) // 10
        if not self._may_be_in(turn.text):
            return len(turn.text) // 10
        for number, block in enumerate(turn.all_blocks()):
            count = len(self._needle.places(shown(block)))
            self.found += [(self._turn, number, place) for place in range(count)]
        return len(turn.text)

    def _may_be_in(self, source: str) -> bool:
        """Whether it is worth reading a text's markdown: without its marks it has to have these words, marks aside."""
        word = self._needle.text.translate(_MARKS).split()
        if not word or _TELLING.search(source):
            return True
        longest = type(self._needle)(max(word, key=len), self._needle.case)
        return bool(longest.places(source.translate(_MARKS)))

    def after(self, turn: int) -> int:
        """The first place in this turn or behind it; the first of all where there is none."""
        number = bisect_left(self.found, (turn, 0, 0))
        return number if number < len(self.found) else 0
