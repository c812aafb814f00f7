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
            sys.settrace(threading.gettrace())
            function(*values, **by_name)

        return start(run, given, *named)

    _thread.start_new_thread = start_measured
