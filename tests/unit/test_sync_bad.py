"""Every bad input of a catalogue's server, one by one: told for what it is, and the last good catalogue stays."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk.catalog import listing, sync
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.core.errors import DeskError, Problem, in_words
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite, item_of
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import online
from tests.fixtures.web_site import Answer, Endless, Site, other_here, redirect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mistral_desk.catalog.sync import Refreshed

MODELS = published(12)
FIRST, SECOND, THIRD = (one.id for one in MODELS[:3])
LIST = "/api/v1/models.json"
PAGE = b"<!DOCTYPE html><html><title>Sign in to the network</title></html>"


def record(name: str) -> str:
    return f"/api/v1/models/{name}.json"


@pytest.fixture
def site() -> Iterator[CatalogSite]:
    with CatalogSite(MODELS) as one:
        yield one


def json_of(document: Any) -> bytes:
    return json.dumps(document).encode()


LISTS: dict[str, tuple[Answer, str]] = {
    "a web page": (Answer(200, PAGE, {"Content-Type": "text/html"}), "catalog.list"),
    "nothing": (Answer(200, b""), "catalog.list"),
    "half a JSON": (Answer(200, b'{"items": [{"id": "a'), "catalog.list"),
    "UTF-16": (Answer(200, '{"items": [{"id": "a"}]}'.encode("utf-16")), "catalog.list"),
    "Latin-1": (Answer(200, '{"items": [{"id": "a", "title": "Ü"}]}'.encode("latin-1")), "catalog.list"),
    "a text": (Answer(200, b'"models"'), "catalog.list"),
    "a number": (Answer(200, b"7"), "catalog.list"),
    "null": (Answer(200, b"null"), "catalog.list"),
    "an object without a list": (Answer(200, b'{"items": {"a": 1}, "count": 1}'), "catalog.list"),
    "an empty list": (Answer(200, b'{"items": []}'), "catalog.list"),
    "only broken items": (Answer(200, b'{"items": [1, null, {"title": "x"}]}'), "catalog.list"),
    "nested without end": (Answer(200, b"[" * 100_000), "catalog.list"),
    "too many": (
        Answer(200, json_of({"items": [{"id": f"m{n}"} for n in range(listing.MOST + 1)]})),
        "catalog.list",
    ),
    "200 MB": (Answer(200, Endless(200_000_000, b'{"items": [')), "net.too_large"),
    "cut off": (Answer(200, b'{"items": []}' * 100, cut=50), "net.cut"),
    "another website": (redirect("https://elsewhere.example/"), "net.redirect"),
    "a file": (redirect("file:///etc/passwd"), "net.redirect"),
    "gone": (Answer(404, PAGE), "net.not_found"),
    "an error": (Answer(500, PAGE), "net.status"),
    "a pause": (Answer(429, b"", {"Retry-After": "30"}), "net.too_many"),
    "no HTTP": (Answer(raw=b"220 mail.example ESMTP\r\n\r\n"), "net.garbled"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_bad_list_is_told_and_the_last_catalogue_stays(site: CatalogSite, tmp_path: Path, name: str) -> None:
    answer, expected = LISTS[name]

    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            before = (tmp_path / "catalogue.bin").read_bytes()
            site.replies[LIST] = answer
            with pytest.raises(DeskError) as caught:
                await sync.refresh(net, tmp_path, base=site.url)
            assert caught.value.problem.id == expected
            assert "?" not in in_words(caught.value.problem).message
            assert (tmp_path / "catalogue.bin").read_bytes() == before

    run(test())
    assert len([r for r in open_catalogue(tmp_path).records if r.origin == "fetched"]) == len(MODELS)


def test_a_list_that_leads_to_another_address_of_this_computer(site: CatalogSite, tmp_path: Path) -> None:
    with Site(other_here()) as other:
        site.replies[LIST] = redirect(f"{other.url}{LIST}")

        async def test() -> None:
            async with online(tmp_path) as net:
                assert (await problem_of(sync.refresh(net, tmp_path, base=site.url)))[0] == "net.redirect"

        run(test())
        assert other.connections == 0


ITEMS: dict[str, tuple[Callable[[], Any], str]] = {
    "no id": (lambda: {"title": "Nameless", "slug": None}, "it has no id"),
    "a path for an id": (lambda: item_of(MODELS[0], id="../../etc/passwd"), "its id is no plain name"),
    "a Windows path": (lambda: item_of(MODELS[0], id="..\\x"), "its id is no plain name"),
    "an address for an id": (lambda: item_of(MODELS[0], id="https://elsewhere.example/"), "its id is no plain name"),
    "a query in an id": (lambda: item_of(MODELS[0], id="a?b=c"), "its id is no plain name"),
    "dots for an id": (lambda: item_of(MODELS[0], id=".."), "its id is no plain name"),
    "a number for an id": (lambda: item_of(MODELS[0], id=7), "its id is no plain name"),
    "an endless id": (lambda: item_of(MODELS[0], id="a" * 5000), "its id is no plain name"),
    "the same id again": (lambda: item_of(MODELS[1], title="Twin"), "another one in the list has the same id"),
    "no object": (lambda: [1, 2], "it is no JSON object"),
}


@pytest.mark.parametrize("name", ITEMS)
def test_a_bad_item_is_set_aside_and_the_rest_lives(site: CatalogSite, tmp_path: Path, name: str) -> None:
    made, reason = ITEMS[name]
    site.list_items = [*(item_of(one) for one in MODELS), made()]

    async def test() -> None:
        async with online(tmp_path) as net:
            done = await sync.refresh(net, tmp_path, base=site.url)
            assert len(done.added) == len(MODELS)
            assert [one.reason for one in done.set_aside] == [reason]
            assert len(done.set_aside[0].name) <= 100
        assert [one.reason for one in open_catalogue(tmp_path).set_aside] == [reason]

    run(test())
    asked = {path for path in site.paths() if path.startswith("/api/v1/models/")}
    assert asked == {record(one.id) for one in MODELS}, "nothing is asked for by a name that is none"


RECORDS: dict[str, tuple[Answer, str]] = {
    "a web page": (Answer(200, PAGE), "it is no JSON"),
    "an empty body": (Answer(200, b""), "it is no JSON"),
    "half of it": (Answer(200, MODELS[0].body[:300]), "it is no JSON"),
    "Latin-1": (Answer(200, '{"id": "a", "title": "Ü"}'.encode("latin-1")), "it is no JSON"),
    "a list": (Answer(200, b"[1]"), "it is no JSON object"),
    "without an id": (Answer(200, b'{"title": "x"}'), "it has no id"),
    "with a path for an id": (Answer(200, b'{"id": "../x"}'), "its id is no plain name"),
    "another model's": (Answer(200, MODELS[2].body), "it says that it is another model"),
    "200 MB": (Answer(200, Endless(200_000_000, b'{"id": "')), "it is larger than anything expected"),
    "an unknown packing": (Answer(200, b"x", {"Content-Encoding": "br"}), "what came for it makes no sense"),
    "elsewhere": (redirect("https://elsewhere.example/x"), "the server leads to another website for it"),
    "gone": (Answer(404, PAGE), "the list names it, but the server does not have it"),
    "closed": (Answer(403, PAGE), "the server gives it to nobody who asks without a name"),
    "an error": (Answer(500, PAGE), "the server could not answer for it"),
}


def test_the_same_words_as_the_record_reader(site: CatalogSite) -> None:
    """What can be wrong with a record is said where records are read; this table only repeats it."""
    for words in {reason for _, reason in RECORDS.values()}:
        assert in_words(Problem("catalog.record", {"reason": words})).message


@pytest.mark.parametrize("name", RECORDS)
def test_a_bad_record_is_set_aside_and_the_rest_lives(site: CatalogSite, tmp_path: Path, name: str) -> None:
    answer, reason = RECORDS[name]
    site.replies[record(FIRST)] = answer

    async def test() -> None:
        async with online(tmp_path) as net:
            done = await sync.refresh(net, tmp_path, base=site.url)
            assert len(done.added) == len(MODELS) - 1
            assert [(one.name, one.reason) for one in done.set_aside] == [(FIRST, reason)]
            assert "?" not in in_words(Problem("catalog.record", {"reason": reason})).message
            # When it is mended, the next refresh has it, though the list is the same.
            del site.replies[record(FIRST)]
            done = await sync.refresh(net, tmp_path, base=site.url)
            assert done.added == (FIRST,)
            assert done.set_aside == ()

    run(test())


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_that_has_become_bad_stays_as_it_was(site: CatalogSite, tmp_path: Path, name: str) -> None:
    site.changes_known = False

    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            site.replies[record(FIRST)] = RECORDS[name][0]
            done = await sync.refresh(net, tmp_path, base=site.url)
            assert len(done.unchanged) == len(MODELS)
            assert [one.name for one in done.set_aside] == [FIRST]
        kept = open_catalogue(tmp_path).get(FIRST)
        assert kept is not None
        assert kept.source == MODELS[0].body

    run(test())


def test_a_catalogue_that_is_mostly_broken_is_refused(site: CatalogSite, tmp_path: Path) -> None:
    """As in a café whose network answers everything with its own page, but for what it has kept."""

    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            before = (tmp_path / "catalogue.bin").read_bytes()
            for one in MODELS[:7]:
                site.replies[record(one.id)] = Answer(200, PAGE)
            site.changes_known = False
            problem, params, _ = await problem_of(sync.refresh(net, tmp_path, base=site.url))
            assert (problem, params) == ("catalog.unusable", {"failed": 7, "count": 12})
            assert (tmp_path / "catalogue.bin").read_bytes() == before

    run(test())


TEXTS: dict[str, Answer] = {
    "gone": Answer(404, PAGE),
    "200 MB": Answer(200, Endless(200_000_000)),
    "elsewhere": redirect("https://elsewhere.example/x"),
    "an error": Answer(500, PAGE),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_that_does_not_come_is_not_checked(site: CatalogSite, tmp_path: Path, name: str) -> None:
    site.replies[f"/content/models/{FIRST}.md"] = TEXTS[name]
    done: list[Refreshed] = []

    async def test() -> None:
        async with online(tmp_path) as net:
            done.append(await sync.refresh(net, tmp_path, base=site.url))

    run(test())
    assert FIRST in done[0].unchecked
    assert open_catalogue(tmp_path).verified(FIRST) is None


@pytest.mark.parametrize(
    "place",
    [
        "file:///etc/passwd",
        "//elsewhere.example/x.md",
        "https://elsewhere.example/x.md",
        "http://user:pass@127.0.0.1/x.md",
        "javascript:alert(1)",
        "http://[::1",
    ],
)
def test_a_text_is_fetched_from_the_catalogue_s_own_server_only(site: CatalogSite, tmp_path: Path, place: str) -> None:
    site.models[FIRST].record["markdown_url"], before = place, site.models[FIRST].record["markdown_url"]
    done: list[Refreshed] = []

    async def test() -> None:
        async with online(tmp_path) as net:
            done.append(await sync.refresh(net, tmp_path, base=site.url))
            assert {entry.host for entry in net.ledger.entries()} == {site.name}

    try:
        run(test())
    finally:
        site.models[FIRST].record["markdown_url"] = before
    assert FIRST in done[0].unchecked


CHANGES: dict[str, Answer] = {
    "a web page": Answer(200, PAGE),
    "an object": Answer(200, b'{"since": "2026-01-01"}'),
    "items without ids": Answer(200, b'{"items": [{"path": "/x"}]}'),
    "numbers": Answer(200, b'{"items": [1, 2]}'),
    "an error": Answer(500, PAGE),
    "200 MB": Answer(200, Endless(200_000_000)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes_that_cannot_be_read_hide_nothing(site: CatalogSite, tmp_path: Path, name: str) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            site.replies["/api/v1/changes.json"] = CHANGES[name]
            site.forget()
            done = await sync.refresh(net, tmp_path, base=site.url)
            assert len(done.unchanged) == len(MODELS)

    run(test())
    assert site.statuses("/api/v1/models/") == [304] * len(MODELS)


@pytest.mark.parametrize("etag", ['"a\x7fb"', "no quotes", '"' + "x" * 5000 + '"', '"ü"'])
def test_an_etag_that_cannot_be_sent_back_is_not(site: CatalogSite, tmp_path: Path, etag: str) -> None:
    site.replies[record(FIRST)] = Answer(200, MODELS[0].body, {"ETag": etag})
    site.changes_known = False

    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            assert len((await sync.refresh(net, tmp_path, base=site.url)).unchanged) == len(MODELS)

    run(test())
    mine = [asked for asked in site.asked if asked.path == record(FIRST)]
    assert ["if-none-match" in asked.headers for asked in mine] == [False, False]


def test_a_304_to_a_question_that_was_not_asked(site: CatalogSite, tmp_path: Path) -> None:
    site.replies[LIST] = Answer(304)

    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await problem_of(sync.refresh(net, tmp_path, base=site.url)))[0] == "net.status"

    run(test())


def test_a_place_that_cannot_be_written_to(site: CatalogSite, tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file where the folder should be")

    async def test() -> None:
        async with online(tmp_path) as net:
            problem, _, _ = await problem_of(sync.refresh(net, tmp_path / "cache", base=site.url))
            assert problem == "catalog.not_saved"

    run(test())


def test_a_day_is_read_from_any_date() -> None:
    assert listing.day_before("Sun, 06 Nov 1994 08:49:37 GMT") == "1994-11-05"
    assert listing.day_before("Sun, 06 Nov 1994 00:10:00 +0200") == "1994-11-04"
    for odd in ("", "soon", "Sun, 99 Nov 1994 08:49:37 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"):
        assert len(listing.day_before(odd)) == 10
