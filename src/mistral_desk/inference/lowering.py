"""How much smaller than asked for a model is loaded: after memory was short, or after a GPU's ran over in silence.

It decides and remembers; loading is the client's. Nothing here survives the program: the next start asks for all again.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import Problem
from mistral_desk.inference import placement

if TYPE_CHECKING:
    from mistral_desk.inference.model_spec import ModelSpec
    from mistral_desk.inference.placement import Placement
    from mistral_desk.inference.protocol import Figures, ModelInfo

_log: Final = logging.getLogger(__name__)
SHORT_OF_MEMORY: Final = frozenset({"model.no_memory", "engine.out_of_memory"})
"""What ended a load or a worker because memory was short; after anything else the same is tried, or nothing."""
SLOW_ANSWERS: Final = 2
"""Answers in a row that must have been far too slow: one alone may be a busy computer."""
DEEPEST: Final = 8192
"""Tokens that may stand before an answer: far into a long chat a GPU is slower than planned without running over."""
FASTER: Final = 1.2
"""How much faster a model must be after less of it was put on a GPU, for that to have been the cause."""


class Lowering:
    """The steps down of one engine."""

    def __init__(self) -> None:
        self._asked: Placement | None = None
        self._relieved: Placement | None = None
        self._given: Placement | None = None
        self._spills: dict[str, int] = {}
        self._paces: dict[str, float] = {}
        self._slow: list[float] | None = []
        self._steps = 0
        self.due = False
        """Whether the model is to be loaded again before the next answer, with less of it on the GPU."""

    def begin(self, spec: ModelSpec, ended: Problem | None = None) -> ModelSpec:
        """What to load for `spec`, which a worker had that `ended`: all of it, one step less after shortness of memory,
        and less on a GPU where it ran over before.
        """
        lower = self._given if spec.placement is not None and spec.placement == self._asked else None
        self._asked = self._relieved = spec.placement
        for _ in range(self._spills.get(spec.path, 0)):
            less = placement.relieve(self._relieved) if self._relieved else None
            self._relieved = less[0] if less else self._relieved
        self._given = self._relieved
        self._steps = 0
        self._slow = []
        self.due = False
        if lower and ended and ended.id in SHORT_OF_MEMORY:
            self._given = lower
            self.lower(ended)
        return self._spec(spec)

    def next(self, spec: ModelSpec, problem: Problem) -> ModelSpec | None:
        """What to try after loading ended with `problem`; None: nothing smaller, or not for this problem."""
        return self._spec(spec) if self.lower(problem) else None

    def lower(self, problem: Problem) -> bool:
        """One step down, where that may help."""
        if problem.id not in SHORT_OF_MEMORY or self._given is None or self._steps >= placement.MOST_STEPS:
            return False
        step = placement.step_down(self._given)
        if step is None:
            return False
        self._given = step[0]
        self._steps += 1
        return True

    def loaded(self, info: ModelInfo) -> ModelInfo:
        """The model's facts with notes on what is smaller than it was asked for."""
        if self._asked is None or self._relieved is None or self._given is None:
            return info
        given = msgspec.structs.replace(self._given, kv=info.placement.kv) if info.placement else self._given
        relieved = placement.changes(self._asked, self._relieved, placement.SPILLED)
        elsewhere = [Problem("helper.used", {"computers": ", ".join(given.helpers)})] if given.helpers else []
        return msgspec.structs.replace(info, changes=(*relieved, *placement.changes(self._relieved, given), *elsewhere))

    def answered(self, spec: ModelSpec, figures: Figures) -> None:
        """Note how fast an answer was written. Where two in a row show that a GPU's memory runs over, the model is
        `due` to be loaded again with less there; where that has made it no faster, it was something else, and all of
        it goes there again from the next load on.
        """
        pace = figures.tokens_per_s
        if self._slow is None or pace is None or figures.generated_tokens < placement.SPILL_TOKENS:
            return
        if figures.prompt_tokens > DEEPEST:
            return
        if not placement.spills(self._given, spec.expected, figures.generated_tokens, pace):
            self._slow = []
            return
        self._slow.append(pace)
        if len(self._slow) < SLOW_ANSWERS:
            return
        found, self._slow = max(self._slow), None
        if found < self._paces.get(spec.path, 0.0) * FASTER:
            _log.info("%s is no faster with less of it on the GPU: its memory does not run over", spec.path)
            self._spills[spec.path] = 0
            return
        self._paces[spec.path] = found
        self._spills[spec.path] = self._spills.get(spec.path, 0) + 1
        self.due = self._given is not None and placement.relieve(self._given) is not None
        _log.info("%s writes far below its plan: less of it goes to the GPU", spec.path)

    def _spec(self, spec: ModelSpec) -> ModelSpec:
        return msgspec.structs.replace(spec, placement=self._given)
