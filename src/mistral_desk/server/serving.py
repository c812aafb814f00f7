"""The server as a thing that is switched on and off: a thread with a loop of its own, so that the window's has no part
in what programs send, however much that is.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

import uvicorn

from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import OFFLINE
from mistral_desk.server.api import Api
from mistral_desk.server.connections import Bounded
from mistral_desk.server.guards import Guard
from mistral_desk.server.line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.server.ground import Ground

_log: Final = logging.getLogger(__name__)
LOCAL: Final = "127.0.0.1"
_BACKLOG: Final = 256
_GRACE_S: Final = 2


class Serving:
    """For the loop that the engine belongs to. Begin with `start`, end with `stop`; then it can begin again."""

    def __init__(self, ground: Ground) -> None:
        self.line = Line(ground)
        self._ground = ground
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self._api: Api | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.address = ""
        """Where it listens, as programs need it: `http://127.0.0.1:8642/v1`; empty while it does not."""
        self.fell: Callable[[], None] = lambda: None
        """Hears, in that loop, that it has ended although nobody told it to."""

    async def start(self, port: int, token: str | None, host: str = LOCAL) -> str:
        """Listen, at any free port where `port` is 0; the address. `host` is an address of this computer.

        Raises `server.offline`, `server.cannot_listen`, `server.ended`, and `server.open_without_token` where `token`
        is None and other computers could connect.
        """
        if self._ground.settings.get(OFFLINE):
            raise DeskError("server.offline")
        if token is None and not is_local(host):
            raise DeskError("server.open_without_token", address=host[:100])
        await self.stop()
        listening = await asyncio.to_thread(_listening, host, port)
        bound = listening.getsockname()[1]  # now: a server that ends closes it
        self._api = Api(self._ground, self.line, asyncio.get_running_loop())
        guard = Guard(self._api.app, token, frozenset({host.casefold(), *_own_names()}), open_=not is_local(host))
        config = uvicorn.Config(
            guard,
            http=Bounded,
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level=logging.ERROR,  # what strangers send, however odd, does not fill the log
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            backlog=_BACKLOG,
            timeout_graceful_shutdown=_GRACE_S,
        )
        here = asyncio.get_running_loop()
        up: asyncio.Future[None] = here.create_future()
        server = self._server = _Server(config, lambda: here.call_soon_threadsafe(_settle, up))
        over = partial(here.call_soon_threadsafe, self._over, server, up)
        self._thread = threading.Thread(target=self._turn, args=(server, listening, over), name="server", daemon=True)
        self._thread.start()
        await up
        if self._server is not server:  # it has ended in the same moment
            raise DeskError("server.ended")
        name = f"[{host}]" if ":" in host else host
        self.address = f"http://{name}:{bound}/v1"
        _log.info("the server listens")
        return self.address

    async def stop(self) -> None:
        """Listen no more; what is being answered breaks off. Returns when the thread has ended."""
        thread, server, loop, api = self._thread, self._server, self._loop, self._api
        self._thread = self._server = self._loop = self._api = None
        self.address = ""
        if thread is None or server is None:
            return
        if loop is not None and api is not None:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(api.end)
        server.should_exit = True
        await asyncio.to_thread(thread.join)

    def _turn(self, server: uvicorn.Server, listening: socket.socket, over: Callable[[], object]) -> None:
        """The life of the thread."""

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            try:
                await server.serve([listening])
            finally:
                for connection in tuple(server.server_state.connections):  # there are none where it was told to end
                    connection.transport.abort()

        try:
            asyncio.run(serve())
        except (Exception, SystemExit):  # noqa: BLE001 - uvicorn may exit; the window goes on without it
            _log.exception("the server ended by an error of the program")
        finally:
            listening.close()
            with contextlib.suppress(RuntimeError):  # the window has ended
                over()

    def _over(self, server: uvicorn.Server, up: asyncio.Future[None]) -> None:
        """The thread has ended, in the loop that began it."""
        if not up.done():
            up.set_exception(DeskError("server.ended"))
        if self._server is not server:  # it was told to
            return
        fell, self.address = bool(self.address), ""
        self._thread = self._server = self._loop = self._api = None
        if fell:
            self.fell()


class _Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, config: uvicorn.Config, up: Callable[[], object]) -> None:
        super().__init__(config)
        self._up = up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's."""
        await super().startup(sockets)
        self._up()


def is_local(host: str) -> bool:
    """Whether only this computer can connect to this address of it."""
    if host.casefold() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            made.setsockopt(
                socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1
            )  # else another program could share the port
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(_BACKLOG)
        made.setblocking(False)
    except OSError as error:
        made.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise DeskError("server.cannot_listen", str(error), address=f"{host[:100]}:{port}", reason=reason) from error
    return made


def _own_names() -> tuple[str, str]:
    """What other computers in the same net call this one."""
    name = socket.gethostname().casefold()
    return name, f"{name}.local"


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
