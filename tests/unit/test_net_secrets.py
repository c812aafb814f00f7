"""Tokens: in the keyring or nowhere, the environment's never stored, and no keyring that writes plain files."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Final

import keyring
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.backends import fail, null

from mistral_desk.core.errors import DeskError
from mistral_desk.net.endpoints.record import computer
from mistral_desk.net.secrets import HUB, Secrets, variable
from tests.fixtures.vault import Vault

_LABELS: Final = st.from_regex(r"[ab1]([ab1_-]{0,3}[ab1])?", fullmatch=True)
_NAMES: Final = st.lists(_LABELS, min_size=1, max_size=3).map(".".join)
_ODD: Final = st.text("a1.-_:x", min_size=1, max_size=6).filter(lambda host: ":" not in host)
_SIXES: Final = st.builds(
    lambda high, low: str(ipaddress.IPv6Address(high << 64 | low)),
    st.sampled_from((0, 0x2001_0DB8 << 32)),
    st.integers(0, 2**32),
)
_HOSTS: Final = st.one_of(_NAMES, _ODD, _SIXES, st.sampled_from(("ip6", "odd", "a", "http")))
_PORTS: Final = st.sampled_from((80, 443, 8080, 1, 11))
_ORIGINS: Final = st.builds("{}://{}:{}".format, st.sampled_from(("http", "https")), _HOSTS, _PORTS)


class PlainVault(Vault):
    """As keyrings that write files are called."""


PlainVault.__module__ = "keyrings.alt.file"


def test_a_token_is_kept_by_the_keyring() -> None:
    vault = Vault()
    assert Secrets(vault).get() is None
    assert Secrets(vault).set(HUB, "  hf_secret\n") is None
    assert Secrets(vault).get() == "hf_secret"
    Secrets(vault).forget()
    assert vault.kept == {}
    assert Secrets(vault).get() is None
    Secrets(vault).forget()


def test_the_environment_goes_first_and_is_never_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault()
    Secrets(vault).set(HUB, "hf_kept")
    monkeypatch.setenv("HF_TOKEN", "hf_given")
    secrets = Secrets(vault)
    assert secrets.get() == "hf_given"
    assert list(vault.kept.values()) == ["hf_kept"]
    monkeypatch.setenv("HF_TOKEN", "two words")
    assert secrets.get() == "hf_kept"
    monkeypatch.delenv("HF_TOKEN")
    assert secrets.get() == "hf_kept"


@pytest.mark.parametrize("kind", [PlainVault, null.Keyring, fail.Keyring])
def test_without_a_safe_keyring_a_token_lives_as_long_as_the_program(kind: type[KeyringBackend], home: Path) -> None:
    backend = kind()
    secrets = Secrets(backend)
    problem = secrets.set(HUB, "hf_secret")
    assert problem is not None
    assert problem.id == "secrets.not_kept"
    assert "hf_secret" not in str(problem)
    assert secrets.get() == "hf_secret"
    assert Secrets(backend).get() is None
    assert getattr(backend, "kept", {}) == {}
    assert not home.exists()
    secrets.forget()
    assert secrets.get() is None


class Chain(KeyringBackend):
    """What the library gives where a system has several keyrings: it asks one after the other."""

    priority = 10

    def __init__(self, *backends: KeyringBackend) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.backends = backends

    def get_password(self, service: str, username: str) -> str | None:
        raise AssertionError("it might ask one that writes plain files")

    set_password = delete_password = get_password  # type: ignore[assignment]


Chain.__module__ = "keyring.backends.chainer"


def test_of_several_keyrings_the_first_safe_one_is_used_and_none_that_writes_plain_files() -> None:
    plain, vault, other = PlainVault(), Vault(), Vault()
    secrets = Secrets(Chain(plain, vault, other))
    assert secrets.set(HUB, "hf_secret") is None
    assert (list(vault.kept.values()), plain.kept, other.kept) == (["hf_secret"], {}, {})
    problem = Secrets(Chain(plain)).set(HUB, "hf_secret")
    assert problem is not None
    assert problem.id == "secrets.not_kept"
    assert plain.kept == {}


def test_a_system_whose_keyrings_cannot_be_looked_for_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks() -> KeyringBackend:
        raise RuntimeError("no message bus")

    monkeypatch.setattr(keyring, "get_keyring", breaks)
    secrets = Secrets()
    problem = secrets.set(HUB, "hf_secret")
    assert problem is not None
    assert secrets.get() == "hf_secret", "for this run"


@pytest.mark.allow_log("keyring", "mistral_desk.net.secrets")
def test_a_keyring_that_does_not_open_is_said_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    secrets = Secrets(Vault(broken=True))
    assert secrets.get() is None
    problem = secrets.set(HUB, "hf_secret")
    assert problem is not None
    assert problem.id == "secrets.not_kept"
    assert secrets.get() == "hf_secret"
    secrets.forget()
    assert "hf_secret" not in caplog.text


@pytest.mark.parametrize("value", ["", "  ", "two words", "line\nline", "x" * 5000, "ümlaut"])
def test_what_is_no_token_is_refused(value: str) -> None:
    vault = Vault()
    with pytest.raises(DeskError, match=r"secrets\.value"):
        Secrets(vault).set(HUB, value)
    assert vault.kept == {}


def test_the_keyring_is_asked_once() -> None:
    """It may ask the person to unlock it: not for each request."""
    vault = Vault()
    secrets = Secrets(vault)
    assert [secrets.get(), secrets.get("hub 127.0.0.1"), secrets.get()] == [None] * 3
    assert vault.asked == 2
    assert secrets.set(HUB, "hf_secret") is None
    assert [secrets.get(), secrets.get()] == ["hf_secret"] * 2
    again = Secrets(vault)
    assert [again.get(), again.get()] == ["hf_secret"] * 2
    assert vault.asked == 3


def test_what_a_keyring_holds_is_not_trusted() -> None:
    vault = Vault()
    vault.kept["mistral-desk", HUB] = "a\r\nX-Injected: 1"
    assert Secrets(vault).get() is None


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("https://api.mistral.ai:443", "API_MISTRAL_AI"),
        ("https://api-mistral.ai:443", "API__MISTRAL_AI"),
        ("https://xn--a.b:443", "XN____A_B"),
        ("https://my-box.org:8443", "MY__BOX_ORG___8443"),
        ("http://10.0.0.7:80", "10_0_0_7___HTTP_80"),
        ("http://10.0.0.7:443", "10_0_0_7___HTTP_443"),
        ("https://2001:db8::7:8080", "IP6___2001_DB8__7___8080"),
        ("https://2001:db8:0:0::7:8080", "IP6___2001_DB8__7___8080"),
        ("https://a_b:443", "ODD___X615F62"),
        ("https://a.-b:8443", "ODD___X612E2D62___8443"),
        ("https://ü..b:443", "ODD___XC3BC2E2E62"),
        ("https://bücher.example:443", "XN____BCHER__KVA_EXAMPLE"),
        ("https://faß.example:443", "XN____FA__HIA_EXAMPLE"),
    ],
)
def test_the_environment_s_variable_of_an_endpoint_tells_its_computer(origin: str, name: str) -> None:
    assert variable(f"endpoint home {origin}") == variable(f"endpoint other {origin}") == f"MISTRAL_DESK_KEY_{name}"


def test_the_variables_that_the_page_on_endpoints_names_are_those() -> None:
    page = (Path(__file__).parents[2] / "docs" / "endpoints.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(https?://[^`]+)` \| `(MISTRAL_DESK_KEY_[^`]+)`", page, re.MULTILINE)
    assert len(rows) >= 5
    for written, name in rows:
        assert variable(f"endpoint home {computer(written)}") == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a:8443", "https://a.-8443:443"),
        ("https://a-.b:443", "https://a.-b:443"),
        ("https://2001:db8::1:2:3:4:443", "https://2001:db8::1.2.3.4:443"),
        ("https://ip6:8443", "https://::8443:443"),
        ("https://odd:6100", "https://a\0:443"),
        ("https://faß.example:443", "https://fass.example:443"),
        ("https://a..b:443", "https://a-b:443"),
        ("http://a:80", "https://a.-http.80:443"),
    ],
)
def test_spellings_that_come_close_are_told_apart(one: str, other: str) -> None:
    assert variable(f"endpoint x {one}") != variable(f"endpoint x {other}")


@given(first=_ORIGINS, second=_ORIGINS)
@settings(max_examples=500)
def test_no_two_computers_share_a_variable(first: str, second: str) -> None:
    assert (variable(f"endpoint x {first}") == variable(f"endpoint x {second}")) == (first == second)


@given(origins=st.lists(_ORIGINS, min_size=60, max_size=60, unique=True))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_no_two_of_many_computers_share_a_variable(origins: list[str]) -> None:
    """Any two of them: what lies close together meets more often than by chance."""
    assert len({variable(f"endpoint x {origin}") for origin in origins}) == len(origins)
    assert all(re.fullmatch(r"MISTRAL_DESK_KEY_[A-Z0-9_]+", variable(f"endpoint x {one}")) for one in origins)
