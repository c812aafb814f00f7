"""What a campaign against the program gives: how much was tried, how much of it went wrong, and how it was seen."""

from __future__ import annotations

import msgspec


class Outcome(msgspec.Struct):
    """`cases` were tried, with `faults` put into them. `lost` says what went wrong, one line each: nothing, where all
    promises were kept. `seen` are further facts, in words, in the order in which they are read.
    """

    cases: int = 0
    faults: int = 0
    lost: list[str] = []
    seen: dict[str, str] = {}
