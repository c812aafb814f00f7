"""What stands before a download is said before it begins: licence, gate, token, room, and what is there already."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.catalog import facts
from mistral_desk.catalog.facts import File, Model, Quantization
from mistral_desk.core.settings import OFFLINE
from mistral_desk.library.wanted import place
from mistral_desk.net.secrets import Secrets
from mistral_desk.services import Services
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Padded, Repo
from tests.fixtures.other_programs import eyes, weights
from tests.fixtures.transfers import until
from tests.fixtures.vault import Vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from mistral_desk.library.ordering import Before
    from tests.fixtures.small_models import SmallModels
    from tests.fixtures.web_site import Body

REPOSITORY: Final = "acme/Tiny-GGUF"
GATED: Final = "acme/Gated-GGUF"
MODEL, LARGE, EYES = content(70_000, 1), content(90_000, 3), content(5_000, 4)
FILES: Final = {"Tiny-Q4_K_M.gguf": MODEL, "Tiny-Q8_0.gguf": LARGE, "mmproj-F16.gguf": EYES}
TOKEN: Final = "hf_ThisIsASecretForTests"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    monkeypatch.delenv("HF_TOKEN", raising=False)
    card = {"license": "other", "license_name": "Acme Terms", "license_link": "LICENSE.md"}
    with HubSite(Repo(REPOSITORY, dict(FILES)), Repo(GATED, dict(FILES), gated="auto", card=card)) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        site.tokens.add(TOKEN)
        yield site


@contextlib.asynccontextmanager
async def opened(vault: Vault | None = None) -> AsyncIterator[Services]:
    services = await Services.open()
    services.secrets = Secrets(vault or Vault())
    services.hub._vault = services.secrets
    try:
        yield services
    finally:
        await services.close()


async def comes(services: Services, before: Before) -> None:
    download = await services.ordering.order(before)
    await until(lambda: next(d for d in services.downloads.downloads() if d.order == download.order).state == "done")


def test_an_open_repository_stands_open_and_its_projector_comes_along(hub: HubSite) -> None:
    async def test() -> None:
        async with opened() as services:
            came: list[str] = []
            services.front.came(lambda order: came.append(order.id))
            before = await services.ordering.before(REPOSITORY)
            assert before.order.id == f"{REPOSITORY}:Q4_K_M"
            assert [file.path for file in before.order.files] == ["Tiny-Q4_K_M.gguf", "mmproj-F16.gguf"]
            assert before.revision == hub.repos[REPOSITORY].commit
            assert (before.gate, before.access, before.problem) == ("none", "open", None)
            assert (before.license.words, before.license.source) == ("apache-2.0", "hub")
            assert before.license.url == "https://www.apache.org/licenses/LICENSE-2.0"
            assert (before.room.needed, before.room.enough) == (75_000, True)
            assert not before.there
            await comes(services, before)
            await until(lambda: came == [before.order.id])
            # It is in the library the moment that its download is done.
            model = services.library.find(before.order.id)
            assert model is not None
            assert (model.state, model.repository, model.title) == ("here", REPOSITORY, "Tiny-GGUF Q4_K_M")
            assert model.projector is not None
            assert (
                services.resolve_model(model.id).path
                == model.path
                == str(place(services.models_folder, before.order.files[0]))
            )
            again = await services.ordering.before(REPOSITORY)
            assert (again.there, again.room.needed) == (True, 0)
            other = await services.ordering.before(REPOSITORY, "q8_0")
            assert other.order.id == f"{REPOSITORY}:Q8_0"
            assert other.room.needed == 90_000

    run(test())


def test_a_download_goes_on_at_the_next_start_and_is_told(hub: HubSite) -> None:
    hub.put(Repo("acme/Long-GGUF", {"Long-Q4_K_M.gguf": content(4_000_000)}))
    hub.trouble.stall = 2_500_000

    async def test() -> None:
        async with opened() as services:
            await services.ordering.order(await services.ordering.before("acme/Long-GGUF"))
            await until(lambda: services.downloads.downloads()[0].done > 0)
        hub.trouble.stall = None
        served = hub.cdn.served
        async with opened() as services:
            await until(lambda: services.downloads.downloads()[0].state == "done")
            assert services.library.find("acme/Long-GGUF:Q4_K_M") is not None
        assert hub.cdn.served - served < 4_000_000

    run(test())


def test_of_several_projectors_the_one_that_fits_comes(hub: HubSite, small_models: SmallModels) -> None:
    files: dict[str, Body] = {
        "Tiny-Q4_K_M.gguf": weights(small_models),
        "mmproj-Another-F16.gguf": content(5_000, 7),
        "mmproj-Tiny-F16.gguf": eyes(small_models),
    }
    hub.put(Repo("acme/Eyes-GGUF", files))

    async def test() -> None:
        async with opened() as services:
            before = await services.ordering.before("acme/Eyes-GGUF")
            assert [file.path for file in before.order.files] == ["Tiny-Q4_K_M.gguf", "mmproj-Tiny-F16.gguf"]

    run(test())


def test_equal_files_are_named(hub: HubSite) -> None:
    hub.put(Repo("other/Same-GGUF", {"Same-Q4_K_M.gguf": MODEL}))

    async def test() -> None:
        async with opened() as services:
            await comes(services, await services.ordering.before(REPOSITORY))
            served = hub.cdn.served
            before = await services.ordering.before("other/Same-GGUF")
            (same,) = before.equal
            assert (same.file, same.path) == ("Same-Q4_K_M.gguf", services.resolve_model(f"{REPOSITORY}:Q4_K_M").path)
            await comes(services, before)
            assert hub.cdn.served == served

    run(test())


def test_what_cannot_be_ordered_is_refused(hub: HubSite) -> None:
    hub.put(Repo("acme/Two-GGUF", {"Two-Q2_K.gguf": MODEL, "Two-Q8_0.gguf": LARGE}))
    hub.put(Repo("acme/Huge-GGUF", {"Huge-Q4_K_M.gguf": Padded(b"GGUF", 5 * 10**14)}))

    async def test() -> None:
        async with opened() as services:
            ordering = services.ordering
            assert (await problem_of(ordering.before("acme/Two-GGUF")))[0] == "library.no_quant"
            assert (await problem_of(ordering.before(REPOSITORY, "Q2_K")))[0] == "library.no_quant"
            assert (await problem_of(ordering.before("nobody/nothing")))[0] == "hub.not_found"
            assert (await problem_of(ordering.before("../../etc")))[0] == "hub.not_found"
            huge = await ordering.before("acme/Huge-GGUF")
            assert not huge.room.enough
            services.settings.set(OFFLINE, True)
            assert (await problem_of(ordering.before(REPOSITORY)))[0] == "net.offline"

    run(test())


def test_a_gate_is_explained_and_a_token_tested_before_it_is_kept(hub: HubSite) -> None:
    vault = Vault()
    hub.strangers.add("hf_stranger")

    async def test() -> None:
        async with opened(vault) as services:
            before = await services.ordering.before(GATED)
            assert (before.gate, before.access) == ("automatic", "token")
            assert (before.license.id, before.license.words) == (None, "Acme Terms")
            assert before.license.url == f"{hub.url}/{GATED}/blob/main/LICENSE.md"
            assert before.page == f"{hub.url}/{GATED}"
            assert await services.tokens.state() == "none"
            assert services.tokens.page == f"{hub.url}/settings/tokens"

            assert (await problem_of(services.tokens.take("hf_wrong", before)))[0] == "hub.token_refused"
            assert (await problem_of(services.tokens.take("two words", before)))[0] == "secrets.value"
            assert vault.kept == {}

            taken = await services.tokens.take("hf_stranger", before)
            assert (taken.account, taken.access, taken.kept) == ("ada", "agreement", None)
            assert (await services.ordering.before(GATED)).access == "agreement"

            taken = await services.tokens.take(f"  {TOKEN}\n", before)
            assert (taken.access, taken.kept) == ("granted", None)
            assert list(vault.kept.values()) == [TOKEN]
            assert await services.tokens.state() == "keyring"
            granted = await services.ordering.before(GATED)
            assert granted.access == "granted"
            await comes(services, granted)
            await services.tokens.forget()
            assert vault.kept == {}
            assert await services.tokens.state() == "none"

    run(test())


@pytest.mark.allow_log("the keyring", "mistral_desk.net.secrets")
def test_without_a_keyring_the_token_lives_for_this_run_and_that_is_said(hub: HubSite) -> None:
    async def test() -> None:
        async with opened(Vault(broken=True)) as services:
            taken = await services.tokens.take(TOKEN)
            assert taken.kept is not None
            assert taken.kept.id == "secrets.not_kept"
            assert await services.tokens.state() == "session"
            assert (await services.ordering.before(GATED)).access == "granted"

    run(test())


def test_the_environment_s_token_is_used_and_never_stored(hub: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault()
    monkeypatch.setenv("HF_TOKEN", TOKEN)

    async def test() -> None:
        async with opened(vault) as services:
            assert await services.tokens.state() == "environment"
            await comes(services, await services.ordering.before(GATED))
            assert vault.kept == {}

    run(test())


def test_the_token_is_in_no_file(hub: HubSite, home: Path) -> None:
    async def test() -> None:
        async with opened() as services:
            await services.tokens.take(TOKEN)
            await comes(services, await services.ordering.before(GATED))
            await problem_of(services.ordering.before("nobody/nothing"))

    run(test())
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [path for path in files if TOKEN.encode() in path.read_bytes()] == []
    assert all("authorization" not in asked.headers for asked in hub.cdn.asked)


def test_what_our_facts_know_needs_no_listing(hub: HubSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Revision, sizes and hashes are in the facts: the hub is asked for gate and licence only, and may be away."""
    repo = hub.repos[REPOSITORY]

    def file(path: str) -> File:
        return File(path, len(FILES[path]), repo.hash_of(path))

    stated: dict[str, Any] = {"files": (file("Tiny-Q4_K_M.gguf"),), "bytes": 70_000, "approximate": False}
    ours = facts.Repository(
        REPOSITORY, repo.commit, "", file("mmproj-F16.gguf"), (Quantization("Q4_K_M", **stated),), gated=False
    )
    model = Model("tiny", "tiny", "Tiny", None, None, "MIT", None, None, True, None, None, "", (ours,))
    monkeypatch.setattr(facts, "models", lambda: (model,))

    async def test() -> None:
        async with opened() as services:
            before = await services.ordering.before(REPOSITORY, "Q4_K_M")
            assert not any("/tree/" in asked.path for asked in hub.api.asked)
            assert (before.access, before.revision) == ("open", repo.commit)
            listed = await services.ordering.before(REPOSITORY, "Q8_0")
            assert listed.order.files[0].path == "Tiny-Q8_0.gguf"
            services.settings.set(OFFLINE, True)
            alone = await services.ordering.before(REPOSITORY, "Q4_K_M")
            assert alone.order == before.order
            assert alone.problem is not None
            assert (alone.problem.id, alone.gate, alone.access) == ("net.offline", "none", "unknown")
            assert (alone.license.words, alone.license.source) == ("MIT", "facts")

    run(test())
