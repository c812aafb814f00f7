"""One model, one name: what a command shows, every command takes, and means the same model by it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from mistral_desk.catalog import facts
from mistral_desk.cli.main import main
from mistral_desk.cli.model_page import _verdicts
from mistral_desk.cli.pull import _chosen
from mistral_desk.fit import advice
from tests.fixtures.machines import pc
from tests.unit.test_cli_fit import MACHINE

pytestmark = pytest.mark.usefixtures("home")
IDS = [model.id for model in facts.models()]


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments, "--machine", MACHINE], window=lambda _picture, _file: 0) == 0
    return capsys.readouterr().out


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    return json.loads(said(capsys, *arguments, "--json"))


@pytest.mark.parametrize("name", IDS)
def test_every_command_takes_a_model_s_id(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    fit, page = told(capsys, "fit", name), told(capsys, "models", name)
    assert {row["model"] for row in fit["variants"]} <= {name}
    assert fit["variants"] == [row | {"alternatives": fit["variants"][0]["alternatives"]} for row in page["variants"]]
    (model,) = facts.find(name)
    assert page["id"] == model.catalog
    quant = "Q4_K_M"  # with one nothing is measured
    assert asyncio.run(_chosen(name, quant)).repository in {one.repository for one in model.repositories}


@pytest.mark.parametrize("model", facts.models(), ids=IDS)
def test_its_name_means_the_same_model_and_no_other(model: facts.Model) -> None:
    assert facts.find(model.name) == facts.find(model.name.upper()) == (model,)


def test_what_the_lists_show_is_what_the_commands_take(capsys: pytest.CaptureFixture[str]) -> None:
    ranked = [line.split("  ") for line in said(capsys, "fit").splitlines()[3:-2]]
    listed = [line.rpartition("  ")[2] for line in said(capsys, "models", "--open").splitlines()[3:] if "  " in line]
    shown = {cell.strip() for line in ranked for cell in line} & set(IDS)
    assert len(shown) == len(ranked), "an id in each line"
    assert listed
    for name in listed:
        assert facts.find(name), name
    assert set(listed) & set(IDS) <= shown | {"glm-5"}, "nothing can be predicted of it, and both say so"


def test_a_record_of_several_models_names_them_and_each_has_the_page_with_its_own_files(
    capsys: pytest.CaptureFixture[str],
) -> None:
    family = said(capsys, "models", "mistral-3")
    assert "Its models: mistral-large-3-675b, ministral-3-14b, ministral-3-8b, ministral-3-3b." in family
    one = " ".join(said(capsys, "models", "ministral-3-3b").split())
    assert "this is about ministral-3-3b; the others: mistral-large-3-675b, ministral-3-14b, ministral-3-8b." in one
    assert "Ministral 3 8B " not in one


def test_two_files_that_are_called_alike_say_whose_they_are() -> None:
    models = facts.find("mistral-small-4")
    found = [one for one in advice.variants(models[0], pc(96, 8)) if one.quant in {"Q4_K_M", "UD-Q4_K_XL"}]
    head, *lines = _verdicts(models, found)
    assert head.endswith("  Repository")
    twice = [line.split()[-1] for line in lines if "  Q4_K_M  " in line]
    assert sorted(twice) == [
        "bartowski/mistralai_Mistral-Small-4-119B-2603-GGUF",
        "lmstudio-community/Mistral-Small-4-119B-2603-GGUF",
    ]
    assert "Repository" not in _verdicts(models, found[:1])[0]
