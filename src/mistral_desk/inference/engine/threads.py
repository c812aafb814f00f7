"""Gives llama.cpp the number of threads that its crews decide on, from what tokens and batches really took.

A crew is told what decoding took and nothing else: what lies between two tokens has one thread anyway.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.inference.engine.crew import Crew
from mistral_desk.inference.engine.native import lib

if TYPE_CHECKING:
    from collections.abc import Callable

FIXED: Final = "MISTRAL_DESK_FIXED_THREADS"
"""An environment variable for whoever measures: as many threads as were asked for compute, whatever it costs."""
PAUSE_S: Final = 0.5
"""After so long without a batch the next one belongs to another prompt."""
LEAST: Final = 32
"""Tokens of a batch that teaches something; a token of a smaller one costs more in any case."""


class Threads:
    """The threads of one `llama_context`: one crew for the tokens of an answer, one for the batches of a prompt.

    Batches begin with all of them, because long products are shared out piece by piece and lose little to a slow core.
    """

    def __init__(self, context: Any, start: int, most: int) -> None:
        self._context = context
        self._steps = Crew(start, most)
        self._batches = Crew(most, most, window=1, trial=1)
        self._fixed = self._steps.fixed or bool(os.environ.get(FIXED))
        self._stepped = self._read = time.perf_counter()
        self._size = 0
        self._tokens = self._added = 0
        self._set()

    @property
    def average(self) -> float:
        """Threads that computed a token of the last answer, on average."""
        return self._added / self._tokens if self._tokens else float(self._steps.count)

    def stepping(self, step: Callable[[int], None]) -> Callable[[int], None]:
        """The `step` that decodes one token, for one answer: it learns from what each took."""
        crew = self._steps
        self._tokens = self._added = 0
        if self._fixed:
            return step
        clock, cpu_clock = time.perf_counter, time.process_time
        crew.rest(clock() - self._stepped)
        self._set()
        done, wall, length, count = 0, 0.0, crew.length, crew.count
        began, cpu = clock(), cpu_clock()

        def learning(token: int) -> None:
            nonlocal done, wall, length, count, began, cpu
            before = clock()
            step(token)
            now = clock()
            done += 1
            wall += now - before
            if done < length and wall <= crew.limit(done):
                return
            used = cpu_clock()
            between = now - began - wall  # one thread's: sampling, and telling the app
            crew.note(done, wall, used - cpu - between)
            self._tokens += done
            self._added += done * count
            if crew.count != count:
                count = crew.count
                self._set()
            self._stepped = began = now
            done, wall, length, cpu = 0, 0.0, crew.length, used

        return learning

    def batch(self, tokens: int, decode: Callable[[], int]) -> int:
        """Have a batch decoded, and learn from it; returns what `decode` does."""
        crew = self._batches
        if self._fixed or tokens < LEAST:
            return decode()
        began, cpu = time.perf_counter(), time.process_time()
        if tokens != self._size or began - self._read > PAUSE_S:  # its tokens cost otherwise
            crew.rest(began - self._read)
            self._set()
        self._size, count = tokens, crew.count
        result = decode()
        self._read = time.perf_counter()
        if result:
            return result
        crew.note(tokens, self._read - began, time.process_time() - cpu)
        if crew.count != count:
            self._set()
        return result

    def _set(self) -> None:
        lib.llama_set_n_threads(self._context, self._steps.count, self._batches.count)
