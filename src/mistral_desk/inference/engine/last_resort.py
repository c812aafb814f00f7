"""Ends the process when foreign code holds it for good: a template that found a way to compute without end inside one
operation also holds Python's lock, so that no thread of ours, not even the one that reads commands, would run again.
"""

from __future__ import annotations

import contextlib
import faulthandler
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMIT_S: Final = 120.0
"""Far above what the sandbox allows a template, so this is reached only where the sandbox failed."""

_armed = False


def arm() -> None:
    """Let `last_resort` really end this process: the worker's choice, never a test's or the app's."""
    global _armed  # noqa: PLW0603 one process, one choice
    _armed = True


@contextlib.contextmanager
def last_resort() -> Iterator[None]:
    """Print where the process hangs and end it, unless the body is done in time. Needs no Python lock to do so."""
    if not _armed:
        yield
        return
    faulthandler.dump_traceback_later(LIMIT_S, exit=True, file=2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
