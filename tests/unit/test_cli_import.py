"""`import`: what is on this computer already becomes part of the library, where it is or as a copy."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.cli.here import meant, others, places_of
from mistral_desk.cli.main import main
from mistral_desk.core.paths import folders
from mistral_desk.core.settings import Settings
from tests.fixtures.other_programs import Someone, put, weights
from tests.fixtures.other_programs import eyes as eyes_of
from tests.fixtures.terminal import terminal

if TYPE_CHECKING:
    from tests.fixtures.small_models import SmallModels

IMPORTED: Final = ["id", "title", "path", "bytes", "copied"]
FOUND: Final = ["id", "title", "program", "path", "bytes", "quantization", "projector", "known", "problem"]


@pytest.fixture(autouse=True)
def someone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Someone:
    """A person whose home is empty, whatever this computer holds."""
    for name in ("HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "LLAMA_CACHE", "OLLAMA_MODELS"):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home of somebody"
    monkeypatch.setattr(Path, "home", lambda: home)
    return Someone(home)


def desk(*arguments: str) -> int:
    return main(list(arguments), window=lambda _picture, _file: 0)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> dict[str, Any]:
    assert desk(*arguments, "--json") == status
    (line,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_file_is_used_where_it_is(
    tmp_path: Path, small_models: SmallModels, capsys: pytest.CaptureFixture[str]
) -> None:
    own = put(tmp_path / "Eigene" / "Mein Modell.gguf", weights(small_models))
    assert desk("import", str(own)) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("Mein Modell  ")
    assert said[0].endswith("  used where it is")
    assert said[1] == f"Talk to it: mistral-desk ask --model '{own}' \"…\""
    row = answer(capsys, "list")["models"][-1]
    assert (row["id"], row["origin"], row["state"]) == (str(own), "own", "here")
    assert desk("import", str(own)) == 0
    assert capsys.readouterr().out == "Mein Modell is in the library already.\n"
    gone = answer(capsys, "remove", "Mein Modell", "--yes")
    assert gone == {"id": str(own), "freed_bytes": 0, "in_bin": False, "forgotten": True}
    assert own.exists()
    assert [row["id"] for row in answer(capsys, "list")["models"]] == ["builtin"]


def test_a_copy_lies_in_the_models_folder(
    tmp_path: Path, small_models: SmallModels, capsys: pytest.CaptureFixture[str]
) -> None:
    own = put(tmp_path / "own" / "Mine-Q4_K_M.gguf", weights(small_models))
    words = put(tmp_path / "words.gguf", b"words")
    said = answer(capsys, "import", "--copy", str(own), str(words), status=1)
    (row,) = said["imported"]
    assert list(row) == IMPORTED
    copy = folders().models / own.name
    assert row == {
        "id": str(copy), "title": "Mine-Q4_K_M", "path": str(copy), "bytes": own.stat().st_size, "copied": True,
    }  # fmt: skip
    assert said["refused"] == {str(words): "model.not_gguf"}
    assert copy.read_bytes() == own.read_bytes()


def test_nothing_to_import_is_said(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert answer(capsys, "import", status=1)["id"] == "import.nothing"
    assert desk("import", "--scan") == 0
    assert capsys.readouterr().out.startswith("No other program's models were found")
    assert desk("import", str(tmp_path / "gone.gguf")) == 1
    assert "The model file is not there" in capsys.readouterr().err


def test_what_others_hold_is_shown_and_taken_by_its_path(
    someone: Someone, small_models: SmallModels, capsys: pytest.CaptureFixture[str]
) -> None:
    blobs = someone.ollama(
        "registry.ollama.ai/library/tiny/1b", {"model": weights(small_models), "projector": eyes_of(small_models)}
    )
    (found,) = answer(capsys, "import", "--scan")["found"]
    assert list(found) == FOUND
    assert (found["id"], found["program"], found["problem"], found["known"]) == (
        "ollama:tiny:1b",
        "ollama",
        None,
        False,
    )
    assert Path(found["path"]).parent == blobs
    assert desk("import", "--scan") == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"Ollama  {someone.ollama_models()}"
    assert said[1].startswith("  tiny:1b  ")
    assert desk("import", found["path"]) == 0
    # It is called as its program calls it, and sees with the eyes that its program has for it.
    settings = Settings(folders().settings)
    model = meant("tiny:1b", settings)
    assert (model.id, model.path, model.projector) == ("ollama:tiny:1b", found["path"], found["projector"])
    assert "ollama:tiny:1b" in others(settings)
    assert places_of(settings)("ollama:tiny:1b") == (found["path"], found["projector"])


@pytest.mark.skipif(sys.platform == "win32", reason="the cache is made of links, which need a right there")
def test_what_another_program_holds_is_told_as_known_as_broken_and_as_gone(
    someone: Someone, small_models: SmallModels, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = someone.hf("acme/Tiny-GGUF", {"Tiny-Q4_K_M.gguf": weights(small_models), "Half-Q8_0.gguf": b"GGUF"})
    assert desk("import", "--scan") == 0
    broken = next(line for line in capsys.readouterr().out.splitlines() if "Half-Q8_0.gguf" in line)
    assert broken.endswith("Half-Q8_0.gguf  model.truncated")
    good = snapshot / "Tiny-Q4_K_M.gguf"
    assert desk("import", str(good)) == 0
    capsys.readouterr()
    assert desk("import", "--scan") == 0
    assert any(line.endswith("  in the library already") for line in capsys.readouterr().out.splitlines())
    assert desk("list") == 0
    assert capsys.readouterr().out.splitlines()[1].endswith("  in the folder of Hugging Face")

    real = good.resolve()
    with real.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x01")
    assert desk("verify") == 1
    assert f"{good.name}: damaged\n" in capsys.readouterr().out, "without blocks that could be named"
    real.unlink()
    assert desk("list") == 0
    assert "  not there now" in capsys.readouterr().out.splitlines()[1]
    listed = answer(capsys, "list")["models"]
    with terminal("y\n") as screen:
        assert desk("remove", listed[1]["id"]) == 0
    assert screen.err.startswith("Take ")
    assert screen.err.endswith("off the list? Its files stay where they are. [y/N] ")
    assert screen.out.endswith("It is off the list. Its files are where they were.\n")
