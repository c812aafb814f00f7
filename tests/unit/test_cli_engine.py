"""`engine` in this process, with engines that were added and never run: what is listed and shown, and going back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.cli.main import main
from mistral_desk.inference.packs import manifest, standing
from tests.fixtures.engine_packs import COMMIT
from tests.fixtures.engine_stand_ins import FILES, installed

if TYPE_CHECKING:
    from collections.abc import Callable

COMES_ALONG: Final = f"comes along, {manifest.BINDING} {manifest.binding()}"
ADDED: Final = f"cpu, llama.cpp {COMMIT[:10]}, "


def desk(*arguments: str) -> int:
    return main(["engine", *arguments], window=lambda _picture, _file: 0)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert desk("--json", *arguments) == 0
    return json.loads(capsys.readouterr().out)


def test_the_list_marks_the_one_in_use_and_who_signed_it(capsys: pytest.CaptureFixture[str]) -> None:
    installed("newer")
    standing.use("newer")
    assert desk() == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"  builtin  {COMES_ALONG}"
    assert second.startswith(f"* newer    {ADDED}")
    assert second.endswith(", signed by nobody known")


def test_why_an_engine_was_left_stands_below_the_list(
    capsys: pytest.CaptureFixture[str], allow_log: Callable[..., None]
) -> None:
    allow_log("the engine newer was left")
    installed("newer")
    standing.use("newer")
    standing.back("newer", "it crashed")
    assert desk("list") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert "newer" in last
    assert "it crashed" in last
    assert said(capsys, "list")["left"] == last


@pytest.mark.parametrize("arguments", [["show"], ["show", "builtin"]])
def test_the_one_that_comes_along_is_shown_without_files(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert desk(*arguments) == 0
    assert capsys.readouterr().out == f"builtin: {COMES_ALONG}\n"
    shown = said(capsys, *arguments)
    assert (shown["engine"]["in_use"], shown["path"], shown["files"]) == (True, "", [])


@pytest.mark.parametrize("arguments", [["show"], ["show", "newer"]])
def test_one_that_was_added_is_shown_with_its_place_and_each_file(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    installed("newer")
    standing.use("newer")
    assert desk(*arguments) == 0
    first, place, *files = capsys.readouterr().out.splitlines()
    assert first.startswith(f"newer: {ADDED}")
    assert place == str(standing.place() / "newer")
    assert [line.split()[0] for line in files] == list(FILES)
    shown = said(capsys, *arguments)
    assert (shown["engine"]["name"], shown["path"]) == ("newer", place)
    assert [file["sha256"] for file in shown["files"]] == [line.split()[-1] for line in files]


def test_going_back_to_the_one_that_comes_along_needs_no_test(capsys: pytest.CaptureFixture[str]) -> None:
    installed("newer")
    standing.use("newer")
    assert said(capsys, "use", "builtin") == {
        "name": "builtin", "in_use": True, "version": "", "parts": [], "devices": [], "cage": "",
    }  # fmt: skip
    assert standing.read().current == ""
    standing.use("newer")
    assert desk("use", "builtin") == 0
    assert capsys.readouterr().out == "The engine that comes along runs your models from now on.\n"
    assert standing.read().current == ""


def test_one_that_is_removed_is_gone_and_one_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    installed("newer")
    assert desk("remove", "newer") == 0
    assert capsys.readouterr().out == "newer was removed.\n"
    assert not (standing.place() / "newer").exists()
    for arguments in (("remove", "newer"), ("use", "newer"), ("show", "newer")):
        assert desk(*arguments, "--json") == 1
        assert json.loads(capsys.readouterr().out)["id"] == "pack.unknown"
