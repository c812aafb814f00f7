"""Ends an answer that has become none: tokens that show nothing, blanks without end, the same over and over.

The bounds are far above what a text can need (docs/decisions/0036-guards.md says why each is where it is).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Callable

SILENT: Final = 64
"""Tokens in a row that show nothing."""
BLANK: Final = 256
"""Tokens in a row of which each shows blanks or line ends only."""
EQUAL: Final = 512
"""The same token in a row."""
CYCLE: Final = 4096
"""Tokens in a row that repeat the same few."""
TURNS: Final = 32
"""Times that a longer run of tokens must have come."""
LONGEST: Final = 512
"""Tokens of a run up to which repetition is looked for."""
ASKED: Final = 16
"""So many times as much may come of what the person named."""
_EDGES: Final = re.compile(r"^\W+|\W+$")


class Watch:
    """Sees each token of one answer once. `shown` gives a token's bytes, `asked` is what the person said last."""

    __slots__ = (
        "_asked",
        "_at",
        "_blank",
        "_bound",
        "_history",
        "_last",
        "_name",
        "_period",
        "_run",
        "_shown",
        "_silent",
    )

    def __init__(self, name: str, shown: Callable[[int], bytes], asked: str) -> None:
        self._name, self._shown, self._asked = name, shown, asked
        self._silent = self._blank = self._run = self._at = 0
        self._period, self._bound = 1, EQUAL
        self._history: list[int] = []
        self._last: dict[int, int] = {}

    def take(self, token: int, text: str) -> None:
        """The next token and what it adds to the answer. Raises `model.no_text`, `.only_blanks`, `.repeats`."""
        if not text:
            self._silent += 1
            if self._silent >= SILENT:
                raise DeskError("model.no_text", name=self._name, tokens=self._silent)
        else:
            self._silent = 0
            if text.isspace():
                self._blank += 1
                if self._blank >= BLANK:
                    raise DeskError("model.only_blanks", name=self._name, tokens=self._blank)
            else:
                self._blank = 0
        at, history = self._at, self._history
        history.append(token)
        self._at = at + 1
        if at >= self._period and history[at - self._period] == token:
            self._run += 1
            if self._run >= self._bound:
                self._judge()
        else:
            self._run = 0
            self._begin(at - self._last.get(token, at))
        self._last[token] = at

    def _begin(self, period: int) -> None:
        """From now on look for this distance."""
        self._period = period if 1 < period <= LONGEST else 1
        self._bound = EQUAL if self._period == 1 else max(CYCLE, TURNS * self._period)

    def _judge(self) -> None:
        """So much of the same: more of it may come only where it was asked for."""
        if self._run < ASKED * self._bound and self._named():
            return
        raise DeskError("model.repeats", name=self._name, tokens=self._run + self._period)

    def _named(self) -> bool:
        """Whether the person named what comes again and again."""
        unit = b"".join(map(self._shown, self._history[-self._period :])).decode("utf-8", "replace").strip()
        core = _EDGES.sub("", unit)
        if not core:  # signs only
            return bool(unit) and unit[:1] in self._asked
        return re.search(rf"(?<!\w){re.escape(core)}(?!\w)", self._asked, re.IGNORECASE) is not None
