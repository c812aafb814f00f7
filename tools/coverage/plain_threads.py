"""Measures the threads that are begun without `threading`, too, which alone tells its threads of who measures.

Run at each start of Python in the measuring environment.
"""

from __future__ import annotations

import _thread
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def begin() -> None:
    """From now on. `threading` keeps the start that it found when it was imported."""
    start = _thread.start_new_thread

    def start_measured(function: Callable[..., object], given: tuple[Any, ...], *named: dict[str, Any]) -> int:
        def run(*values: object, **by_name: object) -> None:
            _measure()
            function(*values, **by_name)

        return start(run, given, *named)

    _thread.start_new_thread = start_measured


def _measure() -> None:
    """Such a thread may be broken off at any step (templates are), also where coverage has a lock: it takes none."""
    if (measures := threading.gettrace()) is None:
        return
    sys.settrace(measures)
    _nothing()  # coverage puts its own tracer in place at the first call
    tracer: Any = sys.gettrace()
    tracer.lock_data = tracer.unlock_data = _nothing


def _nothing() -> None:
    pass
