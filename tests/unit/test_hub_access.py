"""What a hub says before a download, and says wrongly: a gate, a licence, an account, a token that opens nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.catalog import hub_access
from mistral_desk.catalog.hub import Hub
from mistral_desk.catalog.hub_access import Asked
from mistral_desk.catalog.hub_files import RemoteFile
from mistral_desk.library.verify import Verified
from mistral_desk.library.wanted import place
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Repo
from tests.fixtures.online import online
from tests.fixtures.vault import Vault
from tests.fixtures.web_site import Answer
from tests.unit.test_library_ordering import comes, opened

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

REPOSITORY: Final = "acme/Tiny-GGUF"
ABOUT: Final = f"/api/models/{REPOSITORY}"
FILES: Final = {"Tiny-Q4_K_M.gguf": content(70_000, 1), "mmproj-F16.gguf": content(5_000, 4)}
TOKEN: Final = "hf_ThisIsASecretForTests"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with HubSite(Repo(REPOSITORY, dict(FILES))) as one:
        monkeypatch.setenv("HF_ENDPOINT", one.url)
        one.tokens.add(TOKEN)
        yield one


def at(site: HubSite, path: str = "Tiny-Q4_K_M.gguf") -> str:
    """Where a file of the repository is asked for."""
    return f"/{REPOSITORY}/resolve/{site.repos[REPOSITORY].commit}/{path}"


def refusal(status: int, code: str = "", **headers: str) -> Answer:
    """As the hub refuses."""
    return Answer(status, b"", {"X-Error-Code": code, **headers})


@pytest.mark.parametrize(
    ("answer", "token", "found"),
    [
        (Answer(200), None, "open"),
        (Answer(200), TOKEN, "granted"),
        (Answer(307, b"", {"Location": "https://cdn.example/x"}), TOKEN, "granted"),
        (refusal(401, "GatedRepo"), None, "token"),
        (refusal(403, "GatedRepo"), None, "token"),
        (refusal(401), TOKEN, "token"),
        (refusal(403, "GatedRepo"), TOKEN, "agreement"),
        (refusal(403), TOKEN, "scope"),
        (refusal(401, "RepoNotFound"), None, "token"),
        (refusal(401, "RepoNotFound"), TOKEN, "hub.not_found"),
        (refusal(403, "EntryNotFound"), TOKEN, "hub.not_found"),
        (refusal(404), TOKEN, "hub.not_found"),
        (refusal(410), None, "hub.not_found"),
        (refusal(429, **{"Retry-After": "7"}), None, "net.too_many"),
        (refusal(503), None, "net.status"),
    ],
)
def test_what_a_file_is_held_back_by_is_told(
    site: HubSite, tmp_path: Path, answer: Answer, token: str | None, found: str
) -> None:
    site.api.replies[at(site)] = answer
    asked = Asked(REPOSITORY, site.repos[REPOSITORY].commit, RemoteFile("Tiny-Q4_K_M.gguf", 70_000))

    told: list[str] = []

    async def test() -> None:
        async with online(tmp_path) as net:
            asking = hub_access.access(net, Hub(net, None, site.url), asked, token)
            told.append((await problem_of(asking))[0] if "." in found else await asking)

    run(test())
    assert told == [found]


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        (Answer(200, b'{"name":"ada\\u202e\\n"}'), "ada"),
        (Answer(200, b'{"name":7}'), ""),
        (Answer(200, b"[]"), "hub.garbled"),
        (Answer(200, b"<html>"), "hub.garbled"),
        (Answer(200, b"[" * 100_000), "hub.garbled"),
        (Answer(200, b'"\xff"'), "hub.garbled"),
        (refusal(401), "hub.token_refused"),
        (refusal(403), "hub.token_refused"),
        (refusal(429, **{"Retry-After": "9"}), "net.too_many"),
        (refusal(503), "net.status"),
    ],
)
def test_whose_a_token_is_is_told_or_why_not(site: HubSite, tmp_path: Path, answer: Answer, found: str) -> None:
    site.api.replies["/api/whoami-v2"] = answer
    told: list[str] = []

    async def test() -> None:
        async with online(tmp_path) as net:
            asking = hub_access.account(net, Hub(net, None, site.url), TOKEN)
            told.append((await problem_of(asking))[0] if "." in found else await asking)

    run(test())
    assert told == [found]


@pytest.mark.parametrize(
    ("card", "license_", "link"),
    [
        ({"license": "mit"}, "mit", "https://opensource.org/license/mit"),
        ({"license": ["gemma", "mit"]}, "gemma", "https://ai.google.dev/gemma/terms"),
        ({"license": [7]}, "apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
        ({"license": {"a": 1}}, "apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
        ({"license": "own", "license_link": "https://acme.example/terms"}, "own", "https://acme.example/terms"),
        ({"license": "own", "license_link": "/TERMS of use.md"}, "own", "HUB/blob/main/TERMS%20of%20use.md"),
        ({"license": "own", "license_link": "../../other/LICENSE"}, "own", None),
        ({"license": "own", "license_link": "javascript:alert(1)"}, "own", None),
        ({"license": "own", "license_link": "//elsewhere.example/x"}, "own", None),
        ({"license": "own", "license_link": "http://[half"}, "own", None),
        ({"license": "own"}, "own", None),
        ({"license": "\n\t"}, "apache-2.0", "https://www.apache.org/licenses/LICENSE-2.0"),
    ],
)
def test_a_licence_leads_to_the_web_or_into_its_repository_and_nowhere_else(
    site: HubSite, tmp_path: Path, card: dict[str, Any], license_: str, link: str | None
) -> None:
    site.put(Repo(REPOSITORY, dict(FILES), card=card))

    async def test() -> None:
        async with online(tmp_path) as net:
            found = await hub_access.about(net, Hub(net, None, site.url), REPOSITORY)
            expected = link.replace("HUB", hub_access.page(site.url, REPOSITORY)) if link else None
            assert (found.license, found.link) == (license_, expected)

    run(test())


@pytest.mark.parametrize(
    ("said", "gate", "revision"),
    [
        ({"gated": "auto", "sha": "a" * 40}, "automatic", "a" * 40),
        ({"gated": True, "sha": "a" * 39}, "manual", None),
        ({"gated": "never heard of", "sha": "/" * 40}, "unknown", None),
        ({"gated": [], "sha": 7, "tags": "license:mit", "cardData": "x"}, "unknown", None),
        ({}, "unknown", None),
    ],
)
def test_a_gate_that_nobody_knows_is_unknown(
    site: HubSite, tmp_path: Path, said: dict[str, Any], gate: str, revision: str | None
) -> None:
    site.api.replies[ABOUT] = Answer(200, json.dumps(said).encode())

    async def test() -> None:
        async with online(tmp_path) as net:
            found = await hub_access.about(net, Hub(net, None, site.url), REPOSITORY)
            assert (found.gate, found.revision, found.license) == (gate, revision, None)

    run(test())


# --- what stands before a download ------------------------------------------------------------------------


def test_a_repository_that_hides_all_but_its_files_asks_for_a_token(site: HubSite) -> None:
    """Its list is known from the search; what it is, nobody without a token is told."""

    async def test() -> None:
        async with opened() as services:
            listing = await services.hub.files(REPOSITORY)
            site.api.replies[ABOUT] = refusal(403, "GatedRepo")
            before = await services.ordering.before(REPOSITORY, "Q4_K_M", listing=listing)
            assert (before.access, before.gate) == ("token", "unknown")
            assert before.problem is not None
            assert before.problem.id == "hub.gated"
            assert (before.license.words, before.license.source) == (None, "nobody")

    run(test())


@pytest.mark.parametrize(
    ("answer", "found"),
    [(refusal(503), "unknown"), (refusal(429, **{"Retry-After": "9"}), "unknown"), (refusal(404), "hub.not_found")],
)
def test_whether_a_gate_is_open_may_stay_unknown_and_a_file_that_is_gone_is_said(
    site: HubSite, answer: Answer, found: str
) -> None:
    """The download says for itself then whether it may."""
    site.put(Repo(REPOSITORY, dict(FILES), gated="auto"))
    site.api.replies[at(site)] = answer

    async def test() -> None:
        async with opened() as services:
            asking = services.ordering.before(REPOSITORY, "Q4_K_M")
            if "." in found:
                assert (await problem_of(asking))[0] == found
            else:
                before = await asking
                assert (before.access, before.gate, before.room.enough) == (found, "automatic", True)

    run(test())


def test_where_headers_say_nothing_the_projector_is_the_one_that_its_name_fits(site: HubSite) -> None:
    site.put(
        Repo(
            REPOSITORY,
            {**FILES, "mmproj-Another-F16.gguf": content(5_000, 8), "mmproj-Tiny-F16.gguf": content(5_000, 9)},
        )
    )

    async def test() -> None:
        async with opened() as services:
            before = await services.ordering.before(REPOSITORY, "Q4_K_M")
            assert before.order.files[0].path == "Tiny-Q4_K_M.gguf"
            assert len(before.order.files) == 2

    run(test())


def test_a_token_that_does_not_open_the_download_is_refused_and_not_kept(site: HubSite) -> None:
    vault = Vault()

    async def test() -> None:
        async with opened(vault) as services:
            before = await services.ordering.before(REPOSITORY, "Q4_K_M")
            site.api.replies[at(site)] = refusal(401)
            problem, params, _ = await problem_of(services.tokens.take(TOKEN, before))
            assert problem == "hub.token_refused"
            assert TOKEN not in str(params)

    run(test())
    assert vault.kept == {}


def test_a_file_is_let_go_of_before_it_is_mended_and_what_is_whole_is_left_alone(site: HubSite) -> None:
    let_go: list[Sequence[str]] = []

    async def frees(paths: Sequence[str]) -> None:
        let_go.append(paths)

    async def test() -> None:
        async with opened() as services:
            await comes(services, await services.ordering.before(REPOSITORY, "Q4_K_M"))
            model = services.library.find(f"{REPOSITORY}:Q4_K_M")
            assert model is not None
            services.library.let_go = frees
            good = await services.library.verify(model)
            assert await services.ordering.repair(model, good) == ()
            assert not any(let_go)
            bad = Verified(model.path, False, "0" * 64, (0,), 1 << 26)
            (order,) = await services.ordering.repair(model, (bad, good[1]))
            assert let_go[-1] == [model.path]
            assert model.path == str(place(services.models_folder, order.files[0]))

    run(test())
