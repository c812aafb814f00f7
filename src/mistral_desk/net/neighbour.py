"""Questions to a program that we started ourselves, on this computer's loopback address: `bench` asks llama-server so.

Nothing leaves this computer and no other program is asked, so the offline switch does not stop it and the ledger, the
list of what left, has no entry of it. Whatever goes elsewhere takes `client`.
"""

from __future__ import annotations

import contextlib
import http.client
import random
import socket
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST: Final = "127.0.0.1"
_PORTS: Final = range(20_000, 32_000)
"""Below those that Linux, Windows and macOS hand out by themselves: the program that is to get it takes a moment to
start, and meanwhile any connection could be given one of the others.
"""
_TRIES: Final = 100
_LARGEST: Final = 64 << 20
"""Bytes of an answer at most."""


class Neighbour:
    """One program's place on this computer. `ask` blocks; `cut` comes from another thread and ends it."""

    def __init__(self) -> None:
        self.port = _free_port()
        self._lock = threading.Lock()
        self._over = False
        self._asking: socket.socket | None = None

    def ask(self, path: str, body: bytes | None = None) -> bytes:
        """The answer to one request (JSON, where there is a body). Raises `OSError` with why there is none.

        No redirect is followed, no proxy asked, nothing kept open.
        """
        connection = http.client.HTTPConnection(HOST, self.port)
        try:
            with contextlib.closing(connection), self._cuttable(connection):
                headers = {"content-type": "application/json"} if body is not None else {}
                connection.request("GET" if body is None else "POST", path, body, headers)
                answer = connection.getresponse()
                said = answer.read(_LARGEST + 1)
        except http.client.HTTPException as error:
            raise OSError(str(error) or type(error).__name__) from error
        if answer.status != http.client.OK:
            raise OSError(f"it answered {answer.status}")
        if len(said) > _LARGEST:
            raise OSError("its answer is too long")
        return said

    def cut(self) -> None:
        """End what is asked now, and ask nothing any more."""
        with self._lock:
            self._over = True
            if self._asking:
                with contextlib.suppress(OSError):  # the other side was faster
                    self._asking.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _cuttable(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        """A handle of our own on the connection: the library lets go of its while it still reads."""
        connection.connect()
        with connection.sock.dup() as handle:
            with self._lock:
                if self._over:
                    raise ConnectionAbortedError("it was not wanted any more")
                self._asking = handle
            try:
                yield
            finally:
                with self._lock:
                    self._asking = None
            if self._over:  # an answer that was cut can look like a whole one
                raise ConnectionAbortedError("it was not wanted any more")


def _free_port() -> int:
    """A port that nobody has just now."""
    for port in random.sample(_PORTS, _TRIES):
        with socket.socket() as one, contextlib.suppress(OSError):
            one.bind((HOST, port))
            return port
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])
