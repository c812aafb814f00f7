"""Who asks and never reads: the answers pile up at the server, which keeps neither a place nor its own end for that."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from tests.fixtures import fake_worker
from tests.fixtures.engines import run
from tests.fixtures.serving import Served, Watchman, served
from tests.fixtures.transfers import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mistral_desk.server.connections import Bounded

YES = fake_worker.answering("Yes.")
_LIST = b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
_SMALL = 4096
"""Bytes that the system holds of a connection, so that few answers fill it."""

_MORE = 256 << 10
"""More than all that waits on the way: who has read so much has had some of it sent."""


@pytest.fixture
def watchman(monkeypatch: pytest.MonkeyPatch) -> Watchman:
    return Watchman(monkeypatch)


@contextlib.asynccontextmanager
async def stranger(here: Served, watchman: Watchman) -> AsyncIterator[tuple[socket.socket, Bounded]]:
    """Somebody without a token who asks on and on, until the server cannot get rid of what it answers."""
    loop, before = asyncio.get_running_loop(), len(watchman.connections)
    with socket.socket() as asking:
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
        asking.setblocking(False)
        await loop.sock_connect(asking, ("127.0.0.1", here.client.base_url.port))
        await until(lambda: len(watchman.connections) > before)
        there = watchman.connections[before]
        there.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SMALL)

        async def asks() -> None:
            while True:
                await loop.sock_sendall(asking, _LIST * 100)

        at_it = asyncio.ensure_future(asks())
        try:
            await until(lambda: there.flow.write_paused and not there.cycle.response_complete)
            yield asking, there
        finally:
            at_it.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await at_it


async def turn(there: Bounded) -> None:
    """All that the server's loop had to do before is done."""
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.sleep(0), there.loop))


def test_who_reads_nothing_of_the_answers_keeps_no_place(tmp_path: Path, watchman: Watchman) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here, stranger(here, watchman) as (_, there):
            for _ in range(100):
                watchman.look()
                await turn(there)
            assert there not in there.connections
            assert (await here.chat()).status_code == 200

    run(test())


def test_who_reads_on_between_two_looks_keeps_the_place(tmp_path: Path, watchman: Watchman) -> None:
    async def test() -> None:
        loop = asyncio.get_running_loop()
        async with served(tmp_path, YES) as here, stranger(here, watchman) as (asking, there):
            for _ in range(3):
                watchman.look()
                await turn(there)
                read = 0
                while read < _MORE:
                    some = await loop.sock_recv(asking, _MORE)
                    assert some
                    read += len(some)
            assert there in there.connections

    run(test())


def test_who_reads_nothing_does_not_hold_up_the_end_and_fills_no_log(tmp_path: Path, watchman: Watchman) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here, stranger(here, watchman):
            await here.serving.stop()
            assert [one for one in threading.enumerate() if one.name == "server"] == []

    run(test())
