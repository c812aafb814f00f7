"""The hub, asked over real sockets: search, files at a commit, headers over ranges, tokens and gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import gguf, remote
from mistral_desk.catalog.hub import HOST, VARIABLE, Hub, endpoint, token_name
from mistral_desk.core.errors import DeskError
from mistral_desk.net.secrets import HUB, Secrets
from tests.fixtures import hub_repos
from tests.fixtures.engines import problem_of, run
from tests.fixtures.gguf_start import start
from tests.fixtures.hub_repos import BIG, BIG_SIZE, LATER_SIZE, SMALL, SMALL_SIZE, repo
from tests.fixtures.online import online
from tests.fixtures.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.hub_site import HubSite


TODAY = ((32_000, 0, 32), (131_072, 269_443, 36), (262_144, 514_906, 60), (201_088, 446_189, 61))
"""Tokens, merges and layers of models of today."""


@pytest.fixture
def site() -> Iterator[HubSite]:
    with hub_repos.site() as one:
        yield one


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
