"""How many connections there are at a time: every open one takes a handle of the program, and Linux gives 1,024.

uvicorn bounds requests, not connections; what comes beyond the bound, or keeps a place and asks nothing, is closed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import asyncio
    from typing import Any

MOST: Final = 256
_TOLD: Final = 512
"""So many are told why they are sent away; what comes beyond is only closed."""
_TELLING_S: Final = 1.0
"""So long one that is told may take to hear it: who closes while something is unread takes the answer back."""
_LOOK_S: Final = 30.0
"""Between two looks at a connection. So long it may take for a request's head."""
_LEAST_BYTES: Final = 32 << 10
"""Of a request that is not here yet, from one look to the next, and of an answer that waits to be read: what is slower
only keeps a place.
"""
_FULL: Final = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Bounded(H11Protocol):
    """A connection that is one of so many."""

    _timer: asyncio.TimerHandle | None = None
    _sent_away = False
    _came = 0
    _seen: tuple[object, int] = (None, 0)
    """The request and the bytes that had come at the last look."""
    _unread = 0
    """Bytes of an answer that nobody took at the last look, and not since."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or send it away."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            self._sent_away = True
            transport.write(_FULL)
            if len(self.connections) <= _TOLD and transport.can_write_eof():
                transport.write_eof()
                self._timer = self.loop.call_later(_TELLING_S, transport.close)
            else:
                transport.close()
            return
        self._timer = self.loop.call_later(_LOOK_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """It has gone."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """The server ends: who has not sent all of a request, or does not read what is still being answered, is not
        waited for.
        """
        super().shutdown()
        if self.flow.write_paused and not self.cycle.response_complete:
            self.transport.abort()
        elif self.conn.their_state is h11.SEND_BODY:
            self.transport.close()

    def resume_writing(self) -> None:
        """Whoever asked reads on."""
        self._unread = 0
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """More of a request; what comes to one that is sent away is not read."""
        if not self._sent_away:
            self._came += len(data)
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """What comes is no HTTP: it is told so as long as nothing was answered; behind an answer only the connection
        ends, where uvicorn would stumble, and write that into the log once for every stranger.
        """
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            super().send_400_response(msg)
        else:
            self.transport.close()

    def _look(self) -> None:
        """Close it where a request is not here yet, and hardly came nearer since the last look, or where an answer is
        hardly read.
        """
        cycle: Any = self.cycle
        before, self._seen = self._seen, (cycle, self._came)
        still = cycle is before[0] and self._came - before[1] < _LEAST_BYTES
        answered = cycle is not None and cycle.response_complete  # the rest of such a request is not read
        state = self.conn.their_state
        waited, self._unread = self._unread, self._held_up()
        if waited and self._unread > waited - _LEAST_BYTES:
            self.transport.abort()  # who closes waits until all is read
        elif (state is h11.SEND_BODY and (still or answered)) or (state is h11.IDLE and still):
            self.transport.close()
        self._timer = self.loop.call_later(_LOOK_S, self._look)

    def _held_up(self) -> int:
        """Bytes that have to be read before this goes on; 0 where nothing waits for whoever asked."""
        waits = self.flow.write_paused or self.transport.is_closing()
        return self.transport.get_write_buffer_size() if waits else 0
