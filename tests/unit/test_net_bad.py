"""What servers do wrong, one by one: each ends as an error in words, with the bytes bounded and nothing left open."""

from __future__ import annotations

import gzip
import socket
import zlib
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.net import faults
from mistral_desk.net.client import Wants
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import TEST, online
from tests.fixtures.web_site import Answer, Endless, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistral_desk.net.client import Net

LIMIT = 1_000_000
BOMB = gzip.compress(bytes(50_000_000), 9, mtime=0)
SILENT_BOMB = b"\x1f\x8b\x08\x10" + bytes(6) + b"n" * 3_000_000 + b"\0"
"""A gzip head whose file name never ends: much comes in and nothing out."""

ANSWERS: dict[str, tuple[Answer, str, str]] = {
    "200 MB that it announces": (Answer(200, Endless(200_000_000)), "net.too_large", ""),
    "200 MB that it does not": (Answer(200, Endless(200_000_000), chunked=True), "net.too_large", ""),
    "a bomb": (Answer(200, BOMB, {"Content-Encoding": "gzip"}), "net.too_large", ""),
    "a silent bomb": (Answer(200, SILENT_BOMB, {"Content-Encoding": "gzip"}, length=-1), "net.too_large", ""),
    "cut off": (Answer(200, b"x" * 1000, cut=500), "net.cut", ""),
    "cut off at once": (Answer(200, b"x" * 1000, cut=0), "net.cut", ""),
    "cut off in chunks": (Answer(200, b"x" * 1000, chunked=True, cut=500), "net.cut", ""),
    "shorter than announced": (Answer(200, b"x" * 10, length=1000), "net.cut", ""),
    "half a gzip": (Answer(200, gzip.compress(b"x" * 1000)[:-9], {"Content-Encoding": "gzip"}), "net.garbled", ""),
    "no gzip": (Answer(200, b"plain", {"Content-Encoding": "gzip"}), "net.garbled", faults.BAD_PACK),
    "another packing": (Answer(200, b"\x0b", {"Content-Encoding": "br"}), "net.garbled", faults.PACKED),
    "deflate unasked": (Answer(200, zlib.compress(b"x"), {"Content-Encoding": "deflate"}), "net.garbled", ""),
    "packed five times": (Answer(200, b"x", {"Content-Encoding": "gzip, gzip, gzip"}), "net.garbled", faults.PACKED),
    "no HTTP": (Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "net.garbled", faults.NOT_HTTP),
    "bytes": (Answer(raw=bytes(range(256))), "net.garbled", faults.NOT_HTTP),
    "nothing at all": (Answer(raw=b""), "net.unreachable", faults.BROKEN),
    "half a head": (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Le"), "net.unreachable", faults.BROKEN),
    "a head without end": (Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000), "net.garbled", faults.NOT_HTTP),
    "two lengths": (
        Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello"),
        "net.garbled",
        faults.NOT_HTTP,
    ),
    "a negative length": (Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello"), "net.garbled", ""),
    "a length beyond all": (Answer(200, b"x", length=10**18), "net.too_large", ""),
    "a length that is no number": (Answer(200, b"x", length=10**30), "net.garbled", ""),
    "a wrong chunk": (Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx"), "net.garbled", ""),
    "404": (Answer(404, b"<html>"), "net.not_found", ""),
    "410": (Answer(410, b""), "net.not_found", ""),
    "401": (Answer(401, b""), "net.not_permitted", ""),
    "403": (Answer(403, b""), "net.not_permitted", ""),
    "429": (Answer(429, b"", {"Retry-After": "17"}), "net.too_many", ""),
    "503 with a pause": (Answer(503, b"", {"Retry-After": "17"}), "net.too_many", ""),
    "500": (Answer(500, b"oh"), "net.status", ""),
    "304 that nobody asked for": (Answer(304), "net.status", ""),
    "a redirect to nowhere": (Answer(302, b""), "net.status", ""),
    "an empty redirect": (Answer(302, b"", {"Location": ""}), "net.redirect", ""),
    "a redirect of odd bytes": (Answer(302, b"", {"Location": "http://[::1"}), "net.redirect", ""),
    "another protocol": (Answer(raw=b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n"), "net.garbled", ""),
}


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as one:
        yield one


@pytest.mark.parametrize("name", ANSWERS)
def test_a_bad_answer_becomes_a_problem(site: Site, tmp_path: Path, name: str) -> None:
    answer, expected, reason = ANSWERS[name]
    site.replies["/"] = answer

    async def test() -> None:
        async with online(tmp_path) as net:
            with pytest.raises(DeskError) as caught:
                await net.fetch(site.url + "/", TEST, limit=LIMIT)
            problem = caught.value.problem
            assert problem.id == expected
            if reason:
                assert problem.params["reason"] == reason
            words = in_words(problem)
            assert "?" not in words.message
            assert net.ledger.entries()[0].problem == expected

    run(test())
    # What the socket's own buffers swallow goes out too; it is bounded by them, not by what the server has.
    assert site.served < 30_000_000


def test_a_pause_is_told(site: Site, tmp_path: Path) -> None:
    site.replies["/"] = Answer(429, b"", {"Retry-After": "17"})

    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await problem_of(net.fetch(site.url + "/", TEST, limit=10)))[1]["seconds"] == 17

    run(test())


def test_more_than_announced_is_cut_to_what_was_announced(site: Site, tmp_path: Path) -> None:
    """The rest must not become the beginning of the next answer."""
    site.replies["/"] = Answer(200, b"hello and more", length=5)
    site.replies["/next"] = Answer(200, b"next")

    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await net.fetch(site.url + "/", TEST, limit=100)).body == b"hello"
            assert (await net.fetch(site.url + "/next", TEST, limit=100)).body == b"next"

    run(test())


def test_a_stream_refuses_packed_bytes(site: Site, tmp_path: Path) -> None:
    site.replies["/"] = Answer(200, BOMB, {"Content-Encoding": "gzip"})

    async def test() -> None:
        async with online(tmp_path) as net:
            with pytest.raises(DeskError, match=r"net\.garbled"):
                async with net.stream(site.url + "/", TEST):
                    raise AssertionError

    run(test())


def test_a_stream_that_is_cut_says_after_how_much(site: Site, tmp_path: Path) -> None:
    site.replies["/"] = Answer(200, Endless(1_000_000), cut=400_000)

    got = bytearray()

    async def read(net: Net) -> None:
        async with net.stream(site.url + "/", TEST) as stream:
            while piece := await stream.piece():
                got.extend(piece)

    async def test() -> None:
        async with online(tmp_path) as net:
            problem, params, _ = await problem_of(read(net))
            assert problem == "net.cut"
            assert params["received"] == len(got) == 400_000

    run(test())


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: nobody else can take the port meanwhile
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"

        async def test() -> None:
            async with online(tmp_path) as net:
                problem, params, _ = await problem_of(net.fetch(url, TEST, limit=10))
                assert (problem, params["reason"]) == ("net.unreachable", faults.REFUSED)
                assert [entry.problem for entry in net.ledger.entries()] == ["net.unreachable"]

        run(test())


def test_https_where_there_is_none(site: Site, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            problem, _, _ = await problem_of(net.fetch(site.url.replace("http", "https") + "/", TEST, limit=10))
            assert problem == "net.tls"

    run(test())


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "ümlaut\udcff", "a\0b"])
def test_a_header_that_cannot_be_sent_is_our_error(site: Site, tmp_path: Path, value: str) -> None:
    site.replies["/"] = Answer(200, b"x")

    async def test() -> None:
        async with online(tmp_path) as net:
            wants = Wants({"If-None-Match": value})
            problem, _, _ = await problem_of(net.fetch(site.url + "/", TEST, limit=10, wants=wants))
            assert problem in {"net.address", "net.unreachable"}

    run(test())
    assert all("x-injected" not in asked.headers for asked in site.asked)


def test_a_proxy_is_used_for_what_lies_outside_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing leaves this computer here: the proxy is one of our own, and it refuses."""
    with Site() as proxy, Site() as here:
        here.replies["/"] = Answer(200, b"x")
        for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)

        async def test() -> None:
            async with online(tmp_path) as net:
                problem, params, _ = await problem_of(net.fetch("https://catalog.example/", TEST, limit=10))
                assert problem == "net.unreachable"
                assert params["reason"] == faults.PROXY
                assert (await net.fetch(here.url + "/", TEST, limit=10)).body == b"x"
                assert [entry.host for entry in net.ledger.entries()] == [here.name, "catalog.example"]

        run(test())
        assert proxy.connections == 1


def test_a_proxy_that_makes_no_sense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "gopher://127.0.0.1:1")

    async def test() -> None:
        async with online(tmp_path) as net:
            problem, params, _ = await problem_of(net.fetch("https://catalog.example/", TEST, limit=10))
            assert (problem, params["reason"]) == ("net.unreachable", faults.PROXY)
            assert net.ledger.entries() == ()

    run(test())
