"""How many connections there are at a time: every open one takes a handle of the program, and Linux gives 1,024.

uvicorn bounds requests, not connections; what comes beyond the bound, or says nothing for long, is closed here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from typing import Any

MOST: Final = 256
_TOLD: Final = 512
"""So many are told why they are sent away; what comes beyond is only closed."""
_TELLING_S: Final = 1.0
"""So long one that is told may take to hear it: who closes while something is unread takes the answer back."""
_SILENCE_S: Final = 30.0
"""So long a connection may take for its first request's head."""
_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Bounded(H11Protocol):
    """A connection that is one of so many."""

    _silent: asyncio.TimerHandle | None = None
    _sent_away = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or send it away."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            self._sent_away = True
            transport.write(_FULL)
            if len(self.connections) <= _TOLD and transport.can_write_eof():
                transport.write_eof()
                self._silent = self.loop.call_later(_TELLING_S, transport.close)
            else:
                transport.close()
            return
        self._silent = self.loop.call_later(_SILENCE_S, self._too_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        if self._silent is not None:
            self._silent.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """More of a request; what comes to one that is sent away is not read."""
        if not self._sent_away:
            super().data_received(data)

    def _too_silent(self) -> None:
        cycle: Any = self.cycle
        if cycle is None:
            self.transport.close()
