"""The formula child's life: imports, locks itself in, then sets one formula after the other until its stdin closes.

One line of JSON for each formula: `{"id", "latex", "size", "display"}`; one line back: `{"id", "svg"}`, or `{"id"}`
where it cannot be set. Who asked measures the time, and ends this process where one takes too long.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Final

from mistral_desk.inference.sandbox import decoder

LONGEST: Final = 64 * 1024
"""Bytes of a line to this process."""
SVG_LIMIT: Final = 512 * 1024
MEMORY: Final = 512 * 2**20
"""Bytes of address space."""
SECONDS: Final = 600.0
"""Processor time in all; then this process ends and another one is started."""


def main() -> int:
    """Set formulas until stdin closes; the exit status is 0."""
    sys.setrecursionlimit(600)  # what goes deeper takes too long anyway
    setter = _setter()
    setter("x", 16.0, display=False)  # fonts are read before the cage closes
    decoder.lock_in(MEMORY, SECONDS)
    source = os.fdopen(0, "rb", closefd=False)
    while line := source.readline(LONGEST):
        asked = json.loads(line)
        answer = {"id": asked["id"]}
        with contextlib.suppress(Exception):  # whatever a text does to it: that formula stays source
            svg = setter(str(asked["latex"]), float(asked["size"]), display=bool(asked["display"]))
            if len(svg) <= SVG_LIMIT:
                answer["svg"] = svg
        _write(json.dumps(answer).encode() + b"\n")
    return 0


class _Setter:
    """ziamath, told what this program wants; refuses what would not look like mathematics."""

    def __init__(self) -> None:
        from ziamath.config import config  # noqa: PLC0415 - half a second, and only this process needs it
        from ziamath.tex import tex2mml  # noqa: PLC0415
        from ziamath.zmath import Math  # noqa: PLC0415

        config.svg2 = False  # paths alone: Qt draws no symbols
        self._math, self._mathml = Math, tex2mml

    def __call__(self, latex: str, size: float, *, display: bool) -> str:
        """The SVG in black, its baseline at height 0. Raises ValueError, and whatever ziamath does."""
        if any(_unknown(ord(sign)) for sign in latex):
            raise ValueError("signs that the font does not have")
        mathml = self._mathml(latex, inline=not display)
        if "\\" in mathml:
            raise ValueError("a command that is not known")
        return str(self._math(mathml, size=size).svg())


def _unknown(code: int) -> bool:
    """Scripts that the mathematical font has no letters for."""
    return 0x0590 <= code < 0x1E00 or (code >= 0x2E80 and not 0x1D400 <= code < 0x1D800)


def _setter() -> _Setter:
    return _Setter()


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
