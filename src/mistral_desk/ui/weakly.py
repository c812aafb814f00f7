"""What a signal calls that must not keep its own sender: a connection holds its function, and no collector sees that.

A function that has the sender in it would keep it for ever, and with it all that the sender has.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def of(sender: object, act: Callable[..., object]) -> Callable[..., None]:
    """`act` with the sender before what the signal carries; nothing once the sender is gone."""
    known = weakref.ref(sender)

    def heard(*values: object) -> None:
        if (there := known()) is not None:
            act(there, *values)

    return heard
