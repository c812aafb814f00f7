"""A server that means ill, and refreshes that meet: bounded in bytes and requests, and ended when they are to end."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from functools import partial
from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import sync
from mistral_desk.catalog.cache_file import FILE
from mistral_desk.catalog.keeper import Keeper
from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.settings import OFFLINE, Settings
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import online
from tests.fixtures.web_site import Answer, Endless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fixtures.web_site import Asked

MODELS = published(40)


SLOW = [Answer(200, b"x" * 1000, stall=500), Answer(silent=True), Answer(200, b"x" * 99, rate=1)]


class IllSite(CatalogSite):
    """Answers whatever has `part` in its path with `ill`, once that is set."""

    part, ill = "", Answer()
    taken: Callable[[], object] | None = None
    """Called when such a request has come."""

    def answer(self, asked: Asked) -> Answer:
        if not self.part or self.part not in asked.path:
            return super().answer(asked)
        if self.taken:
            self.taken()
        return self.ill


@pytest.fixture
def site() -> Iterator[IllSite]:
    with IllSite(MODELS) as one:
        yield one


@pytest.mark.parametrize(
    ("part", "ill", "expected"),
    [
        ("/content/", Answer(200, Endless(400_000)), "catalog.list"),
        ("/api/v1/models/", Answer(200, Endless(50_000, b'{"id": "x", "y": "')), "catalog.unusable"),
        ("/api/v1/models/", Answer(200, Endless(50_000_000), chunked=True), "catalog.list"),
    ],
    ids=["endless texts", "records that are none", "records without end"],
)
def test_a_server_that_sends_and_sends_is_left(  # noqa: PLR0917 - a case, and what it needs
    site: IllSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, ill: Answer, expected: str
) -> None:
    monkeypatch.setattr(sync, "_MOST_BYTES", 3_000_000)
    monkeypatch.setattr(sync, "LARGEST", 500_000)

    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            before = (tmp_path / FILE).read_bytes()
            for one in MODELS:
                site.put(one)
            site.etags = False
            site.part, site.ill = part, ill
            site.forget()
            assert (await problem_of(sync.refresh(net, tmp_path, base=site.url)))[0] == expected
            assert (tmp_path / FILE).read_bytes() == before
            assert sum(entry.received for entry in net.ledger.entries()) < 12_000_000

    run(test())


@pytest.mark.parametrize("part", ["/api/v1/models.json", "/api/v1/changes.json", "/api/v1/models/", "/content/"])
@pytest.mark.parametrize(
    "slow", [Answer(200, b"x" * 1000, stall=500), Answer(silent=True), Answer(200, b"x" * 99, rate=1)]
)
def test_a_server_that_is_slow_without_end_is_waited_for_twice(
    site: IllSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, slow: Answer
) -> None:
    """The time that it has is over once it has taken the request: how busy this computer is decides nothing."""
    timeout, limits = asyncio.timeout, list[asyncio.Timeout]()

    def noted(seconds: float | None) -> asyncio.Timeout:
        limits.append(timeout(seconds))
        return limits[-1]

    def over() -> None:
        for one in limits:
            with contextlib.suppress(RuntimeError):  # it was over already
                one.reschedule(0.0)
        limits.clear()

    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            before = (tmp_path / FILE).read_bytes()
            site.put(*MODELS)
            site.etags = False
            site.part, site.ill = part, slow
            site.forget()
            site.taken = partial(asyncio.get_running_loop().call_soon_threadsafe, over)
            with monkeypatch.context() as patched:
                patched.setattr(sync, "_SECONDS", 3600.0)
                patched.setattr(asyncio, "timeout", noted)
                assert (await problem_of(sync.refresh(net, tmp_path, base=site.url)))[0] == "net.timeout"
            assert (tmp_path / FILE).read_bytes() == before

    run(test())
    if part.endswith("models.json"):
        assert site.paths() == [part, part]


def test_a_catalogue_that_has_nothing_is_not_asked_for_all_of_it(site: IllSite, tmp_path: Path) -> None:
    site.part, site.ill = "/api/v1/models/", Answer(404, b"")

    async def test() -> None:
        async with online(tmp_path) as net:
            problem, params, _ = await problem_of(sync.refresh(net, tmp_path, base=site.url))
            assert (problem, params["count"]) == ("catalog.unusable", 40)

    run(test())
    asked = [path for path in site.paths() if path.startswith("/api/v1/models/")]
    assert 20 < len(asked) <= 21 + sync.AT_ONCE


def test_from_the_moment_of_the_switch_no_request_is_begun(site: IllSite, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            begun: list[int] = []

            def requests() -> int:
                return sum(entry.requests for entry in net.ledger.entries())

            def progress(now: sync.Progress) -> None:
                if now.done == 12 and not begun:
                    settings.set(OFFLINE, True)
                    begun.append(requests())

            assert (await problem_of(sync.refresh(net, tmp_path, progress, site.url)))[0] == "net.offline"
            assert begun == [requests()]
            await asyncio.to_thread(net.ledger.flush)
            assert begun == [requests()]
            assert not (tmp_path / FILE).exists()
            settings.set(OFFLINE, False)
            await sync.refresh(net, tmp_path, base=site.url)
            assert (tmp_path / FILE).exists()

    run(test())


def test_who_waits_for_another_refresh_does_not_begin_when_all_is_deleted(
    site: IllSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The window's own refresh at its start, *Refresh* beside it, and then *Delete all my data*."""
    monkeypatch.setenv(sync.VARIABLE, site.url)

    async def test() -> None:
        async with online(tmp_path) as net:
            keeper = Keeper(net, Settings(tmp_path / "settings.json"), tmp_path)
            under_way = asyncio.Event()
            first = asyncio.create_task(keeper.refresh(lambda now: under_way.set() if now.done > 3 else None))
            second, third = (asyncio.create_task(keeper.refresh()) for _ in range(2))
            await under_way.wait()
            await keeper.close()
            done = await asyncio.gather(first, second, third, return_exceptions=True)
            assert isinstance(done[0], asyncio.CancelledError)
            assert [one.problem.id for one in done[1:] if isinstance(one, DeskError)] == ["net.cancelled"] * 2
            assert not (tmp_path / FILE).exists()
            assert len(net.ledger.entries()) == 1, "no second refresh was begun"
            await keeper.refresh()
            assert keeper.current is not None
            assert keeper.current.fetched is not None, "later ones are not touched by it"

    run(test())


def test_one_that_is_cancelled_takes_no_other_with_it(
    site: IllSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sync.VARIABLE, site.url)

    async def test() -> None:
        async with online(tmp_path) as net:
            keeper = Keeper(net, Settings(tmp_path / "settings.json"), tmp_path)
            under_way = asyncio.Event()
            first = asyncio.create_task(keeper.refresh(lambda now: under_way.set() if now.done > 3 else None))
            second = asyncio.create_task(keeper.refresh())
            await under_way.wait()
            first.cancel()
            assert len((await second).added) == len(MODELS)
            with pytest.raises(asyncio.CancelledError):
                await first

    run(test())


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://person:secret@catalog.example", None),
        ("https://catalog.example:8443/some/path?x=y#z", "https://catalog.example:8443"),
        ("HTTPS://Catalog.Example:443/", "https://catalog.example"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("http://[::ffff:127.0.0.1]:8080", f"http://[{ipaddress.ip_address('::ffff:127.0.0.1')}]:8080"),
        ("https://[2001:db8::1]", "https://[2001:db8::1]"),
        ("http://[2001:db8::1]", None),
        ("http://catalog.example", None),
        ("http://127.0.0.1.catalog.example", None),
        ("https://catalog.example:99999", None),
        ("https://catalog.example:", "https://catalog.example"),
        ("https://catalog.example\\@other.example", None),
        ("file:///etc/passwd", None),
        ("//catalog.example", None),
        ("catalog.example", None),
        ("https://", None),
        ("https://catalog.example\r\nHost: other.example", None),
    ],
)
def test_where_the_catalogue_may_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, found: str | None
) -> None:
    monkeypatch.setenv(sync.VARIABLE, url)

    async def test() -> None:
        async with online(tmp_path) as net:
            keeper = Keeper(net, Settings(tmp_path / "settings.json"), tmp_path)
            if found is not None:
                assert sync.server() == found
                assert keeper.host == found.partition("//")[2]
                return
            assert keeper.host == sync.VARIABLE, "no host that could be taken for one"
            with pytest.raises(DeskError) as caught:
                await keeper.refresh()
            assert caught.value.problem.id == "net.address"
            assert "secret" not in in_words(caught.value.problem).message
            assert net.ledger.entries() == ()

    run(test())
