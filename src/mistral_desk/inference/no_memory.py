"""Ends the worker where Python finds no memory: with words that the app knows, at once, and without needing any.

What goes on after a `MemoryError` is nobody's guess: a thread that could not begin leaves whoever started it waiting.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from types import TracebackType

_LAST_WORDS: Final = b"MemoryError: the worker ends itself\n"
"""`death` knows the first of them."""
_STATUS: Final = 1
_NO_THREAD: Final = frozenset({"can't start new thread", "unable to start watchdog thread"})
"""Python's own words in a `RuntimeError` where the system has no room for a thread's stack, `faulthandler`'s too."""


def end() -> NoReturn:
    """Say why, and end the process: the app loads less of the model the next time."""
    try:
        os.write(2, _LAST_WORDS)
    finally:
        os._exit(_STATUS)


def arm() -> None:
    """From now on an error of too little memory that nobody catches ends the process: the worker's choice, never a
    test's or the app's.
    """
    usual, usual_in_thread = sys.unraisablehook, threading.excepthook

    def unraisable(what: sys.UnraisableHookArgs) -> None:
        _end_if(what.exc_value)
        usual(what)

    def in_thread(what: threading.ExceptHookArgs) -> None:
        _end_if(what.exc_value)
        usual_in_thread(what)

    def uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        _end_if(error)
        sys.__excepthook__(kind, error, traceback)

    sys.unraisablehook, threading.excepthook, sys.excepthook = unraisable, in_thread, uncaught


def _end_if(error: BaseException | None) -> None:
    if isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and str(error) in _NO_THREAD):
        end()
