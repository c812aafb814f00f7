"""The hub, asked over real sockets: search, files at a commit, headers over ranges; and everything it can refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import gguf, remote
from mistral_desk.catalog.hub import HOST, VARIABLE, Hub, endpoint, token_name
from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.net.secrets import HUB, Secrets
from tests.fixtures.engines import problem_of, run
from tests.fixtures.gguf_start import part, start
from tests.fixtures.hub_site import HubSite, Padded, Repo
from tests.fixtures.online import online
from tests.fixtures.vault import Vault
from tests.fixtures.web_site import Answer, Endless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.fixtures.web_site import Body

TODAY = ((32_000, 0, 32), (131_072, 269_443, 36), (262_144, 514_906, 60), (201_088, 446_189, 61))
"""Tokens, merges and layers of models of today."""
BIG, BIG_SIZE = start()
SMALL, SMALL_SIZE = start(tokens=4_000, merges=2_000, layers=2, width=256, experts=8)
SPLIT, SPLIT_SIZE = start(shards=2, layers=1)
LATER, LATER_SIZE = part({f"blk.{n}.ffn_up_exps.weight": (4096, 2048, 128) for n in range(1, 36)}, 1, 2)


def repo(name: str = "acme/Afar-119B-GGUF", **more: object) -> Repo:
    files: dict[str, Body] = {
        "README.md": b"# Afar",
        "Afar-119B-Q4_K_M.gguf": Padded(BIG, BIG_SIZE),
        "Afar-119B-Q2_K.gguf": Padded(SMALL, SMALL_SIZE),
        "UD-Q4_K_XL/Afar-UD-Q4_K_XL-00001-of-00002.gguf": Padded(SPLIT, SPLIT_SIZE),
        "UD-Q4_K_XL/Afar-UD-Q4_K_XL-00002-of-00002.gguf": Padded(LATER, LATER_SIZE),
        "mmproj-F16.gguf": Padded(b"GGUF", 857_000_000),
    }
    return Repo(name, files, **more)  # type: ignore[arg-type]


@pytest.fixture
def site() -> Iterator[HubSite]:
    others = [Repo(f"other/Model-{n}-GGUF", {"a-Q8_0.gguf": b"GGUF"}, downloads=n) for n in range(50)]
    with HubSite(repo(), *others, Repo("plain/weights", {"model.safetensors": b"x"}, tags=("text",))) as one:
        yield one


async def asked(folder: Path, site: HubSite, what: Callable[[Hub], object], vault: Secrets | None = None) -> object:
    async with online(folder) as net:
        return await what(Hub(net, vault, site.url))  # type: ignore[misc]


def test_a_search_finds_gguf_repositories_most_downloaded_first(site: HubSite, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            found = await hub.search("model gguf", 5)
            assert [one.id for one in found] == [f"other/Model-{n}-GGUF" for n in (49, 48, 47, 46, 45)]
            (one,) = await hub.search(" Afar ")
            assert (one.downloads, one.likes, one.updated, one.gated) == (1000, 10, "2026-04-01", False)
            assert one.license == "apache-2.0"
            assert await hub.search("weights") == ()
            assert await hub.search("& filter=all / ? #") == ()
            assert {entry.who for entry in net.ledger.entries()} == {"hub"}

    run(test())
    assert site.api.asked[0].query["filter"] == "gguf"


def test_files_are_listed_at_one_commit(site: HubSite, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            listing = await hub.files("acme/Afar-119B-GGUF")
            commit = site.repos["acme/Afar-119B-GGUF"].commit
            assert (listing.repository, listing.revision) == ("acme/Afar-119B-GGUF", commit)
            assert [(one.name, one.shards, one.complete) for one in listing.quantizations] == [
                ("Q2_K", 1, True),
                ("UD-Q4_K_XL", 2, True),
                ("Q4_K_M", 1, True),
            ]
            first = listing.quantizations[0].files[0]
            assert first.sha256 == site.repos["acme/Afar-119B-GGUF"].hash_of(first.path)
            assert listing.quantizations[-1].bytes == BIG_SIZE
            assert listing.projector is not None
            assert listing.projector.size == 857_000_000
            assert [file.path for file in listing.other] == ["README.md"]
            assert await hub.files("acme/Afar-119B-GGUF", commit) == listing
            assert await hub.files("acme/Afar-119B-GGUF", "main") == listing
            site.trouble.page = 2
            assert await hub.files("acme/Afar-119B-GGUF") == listing

    run(test())
    assert site.cdn.asked == []


@pytest.mark.parametrize(
    ("path", "most"),
    [("Afar-119B-Q4_K_M.gguf", (11_000_000, 3)), ("Afar-119B-Q2_K.gguf", (remote.FIRST, 1))],
)
def test_a_header_is_read_over_ranges(
    site: HubSite, tmp_path: Path, path: str, most: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    header, size = (BIG, BIG_SIZE) if "Q4" in path else (SMALL, SMALL_SIZE)
    most_bytes, most_requests = most

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            listing = await hub.files("acme/Afar-119B-GGUF")
            (file,) = (one.files[0] for one in listing.quantizations if one.files[0].path == path)
            read = await hub.header(listing.repository, listing.revision, file)
            assert read.header == gguf.read_start(header, size)
            assert read.requests <= most_requests
            assert len(header) <= read.bytes_read <= most_bytes
            assert site.cdn.served == read.bytes_read
            (here,) = [entry for entry in net.ledger.entries() if entry.host == site.cdn.name]
            assert here.requests == read.requests
            assert read.bytes_read < here.received < read.bytes_read + 2000
            with capsys.disabled():
                print(
                    f"\n{path}: {size / 1e9:.1f} GB, header {len(header):,} bytes, "
                    f"read {read.bytes_read:,} bytes in {read.requests} requests: {site.parts()}"
                )

    run(test())


def test_the_vocabularies_of_today_take_three_requests() -> None:
    """Told by the reader alone, as the loop in `remote` would ask."""
    for tokens, merges, layers in (
        (32_000, 0, 32),
        (131_072, 269_443, 36),
        (262_144, 514_906, 60),
        (201_088, 446_189, 61),
    ):
        head, size = start(tokens, merges, layers)
        have, requests = remote.FIRST, 1
        while True:
            try:
                gguf.read_start(head[:have], size)
                break
            except gguf.WantedError as more:
                have = remote.next_step(more, have, requests)
                requests += 1
        assert requests <= 3, (tokens, merges)
        assert have < len(head) + 6 * remote.FIRST


def test_all_parts_of_a_split_model(site: HubSite, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, None, site.url)
            listing = await hub.files("acme/Afar-119B-GGUF")
            variant = listing.quantizations[1]
            read = await hub.headers(listing, variant, lambda done, total: told.append((done, total)))
            assert [len(one.tensors) for one in read.headers] == [9, 35]
            assert read.requests <= 4
            assert site.cdn.served == read.bytes_read

    run(test())
    assert told == [(0, 2), (1, 2)]
    assert site.parts()[-1] == f"bytes=0-{min(remote.LATER, LATER_SIZE) - 1}"


def test_the_reader_wants_more_and_more_until_it_has_all() -> None:
    """Whatever has come by then: it never asks for what is there, never for more than the file has."""
    for have in [*range(0, 400, 7), *range(400, len(SMALL) - 40, 4099), len(SMALL) - 40]:
        with pytest.raises(gguf.WantedError) as caught:
            gguf.read_start(SMALL[:have], SMALL_SIZE)
        assert have < caught.value.least <= caught.value.likely <= SMALL_SIZE
    assert gguf.read_start(SMALL, SMALL_SIZE).data == len(SMALL)


def test_a_file_that_is_shorter_than_its_header() -> None:
    for size in (len(SMALL) // 2, len(SMALL) - 40):
        with pytest.raises(gguf.TruncatedError):
            gguf.read_start(SMALL[:size], size)


# --- tokens and gates ---------------------------------------------------------------------------------------------


def test_a_gate_asks_for_a_token_that_goes_to_the_hub_alone(
    site: HubSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.put(repo("gated/Model-GGUF", gated="manual"))
    site.tokens = {"hf_good"}

    async def test() -> None:
        async with online(tmp_path) as net:
            hub = Hub(net, Secrets(Vault()), site.url)
            listing = await hub.files("gated/Model-GGUF")
            file = listing.quantizations[0].files[0]
            problem, _, _ = await problem_of(hub.header("gated/Model-GGUF", listing.revision, file))
            assert problem == "hub.gated"
            monkeypatch.setenv("HF_TOKEN", "hf_other")
            assert (await problem_of(hub.header("gated/Model-GGUF", listing.revision, file)))[0] == "hub.gated"
            monkeypatch.setenv("HF_TOKEN", "hf_good")
            assert (await hub.header("gated/Model-GGUF", listing.revision, file)).header.tensors

    run(test())
    assert site.api.asked[-1].headers["authorization"] == "Bearer hf_good"
    assert all("authorization" not in one.headers for one in site.cdn.asked)
    assert site.cdn.asked


def test_a_kept_token_is_for_its_own_hub(site: HubSite, tmp_path: Path) -> None:
    vault = Vault()
    Secrets(vault).set(HUB, "hf_for_hugging_face")

    async def test() -> None:
        async with online(tmp_path) as net:
            await Hub(net, Secrets(vault), site.url).search("x")
            Secrets(vault).set(token_name(site.url), "hf_for_this_one")
            await Hub(net, Secrets(vault), site.url).search("x")

    run(test())
    assert [one.headers.get("authorization") for one in site.api.asked] == [None, "Bearer hf_for_this_one"]
    assert token_name(HOST) == HUB


def test_the_environment_names_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    assert endpoint() == HOST
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:8000/")
    assert endpoint() == "http://127.0.0.1:8000"
    monkeypatch.setenv(VARIABLE, "http://hub.example")
    with pytest.raises(DeskError, match=r"net\.address"):
        endpoint()


# --- what goes wrong ----------------------------------------------------------------------------------------------


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
