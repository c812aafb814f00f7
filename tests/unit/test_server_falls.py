"""A server that ends although nobody told it to: whoever began it hears of it, and it can begin again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from typing import TYPE_CHECKING

import httpx2
import pytest
import uvicorn

from mistral_desk.core.errors import DeskError
from mistral_desk.server import serving
from tests.fixtures import fake_worker
from tests.fixtures.engines import problem_of, run
from tests.fixtures.serving import HI, TOKEN, falls, served

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.allow_log("the server ended by an error of the program", "mistral_desk.server.serving"),
    pytest.mark.allow_log("had to be killed", "mistral_desk.inference.remote"),
]


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    return falls(monkeypatch)


@pytest.mark.allow_log("Exception in ASGI application", "uvicorn.error")
def test_one_that_ends_by_itself_is_told_frees_the_engine_and_begins_again(
    tmp_path: Path, broken: threading.Event
) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.endless()) as here:
            fell = asyncio.Event()
            here.serving.fell = fell.set
            with pytest.raises(httpx2.HTTPError):  # noqa: PT012
                async with here.client.stream("POST", "/chat/completions", json=HI | {"stream": True}) as answer:
                    async for line in answer.aiter_lines():
                        if "word" in line:
                            broken.set()
            await fell.wait()
            assert here.serving.address == ""
            await here.reaches(0, answering=False)
            broken.clear()
            address = await here.serving.start(0, TOKEN)
            assert (await here.client.get(f"{address}/models")).status_code == 200

    run(test())


def test_who_is_connected_and_asks_nothing_is_let_go_of_too(tmp_path: Path, broken: threading.Event) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("Yes.")) as here:
            reader, writer = await asyncio.open_connection("127.0.0.1", here.client.base_url.port)
            host = f"Host: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n"
            writer.write(f"GET /v1/models HTTP/1.1\r\n{host}".encode())
            assert b" 200 " in await reader.readline()
            broken.set()
            with contextlib.suppress(ConnectionError):
                while await reader.read(1 << 16):
                    pass
            writer.close()

    run(test())


@pytest.mark.parametrize(
    "error", [OSError(98, "Address already in use"), SystemExit(3), ValueError("nobody foresaw it")]
)
def test_one_that_cannot_begin_is_told_to_whoever_began_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    async def startup(_server: uvicorn.Server, sockets: object) -> None:
        raise error

    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("Yes.")) as here:
            await here.serving.stop()
            fallen: list[bool] = []
            here.serving.fell = lambda: fallen.append(True)
            with monkeypatch.context() as patched:
                patched.setattr(uvicorn.Server, "startup", startup)
                assert (await problem_of(here.serving.start(0, TOKEN)))[0] == "server.ended"
            assert (here.serving.address, fallen) == ("", []), "it is told once"
            assert await here.serving.start(0, TOKEN)

    run(test())


def test_one_that_ends_in_the_moment_in_which_it_is_up_is_told_one_way_or_the_other(
    tmp_path: Path, broken: threading.Event
) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("Yes.")) as here:
            await here.serving.stop()
            fell = asyncio.Event()
            here.serving.fell = fell.set
            broken.set()
            with contextlib.suppress(DeskError):  # else it hears of it a moment later
                await here.serving.start(0, TOKEN)
                await fell.wait()
            assert here.serving.address == ""

    run(test())


def test_one_that_has_just_closed_its_door_is_told_when_it_has_ended(
    tmp_path: Path, broken: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed, go_on = threading.Event(), threading.Event()
    listening, settle = serving._listening, serving._settle

    class Door(socket.socket):
        def close(self) -> None:
            super().close()
            closed.set()
            go_on.wait()

    def late(up: asyncio.Future[None]) -> None:
        closed.wait()
        settle(up)

    async def test() -> None:
        async with served(tmp_path, fake_worker.answering("Yes.")) as here:
            await here.serving.stop()
            fell = asyncio.Event()
            here.serving.fell = fell.set
            broken.set()
            monkeypatch.setattr(serving, "_listening", lambda *at: Door(fileno=listening(*at).detach()))
            monkeypatch.setattr(serving, "_settle", late)
            try:
                await here.serving.start(0, TOKEN)
            finally:
                go_on.set()
            await fell.wait()
            assert here.serving.address == ""

    run(test())


def test_one_that_is_told_to_end_does_not_fall(tmp_path: Path) -> None:
    async def test() -> None:
        fallen: list[bool] = []
        async with served(tmp_path, fake_worker.answering("Yes.")) as here:
            here.serving.fell = lambda: fallen.append(True)
            for _ in range(2):
                await here.serving.start(0, TOKEN)
            await here.serving.stop()
        assert fallen == []

    run(test())
