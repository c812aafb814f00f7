"""`serve` in this process: what it says before programs can ask, and that Ctrl+C ends it."""

from __future__ import annotations

import json
import threading

import keyring
import pytest

from mistral_desk.cli import serve
from mistral_desk.cli.main import main
from mistral_desk.core.paths import folders
from tests.fixtures.serving import falls
from tests.fixtures.terminal import terminal
from tests.fixtures.vault import Vault

ASK = "Programs can ask now. Ctrl+C ends it.\n"


def desk(*arguments: str) -> int:
    return main(["serve", "--port", "0", *arguments], window=lambda _picture, _file: 0)


@pytest.mark.allow_log("settings.value", "mistral_desk.core.settings")
def test_the_address_and_the_token_of_the_keyring_are_said_until_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault()
    monkeypatch.setattr(keyring, "get_keyring", lambda: vault)
    settings = folders().ensure().settings
    told = []
    for theme in ("pink", "dark"):
        settings.write_text(json.dumps({"appearance.theme": theme}), encoding="utf-8")
        with terminal(press=ASK) as screen:
            assert desk() == 0
        address, token = screen.out.splitlines()
        assert address.startswith("Address: http://127.0.0.1:")
        assert address.endswith("/v1")
        assert token == f"Token: {next(iter(vault.kept.values()))}"
        told.append(screen.err)
        assert len(vault.kept) == 1
    assert told[0].endswith(ASK)
    assert len(told[0].splitlines()) > 1, "a setting that is not allowed is told"
    assert told[1] == ASK, "and the token is the one before"
    assert [one for one in threading.enumerate() if one.name == "server"] == []


def test_a_token_that_nobody_keeps_is_said_to_end_with_the_program_and_none_is_where_none_is_wanted() -> None:
    with terminal(press=ASK) as screen:
        assert desk() == 0
    assert "Token: " in screen.out
    assert len(screen.err.splitlines()) > 1
    with terminal(press=ASK) as screen:
        assert desk("--no-token") == 0
    assert "Token" not in screen.out
    assert screen.err == ASK
    with terminal(press='"listening"') as screen:
        assert desk("--no-token", "--json") == 0
    assert json.loads(screen.out)["token"] is None


@pytest.mark.allow_log("the server ended by an error of the program", "mistral_desk.server.serving")
def test_a_server_that_ends_by_itself_ends_the_command_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, say = falls(monkeypatch), serve._say

    def said(*what: object, **how: object) -> None:
        say(*what, **how)  # type: ignore[arg-type]
        broken.set()

    monkeypatch.setattr(serve, "_say", said)
    with terminal() as screen:
        assert desk("--no-token") == 1
    assert "The server ended by itself" in screen.err


@pytest.mark.parametrize(
    ("host", "warns"),
    [("127.0.0.1", False), ("localhost", False), ("192.168.0.7", True), ("0.0.0.0", True)],  # noqa: S104
)
def test_where_other_computers_can_connect_that_is_said(
    host: str, warns: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    serve._say(f"http://{host}:8642/v1", "t", host, as_json=False)
    said = capsys.readouterr().err
    assert said.endswith(ASK)
    assert ("Other computers can connect. What they send and get is not encrypted.\n" in said) is warns
