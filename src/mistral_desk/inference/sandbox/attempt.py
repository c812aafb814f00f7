"""A lock that a system may not know is tried, and it is said where it is not in force."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def attempt(by: list[str], name: str, lock: Callable[[], object]) -> None:
    """Close a lock, and put its name to those that hold, once; one that gives False is not there. Raises nothing."""
    try:
        done = lock()
    except OSError as error:
        sys.stderr.write(f"a lock that is not in force: {name} ({error})\n")
    else:
        if done is not False and name not in by:
            by.append(name)
