"""`mistral-desk --self-test` as a process: it goes through every door, leaves nothing, and says so by its status."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from mistral_desk.cli import self_test
from tests.fixtures.program import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
@pytest.mark.e2e
def test_all_is_well_here_and_the_person_s_folders_are_not_touched(home: Path, tmp_path: Path) -> None:
    before = sorted(home.rglob("*"))
    file = tmp_path / "result.json"
    ended = subprocess.run([*PROGRAM, "--self-test", str(file)], check=False, capture_output=True, timeout=240)
    result = json.loads(file.read_text(encoding="utf-8"))
    bad = {check["name"]: check["said"] for check in result["checks"] if not check["ok"]}
    assert bad == {}, ended.stderr.decode("utf-8", "replace")
    assert ended.returncode == 0
    assert [check["name"] for check in result["checks"]] == [
        *("engine", "answer", "picture", "files", "database", "catalog", "keyring", "formulas", "connections"),
        *("licences", "guide", "window"),
    ]
    assert result["backends"][-1].startswith("cpu")
    assert sorted(home.rglob("*")) == before


@pytest.mark.slow
@pytest.mark.e2e
def test_an_engine_that_does_not_load_is_found_and_the_rest_is_tried_all_the_same(tmp_path: Path) -> None:
    package = tmp_path / "llama_cpp"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('libllama.so: no such file')\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    command = [*PROGRAM, "--self-test"]
    ended = subprocess.run(command, check=False, capture_output=True, timeout=240, env=environment)
    assert ended.returncode == 1
    result = json.loads(ended.stdout)
    assert {check["name"] for check in result["checks"] if not check["ok"]} == {"engine", "answer", "picture"}
    assert "libllama.so" in next(check["said"] for check in result["checks"] if check["name"] == "engine")


@pytest.mark.parametrize("words", [["--help"], ["a.json", "b.png", "c"]])
def test_other_words_are_wrong_use(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert self_test.main(words) == 2
    assert "--self-test" in capsys.readouterr().err
