"""A newer version is looked for only when somebody wants it, and only its number and notes are taken from afar."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mistral_desk import __version__
from mistral_desk.core.settings import OFFLINE, UPDATES, Settings
from mistral_desk.core.versions import order
from mistral_desk.net.updates import DAY_S, LONGEST_NOTES, Release, Updates, feed_of, plain
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import online
from tests.fixtures.web_site import Answer, Site

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FEED = "/desk/releases/latest"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    with Site() as one:
        monkeypatch.setenv("MISTRAL_DESK_RELEASES", f"{one.url}/desk/")
        yield one


def told(version: str, notes: str | None = "- New.") -> Answer:
    body = {"tag_name": version, "body": notes, "html_url": "https://elsewhere.example/malware", "draft": False}
    return Answer(200, json.dumps(body).encode())


def test_versions_are_ordered_and_what_is_none_has_no_order() -> None:
    versions = ["0.1.0.dev0", "0.1.0a1", "0.1.0b1", "v0.1.0rc1", "0.1.0rc2", "0.1", "0.1.1", "0.10.0", "v1.0.0"]
    orders = [order(version) for version in versions]
    assert None not in orders
    assert orders == sorted(orders)  # type: ignore[type-var]
    assert [order(text) for text in ("", "latest", "1", "1.2.3.4", "1.0/../..", "0.1.0 ", "９.1")] == [None] * 7
    assert order(__version__) is not None


def test_the_newest_version_is_told_and_its_page_is_ours(site: Site, tmp_path: Path) -> None:
    site.replies[FEED] = told("v99.0.0", "# New\n\n- <b>one</b>\r\n- two\x1b[31m\u202e")

    async def test() -> None:
        async with online(tmp_path) as net:
            found = await Updates(net, Settings(tmp_path / "s"), tmp_path).newest()
            assert found == Release(
                "99.0.0", "# New\n\n- <b>one</b>\n- two[31m", f"{site.url}/desk/releases/tag/v99.0.0"
            )
            assert found.newer
            (entry,) = net.ledger.entries()
            assert (entry.who, entry.host) == ("updates", site.name)

    run(test())
    assert site.paths() == [FEED]
    assert "authorization" not in site.asked[0].headers


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(200, b"<html>log in here</html>"), "net.garbled"),
        (told("nightly"), "net.garbled"),
        (told("v1.0.0/../../../evil"), "net.garbled"),
        (Answer(200, b'{"tag_name": 7}'), "net.garbled"),
        (Answer(200, b"[" * 900_000), "net.garbled"),
        (Answer(200, b" " * 1_100_000), "net.too_large"),
        (Answer(500, b""), "net.status"),
    ],
)
def test_what_is_no_list_of_versions_is_said(site: Site, tmp_path: Path, answer: Answer, said: str) -> None:
    site.replies[FEED] = answer

    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await problem_of(Updates(net, Settings(tmp_path / "s"), tmp_path).newest()))[0] == said

    run(test())


def test_a_project_that_has_published_nothing_has_no_newer_version(site: Site, tmp_path: Path) -> None:
    site.replies[FEED] = Answer(404, b"")

    async def test() -> None:
        async with online(tmp_path) as net:
            assert await Updates(net, Settings(tmp_path / "s"), tmp_path).newest() is None

    run(test())
    assert not Release(__version__, "", "").newer
    assert not Release("0.0.1", "", "").newer


def test_by_itself_it_is_asked_once_a_day_and_only_where_that_was_switched_on(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.replies[FEED] = told("v99.0.0")
    settings = Settings(tmp_path / "settings.json")
    now = 1_800_000_000.0
    monkeypatch.setattr("mistral_desk.net.updates.time.time", lambda: now)

    async def test() -> None:
        nonlocal now
        async with online(tmp_path, settings) as net:
            updates = Updates(net, settings, tmp_path)
            assert await updates.newest_if_due() is None
            assert site.asked == [], "off as it comes"
            settings.set(UPDATES, value=True)
            settings.set(OFFLINE, value=True)
            assert await updates.newest_if_due() is None
            assert (await problem_of(updates.newest()))[0] == "net.offline"
            assert site.asked == []
            settings.set(OFFLINE, value=False)
            assert await updates.newest_if_due()
            now += DAY_S - 1
            assert await Updates(net, settings, tmp_path).newest_if_due() is None, "also after another start"
            now += 2
            assert await updates.newest_if_due()
            (tmp_path / "updates.json").write_bytes(b"\xff")
            assert await updates.newest_if_due(), "a broken note forbids nothing"

    run(test())
    assert len(site.asked) == 3


@pytest.mark.parametrize("given", ["", "http://elsewhere.example/desk", "file:///etc/passwd", "nonsense"])
def test_a_build_without_a_usable_address_asks_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("MISTRAL_DESK_RELEASES", given)

    async def test() -> None:
        async with online(tmp_path) as net:
            updates = Updates(net, Settings(tmp_path / "s"), tmp_path)
            assert updates.base == ""
            assert not updates.possible

    run(test())


def test_github_tells_versions_at_another_host() -> None:
    assert feed_of("https://github.com/who/what") == "https://api.github.com/repos/who/what/releases/latest"
    assert feed_of("https://code.example/who/what") == "https://code.example/who/what/releases/latest"


def test_notes_are_not_endless() -> None:
    assert len(plain("x" * 100_000)) == LONGEST_NOTES + 2
