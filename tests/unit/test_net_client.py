"""The one client: redirects, tokens, cookies, the offline switch and the ledger, against real sockets."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import OFFLINE, Settings
from mistral_desk.net.client import MOST_REDIRECTS, Purpose, Wants
from mistral_desk.net.ledger import FILE, Ledger
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import TEST, online
from tests.fixtures.web_site import Answer, Asked, Endless, Site, other_here, redirect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistral_desk.net.client import Net


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as one:
        yield one


@pytest.fixture
def other() -> Iterator[Site]:
    with Site(other_here()) as one:
        yield one


def test_an_answer_comes_whole_and_is_written_down(site: Site, tmp_path: Path) -> None:
    site.replies["/a"] = Answer(200, b"hello", {"ETag": '"x"'})

    async def test() -> None:
        async with online(tmp_path) as net:
            reply = await net.fetch(f"{site.url}/a?secret=1", TEST, limit=100)
            assert (reply.status, reply.body, reply.headers["etag"]) == (200, b"hello", '"x"')
            (entry,) = net.ledger.entries()
        assert (entry.host, entry.who, entry.why) == (site.name, TEST.who, TEST.why)
        assert (entry.status, entry.problem, entry.requests) == (200, "", 1)
        assert entry.seconds is not None
        assert entry.received > len(b"hello")
        assert entry.sent > len("GET /a?secret=1 HTTP/1.1")

    run(test())
    (asked,) = site.asked
    assert asked.headers["user-agent"].startswith("mistral-desk/")
    assert "cookie" not in asked.headers
    assert "authorization" not in asked.headers
    kept = (tmp_path / FILE).read_text(encoding="utf-8")
    assert "secret" not in kept
    again = Ledger(tmp_path / FILE)
    again.look_again()
    assert [(e.host, e.status) for e in again.entries()] == [(site.name, 200)]


def test_the_connection_is_written_down_before_it_is_made(site: Site, tmp_path: Path) -> None:
    """Whoever pulls the plug in the middle finds it in the list all the same."""
    found: list[str] = []

    def answer(asked: Asked) -> Answer:
        found.append((tmp_path / FILE).read_text(encoding="utf-8"))
        return Answer(200, b"x")

    async def test() -> None:
        async with online(tmp_path) as net:
            await net.fetch(site.url, TEST, limit=10)

    site._decide = answer
    run(test())
    assert site.name in found[0]


def test_requests_of_one_job_are_one_entry_for_each_host(site: Site, other: Site, tmp_path: Path) -> None:
    site._decide = other._decide = lambda asked: Answer(200, b"x" * 10)

    async def test() -> None:
        async with online(tmp_path) as net:
            job = Purpose("test", "Many at once.", job="1")
            await asyncio.gather(*(net.fetch(f"{site.url}/{n}", job, limit=10) for n in range(7)))
            await net.fetch(other.url, job, limit=10)
            await net.fetch(site.url, Purpose("test", "Many at once.", job="2"), limit=10)
            counts = sorted((entry.host, entry.requests) for entry in net.ledger.entries())
            assert counts == sorted([(site.name, 7), (other.name, 1), (site.name, 1)])
            assert all(entry.seconds is not None for entry in net.ledger.entries())
        again = Ledger(tmp_path / FILE)
        again.look_again()
        assert sorted((entry.host, entry.requests) for entry in again.entries()) == counts

    run(test())


def test_connections_are_used_again_and_closed_in_the_end(site: Site, tmp_path: Path) -> None:
    site._decide = lambda asked: redirect("/there") if asked.path == "/" else Answer(200, b"x")

    async def test() -> None:
        async with online(tmp_path) as net:
            for _ in range(5):
                await net.fetch(site.url + "/", TEST, limit=10)
        assert site.connections == 1

    run(test())
    assert len(site.asked) == 10


def test_a_token_stays_with_its_host(site: Site, other: Site, tmp_path: Path) -> None:
    site.replies["/file"] = redirect(f"{other.url}/cdn?signature=s", headers={"X-Linked-Size": "7"})
    other.replies["/cdn"] = Answer(200, b"content")

    async def test() -> None:
        async with online(tmp_path) as net:
            wants = Wants({"X-Other": "1", "Authorization": "Basic mine"}, token="hf_secret")
            reply = await net.fetch(f"{site.url}/file", TEST, limit=100, wants=wants)
            assert reply.body == b"content"
            assert reply.hops[0]["x-linked-size"] == "7"
            assert [entry.host for entry in net.ledger.entries()] == [other.name, site.name]

    run(test())
    assert site.asked[0].headers["authorization"] == "Bearer hf_secret"
    assert "authorization" not in other.asked[0].headers
    assert other.asked[0].headers["x-other"] == "1"
    assert "hf_secret" not in (tmp_path / FILE).read_text(encoding="utf-8")
    assert "hf_secret" not in repr(Wants(token="hf_secret"))


def test_another_port_is_another_host(site: Site, tmp_path: Path) -> None:
    with Site() as second:
        site.replies["/"] = redirect(second.url + "/")
        second.replies["/"] = Answer(200, b"x")

        async def test() -> None:
            async with online(tmp_path) as net:
                await net.fetch(site.url + "/", TEST, limit=10, wants=Wants(token="hf_secret"))

        run(test())
        assert "authorization" not in second.asked[0].headers


def test_cookies_are_neither_kept_nor_sent(site: Site, tmp_path: Path) -> None:
    site._decide = lambda asked: Answer(200, b"x", {"Set-Cookie": "who=you; Path=/"})

    async def test() -> None:
        async with online(tmp_path) as net:
            await net.fetch(site.url, TEST, limit=10)
            await net.fetch(site.url, TEST, limit=10)

    run(test())
    assert ["cookie" in asked.headers for asked in site.asked] == [False, False]


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "ftp://x.example/", "http://example.org/", "//user:pass@127.0.0.1/", "javascript:alert(1)"],
)
def test_redirects_that_are_not_followed(site: Site, tmp_path: Path, target: str) -> None:
    site.replies["/"] = redirect(target)

    async def test() -> None:
        async with online(tmp_path) as net:
            problem, params, _ = await problem_of(net.fetch(site.url + "/", TEST, limit=10))
            assert problem == "net.redirect"
            assert "pass@" not in str(params["target"])
            assert [entry.problem for entry in net.ledger.entries()] == ["net.redirect"]

    run(test())
    assert len(site.asked) == 1


def test_a_redirect_to_another_website_is_followed_only_where_it_may(site: Site, other: Site, tmp_path: Path) -> None:
    site.replies["/"] = redirect(other.url + "/")
    other.replies["/"] = Answer(200, b"x")

    async def test() -> None:
        async with online(tmp_path) as net:
            wants = Wants(elsewhere=False)
            problem, params, _ = await problem_of(net.fetch(site.url + "/", TEST, limit=10, wants=wants))
            assert (problem, params["reason"]) == ("net.redirect", "it is another website")
            assert (await net.fetch(site.url + "/", TEST, limit=10)).body == b"x"

    run(test())
    assert len(other.asked) == 1


def test_a_redirect_without_end_ends(site: Site, tmp_path: Path) -> None:
    site._decide = lambda asked: redirect(f"/{int(asked.path.strip('/') or 0) + 1}?key=s")

    async def test() -> None:
        async with online(tmp_path) as net:
            problem, params, _ = await problem_of(net.fetch(site.url + "/0", TEST, limit=10))
            assert problem == "net.redirect"
            assert "key" not in str(params["target"])

    run(test())
    assert len(site.asked) == MOST_REDIRECTS + 1


def test_packed_answers_are_unpacked_and_counted_as_they_came(site: Site, tmp_path: Path) -> None:
    content = b"many words " * 10_000
    packed = gzip.compress(content)
    site.replies["/"] = Answer(200, packed, {"Content-Encoding": "gzip"})

    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await net.fetch(site.url + "/", TEST, limit=200_000)).body == content
            (entry,) = net.ledger.entries()
            assert len(packed) < entry.received < len(packed) + 500

    run(test())
    assert site.asked[0].headers["accept-encoding"] == "gzip"


def test_a_stream_gives_the_bytes_as_they_are(site: Site, tmp_path: Path) -> None:
    body = Endless(3_000_000)
    site.replies["/"] = Answer(200, body, chunked=True)

    async def test() -> None:
        got = bytearray()
        async with online(tmp_path) as net, net.stream(site.url + "/", TEST) as stream:
            while piece := await stream.piece():
                got += piece
        assert bytes(got) == body[:]

    run(test())
    assert site.asked[0].headers["accept-encoding"] == "identity"


def test_a_stream_can_be_left_early(site: Site, tmp_path: Path) -> None:
    site.replies["/"] = Answer(200, Endless(1 << 33))

    async def test() -> None:
        async with online(tmp_path) as net:
            async with net.stream(site.url + "/", TEST) as stream:
                assert await stream.piece()
            assert [entry.problem for entry in net.ledger.entries()] == [""]

    run(test())
    assert site.served < 1 << 28


def test_who_cancels_gets_out_at_once_and_it_is_written_down(site: Site, tmp_path: Path) -> None:
    site.replies["/"] = Answer(200, b"x" * 100, stall=50)

    async def test() -> None:
        async with online(tmp_path) as net:
            task = asyncio.create_task(net.fetch(site.url + "/", TEST, limit=1000))
            await asyncio.to_thread(site.stalled.wait)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert [entry.problem for entry in net.ledger.entries()] == ["net.cancelled"]

    run(test())


def test_an_answer_that_takes_too_long(site: Site, tmp_path: Path) -> None:
    """The whole answer has a limit, and so has each silence in it."""
    site.replies["/"] = Answer(silent=True)

    async def test() -> None:
        async with online(tmp_path) as net:
            quick = Wants(silence_s=0.1)
            assert (await problem_of(net.fetch(site.url + "/", TEST, limit=10, wants=quick)))[0] == "net.timeout"
            assert [entry.problem for entry in net.ledger.entries()] == ["net.timeout"]
            assert (await problem_of(net.fetch(site.url + "/", TEST, limit=10, seconds=0.5)))[0] == "net.timeout"
            assert {entry.problem for entry in net.ledger.entries()} == {"net.timeout"}

    run(test())


# --- offline ----------------------------------------------------------------------------------------------------


def test_offline_nothing_is_connected_and_nothing_written_down(site: Site, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    settings.set(OFFLINE, True)

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            problem, params, _ = await problem_of(net.fetch(site.url, TEST, limit=10))
            assert (problem, params["host"]) == ("net.offline", site.name)
            with pytest.raises(DeskError, match=r"net\.offline"):
                async with net.stream(site.url, TEST):
                    raise AssertionError
            assert net.ledger.entries() == ()

    run(test())
    assert site.connections == 0
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize("manner", [Answer(silent=True), Answer(200, b"x" * 100, stall=50)])
def test_switching_offline_cuts_what_is_under_way_from_any_thread(site: Site, tmp_path: Path, manner: Answer) -> None:
    site.replies["/"] = manner
    site.replies["/first"] = Answer(200, b"x")
    settings = Settings(tmp_path / "settings.json")

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            await net.fetch(site.url + "/first", TEST, limit=10)
            tasks = [asyncio.create_task(problem_of(net.fetch(site.url + "/", TEST, limit=1000))) for _ in range(3)]
            await asyncio.to_thread(site.stalled.wait)
            switching = threading.Thread(target=settings.set, args=(OFFLINE, True))
            switching.start()
            assert [(await task)[0] for task in tasks] == ["net.offline"] * 3
            await asyncio.to_thread(switching.join)
            assert (await problem_of(net.fetch(site.url + "/first", TEST, limit=10)))[0] == "net.offline"
            settings.set(OFFLINE, False)
            assert (await net.fetch(site.url + "/first", TEST, limit=10)).body == b"x"

    run(test())


def test_a_stream_is_cut_between_two_pieces(site: Site, tmp_path: Path) -> None:
    """Whoever is busy with a piece just then learns of it at the next one."""
    site.replies["/"] = Answer(200, Endless(1 << 33))
    settings = Settings(tmp_path / "settings.json")

    async def between(net: Net) -> None:
        async with net.stream(site.url + "/", TEST) as stream:
            await stream.piece()
            settings.set(OFFLINE, True)
            await stream.piece()

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            with pytest.raises(DeskError, match=r"net\.offline"):
                await between(net)
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0

    run(test())


def test_cutting_leaves_a_cancel_of_somebody_else_in_force(site: Site, tmp_path: Path) -> None:
    site.replies["/"] = Answer(silent=True)
    settings = Settings(tmp_path / "settings.json")

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            task = asyncio.create_task(net.fetch(site.url + "/", TEST, limit=1000))
            await asyncio.to_thread(site.stalled.wait)
            settings.set(OFFLINE, True)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    run(test())


def test_closing_ends_what_is_under_way(site: Site, tmp_path: Path) -> None:
    site.replies["/"] = Answer(200, b"x" * 100, stall=50)

    async def test() -> None:
        async with online(tmp_path) as net:
            task = asyncio.create_task(problem_of(net.fetch(site.url + "/", TEST, limit=1000)))
            await asyncio.to_thread(site.stalled.wait)
            await net.close()
            assert (await task)[0] == "net.cancelled"
            assert (await problem_of(net.fetch(site.url + "/", TEST, limit=10)))[0] == "net.cancelled"

    run(test())


def test_several_loops_one_after_the_other(site: Site, tmp_path: Path) -> None:
    """The command line runs a loop for each step."""
    site.replies["/"] = Answer(200, b"x")

    async def test() -> None:
        async with online(tmp_path) as net:
            await net.fetch(site.url + "/", TEST, limit=10)

    for _ in range(3):
        run(test())
    assert len(site.asked) == 3


def test_a_start_does_not_load_the_library() -> None:
    script = (
        "import sys, mistral_desk.services, mistral_desk.net.client, mistral_desk.net.ledger, mistral_desk.net.secrets;"
        "print([m for m in ('httpx2', 'httpcore2', 'anyio', 'h11', 'keyring', 'http.cookiejar') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
