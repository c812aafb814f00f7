"""Which obstacles of a download pass by themselves, and when to look again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.library.transfer import PASSING

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem

_LATER: Final = PASSING | {"net.tls", "net.redirect", "net.cancelled", "library.in_use"}
"""Passes by itself, perhaps."""
_FIRST_RETRY_S: Final = 15.0
_LAST_RETRY_S: Final = 600.0


def pauses(problem: Problem, before: float, *, offline: bool, full_s: float) -> tuple[float, float] | None:
    """Seconds until the next try, and what to hand in as `before` then; None where a person has to do something.

    `before` is 0 when the last try brought something; a full disk is looked at again after `full_s`.
    """
    if problem.id == "library.disk_full":
        return full_s, 0.0
    if problem.id == "net.offline":
        return (float("inf") if offline else 0.0), 0.0
    if problem.id in _LATER:
        pause = min(_LAST_RETRY_S, max(2 * before, _FIRST_RETRY_S))
        asked = problem.params.get("seconds", 0) if problem.id == "net.too_many" else 0
        return max(pause, float(asked)), pause
    return None
