"""How tall each turn of a conversation is, measured or guessed, and where each begins: quickly, for thousands."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from PySide6.QtGui import QFontMetricsF

from mistral_desk.ui.attaching.shown import estimated_room
from mistral_desk.ui.chat.turns import COLLAPSED_CHARACTERS, COLLAPSED_LINES, line_ends
from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.theme.theme import Theme

TOP: Final = SPACE[4]
BOTTOM: Final = SPACE[4]
BETWEEN: Final = SPACE[3]
_AROUND: Final = 48


class Heights:
    """Heights in pixels, in the order of the turns."""

    def __init__(self) -> None:
        self._turns: list[Turn] = []
        self._heights: list[int] = []
        self._measured: list[int] = []
        self._sizes: list[tuple[int, int]] = []
        self._width = -1
        self._guessed = 0
        """Turns, from the first on, that were guessed at that width."""
        self._tops: list[int] | None = None
        self._room: tuple[int, int] | None = None
        self._lead = 0

    def __getitem__(self, number: int) -> int:
        return self._heights[number]

    def set_turns(self, turns: Sequence[Turn]) -> None:
        """Other turns altogether."""
        self.cut(0)
        self.append(turns)

    def append(self, turns: Sequence[Turn]) -> None:
        """More turns at the end."""
        self._turns.extend(turns)
        self._heights.extend(0 for _ in turns)
        self._measured.extend(-1 for _ in turns)
        self._sizes.extend((-1, 0) for _ in turns)
        self._tops = None

    def precede(self, turns: Sequence[Turn]) -> None:
        """More turns above all others."""
        self._turns[:0] = turns
        self._heights[:0] = [0] * len(turns)
        self._measured[:0] = [-1] * len(turns)
        self._sizes[:0] = [(-1, 0)] * len(turns)
        self._tops = self._room = None
        self._width = -1

    def cut(self, place: int) -> None:
        """The turns from here on are gone."""
        for one in (self._turns, self._heights, self._measured, self._sizes):
            del one[place:]
        self._guessed = min(self._guessed, place)
        self._tops = self._room = None

    def forget(self) -> None:
        """What was measured holds no longer: fonts are others."""
        self._measured = [-1] * len(self._turns)
        self._width = -1

    def guess(self, width: int, theme: Theme, shown: Container[Turn]) -> None:
        """Guess what was not measured at this width, from letters and lines; `shown` ones are measured anyway."""
        first = self._guessed if width == self._width else 0
        if first >= len(self._turns):
            return
        self._width, self._guessed = width, len(self._turns)
        metrics = QFontMetricsF(theme.font("lead"))
        line, per_line = metrics.height() * 1.24, max(10.0, width / metrics.averageCharWidth())
        for number in range(first, len(self._turns)):
            turn = self._turns[number]
            if self._measured[number] == width or turn in shown:
                continue
            letters, lines = self._size(number, turn)
            more = estimated_room(turn.attached, width) if turn.attached else 0
            self._heights[number] = round((letters / per_line + lines * 0.6 + 1) * line) + _AROUND + more
        self._tops = None

    def _size(self, number: int, turn: Turn) -> tuple[int, int]:
        """Letters and line ends that are shown of a turn, as far as its height is concerned."""
        length = len(turn.text)
        if self._sizes[number][0] != length:
            counted = turn.line_ends if turn.line_ends[0] == length else line_ends(turn.text)
            self._sizes[number] = counted
        lines = self._sizes[number][1]
        if turn.role == "user":
            return min(length, COLLAPSED_CHARACTERS), min(lines, COLLAPSED_LINES)
        return length, lines

    def set_lead(self, lead: int) -> None:
        """More room above the first turn."""
        if lead != self._lead:
            self._lead, self._tops = lead, None

    def set_room(self, before: int | None, room: int = 0) -> None:
        """Room for something else before this turn (or behind the last); None for nothing."""
        wanted = None if before is None else (before, room)
        if wanted != self._room:
            self._room, self._tops = wanted, None

    def room_top(self) -> int | None:
        """Where that room begins."""
        return None if self._room is None else self.tops()[self._room[0]] - self._room[1]

    def measured(self, number: int, width: int, height: int) -> bool:
        """A turn is so tall; whether that is news."""
        self._measured[number] = width
        if height == self._heights[number]:
            return False
        more = height - self._heights[number]
        self._heights[number] = height
        if self._tops is not None:  # most often it is the last one that grows
            self._tops[number + 1 :] = [top + more for top in self._tops[number + 1 :]]
        return True

    def tops(self) -> list[int]:
        """Where each turn begins; the last entry is the height of it all."""
        if self._tops is None:
            gaps = (SPACE[0] if turn.role == "user" else BETWEEN for turn in self._turns)
            steps = (height + gap for height, gap in zip(self._heights, gaps, strict=True))
            self._tops = list(accumulate(steps, initial=TOP + self._lead))
            self._tops[-1] += BOTTOM - BETWEEN
            if self._room is not None:
                for below in range(self._room[0], len(self._tops)):
                    self._tops[below] += self._room[1]
        return self._tops

    def first_below(self, y: int) -> int:
        """The first turn that ends at `y` or below."""
        tops = self.tops()
        number = max(0, bisect_right(tops, y, hi=len(self._turns)) - 1)
        while number < len(self._turns) and tops[number] + self._heights[number] < y:
            number += 1
        return number
