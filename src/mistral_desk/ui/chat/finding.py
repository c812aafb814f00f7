"""Looks for words in a whole conversation, a little at a time: also in turns that are not on the screen.

No Qt here. What is counted is what a text shows, not how it was written in markdown. Open thoughts are looked through;
of closed ones it is known how often the words stand in them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from mistral_desk.ui.chat.pieces import pieces_of
from mistral_desk.ui.chat.plain_text import shown
from mistral_desk.ui.chat.turns import SHOWN_CHARACTERS, THOUGHT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.ui.chat.markdown import Block
    from mistral_desk.ui.chat.matching import Needle
    from mistral_desk.ui.chat.turns import Turn

MOST: Final = 10_000
"""Places that are counted; then it says that there are more."""
PIECE: Final = 20_000
"""Characters that are looked through in one go."""
_TELLING: Final = re.compile(r"[&\\$<]|\]\(|\[\^")
_MARKS: Final = str.maketrans("", "", "*_`~#>|[]!-")

Found = tuple[int, int, int]
"""A turn, a block in it (from `THOUGHT` on those of its thought), and which of the places in that block."""


class Finding:
    """One search. `go_on` until it says that it is done; `found` grows meanwhile."""

    def __init__(self, turns: Sequence[Turn], needle: Needle) -> None:
        self._turns = list(turns)
        self._needle = needle
        self._turn = 0
        self.found: list[Found] = []
        self.hidden = 0
        """Places in thoughts that are closed, those of `closed`."""
        self.closed: list[Turn] = []
        self.done = not needle.text

    @property
    def more(self) -> bool:
        """Whether it stopped counting."""
        return len(self.found) >= MOST

    def shift(self, count: int) -> None:
        """So many turns were put before all others: what was found stands further below."""
        self.found = [(turn + count, block, number) for turn, block, number in self.found]

    def any(self) -> bool:
        """Whether the words stand in these turns at all; looks through all of them."""
        while not self.go_on():
            pass
        return bool(self.found)

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
            for number, piece in enumerate(pieces_of(turn.text[:SHOWN_CHARACTERS])):
                places = self._needle.places(piece.removesuffix("\n"))
                self.found += [(self._turn, number, place) for place in range(len(places))]
            return len(turn.text) // 10
        work = 0
        if turn.thinking:
            thought, more = self._in(turn.thinking, turn.all_of_thought, THOUGHT)
            work += more
            if turn.thought_open:
                self.found += thought
            elif thought:
                self.hidden += len(thought)
                self.closed.append(turn)
        answer, more = self._in(turn.text, turn.all_blocks, 0)
        self.found += answer
        return work + more

    def _in(self, source: str, blocks: Callable[[], list[Block]], first: int) -> tuple[list[Found], int]:
        """The places in a text whose blocks have these numbers from `first` on, and how much work that was."""
        if not self._may_be_in(source):
            return [], len(source) // 10
        found = [
            (self._turn, number, place)
            for number, block in enumerate(blocks(), first)
            for place in range(len(self._needle.places(shown(block))))
        ]
        return found, len(source)

    def _may_be_in(self, source: str) -> bool:
        """Whether it is worth reading a text's markdown: without its marks it has to have these words, marks aside."""
        word = self._needle.text.translate(_MARKS).split()
        if not word or _TELLING.search(source):
            return True
        longest = type(self._needle)(max(word, key=len), self._needle.case)
        return bool(longest.places(source.translate(_MARKS)))

    def after(self, turn: int) -> int:
        """The first place in this turn or behind it; the first of all where there is none."""
        number = bisect_left(self.found, (turn, THOUGHT, 0))
        return number if number < len(self.found) else 0
