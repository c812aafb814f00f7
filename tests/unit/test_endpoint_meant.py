"""Which model `ask` means: nothing goes to an endpoint by mistake, and a file here goes before it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat.elsewhere.prices import Cost
from mistral_desk.cli.ask import Json, Terminal
from mistral_desk.cli.there import elsewhere
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import folders
from mistral_desk.inference.protocol import Figures, Finished
from mistral_desk.net.endpoints.record import Endpoint, Offered
from mistral_desk.net.endpoints.store import FILE, write

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.core.paths import Folders

HOME = Endpoint("models", "My Models", "https://x.org/v1", models=(Offered("mistral/small"),))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.chdir(tmp_path)
    found = folders()
    write(found.config / FILE, (HOME,))
    return found


@pytest.mark.parametrize("asked", ["models/mistral/small", "my models/mistral/small", "endpoint:models/mistral/small"])
def test_an_endpoint_s_model_is_meant_by_id_and_by_name(places: Folders, asked: str) -> None:
    found = elsewhere(asked, places)
    assert found is not None
    assert found.id == "endpoint:models/mistral/small"


def test_a_whole_id_may_name_a_model_that_the_list_has_not(places: Folders) -> None:
    found = elsewhere("endpoint:models/other", places)
    assert found is not None
    assert found.model.name == "other"


@pytest.mark.parametrize(
    "asked", ["builtin", "models", "model/mistral.gguf", "/models/x.gguf", "owner/name:Q4", "", "/"]
)
def test_anything_else_is_here(places: Folders, asked: str) -> None:
    assert elsewhere(asked, places) is None


def test_a_file_of_that_name_goes_before_it(places: Folders, tmp_path: Path) -> None:
    (tmp_path / "models" / "mistral").mkdir(parents=True)
    (tmp_path / "models" / "mistral" / "small").write_bytes(b"")
    assert elsewhere("models/mistral/small", places) is None


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("models/mistral.gguf", "endpoint.no_model"),
        ("endpoint:gone/x", "endpoint.gone"),
        ("endpoint:models", "endpoint.gone"),
        ("endpoint:../x", "endpoint.gone"),
    ],
)
def test_what_was_perhaps_meant_as_a_path_or_is_gone_is_refused(places: Folders, asked: str, expected: str) -> None:
    with pytest.raises(DeskError) as caught:
        elsewhere(asked, places)
    assert caught.value.problem.id == expected


def test_what_it_may_have_cost_is_said_as_an_estimate_with_who_says_the_price(
    capsys: pytest.CaptureFixture[str],
) -> None:
    end = Finished(0, "stop", Figures(prompt_tokens=9, generated_tokens=3), "")
    Terminal().done(end, Cost(0.00012, "$", "prices.example"))
    assert "(Estimated cost: 0.0001 $, by the price that prices.example publishes.)" in capsys.readouterr().err
    Json().done(end, Cost(0.00012, "$", "prices.example"))
    assert json.loads(capsys.readouterr().out)["cost"] == {
        "amount": 0.00012,
        "currency": "$",
        "publisher": "prices.example",
    }
