"""Who may ask at all: looked at before a byte of the body is read, in the order host, origin, token, room, size.

A page that leads its own name to this computer has another Host header, and one that asks across has an Origin: both
are refused, and no CORS header is ever sent. A token is compared in constant time.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.server.replies import RETRY_S, refused, status_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES: Final = 24 << 20
"""Of one body: room for some pictures of a telephone."""
MOST_REQUESTS: Final = 128
"""That are here at a time, the one that is answered included."""
MOST_HELD: Final = 128 << 20
"""Bytes of all bodies together."""
OURS: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_SHOWN: Final = 100
_CLOSE: Final = (b"connection", b"close")
_LINGER_BYTES: Final = 4 * MOST_BYTES
"""That are read and thrown away behind a refusal: who closes while something is unread takes the answer back (TCP)."""
_STILL_S: Final = 2.0
"""So long the rest may stay away before it is waited for no more."""
_LINGER_S: Final = 30.0
"""And so long all of it may take: as long as anybody keeps a connection and asks nothing (`connections`)."""


@dataclass
class Guard:
    """Wraps the application. `token` None lets everybody in who can connect; `hosts` are names beside this computer's.

    `open_` where other computers may ask: then any address in numbers is one of ours, since no name can lead to it.
    """

    app: ASGIApp
    token: str | None
    hosts: frozenset[str] = frozenset()
    open_: bool = False
    requests: int = field(default=0, init=False)
    held: int = field(default=0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it."""
        if scope["type"] != "http":
            return
        rest = _Rest(receive, closes=_is_last(scope))
        receive, send = rest.receive, rest.lingering(send)
        try:
            self._look(scope)
        except DeskError as error:
            await refuse(error.problem, send)
            return
        bytes_here = 0

        async def bounded() -> Message:
            nonlocal bytes_here
            message = await receive()
            size = len(message.get("body", b""))
            bytes_here += size
            self.held += size
            if bytes_here > MOST_BYTES:
                raise DeskError("server.too_large", limit=MOST_BYTES)
            if self.held > MOST_HELD:
                raise DeskError("server.busy", count=self.requests)
            return message

        self.requests += 1
        try:
            await self.app(scope, bounded, send)
        finally:
            self.requests -= 1
            self.held -= bytes_here

    def _look(self, scope: Scope) -> None:
        """Raise why this one is not let in."""
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        host = _name(f"//{headers.get(b'host', '')}")
        if host not in OURS | self.hosts and not (self.open_ and _is_number(host)):
            raise DeskError("server.host", name=headers.get(b"host", "")[:_SHOWN])
        origin = headers.get(b"origin")
        if origin is not None:
            raise DeskError("server.origin", name=origin[:_SHOWN])
        if self.token is not None:
            kind, _, given = headers.get(b"authorization", "").partition(" ")
            right = hmac.compare_digest(given.strip().encode(), self.token.encode())
            if kind.casefold() != "bearer" or not right:
                raise DeskError("server.no_token")
        if self.requests >= MOST_REQUESTS:
            raise DeskError("server.busy", count=self.requests)
        size = headers.get(b"content-length", "0")
        if size.isascii() and size.isdigit() and int(size[:19]) > MOST_BYTES:
            raise DeskError("server.too_large", limit=MOST_BYTES)


class _Rest:
    """What is still to come of one request's body. `closes`: the connection ends with its answer in any case."""

    def __init__(self, receive: Receive, *, closes: bool) -> None:
        self._receive, self._closes = receive, closes
        self._all_here = False

    async def receive(self) -> Message:
        """The next of it."""
        message = await self._receive()
        self._all_here = not message.get("more_body")
        return message

    def lingering(self, send: Send) -> Send:
        """Sends as `send` does; where an answer closes the connection, the rest is read before it is closed."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._closes = self._closes or _CLOSE in message["headers"]
            elif self._closes and not self._all_here and not message.get("more_body"):
                await send({**message, "more_body": True})
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._throw_away(), _LINGER_S)
                message = {"type": "http.response.body"}
            await send(message)

        return sent

    async def _throw_away(self) -> None:
        thrown = 0
        while not self._all_here and thrown <= _LINGER_BYTES:
            thrown += len((await asyncio.wait_for(self.receive(), _STILL_S)).get("body", b""))


async def refuse(problem: Problem, send: Send) -> None:
    """Answer with what is wrong."""
    status = status_of(problem)
    body = msgspec.json.encode(refused(problem))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status in {429, 503}:
        headers.append((b"retry-after", str(RETRY_S).encode()))
    if status in {413, 429}:
        headers.append(_CLOSE)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _is_last(scope: Scope) -> bool:
    """Whether the connection ends with this request's answer because whoever asked wants that."""
    said = b",".join(value for name, value in scope["headers"] if name == b"connection")
    return scope["http_version"] == "1.0" or b"close" in {one.strip() for one in said.lower().split(b",")}


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _name(address: str) -> str:
    """The host in an address, without port and brackets."""
    try:
        return (urlsplit(address).hostname or "").casefold()
    except ValueError:
        return ""
