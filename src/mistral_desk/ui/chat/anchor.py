"""What keeps the place in a conversation whose heights change: the block that is seen first, and where it is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.ui.chat.turn_base import TurnView


class Anchor:
    """A turn, a block in it, and how many pixels below that block's top the visible part begins; or nothing.

    `view_of` gives the widget of the turn with a number, where it exists. `tops` are where the turns begin, and where
    the last one ends.
    """

    def __init__(self, view_of: Callable[[int], TurnView | None]) -> None:
        self._view_of = view_of
        self._held: tuple[int, int, int] | None = None

    def hold(self, turn: int, block: int, offset: int) -> None:
        """Keep this block of the turn with this number in its place."""
        self._held = turn, block, offset

    def let_go(self) -> None:
        """Keep nothing."""
        self._held = None

    def shift(self, turns: int) -> None:
        """So many turns came above all others."""
        if self._held is not None:
            turn, block, offset = self._held
            self._held = turn + turns, block, offset

    def remember(self, turn: int, tops: Sequence[int], value: int) -> None:
        """Keep what is seen first when the visible part begins at `value`, which is in this turn."""
        self._held = None
        if turn < len(tops) - 1:
            inside = value - tops[turn]
            view = self._view_of(turn)
            self._held = (turn, *(view.place_at(inside) if view else (0, inside)))

    def position(self, tops: Sequence[int]) -> int | None:
        """Where the visible part begins when the block stays where it is; None where nothing is kept."""
        if self._held is None or self._held[0] >= len(tops) - 1:
            return None
        turn, block, offset = self._held
        view = self._view_of(turn)
        return tops[turn] + (view.top_of(block) if view else 0) + offset
