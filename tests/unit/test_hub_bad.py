"""Everything that a hub can refuse or do wrong: told in words, bounded in bytes, and no signed address shown."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mistral_desk.catalog import remote
from mistral_desk.catalog.hub import Hub
from mistral_desk.core.errors import DeskError, in_words
from tests.fixtures import hub_repos
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_repos import SMALL
from tests.fixtures.hub_site import HubSite, Padded, Repo
from tests.fixtures.online import online
from tests.fixtures.web_site import Answer, Endless

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def site() -> Iterator[HubSite]:
    with hub_repos.site() as one:
        yield one


@pytest.mark.parametrize(
    "name", ["", "..", "../x", "a/b/c", "a b/c", "a/..", "https://x.example/a", "a/b?c=d", "x" * 300]
)
def test_names_that_are_none_are_not_asked_for(site: HubSite, tmp_path: Path, name: str) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await problem_of(Hub(net, None, site.url).files(name)))[0] == "hub.not_found"

    run(test())
    assert site.api.asked == []


def test_what_is_not_there(site: HubSite, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            assert (await problem_of(hub.files("acme/nothing")))[0] == "hub.not_found"
            assert (await problem_of(hub.files("acme/Afar-119B-GGUF", "v9/x y")))[0] == "hub.not_found"
            listing = await hub.files("acme/Afar-119B-GGUF")
            file = listing.quantizations[0].files[0]
            site.put(Repo("acme/Afar-119B-GGUF", {"other.gguf": b"GGUF"}))
            assert (await problem_of(hub.header(listing.repository, listing.revision, file)))[0] == "hub.not_found"

    run(test())


def test_a_pause_that_the_hub_asks_for(site: HubSite, tmp_path: Path) -> None:
    site.trouble.refuse = 1

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            problem, params, _ = await problem_of(hub.search("x"))
            assert (problem, params["seconds"]) == ("net.too_many", 7)
            await hub.search("x")

    run(test())


ANSWERS: dict[str, tuple[Answer, str]] = {
    "a web page": (Answer(200, b"<html>"), "hub.garbled"),
    "an object": (Answer(200, b'{"models": []}'), "hub.garbled"),
    "nothing": (Answer(200, b""), "hub.garbled"),
    "nested": (Answer(200, b"[" * 100_000), "hub.garbled"),
    "Latin-1": (Answer(200, '[{"id": "ü"}]'.encode("latin-1")), "hub.garbled"),
    "millions of nothings": (Answer(200, b"[" + b"{}," * 1_000_000 + b"{}]"), "hub.garbled"),
    "garbled inside": (Answer(200, b'[{"id": "a/b", "path": "x", "tags": [tru]}]'), "hub.garbled"),
    "200 MB": (Answer(200, Endless(200_000_000, b"[")), "net.too_large"),
    "cut off": (Answer(200, b"[]" * 100, cut=10), "net.cut"),
    "an error": (Answer(500, b""), "net.status"),
    "elsewhere": (Answer(302, b"", {"Location": "https://elsewhere.example/"}), "net.redirect"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_bad_answers_to_a_search_and_to_a_listing(site: HubSite, tmp_path: Path, name: str) -> None:
    answer, expected = ANSWERS[name]
    commit = site.repos["acme/Afar-119B-GGUF"].commit
    site.api.replies["/api/models"] = answer
    site.api.replies[f"/api/models/acme/Afar-119B-GGUF/tree/{commit}"] = answer

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            for asking in (hub.search("x"), hub.files("acme/Afar-119B-GGUF", commit)):
                with pytest.raises(DeskError) as caught:
                    await asking
                assert caught.value.problem.id == expected
                assert "?" not in in_words(caught.value.problem).message

    run(test())


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", "it names no commit"),
        (b'{"sha": 7}', "it names no commit"),
        (b'{"sha": "../x"}', "it names no commit"),
        (b'{"sha": null, "siblings": [7]}', "it names no commit"),
        (b"<html>", "it is no JSON"),
        (b"", "it is no JSON"),
    ],
)
def test_a_repository_without_a_commit(site: HubSite, tmp_path: Path, body: bytes, reason: str) -> None:
    site.api.replies["/api/models/acme/Afar-119B-GGUF"] = Answer(200, body)

    async def test() -> None:
        async with online(tmp_path) as net:
            problem, params, _ = await problem_of(Hub(net, None, site.url).files("acme/Afar-119B-GGUF"))
            assert (problem, params["reason"]) == ("hub.garbled", reason)

    run(test())


def test_no_answer_is_read_on_the_thread_of_the_loop(
    site: HubSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []

    def watched(body: Any, **wanted: Any) -> Any:
        threads.append(threading.get_ident())
        return decode(body, **wanted)

    decode = msgspec.json.decode
    monkeypatch.setattr(msgspec.json, "decode", watched)

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            assert await hub.search("afar")
            assert (await hub.files("acme/Afar-119B-GGUF")).quantizations

    run(test())
    assert len(threads) > 3
    assert threading.get_ident() not in threads


def test_entries_that_make_no_sense_are_left_out(site: HubSite, tmp_path: Path) -> None:
    site.api.replies["/api/models"] = Answer(
        200,
        b'[1, null, {"id": 7}, {"id": "../x"}, {"id": "a/b", "downloads": "many", "likes": -1, "tags": "x",'
        b' "lastModified": 7}, {"id": "a/b"}, {"modelId": "c/d", "gated": "auto", "tags": ["x", 7]}]',
    )

    async def test() -> None:
        async with online(tmp_path) as net:
            found = await Hub(net, None, site.url).search("x")
            assert [(one.id, one.downloads, one.likes, one.updated, one.gated, one.tags) for one in found] == [
                ("a/b", None, None, None, False, ()),
                ("c/d", None, None, None, True, ("x",)),
            ]

    run(test())


def test_a_listing_without_end_ends(site: HubSite, tmp_path: Path) -> None:
    commit = site.repos["acme/Afar-119B-GGUF"].commit
    path = f"/api/models/acme/Afar-119B-GGUF/tree/{commit}"
    site.api.replies[path] = Answer(200, b"[]", {"Link": f'<{site.url}{path}?cursor=1>; rel="next"'})

    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await problem_of(Hub(net, None, site.url).files("acme/Afar-119B-GGUF", commit)))[0] == "hub.garbled"
            site.api.replies[path] = Answer(200, b"[]", {"Link": '<https://elsewhere.example/>; rel="next"'})
            assert (await problem_of(Hub(net, None, site.url).files("acme/Afar-119B-GGUF", commit)))[0] == "hub.garbled"

    run(test())
    assert len(site.api.asked) <= 22


TROUBLE: dict[str, tuple[dict[str, object], str]] = {
    "a part that is another one": ({"other_part": True}, "hub.no_parts"),
    "another file meanwhile": ({"size": 12345}, "hub.no_parts"),
    "an expired signature": ({"expired": 1}, "net.not_permitted"),
    "an error": ({"fail": 1}, "net.status"),
    "cut off": ({"cut": 1000}, "net.cut"),
}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_with_a_header(site: HubSite, tmp_path: Path, name: str) -> None:
    trouble, expected = TROUBLE[name]
    for field, value in trouble.items():
        setattr(site.trouble, field, value)

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            listing = await hub.files("acme/Afar-119B-GGUF")
            file = listing.quantizations[-1].files[0]
            with pytest.raises(DeskError) as caught:
                await hub.header(listing.repository, listing.revision, file)
            assert caught.value.problem.id == expected
            assert "?" not in in_words(caught.value.problem).message
            assert "X-Signature" not in str(caught.value)

    run(test())


def test_a_server_that_knows_no_ranges_is_hung_up_on(site: HubSite, tmp_path: Path) -> None:
    """A small header is in what came first; for a large one there is nothing to do."""
    site.trouble.whole = True

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            listing = await hub.files("acme/Afar-119B-GGUF")
            small, big = listing.quantizations[0].files[0], listing.quantizations[-1].files[0]
            assert (await hub.header(listing.repository, listing.revision, small)).bytes_read == remote.FIRST
            assert (await problem_of(hub.header(listing.repository, listing.revision, big)))[0] == "hub.no_parts"

    run(test())
    assert site.cdn.served < 60_000_000, "not the 70 GB"


@pytest.mark.parametrize(
    ("begin", "size", "expected"),
    [
        (b"<html>no such file</html>" * 100, 1_000_000, "model.not_gguf"),
        (b"GG", 2, "model.not_gguf"),
        (b"", 0, "model.not_gguf"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 4000, 1_000_000, "model.damaged"),
        (SMALL, len(SMALL) + 10, "model.truncated"),
        (SMALL[:5000], 5000, "model.truncated"),
    ],
)
def test_files_that_are_no_models(site: HubSite, tmp_path: Path, begin: bytes, size: int, expected: str) -> None:
    site.put(Repo("acme/odd", {"odd-Q4_0.gguf": Padded(begin, size)}))

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            listing = await hub.files("acme/odd")
            problem, _, _ = await problem_of(
                hub.header(listing.repository, listing.revision, listing.quantizations[0].files[0])
            )
            assert problem == expected

    run(test())


def test_a_header_that_never_ends_is_given_up(site: HubSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "MOST", 3 << 20)

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            listing = await hub.files("acme/Afar-119B-GGUF")
            file = listing.quantizations[-1].files[0]
            problem, _, _ = await problem_of(hub.header(listing.repository, listing.revision, file))
            assert problem == "model.damaged"

    run(test())
    assert site.cdn.served <= 3 << 20
