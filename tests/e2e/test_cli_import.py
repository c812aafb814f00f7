"""What other programs hold answers where it is: through links of Hugging Face, and out of blobs of Ollama."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.fixtures.other_programs import Someone, eyes, state, weights
from tests.fixtures.program import desk

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels


@pytest.fixture
def someone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Someone:
    """A person whose caches the variables name, as they can on every system."""
    found = Someone(tmp_path / "jemand", links=sys.platform != "win32")
    monkeypatch.setenv("HF_HUB_CACHE", str(found.hf_cache()))
    monkeypatch.setenv("OLLAMA_MODELS", str(found.ollama_models()))
    return found


def test_models_of_others_answer_where_they_are(tmp_path: Path, someone: Someone, small_models: SmallModels) -> None:
    someone.hf("acme/Tiny-GGUF", {"Tiny-Q4_K_M.gguf": weights(small_models)})
    someone.ollama(
        "registry.ollama.ai/library/tiny/1b", {"model": weights(small_models) + b"\0", "projector": eyes(small_models)}
    )
    before = state(someone.home)
    found = {row["program"]: row for row in desk("import", "--scan", "--json").lines[0]["found"]}
    for program in ("huggingface", "ollama"):
        taken = desk("import", found[program]["path"], "--json")
        assert [row["id"] for row in taken.lines[0]["imported"]] == [found[program]["id"]], taken
    for name in ("acme/Tiny-GGUF:Q4_K_M", "ollama:tiny:1b"):
        asked = desk("ask", "hello", "--model", name, "--max-tokens", "3", "--json")
        assert (asked.status, asked.lines[-1]["type"]) == (0, "done"), asked
    picture = tmp_path / "picture.png"
    Image.new("RGB", (56, 56), "red").save(picture)
    seen = desk("ask", "what", "--image", str(picture), "--model", "tiny:1b", "--max-tokens", "2", "--json")
    assert (seen.status, seen.lines[-1]["type"]) == (0, "done"), seen
    assert state(someone.home) == before
