"""One request and its answer while they are under way: counted, and breakable from any thread.

It stands between the library and everything else, so that nothing but our own errors comes out.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from mistral_desk.core.errors import DeskError
from mistral_desk.net import faults

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
    from typing import TypeVar

    import httpx2

    from mistral_desk.net.addresses import Address
    from mistral_desk.net.ledger import Connection

    T = TypeVar("T")


class Exchange:
    """One hop. `wait` is where `cut` can break into it; `ended` is set when all is closed.

    `clock` is a time limit that the asker has set around it.
    """

    def __init__(self, at: Address, silence_s: float, clock: asyncio.Timeout | None = None) -> None:
        self.at = at
        self.loop = asyncio.get_running_loop()
        self.ended = asyncio.Event()
        self.entry: Connection | None = None
        self.problem = ""
        self._silence_s, self._clock = silence_s, clock
        self._received = 0
        self._response: httpx2.Response | None = None
        self._pieces: AsyncGenerator[bytes, None] | None = None
        self._waiting: asyncio.Task[object] | None = None
        self._broken = False
        self._cut = ""

    def cut(self, message_id: str) -> None:
        """End it with this error; from any thread."""
        self._cut = self._cut or message_id
        with contextlib.suppress(RuntimeError):  # the loop was closed, and everything in it with it
            self.loop.call_soon_threadsafe(self._break)

    def _break(self) -> None:
        if self._waiting is not None and not self._broken:
            self._broken = True
            self._waiting.cancel()

    async def wait(self, make: Callable[[], Awaitable[T]]) -> T:
        """What `make` gives in the end; a failure of the connection becomes a `net.…` error, and so does a `cut`."""
        if self._cut:
            raise self.failed(self._cut)
        task = asyncio.current_task()
        asked = task.cancelling() if task else 0
        self._waiting = task
        try:
            result = await make()
        except asyncio.CancelledError:
            # Our own cancelling is taken back; one that somebody else asked for besides stays.
            if self._broken and task is not None and task.uncancel() <= asked:
                raise self.failed(self._cut) from None
            raise
        except Exception as error:
            if self._broken and task is not None:
                task.uncancel()
                raise self.failed(self._cut) from None
            if (known := faults.of(error, self.at.name, self._received, self._silence_s)) is None:
                raise
            quoted = known.problem.id == "net.garbled"  # what came, which may be the words of a chat, or a key
            raise known from (None if quoted else error)
        finally:
            self._waiting = None
        if self._cut:
            raise self.failed(self._cut)
        return result

    async def send(self, client: httpx2.AsyncClient, request: httpx2.Request) -> httpx2.Response:
        """Send the request; returns when the answer's head is there. Raises `net.…`."""
        head = _size(request.headers) + len(request.method) + len(request.url.raw_path)
        head += int(request.headers.get("content-length", "0"))

        async def goes(event: str, _info: object) -> None:
            """Counts connections, and the request when it goes out: to who does not answer nothing is sent."""
            nonlocal head
            if event.endswith(_CONNECTS) and self.entry is not None:
                self.entry.opened += 1
            if event == _GOES_OUT:
                self._count(sent=head)
                head = 0

        request.extensions = {**request.extensions, "trace": goes}
        response = await self.wait(lambda: client.send(request, stream=True, follow_redirects=False, auth=None))
        self._response = response
        if self.entry is not None:
            self.entry.status = response.status_code
        self._count(received=_size(response.headers) + len(response.reason_phrase))
        return response

    async def piece(self) -> bytes:
        """The next piece of the body as it was sent; empty at its end. Raises `net.…`."""
        if self._response is None:
            return b""
        if self._pieces is None:
            self._pieces = self._response.aiter_raw()
        pieces = self._pieces
        piece = await self.wait(lambda: anext(pieces, b""))
        self._received += len(piece)
        self._count(received=len(piece))
        return piece

    async def drain(self, most: int) -> None:
        """Read a short body to its end; a longer one is left, and its connection is closed."""
        taken = 0
        while taken <= most and (piece := await self.piece()):
            taken += len(piece)

    async def close(self) -> None:
        """Give the connection back, or close it where its answer was not read to the end."""
        try:
            if self._pieces is not None:
                await self._pieces.aclose()
        finally:
            if self._response is not None:
                await self._response.aclose()

    def note(self, error: BaseException) -> None:
        """Remember for the ledger what ended it."""
        if isinstance(error, DeskError):
            self.problem = error.problem.id
        elif isinstance(error, asyncio.CancelledError) and self._clock is not None and self._clock.expired():
            self.problem = "net.timeout"
        else:
            self.problem = "net.cancelled"

    def failed(self, message_id: str, **params: str | float) -> DeskError:
        """An error about this host."""
        return DeskError(message_id, host=self.at.name, **params)

    def refused(self, response: httpx2.Response) -> DeskError:
        """The error for a status that the asker cannot use."""
        return faults.of_status(self.at.name, response.status_code, response.headers.get("retry-after", ""))

    def _count(self, *, sent: int = 0, received: int = 0) -> None:
        if self.entry is not None:
            self.entry.sent += sent
            self.entry.received += received


def lower(headers: httpx2.Headers) -> Mapping[str, str]:
    """The headers with lower-case names."""
    return {name.lower(): value for name, value in headers.items()}


_GOES_OUT = "http11.send_request_headers.started"
"""What httpcore calls it when it begins to write; the client speaks HTTP/1.1 only."""
_CONNECTS = ".connect_tcp.started"
"""How its names end when a connection is begun, whether straight or by way of a proxy."""
_LINE = len(b"  HTTP/1.1\r\n\r\n")


def _size(headers: httpx2.Headers) -> int:
    """Bytes of a message's head, but for the words that are the message's own in its first line."""
    return _LINE + sum(len(name) + len(value) + 4 for name, value in headers.raw)
