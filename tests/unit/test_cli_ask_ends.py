"""How `ask` and `bench` end, and what they say before that: doubts about a file, a broken limit, a setting, silence."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.cli.ask import Terminal
from mistral_desk.cli.main import main
from mistral_desk.cli.output import write_problem
from mistral_desk.core.errors import Problem
from mistral_desk.core.paths import folders
from mistral_desk.inference import remote
from mistral_desk.inference.protocol import Figures, Finished, Piece
from tests.fixtures import fake_worker
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Repo

if TYPE_CHECKING:
    from pathlib import Path


ANSWER: Final = "It is 15."


def desk(*arguments: str) -> int:
    return main(list(arguments), window=lambda _picture, _file: 0)


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A file for a scripted worker that answers everything alike."""
    command = fake_worker.command(tmp_path, fake_worker.answering(ANSWER))
    monkeypatch.setattr(remote, "worker_command", lambda: command)
    path = tmp_path / "one.gguf"
    path.write_bytes(b"GGUF")
    return str(path)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("tokens", "(The thinking ended at the number of tokens allowed.)"),
        ("seconds", "(The thinking ended when its time was over.)"),
        ("", None),
    ],
)
def test_a_thought_that_met_its_limit_says_so_below_the_answer(
    end: str, said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Terminal()
    out.piece(Piece(1, "thinking", "Hm"))
    out.piece(Piece(1, "text", ANSWER))
    out.done(Finished(1, "stop", Figures(thought_end=end), ""))  # type: ignore[arg-type]
    written = capsys.readouterr()
    assert written.out == f"{ANSWER}\n"
    assert written.err.splitlines() == ["Thinking: Hm", *([said] if said else [])]


def test_a_file_that_has_changed_since_it_came_is_told_before_it_is_loaded(
    model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with HubSite(Repo("acme/Tiny-GGUF", {"Tiny-Q4_K_M.gguf": content(7_000), "README.md": b"words"})) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        assert desk("pull", "acme/Tiny-GGUF") == 0
    (file,) = folders().models.rglob("*.gguf")
    later = file.stat().st_mtime + 3600
    os.utime(file, (later, later))
    capsys.readouterr()
    assert desk("ask", "7 plus 8?", "--model", "acme/Tiny-GGUF") == 0
    told = capsys.readouterr()
    assert told.out == f"{ANSWER}\n"
    write_problem(Problem("model.changed", {"name": "Tiny-GGUF Q4_K_M"}), as_json=False)
    assert told.err == capsys.readouterr().err


@pytest.mark.allow_log("settings.value", "mistral_desk.core.settings")
@pytest.mark.parametrize("anyway", [[], ["--try-anyway"]])
def test_a_benchmark_of_nothing_says_so_and_what_is_wrong_with_a_setting(
    anyway: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders().ensure().settings.write_text(json.dumps({"appearance.theme": "pink"}), encoding="utf-8")
    assert desk("bench", "--short", "--model", str(tmp_path / "gone.gguf"), *anyway) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "pink" in told.err
    assert "gone.gguf" in told.err
