"""The engine of one process, as whoever starts it sees it: told at the start, watched, and left where it fails.

All of it runs in the threads of that process's pipes, before anybody is told of its end: whoever starts the next one
finds the choice as it has to be.
"""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Final

from mistral_desk.inference import death
from mistral_desk.inference.packs import standing
from mistral_desk.inference.packs.told import VARIABLE
from mistral_desk.inference.protocol import MEASURE, Failed, Finished, Hello

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mistral_desk.core.errors import Problem
    from mistral_desk.inference.death import Ended
    from mistral_desk.inference.protocol import Event

_BY_OTHERS: Final = {
    -getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
}
"""How a process ends that somebody else has ended: no fault of its engine's."""
_STOPPED_BY_HAND: Final = 1
"""The same on Windows, whose task manager says so."""


class Watched:
    """`more` is what the process finds in its environment; one that is told its engine there is not watched."""

    def __init__(self, more: Mapping[str, str]) -> None:
        self._told = VARIABLE in more
        self._counts = not self._told and MEASURE not in more
        self._name = ""
        self._deaths = 0
        self._ready = False
        self._failure: Problem | None = None
        self._failed: set[str] = set()
        """Engines that died at their start here: not tried again, also where that could not be written down."""

    def begin(self) -> dict[str, str]:
        """What the next process has to find in its environment, besides: its engine. It reads a file."""
        if self._told:
            return {}
        self._name, libraries, self._deaths = standing.begin()
        if self._name in self._failed:
            self._name, libraries = "", None
        self._ready, self._failure = False, None
        return {VARIABLE: str(libraries or "")}

    def lets_through(self, event: Event) -> bool:
        """Take note of what the process says; False for what nobody need hear, because another engine takes over."""
        if not self._name or not self._counts:
            return True
        if isinstance(event, Hello):
            self._ready = True
        elif isinstance(event, Failed) and not event.request and not self._ready:
            self._failure = event.problem
            return False
        elif isinstance(event, Finished) and self._deaths and event.figures.generated_tokens:
            self._deaths = 0
            standing.answered(self._name)
        return True

    def ended(self, ended: Ended, *, meant: bool) -> bool:
        """The process ended, `meant` by us or not; whether its engine died at its start, so that another is tried."""
        if not self._name or not self._counts or meant:
            return False
        if not self._ready:
            by_others = not ended.fault and ended.status in _BY_OTHERS
            if ended.status is None or by_others or death.short_of_memory(ended):
                return False
            self._failed.add(self._name)
            standing.back(self._name, self._reason(ended))
            return True
        if _by_itself(ended):
            standing.died(self._name, self._reason(ended))
        return False

    def _reason(self, ended: Ended) -> str:
        if self._failure is not None:
            return str(self._failure.params.get("reason", self._failure.id))
        return ended.fault or death.how(ended.status or 0)


def _by_itself(ended: Ended) -> bool:
    """Whether it died of what it did: not of too little memory, nor because somebody else ended it."""
    if ended.misunderstood:
        return True
    if ended.fault or ended.status in (None, 0) or death.short_of_memory(ended):
        return False
    return ended.status != _STOPPED_BY_HAND if sys.platform == "win32" else ended.status not in _BY_OTHERS
