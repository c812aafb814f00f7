"""The client that every room asks for what lies elsewhere.

The offline switch is enforced here and nowhere else; each hop of a request stands in the ledger; a token goes only to
the host that it was meant for.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mistral_desk import __version__
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import OFFLINE
from mistral_desk.net import faults
from mistral_desk.net.addresses import TOO_OFTEN, address, redirected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Mapping
    from typing import TypeVar

    import httpx2

    from mistral_desk.core.settings import Settings
    from mistral_desk.net.addresses import Address
    from mistral_desk.net.ledger import Connection, Ledger

    T = TypeVar("T")

MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CONNECT_S: Final = 15.0
_SILENCE_S: Final = 30.0
_PIECE: Final = 1 << 16
_MEGABYTE: Final = 1_000_000


@dataclass(frozen=True)
class Purpose:
    """Which room asks, and an English sentence (marked for translation) that says what for."""

    who: str
    why: str


@dataclass(frozen=True)
class Reply:
    """A whole answer. Header names are lower case; `url` is where it came from in the end."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str
    hops: tuple[Mapping[str, str], ...] = ()
    """The headers of the redirects on the way: the hub's tell a file's size and hash."""


@dataclass(frozen=True)
class Wants:
    """How a request is made. `token` goes to the first address's host alone; `silence_s` is the longest pause.

    `allow` are the statuses that the asker can use; any other becomes an error.
    """

    headers: Mapping[str, str] = field(default_factory=dict)
    token: str | None = None
    allow: frozenset[int] = frozenset({200})
    method: str = "GET"
    silence_s: float = _SILENCE_S


class Stream:
    """An answer while it comes in. Use its pieces once, inside `Net.stream`."""

    def __init__(self, exchange: _Exchange, response: httpx2.Response, hops: tuple[Mapping[str, str], ...]) -> None:
        self._exchange, self._response = exchange, response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = _lower(response.headers)
        self.hops = hops
        self.url = str(response.url)
        self.host = exchange.at.name

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes, without any decoding. Raises `net.cut`, `net.timeout`, `net.offline`."""
        async for piece in self._exchange.read(self._response.aiter_raw(_PIECE)):
            yield piece


class Net:
    """Makes connections; one for the whole app. Usable from any asyncio loop; `close` it in each that used it."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self.ledger = ledger
        self._settings = settings
        self._lock = threading.Lock()
        self._clients: dict[tuple[int, bool], tuple[asyncio.AbstractEventLoop, httpx2.AsyncClient]] = {}
        self._running: set[_Exchange] = set()
        self._unlisten = settings.listen(OFFLINE, self._switched)

    @property
    def offline(self) -> bool:
        """Whether nothing may leave this computer."""
        return self._settings.get(OFFLINE)

    async def fetch(
        self, url: str, purpose: Purpose, *, limit: int, seconds: float = 60.0, wants: Wants | None = None
    ) -> Reply:
        """A whole answer of at most `limit` bytes within `seconds`, redirects followed. Raises `net.…`."""
        wants = wants or Wants()
        where = address(url)
        try:
            async with asyncio.timeout(seconds), self._answer(where, purpose, wants) as (exchange, response, hops):
                length = response.headers.get("content-length", "")
                if length.isdigit() and int(length) > limit and wants.method != "HEAD":
                    raise exchange.failed("net.too_large", limit=limit / _MEGABYTE)
                body = bytearray()
                async for piece in exchange.read(response.aiter_bytes(_PIECE)):
                    body += piece
                    if len(body) > limit:
                        raise exchange.failed("net.too_large", limit=limit / _MEGABYTE)
                return Reply(response.status_code, _lower(response.headers), bytes(body), str(response.url), hops)
        except TimeoutError as error:
            raise DeskError("net.timeout", host=where.name, seconds=seconds) from error

    @asynccontextmanager
    async def stream(self, url: str, purpose: Purpose, wants: Wants | None = None) -> AsyncIterator[Stream]:
        """An answer piece by piece, of any length; bytes are as the server has them. Raises `net.…`."""
        wants = wants or Wants()
        plain = Wants(
            {**wants.headers, "accept-encoding": "identity"}, wants.token, wants.allow, wants.method, wants.silence_s
        )
        async with self._answer(address(url), purpose, plain) as (exchange, response, hops):
            if response.headers.get("content-encoding", "identity").lower() != "identity":
                raise exchange.failed("net.garbled", reason=faults.PACKED)
            yield Stream(exchange, response, hops)

    async def close(self) -> None:
        """End every connection of the running loop; what is under way there fails."""
        self._unlisten()
        here = asyncio.get_running_loop()
        with self._lock:
            mine = [key for key, (loop, _) in self._clients.items() if loop is here]
            clients = [self._clients.pop(key)[1] for key in mine]
        for client in clients:
            await client.aclose()

    @asynccontextmanager
    async def _answer(
        self, start: Address, purpose: Purpose, wants: Wants
    ) -> AsyncIterator[tuple[_Exchange, httpx2.Response, tuple[Mapping[str, str], ...]]]:
        """Follow redirects to the answer that is no redirect, and check its status."""
        at, hops = start, []
        for _ in range(MOST_REDIRECTS + 1):
            async with self._hop(start, at, purpose, wants) as (exchange, response):
                status = response.status_code
                if status in _REDIRECTS and "location" in response.headers and status not in wants.allow:
                    hops.append(_lower(response.headers))
                    at = redirected(start, at, response.headers["location"])
                    continue
                if status not in wants.allow:
                    raise exchange.refused(response)
                yield exchange, response, tuple(hops)
                return
        raise DeskError("net.redirect", host=start.name, target=at.url[:200], reason=TOO_OFTEN)

    @asynccontextmanager
    async def _hop(
        self, start: Address, at: Address, purpose: Purpose, wants: Wants
    ) -> AsyncIterator[tuple[_Exchange, httpx2.Response]]:
        if self.offline:
            raise DeskError("net.offline", host=at.name)
        client = self._client(at)
        headers = {name.lower(): value for name, value in wants.headers.items()}
        if at.origin != start.origin:
            headers = {name: value for name, value in headers.items() if name not in {"authorization", "cookie"}}
        elif wants.token:
            headers["authorization"] = f"Bearer {wants.token}"
        exchange = _Exchange(at, self.ledger.begin(at.name, purpose.who, purpose.why), wants.silence_s)
        with self._lock:
            self._running.add(exchange)
        response: httpx2.Response | None = None
        problem = "net.cancelled"
        try:
            if self.offline:  # switched between the first look and now
                raise DeskError("net.offline", host=at.name)
            timeout = {"connect": _CONNECT_S, "read": wants.silence_s, "write": wants.silence_s, "pool": None}
            request = client.build_request(wants.method, at.url, headers=headers, extensions={"timeout": timeout})
            response = await exchange.wait(client.send(request, stream=True, follow_redirects=False, auth=None))
            exchange.entry.status = response.status_code
            yield exchange, response
            problem = exchange.problem
        except DeskError as error:
            problem = error.problem.id
            raise
        finally:
            with self._lock:
                self._running.discard(exchange)
            self.ledger.end(exchange.entry, time.monotonic() - exchange.began, problem)
            if response is not None:
                await response.aclose()

    def _client(self, at: Address) -> httpx2.AsyncClient:
        """The running loop's client, made when first needed; what is on this computer needs no proxy."""
        import http.cookiejar  # noqa: PLC0415 - most starts make no connection, and this takes half a second

        import httpx2  # noqa: PLC0415

        loop = asyncio.get_running_loop()
        with self._lock:
            for key in [key for key, (other, _) in self._clients.items() if other.is_closed()]:
                del self._clients[key]
            known = self._clients.get((id(loop), at.loopback))
            if known is not None:
                return known[1]
            try:
                client = httpx2.AsyncClient(
                    headers={"user-agent": f"mistral-desk/{__version__}"},
                    trust_env=not at.loopback,
                    limits=httpx2.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=20),
                )
            except (ImportError, ValueError) as error:  # a proxy of a kind that is not known
                raise DeskError("net.unreachable", str(error), host=at.name, reason=faults.PROXY) from error
            client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
            self._clients[id(loop), at.loopback] = (loop, client)
            return client

    def _switched(self, offline: bool) -> None:
        """End what is under way, and the connections that are kept open for later."""
        if not offline:
            return
        with self._lock:
            running = tuple(self._running)
            clients = tuple(self._clients.values())
            self._clients.clear()
        for exchange in running:
            exchange.cut()
        for loop, client in clients:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_close_later, loop, client)


class _Exchange:
    """One hop under way. `wait` is where the offline switch can break into it."""

    def __init__(self, at: Address, entry: Connection, silence_s: float) -> None:
        self.at, self.entry, self.began = at, entry, time.monotonic()
        self.problem = ""
        self._silence_s = silence_s
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Task[object] | None = None
        self._is_cut = False

    def cut(self) -> None:
        """End it; from any thread."""
        self._is_cut = True
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._break)

    def _break(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """The result; a failure of the connection becomes a `net.…` error, the switch `net.offline`."""
        task = asyncio.current_task()
        asked = task.cancelling() if task else 0
        self._waiting = task
        try:
            result = await awaitable
        except asyncio.CancelledError:
            # Our own cancelling is taken back; one that somebody else asked for besides stays.
            if self._is_cut and task is not None and task.uncancel() <= asked:
                raise self.failed("net.offline") from None
            raise
        except Exception as error:
            if (known := faults.of(error, self.at.name, self.entry.received, self._silence_s)) is None:
                raise
            self.problem = known.problem.id
            raise known from error
        finally:
            self._waiting = None
        if self._is_cut:
            raise self.failed("net.offline")
        return result

    async def read(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces of a body, counted."""
        while True:
            piece = await self.wait(anext(pieces, b""))
            if not piece:
                return
            self.entry.received += len(piece)
            yield piece

    def failed(self, message_id: str, **params: str | float) -> DeskError:
        """An error about this host, noted for the ledger."""
        self.problem = message_id
        return DeskError(message_id, host=self.at.name, **params)

    def refused(self, response: httpx2.Response) -> DeskError:
        """The error for a status that the asker cannot use."""
        error = faults.of_status(self.at.name, response.status_code, response.headers.get("retry-after", ""))
        self.problem = error.problem.id
        return error


def _lower(headers: httpx2.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


_closing: Final[set[asyncio.Task[None]]] = set()


def _close_later(loop: asyncio.AbstractEventLoop, client: httpx2.AsyncClient) -> None:
    task = loop.create_task(client.aclose())
    _closing.add(task)
    task.add_done_callback(_closing.discard)
