"""The client that every room asks for what lies elsewhere.

The offline switch is enforced here and nowhere else; each hop of a request stands in the ledger; a token goes only to
the host that it was meant for.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import threading
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from mistral_desk import __version__
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import OFFLINE
from mistral_desk.net import faults, proxies
from mistral_desk.net.addresses import ONWARD, TOO_OFTEN, address, redirected, shown
from mistral_desk.net.asking import Purpose, Reply, Wants
from mistral_desk.net.exchange import Exchange, lower
from mistral_desk.net.unpacking import DamagedPackingError, TooLargeError, UnknownPackingError, Unpacker

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Mapping

    import httpx2

    from mistral_desk.core.settings import Settings
    from mistral_desk.net.addresses import Address
    from mistral_desk.net.ledger import Ledger

__all__ = ["MOST_REDIRECTS", "Net", "Purpose", "Reply", "Stream", "Wants", "authorities"]

MOST_REDIRECTS: Final = 5
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CONNECT_S: Final = 15.0
_END_S: Final = 5.0
"""How long what was cut may take to end."""
_SHORT: Final = 16_384
"""The body of a redirect is read up to here, so that its connection can serve the next request."""
_MOST_HOSTS: Final = 256
_READ: Final = 1 << 18
"""Bytes that are taken from a connection at once: what the loop's transports give. The library takes a quarter of it,
and would copy the rest for each one.
"""
_MEGABYTE: Final = 1_000_000
_OWN: Final = frozenset({"authorization", "cookie"})
"""Headers that are for one computer only."""


class Stream:
    """An answer while it comes in; read it inside `Net.stream`."""

    def __init__(self, exchange: Exchange, response: httpx2.Response, hops: tuple[Mapping[str, str], ...]) -> None:
        self._exchange = exchange
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = lower(response.headers)
        self.hops = hops
        self.host = exchange.at.name

    async def piece(self) -> bytes:
        """The next piece of the body as it comes, without any decoding; empty at its end.

        Raises `net.cut`, `net.timeout`, `net.offline`, `net.cancelled`.
        """
        return await self._exchange.piece()


class Net:
    """Makes connections; one for the whole app. Usable from any asyncio loop; `close` it in each that used it."""

    def __init__(self, settings: Settings, ledger: Ledger) -> None:
        self.ledger = ledger
        self._settings = settings
        self._lock = threading.Lock()
        self._clients: dict[tuple[int, bool], tuple[asyncio.AbstractEventLoop, httpx2.AsyncClient]] = {}
        self._running: set[Exchange] = set()
        self._direct: dict[str, bool] = {}
        self._closed = False
        self._unlisten = settings.listen(OFFLINE, self._switched)

    @property
    def offline(self) -> bool:
        """Whether nothing may leave this computer."""
        return self._settings.get(OFFLINE)

    def warm(self) -> None:
        """Load what connections need, where they are allowed, before one is wanted. It blocks for half a second."""
        if not self.offline:
            _loaded()
            _certificates()

    async def fetch(
        self, url: str, purpose: Purpose, *, limit: int, seconds: float = 60.0, wants: Wants | None = None
    ) -> Reply:
        """A whole answer of at most `limit` bytes within `seconds`, redirects followed. Raises `net.…`."""
        wants = _with(wants, {"accept-encoding": "gzip"})
        where = address(url, near=wants.near)
        try:
            async with (
                asyncio.timeout(seconds) as clock,
                self._answer(where, purpose, wants, clock) as (exchange, response, hops),
            ):
                body = await _whole(exchange, response, limit, counts=wants.method != "HEAD")
                return Reply(response.status_code, lower(response.headers), body, str(response.url), hops)
        except TimeoutError as error:
            raise DeskError("net.timeout", host=where.name, seconds=seconds) from error

    @asynccontextmanager
    async def stream(self, url: str, purpose: Purpose, wants: Wants | None = None) -> AsyncIterator[Stream]:
        """An answer piece by piece, of any length; bytes are as the server has them. Raises `net.…`.

        It may take as long as it likes; who cannot wait puts an `asyncio.timeout` around it.
        """
        plain = _with(wants, {"accept-encoding": "identity"}, force=True)
        async with self._answer(address(url, near=plain.near), purpose, plain) as (exchange, response, hops):
            if response.headers.get("content-encoding", "identity").strip().lower() != "identity":
                raise exchange.failed("net.garbled", reason=faults.PACKED)
            yield Stream(exchange, response, hops)

    async def stop(self) -> None:
        """End what is under way in the running loop with `net.cancelled`; returns when it has ended."""
        here = asyncio.get_running_loop()
        with self._lock:
            mine = [exchange for exchange in self._running if exchange.loop is here]
        for exchange in mine:
            exchange.cut("net.cancelled")
        if mine:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await asyncio.gather(*(exchange.ended.wait() for exchange in mine))
        await asyncio.to_thread(self.ledger.flush)

    async def close(self) -> None:
        """`stop` and `let_go`, and make no connections any more."""
        self._closed = True
        self._unlisten()
        await self.stop()
        await self.let_go()

    async def let_go(self) -> None:
        """Close the connections that are kept open for later in the running loop, before it ends; nothing is under way.

        Others can be made.
        """
        here = asyncio.get_running_loop()
        with self._lock:
            mine = [key for key, (loop, _) in self._clients.items() if loop is here]
            clients = [self._clients.pop(key)[1] for key in mine]
        for client in clients:
            await client.aclose()
        # Those that the switch has let go of, too: a loop that ends before leaves their sockets open.
        await asyncio.gather(*(one for one in tuple(_closing) if one.get_loop() is here), return_exceptions=True)

    @asynccontextmanager
    async def _answer(
        self, start: Address, purpose: Purpose, wants: Wants, clock: asyncio.Timeout | None = None
    ) -> AsyncIterator[tuple[Exchange, httpx2.Response, tuple[Mapping[str, str], ...]]]:
        """Follow redirects to the answer that is no redirect, and check its status."""
        at = start
        hops: list[Mapping[str, str]] = []
        while True:
            async with self._hop(start, at, purpose, wants, clock) as (exchange, response):
                status = response.status_code
                if status in _REDIRECTS and "location" in response.headers and status not in wants.allow:
                    if len(hops) >= MOST_REDIRECTS:
                        raise DeskError("net.redirect", host=start.name, target=shown(at.url), reason=TOO_OFTEN)
                    if not wants.follows:
                        to = shown(response.headers["location"])
                        raise DeskError("net.redirect", host=start.name, target=to, reason=ONWARD)
                    hops.append(lower(response.headers))
                    at = redirected(start, at, response.headers["location"], elsewhere=wants.elsewhere)
                    await exchange.drain(_SHORT)
                    continue
                if status not in wants.allow:
                    raise exchange.refused(response)
                yield exchange, response, tuple(hops)
                return

    @asynccontextmanager
    async def _hop(
        self, start: Address, at: Address, purpose: Purpose, wants: Wants, clock: asyncio.Timeout | None
    ) -> AsyncIterator[tuple[Exchange, httpx2.Response]]:
        """One request and its answer's head; the connection is free or closed after it."""
        exchange = Exchange(at, wants.silence_s, clock)
        with self._lock:
            self._running.add(exchange)
        try:
            self._refuse(at)
            client = await exchange.wait(lambda: self._client(at))
            request = _request(client, start, at, wants)
            exchange.entry = self.ledger.begin(at.name, purpose.who, purpose.why, purpose.job)
            if self.ledger.unwritten:  # nothing is sent before it is written down
                await exchange.wait(lambda: asyncio.to_thread(self.ledger.flush))
            yield exchange, await exchange.send(client, request)
        except BaseException as error:
            exchange.note(error)
            raise
        finally:
            try:
                await exchange.close()
            finally:
                with self._lock:
                    self._running.discard(exchange)
                if exchange.entry is not None:
                    self.ledger.end(exchange.entry, exchange.problem)
                    if self.ledger.unwritten:
                        _later(asyncio.get_running_loop(), self.ledger)
                exchange.ended.set()

    def _refuse(self, at: Address) -> None:
        """The switch: nothing begins while it is on."""
        if self._closed:
            raise DeskError("net.cancelled", host=at.name)
        if self.offline:
            raise DeskError("net.offline", host=at.name)

    async def _client(self, at: Address) -> httpx2.AsyncClient:
        """The running loop's client, made when first needed; some computers need no proxy, as this one."""
        loop = asyncio.get_running_loop()
        # No proxy reads along where nothing is encrypted: plain http goes to this computer, and to those around it.
        straight = at.loopback or at.scheme == "http" or await self._straight(at.host)
        key = (id(loop), straight)
        with self._lock:
            known = self._clients.get(key)
        if known is not None and known[0] is loop:
            return known[1]
        client = await asyncio.to_thread(_made, at, straight)
        with self._lock:
            for other in [other for other, (old, _) in self._clients.items() if old.is_closed()]:
                del self._clients[other]
            return self._clients.setdefault(key, (loop, client))[1]

    async def _straight(self, host: str) -> bool:
        """Whether the system reaches a host without its proxy; asked once for each."""
        if host not in self._direct:
            while len(self._direct) >= _MOST_HOSTS:
                self._direct.pop(next(iter(self._direct)))
            self._direct[host] = await asyncio.to_thread(proxies.direct, host)
        return self._direct[host]

    def _switched(self, offline: bool) -> None:
        """End what is under way, and the connections that are kept open for later; called in any thread."""
        if not offline:
            return
        with self._lock:
            running = tuple(self._running)
            clients = tuple(self._clients.values())
            self._clients.clear()
        for exchange in running:
            exchange.cut("net.offline")
        for loop, client in clients:
            with contextlib.suppress(RuntimeError):  # the loop was closed, and its connections with it
                loop.call_soon_threadsafe(_close_later, loop, client)


def _with(wants: Wants | None, headers: Mapping[str, str], *, force: bool = False) -> Wants:
    """The same wish with lower-case header names, and these headers where it names none (or by `force`)."""
    given = wants or Wants()
    named = {name.lower(): value for name, value in given.headers.items()}
    return replace(given, headers={**named, **headers} if force else {**headers, **named})


async def _whole(exchange: Exchange, response: httpx2.Response, limit: int, *, counts: bool) -> bytes:
    """The body, unpacked, of at most `limit` bytes. `counts`: the header Content-Length speaks of this answer."""
    length = response.headers.get("content-length", "")
    if counts and length.isascii() and length.isdigit() and int(length[:19]) > limit:
        raise exchange.failed("net.too_large", limit=limit / _MEGABYTE)
    try:
        unpacker = Unpacker(response.headers.get("content-encoding", ""), limit)
        while piece := await exchange.piece():
            unpacker.add(piece)
        return unpacker.done()
    except TooLargeError as error:
        raise exchange.failed("net.too_large", limit=limit / _MEGABYTE) from error
    except UnknownPackingError as error:
        raise exchange.failed("net.garbled", reason=faults.PACKED) from error
    except DamagedPackingError as error:
        raise exchange.failed("net.garbled", reason=faults.BAD_PACK) from error


def _request(client: httpx2.AsyncClient, start: Address, at: Address, wants: Wants) -> httpx2.Request:
    """The request for one hop: what belongs to the first computer stays with it."""
    import httpx2  # noqa: PLC0415 - loaded already, with the client

    headers = dict(wants.headers)
    if at.origin != start.origin:
        headers = {name: value for name, value in headers.items() if name not in _OWN}
    elif wants.token:
        headers["authorization"] = f"Bearer {wants.token}"
    timeout = {"connect": _CONNECT_S, "read": wants.silence_s, "write": wants.silence_s, "pool": None}
    try:
        more = {"timeout": timeout}
        return client.build_request(wants.method, at.url, content=wants.body, headers=headers, extensions=more)
    except (httpx2.InvalidURL, ValueError) as error:
        raise DeskError("net.address", str(error), address=shown(at.url), reason=faults.NO_NAME) from error


def _made(at: Address, straight: bool) -> httpx2.AsyncClient:
    """A client. It blocks for half a second: the library is loaded and the system's certificates are read."""
    import http.cookiejar  # noqa: PLC0415 - most starts make no connection

    import httpx2  # noqa: PLC0415

    _loaded()
    try:
        client = httpx2.AsyncClient(
            headers={"user-agent": f"mistral-desk/{__version__}"},
            verify=_certificates(),
            trust_env=not straight,
            limits=httpx2.Limits(max_connections=16, max_keepalive_connections=8, keepalive_expiry=20),
        )
    except (ImportError, ValueError, httpx2.InvalidURL) as error:  # a proxy of a kind that is not known
        raise DeskError("net.unreachable", str(error), host=at.name, reason=faults.PROXY) from error
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client


def _loaded() -> None:
    """Load the library, with all that it would load in its first connection."""
    import http.cookiejar  # noqa: F401, PLC0415

    import anyio._backends._asyncio  # noqa: F401, PLC0415
    import httpcore2._backends.anyio  # noqa: PLC0415
    import httpx2  # noqa: F401, PLC0415

    httpcore2.AsyncHTTP11Connection.READ_NUM_BYTES = _READ
    for name in ("httpx2", "httpcore2"):
        logging.getLogger(name).setLevel(logging.WARNING)  # addresses belong into no log


def authorities() -> int:
    """How many certificate authorities the system trusts; 0 where it has none, and no connection could be made."""
    return len(_certificates().get_ca_certs())


@functools.cache
def _certificates() -> ssl.SSLContext:
    """Whom the system trusts; read once, because it takes a sixth of a second."""
    import httpx2  # noqa: PLC0415

    return httpx2.create_ssl_context()


_closing: Final[set[asyncio.Future[None]]] = set()
"""Keeps what ends by itself from being collected before that."""


def _close_later(loop: asyncio.AbstractEventLoop, client: httpx2.AsyncClient) -> None:
    _keep(loop.create_task(client.aclose()))


def _later(loop: asyncio.AbstractEventLoop, ledger: Ledger) -> None:
    with contextlib.suppress(RuntimeError):  # at the program's end no thread begins any more; `close` writes
        _keep(loop.run_in_executor(None, ledger.flush))


def _keep(future: asyncio.Future[None]) -> None:
    _closing.add(future)
    future.add_done_callback(_closing.discard)
