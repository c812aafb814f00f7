"""How many threads compute: as many as pay, while other programs come and go.

At every step of a model all threads wait for the slowest one. One that has to share its core holds up all others, so
that fewer threads are faster on a busy computer; how many is found out by trying.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Final

WINDOW: Final = 8
"""Tokens over which a speed is taken."""
TRIAL: Final = 3
"""Tokens with which another number of threads is tried."""
STARVED: Final = 0.8
"""Of its threads' time that the process must have had; below it others were in the way, or the disk was."""
SLOWED: Final = 1.3
"""So many times as long as at best: something has come in between."""
CHANGED: Final = 1.15
"""So much slower or faster than when a trial failed: it may go otherwise now."""
GAIN: Final = 0.93
"""Of the time with fewer threads that more must take at most, to be worth their cores, where they are far more."""
HARM: Final = 1.05
"""What takes no longer than this much more harms so little that more threads still can be tried at once."""
DRIFT: Final = 1.01
"""How much slower each window may be for good: the attention grows with what was said."""
MOST_TRIALS: Final = 4
"""Trials that are judged together where chance is great, as on a computer with too much to do."""
SHORTER: Final = 1.6
"""How much more chance there is in a trial than in a window."""
MEMORY: Final = 0.2
"""What the last window counts in how much chance there is."""
ELSEWHERE: Final = 1.5
"""How much more a token may cost at another place of a conversation than at the one before."""
LOSS: Final = 0.003
"""Of the time that trials may cost in the long run, where they do not pay."""
PATIENCE: Final = (4, 64)
"""Windows before the next trial: after the first that failed, and after many, each time twice as many."""
LONGEST_S: Final = 10.0
"""After so many seconds it is tried again, whatever that costs."""


@dataclass
class _Way:
    """Trials in one direction: when the next one may be, how far it goes, and what the time for a token was."""

    step: int = 1
    windows: int = PATIENCE[0]
    next: float = 0.0
    seen: float = 0.0
    trials: int = 0
    ratio: float = 0.0
    lost: float = 0.0

    def tried(self, ratio: float, lost: float) -> float:
        """Note how a trial compares to what was before; returns how all of them do that are judged together."""
        self.trials += 1
        self.ratio += ratio
        self.lost += lost
        return self.ratio / self.trials

    def judged(self) -> None:
        """The next trial is another matter."""
        self.trials, self.ratio, self.lost = 0, 0.0, 0.0

    def fail(self, now: float, seconds: float, lost: float = 0.0) -> None:
        """It did not pay: wait, in proportion to what was lost; `seconds` is the time for a token without it."""
        wait = max(self.windows * WINDOW * seconds, (self.lost + lost) / LOSS)
        self.judged()
        self.next, self.seen = now + min(wait, LONGEST_S), seconds
        self.windows = min(2 * self.windows, PATIENCE[1])
        self.step = 1

    def clear(self, now: float) -> None:
        """What was learned does not hold any more."""
        self.step, self.windows, self.next = 1, PATIENCE[0], now
        self.judged()


class Crew:
    """Decides the number of threads from what tokens took: no clock, no llama.cpp. Never more than `most`.

    Compute up to `length` tokens with `count` threads, fewer where they take longer than `limit` allows, then `note`
    what they took; then the next.
    """

    def __init__(self, start: int, most: int, *, window: int = WINDOW, trial: int = TRIAL) -> None:
        self.most = max(1, most)
        self.count = min(max(1, start), self.most)
        self._window, self._trial_length = window, trial
        self._base = self.count
        self._before: tuple[int, float] | None = None
        self._last = self._best = self._chance = 0.0
        self._now = 0.0
        self._up, self._down = _Way(), _Way()
        self._odd = 0

    @property
    def fixed(self) -> bool:
        """Whether there is nothing to decide."""
        return self.most == 1

    @property
    def trying(self) -> bool:
        """Whether what comes next is a trial."""
        return self.count != self._base

    @property
    def length(self) -> int:
        """Tokens to compute before the next `note`."""
        return self._trial_length if self.trying else self._window

    def limit(self, tokens: int) -> float:
        """Seconds that the first so many may take; after more, `note` at once."""
        if self.trying:
            return self._last * (tokens + 1 + 2 * MOST_TRIALS * self._chance)
        return 2 * self._best * self._window if self._best else inf

    def rest(self, seconds: float) -> None:
        """Nothing was computed for so long: what comes may stand elsewhere in a conversation, and cost otherwise."""
        self.count, self._before = self._base, None
        self._now += max(0.0, seconds)
        self._best *= ELSEWHERE
        self._odd = 0

    def note(self, tokens: int, wall: float, cpu: float) -> None:
        """Take what so many tokens took, in seconds of the clock and of all threads together, and decide."""
        seconds = wall / tokens if tokens > 0 else 0.0
        if seconds <= 0:  # a clock that stands still teaches nothing
            return
        self._now += wall
        if self.trying:
            self._tried(seconds, tokens)
        else:
            self._computed(seconds, cpu / (wall * self.count))

    def _computed(self, seconds: float, share: float) -> None:
        before, self._before = self._before, None
        slowed = bool(self._best) and seconds > SLOWED * self._best
        self._best = min(seconds, self._best * DRIFT) if self._best else seconds
        if self._last and not before:
            self._chance += MEMORY * (min(1.0, abs(seconds / self._last - 1)) - self._chance)
        self._last = seconds
        if before and seconds > before[1] * _worth(before[0], self._base):
            self._go_back(*before)  # the trial was luck
            return
        self._look(seconds)
        odd = slowed or share < STARVED or not self._down.seen  # once in any case: who spins has all the time there is
        if self._base > 1 and odd and self._now >= self._down.next:
            self.count = max(1, self._base - self._down.step)
        elif self._base < self.most and self._now >= self._up.next:
            self.count = min(self.most, self._base + self._up.step)

    def _look(self, seconds: float) -> None:
        """Whether it goes so differently from when a trial failed, twice in a row, that it is worth another one."""
        known = [way for way in (self._up, self._down) if way.seen]
        band = CHANGED + MOST_TRIALS * self._chance
        odd = [way for way in known if not way.seen / band <= seconds <= way.seen * band]
        self._odd = self._odd + 1 if odd else 0
        if self._odd >= 2:
            for way in odd:
                way.clear(self._now)
                way.seen = seconds
            self._odd = 0

    def _tried(self, seconds: float, tokens: int) -> None:
        more, count = self.count > self._base, self.count
        way, worth = self._up if more else self._down, _worth(self._base, count)
        ratio = way.tried(seconds / self._last, (seconds - self._last) * tokens)
        doubt = SHORTER * self._chance
        self.count = self._base
        if worth - doubt < ratio < worth + doubt and way.trials < MOST_TRIALS:
            return  # once more, after another window
        if ratio < worth:
            self._before = (self._base, self._last)
            self._base = self.count = count
            self._best = self._last = seconds
            way.step, way.windows = min(2 * way.step, self.most), PATIENCE[0]
            way.judged()
            (self._down if more else self._up).fail(self._now, seconds)
            return
        room = self.most - self._base if more else self._base - 1
        further = 2 * way.step
        if further <= room and ratio < (HARM if more else SLOWED):
            way.step = further  # one of many changes little: none while others still share a core
            way.judged()
        else:
            way.fail(self._now, self._last)

    def _go_back(self, count: int, seconds: float) -> None:
        way = self._up if self._base > count else self._down
        way.fail(self._now, seconds, max(0.0, self._last - seconds) * self._window)
        self._base = self.count = count
        self._best = self._last = seconds


def _worth(before: int, after: int) -> float:
    """The share of the time before that a change of threads must not exceed. Fewer are welcome if they are no slower;
    more are worth their cores where they bring nearly half of what their number promises.
    """
    return 1.0 if after < before else max(GAIN, 1 - 0.4 * (1 - before / after))
