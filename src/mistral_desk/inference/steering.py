"""How long a thought may be: *Answer now*, *Think more* and a budget, as rules over what the model does.

It knows neither llama.cpp nor the window, so every rule can be tried with a clock of one's own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from mistral_desk.inference.thought_messages import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.inference.thought_messages import ThoughtEnd

CUE: Final = "Wait,"
"""What a thought goes on with where the model wanted to close it (budget forcing: Muennighoff et al. 2025, s1). With
the comma no other word can be made of it.
"""
LEAST_MORE: Final = 32
"""Tokens that one *Think more* is worth; a model that closes earlier is given the cue again."""
CUES: Final = 2
"""Times that the cue is given for one *Think more*; after that a close is obeyed, whenever it comes."""
MOST_SOFT: Final = 64
"""Tokens that a sentence may take to end when the budget is used up; less where the budget is small."""
LEAST_SOFT: Final = 8
_SHARE: Final = 4
"""The soft end is at most this part of the budget, in tokens as in seconds."""
_ENDS: Final = ".!?…。！？।؟"
_CLOSERS: Final = "\"'”’»)]}*_`"


class Wishes(Protocol):
    """What a person wants of the thought now; another thread may change it."""

    answer_now: bool
    think_more: bool


class Steering:
    """The rules for one answer; `tokens` are those of its thought so far, `said` the end of its text."""

    def __init__(self, budget: Budget, wishes: Wishes, clock: Callable[[], float] = time.perf_counter) -> None:
        self._budget, self._wishes, self._clock = budget, wishes, clock
        self._limited = budget != Budget()
        self.tokens = 0
        self.said = ""
        self.ended: ThoughtEnd = ""
        self._from = 0
        self._since: float | None = None
        self._over: tuple[ThoughtEnd, int, float] | None = None
        self._more_until = self._cues = 0
        self._led_on = False

    def thought(self, text: str) -> None:
        """A token of the thought, and what it shows."""
        self.tokens += 1
        self.said = text or self.said
        if self._since is None:
            self._since = self._clock()

    def due(self) -> ThoughtEnd:
        """What ends the thought now; asked before each of its tokens."""
        if self._wishes.answer_now:
            return "now"
        if not self._limited:
            return ""
        now = self._clock()
        if self._over is None:
            used_up = self._used_up(now)
            if not used_up:
                return ""
            if self._wishes.think_more:
                self._begin_anew()
                return ""
            self._over = used_up, self.tokens, now
        how, tokens, since = self._over
        soft = self.tokens - tokens < self._soft_tokens and now - since < self._soft_seconds
        return "" if soft and not ends_a_sentence(self.said) else how

    def goes_on(self) -> bool:
        """The model wants to close the thought: whether it gets the cue instead."""
        if self._wishes.answer_now:
            return False
        if self._wishes.think_more:
            self.more()
            return True
        if self._cues and self.tokens < self._more_until:
            self._cues -= 1
            return True
        return False

    def owes_an_answer(self) -> bool:
        """The model wants to end everything in the thought: whether it was led on, and so is to answer, once."""
        owes, self._led_on = self._led_on, False
        return owes

    def more(self) -> None:
        """One *Think more* begins, with its first cue."""
        self._led_on = True
        self._begin_anew()
        self._more_until, self._cues = self.tokens + LEAST_MORE, CUES - 1

    @property
    def cue(self) -> str:
        """What to write in the place of the close."""
        return CUE if not self.said or self.said.endswith("\n") else f"\n\n{CUE}"

    def _begin_anew(self) -> None:
        """Who asks for more grants the budget once more."""
        self._wishes.think_more = False
        self._from, self._since, self._over = self.tokens, self._clock(), None

    def _used_up(self, now: float) -> ThoughtEnd:
        tokens, seconds = self._budget.tokens, self._budget.seconds
        if tokens is not None and self.tokens - self._from >= tokens:
            return "tokens"
        if seconds is not None and now - (now if self._since is None else self._since) >= seconds:
            return "seconds"
        return ""

    @property
    def _soft_tokens(self) -> int:
        most = self._budget.tokens
        return MOST_SOFT if most is None else min(MOST_SOFT, max(LEAST_SOFT, most // _SHARE))

    @property
    def _soft_seconds(self) -> float:
        most = self._budget.seconds
        return float("inf") if most is None else max(1.0, most / _SHARE)


def ends_a_sentence(text: str) -> bool:
    """Whether a sentence, or a line, ends where the text does. A point behind a digit may go on as a number."""
    if text.endswith(("\n", "\r")):
        return True
    bare = text.rstrip().rstrip(_CLOSERS)
    return bare.endswith(tuple(_ENDS)) and not (text.endswith(".") and bare[-2:-1].isdigit())
