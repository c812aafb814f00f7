"""The list of endpoints: what is kept, where keys are, what a test says, and that nothing goes where it should not."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.settings import OFFLINE, Settings
from mistral_desk.net.endpoints import front
from mistral_desk.net.endpoints.record import MOST_MODELS, Kind, Offered
from mistral_desk.net.endpoints.store import FILE, read
from tests.fixtures.endpoints import endpoints
from tests.fixtures.engines import problem_of, run
from tests.fixtures.openai_site import KEY, MISTRAL, VLLM, OpenAISite, as_json, key_variable, refusal
from tests.fixtures.vault import Vault
from tests.fixtures.web_site import Answer, Endless, Site, redirect

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("kind", "name"), [("mistral", MISTRAL), ("vllm", VLLM), ("llama.cpp", "model.gguf")])
def test_a_test_finds_the_kind_of_server_and_its_models_that_chat(tmp_path: Path, kind: Kind, name: str) -> None:
    async def test() -> None:
        with OpenAISite(kind, key=KEY) as site:
            async with endpoints(tmp_path) as all_of_them:
                outcome = await all_of_them.test(site.url, KEY)
        assert outcome.problem is None
        assert outcome.kind == kind
        assert [model.name for model in outcome.models] == [name]
        assert outcome.models[0].context

    run(test())


ODD: dict[str, tuple[Answer, str]] = {
    "a wrong key": (refusal(401, f"wrong key {KEY}"), "endpoint.key"),
    "a wrong path": (Answer(404, b"nothing here"), "endpoint.not_there"),
    "a web page": (Answer(200, b"<html>Welcome to nginx!"), "endpoint.not_protocol"),
    "another JSON": (as_json({"models": []}), "endpoint.not_protocol"),
    "no JSON": (Answer(200, b"hello"), "endpoint.not_protocol"),
    "names that are none": (as_json({"data": [{"name": "x"}, 7]}), "endpoint.not_protocol"),
    "no models": (as_json({"data": []}), "endpoint.no_models"),
    "no model that chats": (
        as_json({"data": [{"id": "e", "capabilities": {"completion_chat": False}}]}),
        "endpoint.no_models",
    ),
    "names that lie": (
        as_json({"data": [{"id": "a\u202eb"}, {"id": "\x1b[2J"}, {"id": "x" * 500}]}),
        "endpoint.no_models",
    ),
    "trouble": (refusal(500, "CUDA error"), "endpoint.failed"),
    "too much to do": (refusal(429, "later"), "endpoint.busy"),
    "1 GB": (Answer(200, Endless(1 << 30)), "net.too_large"),
    "no HTTP": (Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "net.garbled"),
    "elsewhere": (redirect("https://example.org/v1/models"), "net.redirect"),
}


@pytest.mark.parametrize("case", ODD)
def test_what_a_test_finds_wrong_has_clear_words_and_no_key_in_them(tmp_path: Path, case: str) -> None:
    answer, expected = ODD[case]

    async def test() -> None:
        with Site(answer=lambda _: answer) as site:
            async with endpoints(tmp_path) as all_of_them:
                outcome = await all_of_them.test(site.url, KEY)
        assert outcome.problem is not None
        assert outcome.problem.id == expected
        assert KEY not in f"{outcome.problem} {in_words(outcome.problem)}"
        assert outcome.models == ()

    run(test())


@pytest.mark.parametrize("key", ["two words", "ключ", "a\r\nX-Other: b", "x" * 5000])
def test_what_cannot_be_a_key_is_sent_to_nobody(tmp_path: Path, key: str) -> None:
    async def test() -> None:
        with OpenAISite() as site:
            async with endpoints(tmp_path) as all_of_them:
                outcome = await all_of_them.test(site.url, key)
                assert outcome.problem is not None
                assert outcome.problem.id == "secrets.value"
            assert not site.connections

    run(test())


def test_a_server_without_encryption_behind_https_and_one_that_is_not_there_have_their_words(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite() as site, socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            async with endpoints(tmp_path) as all_of_them:
                tls = await all_of_them.test(site.url.replace("http:", "https:"), KEY)
                absent = await all_of_them.test(f"http://127.0.0.1:{nobody.getsockname()[1]}")
            assert not site.asked
        assert tls.problem is not None
        assert absent.problem is not None
        assert (tls.problem.id, absent.problem.id) == ("net.tls", "net.unreachable")

    run(test())


def test_a_key_never_goes_where_a_redirect_leads_and_neither_do_words(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite() as other, Site(answer=lambda asked: redirect(f"{other.url}{asked.path}", 307)) as site:
            async with endpoints(tmp_path) as all_of_them:
                outcome = await all_of_them.test(site.url, KEY)
            assert outcome.problem is not None
            assert outcome.problem.id == "net.redirect"
            assert site.asked[0].headers["authorization"] == f"Bearer {KEY}"
            assert not other.asked
            assert not other.connections

    run(test())


def test_what_is_added_lasts_and_its_key_is_in_the_keyring_only(tmp_path: Path) -> None:
    vault = Vault()

    async def test() -> None:
        with OpenAISite("mistral", key=KEY) as site:
            async with endpoints(tmp_path, vault=vault) as first:
                outcome = await first.test(site.url, KEY)
                added = await first.add("My server", site.url, KEY, outcome=outcome)
                assert added.key is None
                assert await first.key_of("my-server") == "keyring"
            async with endpoints(tmp_path, vault=vault) as second:
                assert second.all == (added.endpoint,)
                assert (await second.refresh("my-server")).problem is None
                source = second.source(f"endpoint:my-server/{MISTRAL}")
                assert source.model == Offered(MISTRAL, 131072, True, True)
                await second.remove("my-server")
                assert second.find("my-server") is None
        assert not vault.kept

    run(test())
    assert KEY.encode() not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_at_another_computer_s_address_key_and_agreement_hold_no_more(tmp_path: Path) -> None:
    vault = Vault()

    async def test() -> None:
        with OpenAISite(key=KEY) as site, OpenAISite() as other:
            async with endpoints(tmp_path, vault=vault) as all_of_them:
                await all_of_them.add("Home", site.url, KEY)
                await all_of_them.agree("home")
                before = all_of_them.all[0].since
                await all_of_them.change("home", name="At home", address=f"{site.url}/v2")
                assert [(one.agreed, one.since) for one in all_of_them.all] == [(True, before)]
                assert await all_of_them.key_of("home") == "keyring"
                assert (await all_of_them.test(other.url, None, endpoint="home")).problem is None
                assert "authorization" not in other.asked[0].headers
                await all_of_them.change("home", address=other.url)
                assert [one.agreed for one in all_of_them.all] == [False]
                assert all_of_them.all[0].since > before, "nobody there knows what the other one was told"
                assert await all_of_them.key_of("home") == "none"
        assert not vault.kept

    run(test())


def test_a_key_of_the_environment_does_not_go_to_another_computer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        with OpenAISite(key=KEY) as site, OpenAISite() as other:
            monkeypatch.setenv(key_variable(site.port), KEY)
            async with endpoints(tmp_path, vault=Vault()) as all_of_them:
                home = (await all_of_them.add("Home", site.url)).endpoint
                assert (await all_of_them.refresh(home.id)).problem is None
                moved = (await all_of_them.change(home.id, address=other.url)).endpoint
                assert (await all_of_them.refresh(moved.id)).problem is None
                assert "authorization" not in other.asked[0].headers

    run(test())


@pytest.mark.parametrize("kept", ["keyring", "environment"])
def test_who_changes_the_file_gets_no_key_elsewhere(tmp_path: Path, kept: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test() -> None:
        with OpenAISite(key=KEY) as site, OpenAISite() as thief:
            if kept == "environment":
                monkeypatch.setenv(key_variable(site.port), KEY)
            async with endpoints(tmp_path, vault=Vault()) as all_of_them:
                await all_of_them.add("Home", site.url, KEY if kept == "keyring" else "")
                assert await all_of_them.key_of("home") == kept
                assert (await all_of_them.refresh("home")).problem is None
                file = tmp_path / FILE
                file.write_text(file.read_text().replace(str(site.port), str(thief.port)))
                await all_of_them.look()
                assert (await all_of_them.refresh("home")).problem is None
            assert "authorization" not in thief.asked[0].headers

    run(test())


def test_the_environment_s_key_is_for_the_computer_that_it_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_DESK_KEY_A_B", KEY)

    async def test() -> None:
        async with endpoints(tmp_path) as all_of_them:
            for address in ("https://a.b/v1", "https://a-b/v1", "https://a.b:8443/v1"):
                await all_of_them.add(address, address)
            where = [await all_of_them.key_of(one.id) for one in all_of_them.all]
            assert where == ["environment", "none", "none"]

    run(test())


@pytest.mark.allow_log("the keyring takes no token", "mistral_desk.net.secrets")
@pytest.mark.allow_log("the keyring gives no token", "mistral_desk.net.secrets")
def test_a_keyring_that_does_not_open_keeps_the_key_for_this_run_and_that_is_said(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite(key=KEY) as site:
            async with endpoints(tmp_path, vault=Vault(broken=True)) as all_of_them:
                added = await all_of_them.add("Home", site.url, KEY)
                assert added.key is not None
                assert added.key.id == "secrets.not_kept"
                assert (await all_of_them.refresh("home")).problem is None

    run(test())
    assert KEY not in (tmp_path / FILE).read_text()


def test_offline_nothing_is_tested_and_nothing_connects(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    settings.set(OFFLINE, True)

    async def test() -> None:
        with OpenAISite() as site:
            async with endpoints(tmp_path, settings) as all_of_them:
                assert all_of_them.offline
                outcome = await all_of_them.test(site.url)
                assert outcome.problem is not None
                assert outcome.problem.id == "net.offline"
                assert not all_of_them.net.ledger.entries()
            assert not site.connections

    run(test())


def test_each_look_stands_in_the_ledger(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite() as site:
            async with endpoints(tmp_path) as all_of_them:
                await all_of_them.test(site.url)
                (entry,) = all_of_them.net.ledger.entries()
                assert (entry.host, entry.who, entry.status) == (site.name, "endpoints", 200)

    run(test())


@pytest.mark.allow_log("damaged", "mistral_desk.net.endpoints.store")
@pytest.mark.allow_log("an endpoint", "mistral_desk.net.endpoints.store")
@pytest.mark.parametrize(
    ("content", "kept", "aside"),
    [
        (b"{", 0, 1),
        (b"\xff\xfe", 0, 1),
        (b'{"version": 1, "endpoints": 7}', 0, 1),
        (b'{"version": 1, "endpoints": [7, {"id": "x"}]}', 0, 0),
        (b'{"version": 1, "endpoints": [{"id": "x", "name": "X", "address": "http://example.org/v1"}]}', 0, 0),
        (b'{"version": 1, "endpoints": [{"id": "X/..", "name": "X", "address": "https://x.org/v1"}]}', 0, 0),
        (b'{"version": 1, "endpoints": [{"id": "x", "name": "\\u202eX", "address": "https://x.org/v1"}]}', 0, 0),
        (b'{"version": 9, "endpoints": [{"id": "x", "name": "X", "address": "https://x.org/v1", "new": 1}]}', 1, 0),
    ],
)
def test_a_file_that_is_damaged_or_lies_is_set_aside_or_left_out(
    tmp_path: Path, content: bytes, kept: int, aside: int
) -> None:
    (tmp_path / FILE).write_bytes(content)
    assert len(read(tmp_path / FILE)) == kept
    assert len(list(tmp_path.glob("*damaged*"))) == aside


@pytest.mark.parametrize("name", ["x" * 81, "a\u202eb", "a\0b", "\u200b"])
def test_names_that_could_deceive_are_refused(tmp_path: Path, name: str) -> None:
    async def test() -> None:
        async with endpoints(tmp_path) as all_of_them:
            with pytest.raises(DeskError) as caught:
                await all_of_them.add(name, "https://x.org")
            assert caught.value.problem.id == "endpoint.name"
            assert (await all_of_them.add("  ", "https://x.org")).endpoint.name == "x.org"
            assert (await all_of_them.add("a\n b", "https://x.org")).endpoint.name == "a b"

    run(test())


def test_two_of_one_name_are_refused_and_what_is_gone_is_named(tmp_path: Path) -> None:
    async def test() -> None:
        async with endpoints(tmp_path) as all_of_them:
            changes: list[int] = []
            forget = all_of_them.listen(lambda: changes.append(len(all_of_them.all)))
            await all_of_them.add("Home", "https://x.org")
            with pytest.raises(DeskError) as caught:
                await all_of_them.add("home", "https://y.org")
            assert caught.value.problem.id == "endpoint.exists"
            with pytest.raises(DeskError) as caught:
                all_of_them.source("endpoint:away/model")
            assert caught.value.problem.id == "endpoint.gone"
            forget()
            await all_of_them.remove("home")
            assert changes == [1]

    run(test())


def test_a_list_of_endpoints_and_one_of_models_have_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front, "MOST", 2)

    async def test() -> None:
        listed = as_json({"data": [{"id": f"m{number:05}"} for number in range(MOST_MODELS + 9)]})
        with Site(answer=lambda _: listed) as site:
            async with endpoints(tmp_path) as all_of_them:
                assert len((await all_of_them.test(site.url)).models) == MOST_MODELS
                for name in ("One", "Two"):
                    await all_of_them.add(name, "https://x.org")
                assert (await problem_of(all_of_them.add("Three", "https://x.org")))[0] == "endpoint.too_many"
                assert [one.name for one in all_of_them.all] == ["One", "Two"]

    run(test())


def test_what_is_agreed_to_or_changed_must_still_be_what_was_shown(tmp_path: Path) -> None:
    vault = Vault()

    async def test() -> None:
        async with endpoints(tmp_path, vault=vault) as all_of_them:
            home = (await all_of_them.add("Home", "https://x.org", KEY)).endpoint
            other = (await all_of_them.add("Other", "https://y.org", KEY)).endpoint
            assert (await problem_of(all_of_them.agree(home.id, at="https://z.org/v1")))[0] == "endpoint.gone"
            assert (await problem_of(all_of_them.agree("away")))[0] == "endpoint.gone"
            assert not any(one.agreed for one in all_of_them.all)
            await all_of_them.agree(home.id, at=home.address)
            assert [one.agreed for one in all_of_them.all] == [True, False]
            await all_of_them.change(home.id, key="  ")
            assert await all_of_them.key(home) is None
            assert await all_of_them.key(other) == KEY
            await all_of_them.remove(other.id)
            assert vault.kept == {}
            assert [one.id for one in all_of_them.all] == [home.id]

    run(test())


def test_changes_at_once_lose_none(tmp_path: Path) -> None:
    async def test() -> None:
        async with endpoints(tmp_path) as here, endpoints(tmp_path) as there:
            await asyncio.gather(*(here.add(f"Server {n}", f"https://s{n}.org") for n in range(8)))
            await there.add("Other", "https://other.org")
            assert len(await here.look()) == 9

    run(test())


def test_an_endpoint_s_file_holds_nothing_but_what_is_declared(tmp_path: Path) -> None:
    async def test() -> None:
        async with endpoints(tmp_path) as all_of_them:
            await all_of_them.add("Home", "https://x.org", KEY)

    run(test())
    found: Any = msgspec.json.decode((tmp_path / FILE).read_bytes())
    (kept,) = found["endpoints"]
    assert kept.pop("since") > 0
    assert kept.pop("at") == "https://x.org:443", "whose agreement this is"
    assert kept == {"id": "home", "name": "Home", "address": "https://x.org/v1", "looked": 0}
