"""What a benchmark gives: one row a figure, with what it aims at and how it was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable


class Figure(msgspec.Struct, frozen=True):
    """One measured figure. `aim` is in words with its unit; `met` is None where nothing could be measured."""

    name: str
    value: float | None
    unit: str
    aim: str
    met: bool | None
    how: str


@dataclass(frozen=True)
class Benchmark:
    """A benchmark before it ran; `measure` returns the value and how it was got."""

    name: str
    unit: str
    bound: float
    sense: Literal["at least", "at most"]
    measure: Callable[[], tuple[float, str]]

    def run(self) -> Figure:
        """Measure; an `UnavailableError` gives a row without a value that says why."""
        aim = f"{self.sense} {self.bound:g} {self.unit}".rstrip()
        try:
            value, how = self.measure()
        except UnavailableError as reason:
            return Figure(self.name, None, self.unit, aim, None, str(reason))
        met = value >= self.bound if self.sense == "at least" else value <= self.bound
        return Figure(self.name, round(value, 4), self.unit, aim, met, how)


class UnavailableError(Exception):
    """This cannot be measured here; the text says why."""
