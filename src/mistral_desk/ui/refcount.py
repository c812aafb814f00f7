"""Keeps None, True and False alive under PySide6 6.12 on Python 3.11, where Qt's calls take references too many.

PySide's stable-ABI build returns them without counting, as is right from Python 3.12 on, where they are immortal.
Before that the count of None sinks with each void call (`painter.drawText`…) until Python aborts with *deallocating
None*: after minutes of painting. Measured with `sys.getrefcount(None)`: −1 a call; for bools on rarer paths.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

SPARE: Final = 1 << 40
"""References put in reserve: enough for a million calls a second during twelve days."""


def keep_singletons() -> None:
    """Give them the references that PySide will take. Does nothing where they are immortal, or done before."""
    if sys.version_info >= (3, 12):
        return
    for one in (None, True, False, NotImplemented, Ellipsis):
        known = sys.getrefcount(one)
        # The count is the first word of an object in every release build of CPython 3.11.
        count = ctypes.c_ssize_t.from_address(id(one))
        if known < SPARE // 2 and abs(count.value - known) < 100:
            count.value += SPARE
