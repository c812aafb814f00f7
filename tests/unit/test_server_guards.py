"""The guard before our own server, asked as its web server asks it: whose address counts, and how much may be held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.server import guards
from mistral_desk.server.guards import Guard
from mistral_desk.server.serving import is_local
from tests.fixtures.engines import run

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TOKEN = "a-token-of-the-tests"


async def through(_scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]) -> None:
    """An application that reads all of a body, and then says that it is done."""
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def asked(guard: Guard, body: tuple[bytes, ...] = (b"",), *, kind: str = "http", **headers: str) -> int:
    """The status of what comes back; 0 where that is nothing."""
    chunks = [{"body": chunk, "more_body": True} for chunk in body[:-1]] + [{"body": body[-1], "more_body": False}]
    told = []

    async def receive() -> Any:
        return chunks.pop(0)

    async def send(message: Any) -> None:
        told.append(message)

    names = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await guard({"type": kind, "http_version": "1.1", "headers": names}, receive, send)
    return told[0]["status"] if told else 0


@pytest.mark.parametrize(
    ("host", "local", "open_"),
    [
        ("localhost:8642", 200, 200),
        ("[::1]", 200, 200),
        ("192.168.0.7:8642", 403, 200),
        ("[fd00::7]:8642", 403, 200),
        ("box.local", 200, 200),
        ("evil.example", 403, 403),
        ("192.168.0.7.evil.example", 403, 403),
        ("", 403, 403),
        ("[", 403, 403),
        ("[half", 403, 403),
    ],
)
def test_a_number_is_ours_only_where_other_computers_may_ask_and_a_name_never(
    host: str, local: int, open_: int
) -> None:
    async def test() -> None:
        for opens, status in ((False, local), (True, open_)):
            guard = Guard(through, None, frozenset({"box.local"}), opens)
            assert await asked(guard, host=host) == status

    run(test())


def test_where_no_token_is_wanted_none_is_looked_for_and_a_page_is_refused_all_the_same() -> None:
    async def test() -> None:
        assert await asked(Guard(through, None), host="localhost") == 200
        assert await asked(Guard(through, TOKEN), host="localhost") == 401
        assert await asked(Guard(through, TOKEN), host="localhost", authorization=f"bearer  {TOKEN} ") == 200
        assert await asked(Guard(through, TOKEN), host="localhost", authorization="Bearer \xe9") == 401
        assert await asked(Guard(through, None), host="localhost", origin="null") == 403

    run(test())


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_what_is_no_request_is_not_let_through(kind: str) -> None:
    async def test() -> None:
        assert await asked(Guard(through, None), kind=kind, host="localhost") == 0

    run(test())


def test_bodies_are_bounded_each_and_all_together_and_what_has_gone_counts_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guards, "MOST_BYTES", 100)
    monkeypatch.setattr(guards, "MOST_HELD", 150)
    guard = Guard(through, None)

    async def problem(*body: bytes) -> str:
        try:
            status = await asked(guard, body, host="localhost")
        except DeskError as error:
            return error.problem.id
        return str(status)

    async def test() -> None:
        assert await problem(b"x" * 60, b"x" * 40) == "200"
        assert await problem(b"x" * 60, b"x" * 41) == "server.too_large"
        guard.held = 60  # others' bodies
        assert await problem(b"x" * 60, b"x" * 31) == "server.busy"
        assert (guard.held, guard.requests) == (60, 0)
        assert await problem(b"x" * 60, b"x" * 30) == "200"

    run(test())


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True),
        ("0.0.0.0", False), ("::", False), ("192.168.0.7", False), ("box.local", False), ("", False),  # noqa: S104
        ("127.0.0.1.evil.example", False),
    ],
)  # fmt: skip
def test_only_addresses_of_this_computer_alone_are_local(host: str, local: bool) -> None:
    assert is_local(host) is local
