"""Who gets in: a program of this computer with the token. Web pages, forged hosts and floods are told no, in JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from typing import TYPE_CHECKING

import httpx2
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import OFFLINE
from mistral_desk.server import connections, guards
from mistral_desk.server.guards import MOST_BYTES, MOST_REQUESTS
from tests.fixtures import fake_worker
from tests.fixtures.engines import run
from tests.fixtures.serving import HI, TOKEN, Watchman, fault, served
from tests.fixtures.transfers import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

YES = fake_worker.answering("Yes.")


@pytest.mark.parametrize("given", [{}, {"authorization": "Bearer wrong"}, {"authorization": f"Basic {TOKEN}"}])
def test_without_the_token_nothing_is_told(tmp_path: Path, given: dict[str, str]) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here, httpx2.AsyncClient(base_url=here.client.base_url) as stranger:
            for asked in (stranger.get("/models", headers=given), stranger.get("/nowhere", headers=given)):
                assert fault(await asked) == (401, "invalid_api_key")
            answer = await stranger.post("/chat/completions", json=HI, headers=given)
            assert fault(answer) == (401, "invalid_api_key")
            assert here.ground.engine().pid is None

    run(test())


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8642", "127.0.0.1.evil.example", "", "192.168.0.1"])
def test_a_forged_host_is_refused_even_with_the_token(tmp_path: Path, host: str) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            answer = await here.client.post("/chat/completions", json=HI, headers={"host": host})
            assert fault(answer) == (403, "server.host")

    run(test())


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "[::1]:8642"])
def test_this_computers_own_names_are_taken(tmp_path: Path, host: str) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            assert (await here.client.get("/models", headers={"host": host})).status_code == 200

    run(test())


def test_no_web_page_may_ask_and_none_is_invited(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            for origin in ("https://evil.example", "http://127.0.0.1:1", "null"):
                answer = await here.client.post("/chat/completions", json=HI, headers={"origin": origin})
                assert fault(answer) == (403, "server.origin")
                asked = {"origin": origin, "access-control-request-method": "POST"}
                preflight = await here.client.options("/chat/completions", headers=asked)
                assert preflight.status_code == 403
                assert not [name for name in preflight.headers if name.startswith("access-control")]
            plain = {"content-type": "text/plain"}
            answer = await here.client.post("/chat/completions", content=json.dumps(HI), headers=plain)
            assert fault(answer) == (415, "server.not_json")

    run(test())


def test_other_addresses_and_methods_are_refused_in_the_same_shape(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            assert fault(await here.client.get("/embeddings")) == (404, "server.unknown")
            assert fault(await here.client.get("/chat/completions")) == (405, "server.method")
            assert fault(await here.client.get("/models/none")) == (404, "model_not_found")
            assert (await here.client.get("/models/builtin")).json()["id"] == "builtin"
            assert fault(await here.chat(model="../../etc/passwd")) == (404, "model_not_found")
            assert fault(await here.chat(model=str(tmp_path / "script.json"))) == (404, "model_not_found")

    run(test())


def test_what_is_too_large_is_refused_before_it_came_and_a_long_prompt_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guards, "_STILL_S", 0.01)

    async def test() -> None:
        async with served(tmp_path, YES) as here:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
            reader, writer = await asyncio.open_connection("127.0.0.1", here.client.base_url.port)
            writer.write(f"{head}Content-Length: {MOST_BYTES + 1}\r\n\r\n".encode())
            told = await reader.read()  # before a byte of the body was sent, and to the connection's end
            writer.close()
            assert told.startswith(b"HTTP/1.1 413 ")
            long = [{"role": "user", "content": "word " * 2_000_000}]
            assert fault(await here.chat(messages=long)) == (400, "prompt.too_big")
            assert (await here.chat()).status_code == 200

    run(test())


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this computer is, what is still coming is waited for."""
    for name in ("_STILL_S", "_LINGER_S"):
        monkeypatch.setattr(guards, name, 3600.0)


@pytest.mark.usefixtures("patient")
def test_who_goes_on_sending_hears_that_it_is_too_large_all_the_same(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:

            async def untold() -> AsyncIterator[bytes]:
                for _ in range(MOST_BYTES // 2**20 + 1):
                    yield b" " * 2**20

            kind = {"content-type": "application/json"}
            for _ in range(5):
                answer = await here.client.post("/chat/completions", content=untold(), headers=kind)
                assert fault(answer) == (413, "server.too_large")
                answer = await here.client.post("/chat/completions", content=b" " * (2 * MOST_BYTES), headers=kind)
                assert fault(answer) == (413, "server.too_large")
            assert (await here.chat()).status_code == 200

    run(test())


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_who_wants_no_other_answer_hears_this_one_however_much_was_sent_with_it(tmp_path: Path, version: str) -> None:
    """Many a program closes after each request, and reads when all is sent: it must not find a broken connection."""

    async def test() -> None:
        async with served(tmp_path, YES) as here:
            reader, writer = await asyncio.open_connection("127.0.0.1", here.client.base_url.port)
            head = f"POST /v1/chat/completions HTTP/{version}\r\nHost: localhost\r\nConnection: Close\r\n"
            writer.write(f"{head}Content-Length: {MOST_BYTES}\r\n\r\n".encode())
            for _ in range(MOST_BYTES // 2**20):
                writer.write(b" " * 2**20)
                await writer.drain()
            told = await reader.read()
            writer.close()
            assert told.startswith(b"HTTP/1.1 401 ")
            assert told.endswith(b"}}")

    run(test())


@pytest.mark.slow
@pytest.mark.usefixtures("watchman")
def test_a_thousand_at_once_are_answered_or_told_to_wait(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:

            async def one() -> int:
                try:
                    return (await here.chat()).status_code
                except httpx2.TransportError:
                    return 0  # sent away before it had been read

            statuses = await asyncio.gather(*(one() for _ in range(1000)))
            assert set(statuses) <= {200, 429, 503, 0}
            assert statuses.count(200) >= MOST_REQUESTS // 2
            assert (await here.chat()).json()["choices"][0]["message"]["content"] == "Yes."

    run(test())


@pytest.fixture
def watchman(monkeypatch: pytest.MonkeyPatch) -> Watchman:
    return Watchman(monkeypatch)


_LIST = "GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n"
_ASK = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_TOKEN_LINE = f"Authorization: Bearer {TOKEN}\r\n"


@pytest.mark.parametrize(
    ("first", "told", "more"),
    [
        ("GET /v1/models HT", b"", ""),
        (_LIST, b"HTTP/1.1 401 ", "G"),
        (_LIST, b"HTTP/1.1 401 ", "GET /v1/models HTTP/1.1\r\nX: "),
        (f"{_ASK}Content-Length: 9\r\n\r\n", b"HTTP/1.1 401 ", "{"),
        (f"{_ASK}Transfer-Encoding: chunked\r\n\r\n", b"HTTP/1.1 401 ", "1\r\n{\r\n"),
        (f"{_ASK}{_TOKEN_LINE}Content-Length: 9\r\n\r\n", b"", "{"),
    ],
)
def test_who_begins_a_request_and_never_ends_it_keeps_no_place(
    tmp_path: Path, watchman: Watchman, first: str, told: bytes, more: str
) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            reader, writer = await asyncio.open_connection("127.0.0.1", here.client.base_url.port)
            writer.write(first.encode())
            if told:
                assert (await reader.readuntil(b"}}")).startswith(told)
            writer.write(more.encode())
            over = asyncio.ensure_future(reader.read())  # to the connection's end
            await until(lambda: watchman.came == len(first) + len(more))
            while not over.done():
                watchman.look()
                await asyncio.sleep(0.01)
            with contextlib.suppress(ConnectionError):
                await over
            writer.close()
            assert (await here.chat()).status_code == 200

    run(test())


@pytest.mark.parametrize("rest", ["zz\r\n", "5\r\nhello!!"])
@pytest.mark.parametrize("told", ["all", "lingering"])
def test_what_is_no_http_behind_an_answer_ends_the_connection_and_fills_no_log(
    tmp_path: Path, rest: str, told: str
) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            reader, writer = await asyncio.open_connection("127.0.0.1", here.client.base_url.port)
            last = "Connection: close\r\n" if told == "lingering" else ""
            writer.write(f"{_ASK}{last}Transfer-Encoding: chunked\r\n\r\n".encode())
            assert (await reader.readuntil(b"}}")).startswith(b"HTTP/1.1 401 ")
            writer.write(rest.encode())
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            writer.close()
            assert (await here.chat()).status_code == 200

    run(test())


def test_who_waits_long_for_an_answer_keeps_the_place(
    tmp_path: Path, watchman: Watchman, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = threading.Semaphore(0)
    look = connections.Bounded._look

    def counted(self: connections.Bounded) -> None:
        look(self)
        looked.release()

    monkeypatch.setattr(connections.Bounded, "_look", counted)

    async def test() -> None:
        async with served(tmp_path, YES) as here, here.ground.free:
            asked = asyncio.create_task(here.chat())
            await here.reaches(1, answering=False)
            for _ in range(5):
                watchman.look()
                await asyncio.to_thread(looked.acquire)
            assert not asked.done()
            here.ground.free.release()
            assert (await asked).status_code == 200
            await here.ground.free.acquire()

    run(test())


def test_offline_nothing_listens(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            await here.serving.stop()
            here.ground.settings.set(OFFLINE, True)
            with pytest.raises(DeskError) as caught:
                await here.serving.start(0, TOKEN)
            assert caught.value.problem.id == "server.offline"
            assert [one for one in threading.enumerate() if one.name == "server"] == []

    run(test())


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        (lambda _: {"port": 0, "token": None, "host": "0.0.0.0"}, "server.open_without_token"),  # noqa: S104
        (lambda port: {"port": port, "token": TOKEN}, "server.cannot_listen"),
    ],
)
def test_where_it_cannot_listen_it_says_so(
    tmp_path: Path, start: Callable[[int], dict[str, object]], problem: str
) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            other = type(here.serving)(here.ground)
            port = here.client.base_url.port
            with pytest.raises(DeskError) as caught:
                await other.start(**start(port))  # type: ignore[arg-type]
            assert caught.value.problem.id == problem

    run(test())


@pytest.mark.parametrize("size", [9, MOST_BYTES + 1], ids=["asking", "refused"])
def test_who_is_still_sending_does_not_hold_up_the_end_and_fills_no_log(tmp_path: Path, size: int) -> None:
    async def test() -> None:
        async with served(tmp_path, YES) as here:
            reader, writer = await asyncio.open_connection("127.0.0.1", here.client.base_url.port)
            writer.write(f"{_ASK}{_TOKEN_LINE}Expect: 100-continue\r\nContent-Length: {size}\r\n\r\n{{".encode())
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 ")  # it waits for the rest
            await here.serving.stop()
            with contextlib.suppress(ConnectionError):
                await reader.read()
            writer.close()
            assert [one for one in threading.enumerate() if one.name == "server"] == []

    run(test())


def test_stopping_ends_the_thread_and_starting_again_works(tmp_path: Path) -> None:
    async def test() -> None:
        async with served(tmp_path, fake_worker.endless()) as here:
            async with here.client.stream("POST", "/chat/completions", json=HI | {"stream": True}) as answer:
                lines = answer.aiter_lines()
                assert (await anext(lines)).startswith("data: ")
                await here.serving.stop()
                rest = [line async for line in lines if line]
            assert "server.interrupted" in rest[-1]
            assert [one for one in threading.enumerate() if one.name == "server"] == []
            assert await here.serving.start(0, None)
            await here.serving.stop()

    run(test())
