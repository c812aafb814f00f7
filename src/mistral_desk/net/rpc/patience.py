"""How long a connection to another computer may say nothing at all before the system gives it up.

The engine sets no such bound: a computer whose cable was pulled would be waited for until the person loses patience.
"""

from __future__ import annotations

import contextlib
import socket
from typing import Final

IDLE_S: Final = 5
EVERY_S: Final = 3
TIMES: Final = 4
UNSENT_MS: Final = 20_000
"""After so long without a word the other side's system is asked; without an answer this often, it is gone. The same
for what was sent and not taken. A computer that computes for long answers such questions all the while.
"""
_MOST: Final = 1024


def bound() -> int:
    """Bound the patience of every TCP connection of this process; how many there are."""
    found = 0
    for descriptor in range(3, _MOST):
        try:
            one = socket.socket(fileno=descriptor)
        except OSError:  # it is no socket
            continue
        try:
            if one.family == socket.AF_INET and one.type == socket.SOCK_STREAM:
                _bound(one)
                found += 1
        finally:
            one.detach()  # it belongs to who made it
    return found


def _bound(one: socket.socket) -> None:
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    names = {"TCP_KEEPIDLE": IDLE_S, "TCP_KEEPALIVE": IDLE_S, "TCP_KEEPINTVL": EVERY_S, "TCP_KEEPCNT": TIMES}
    for name, value in {**names, "TCP_USER_TIMEOUT": UNSENT_MS}.items():  # what each system calls them
        option = getattr(socket, name, None)
        if option is not None:
            with contextlib.suppress(OSError):
                one.setsockopt(socket.IPPROTO_TCP, option, value)
