"""Whether this computer can listen at an address, asked before a process is started for it."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from mistral_desk.net.rpc.address import Address


def free(address: Address) -> None:
    """Raises `helper.port` where the address is not this computer's or the port is taken."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        if sys.platform != "win32":  # as the engine does it: a connection of before may still be on its way out
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((address.host, address.port))
            one.listen(1)
        except OSError as error:
            raise DeskError("helper.port", address=str(address)) from error
