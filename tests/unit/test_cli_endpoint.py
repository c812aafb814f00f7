"""`endpoint` in this process: what a person reads when one is added, listed, tested and removed, and each refusal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import keyring
import pytest

from mistral_desk.catalog.store import Entry, Fetched, replace
from mistral_desk.cli.ask import Terminal
from mistral_desk.cli.ask_elsewhere import _cost
from mistral_desk.cli.main import main
from mistral_desk.core.paths import folders
from mistral_desk.inference.protocol import Figures, Finished
from mistral_desk.net.endpoints.record import Endpoint, EndpointModel, Offered
from tests.fixtures.openai_site import KEY, MISTRAL, OpenAISite, chunk, streamed
from tests.fixtures.terminal import terminal
from tests.fixtures.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Iterator

AWAY: Final = "https://api.example.org/v1"


@pytest.fixture
def site() -> Iterator[OpenAISite]:
    with OpenAISite("mistral") as made:
        yield made


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Vault:
    made = Vault()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    return made


def desk(*arguments: str) -> int:
    return main(list(arguments), window=lambda _picture, _file: 0)


def said(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> list[Any]:
    assert desk(*arguments, "--json") == status
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_from_the_first_to_none(site: OpenAISite, capsys: pytest.CaptureFixture[str]) -> None:
    assert desk("endpoint", "list") == 0
    assert capsys.readouterr() == ("", "There is no endpoint. “mistral-desk endpoint add ADDRESS” adds one.\n")
    assert said(capsys, "endpoint", "list") == []
    assert desk("endpoint", "add", site.base, "--name", "Home") == 0
    out, err = capsys.readouterr()
    assert out == f"home  {site.base}\n  no key; takes --think as reasoning_effort\n  home/{MISTRAL}\n"
    assert err == f'Ask it: mistral-desk ask --model "home/{MISTRAL}" "…"\n'
    assert said(capsys, "endpoint", "add", site.base, "--name", "HOME", status=1)[0]["id"] == "endpoint.exists"
    site.list = [{"id": f"model-{number}"} for number in range(13)]
    assert desk("endpoint", "test", "home") == 0
    lines = capsys.readouterr().out.splitlines()
    assert (len(lines), lines[-2:]) == (13, ["  home/model-6", "  and 3 more"])
    assert len(said(capsys, "endpoint", "test", "Home")[0]["models"]) == 13
    for does in ("test", "remove"):
        assert said(capsys, "endpoint", does, "elsewhere", status=1)[0]["id"] == "endpoint.unknown"
    assert desk("endpoint", "remove", "home") == 0
    assert capsys.readouterr().out == "Removed: Home, with its key\n"
    assert desk("endpoint", "add", site.base, "--name", "Home", "--json") == 0
    capsys.readouterr()
    assert said(capsys, "endpoint", "remove", "Home") == []
    assert said(capsys, "endpoint", "list") == []


def test_one_that_is_not_asked_first_names_no_model_and_where_words_would_go(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert desk("endpoint", "add", AWAY, "--name", "Far", "--no-test") == 0
    assert capsys.readouterr().err.splitlines() == [
        'Ask it: mistral-desk ask --model "endpoint:far/MODEL" "…"',
        "What you ask it leaves this computer and goes to api.example.org.",
    ]


def test_a_key_is_typed_unseen_kept_in_the_keyring_and_gone_with_its_endpoint(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def typed(prompt: str) -> str:
        asked.append(prompt)
        return KEY

    monkeypatch.setattr("getpass.getpass", typed)
    with OpenAISite("mistral", key=KEY) as site:
        with terminal() as screen:
            assert desk("endpoint", "add", site.base, "--name", "Home", "--key") == 0
        assert asked == [f"Key for {site.name} (it is not shown): "]
        assert "its key is in the keyring" in screen.out
        assert KEY not in screen.out + screen.err
        assert list(vault.kept.values()) == [KEY]
        with terminal() as screen:
            assert desk("endpoint", "test", "home") == 0
            assert desk("endpoint", "remove", "home") == 0
    assert screen.out.endswith("Removed: Home, with its key\n")
    assert vault.kept == {}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--schema", "x.json"], "endpoint.option"),
        (["--think-tokens", "9"], "endpoint.option"),
        (["--think-seconds", "9"], "endpoint.option"),
        (["--think"], "endpoint.no_effort"),
    ],
)
def test_what_only_a_model_here_can_do_is_refused_before_anything_is_sent(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with OpenAISite() as site:
        assert said(capsys, "endpoint", "add", site.base, "--name", "Home")
        assert said(capsys, "ask", "Hi", "--model", "home/a-model", *options, status=1)[0]["id"] == problem
        assert site.bodies() == []


def test_the_figures_of_an_answer_without_words_are_said_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    with OpenAISite(chat=streamed(chunk({"role": "assistant"}), chunk({}, "length"))) as site:
        assert said(capsys, "endpoint", "add", site.base, "--name", "Home")
        assert desk("ask", "Hi", "--model", "home/a-model") == 0
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-1]) == ("", "(The answer was cut at the number of tokens asked for.)")


def test_a_cost_is_estimated_where_the_model_s_maker_answers_and_tokens_were_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record = {"id": "acme-large", "type": "model", "title": "Acme Large", "provider": "Acme AI"}
    record |= {"pricing": {"input": "$3.00 / 1M tokens", "output": "$15.00 per million tokens"}}  # type: ignore[dict-item]
    entry = Entry(json.dumps(record).encode())
    replace(folders().ensure().cache, Fetched(1.7e9, "http://127.0.0.1:1", (entry,), attribution="somebody.example"))
    away = EndpointModel(Endpoint("a", "A", "https://api.acme.com/v1"), Offered("acme-large"))
    here = EndpointModel(Endpoint("h", "H", "http://127.0.0.1:1/v1"), away.model)
    counted = Finished(1, "stop", Figures(prompt_tokens=1000, generated_tokens=1000), "")
    Terminal().done(counted, _cost(away, counted))
    said = "(Estimated cost: 0.0180 $, by the price that somebody.example publishes.)"
    assert capsys.readouterr().err.splitlines()[-1] == said
    assert _cost(away, Finished(1, "stop", Figures(), "")) is None
    assert _cost(here, counted) is None
