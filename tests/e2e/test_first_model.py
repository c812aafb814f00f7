"""From the first start to the first own model: recommended, downloaded, verified, asked; only the internet is not real.

The hub is on this computer, its files on another loopback address; the Guide's own file plays the model.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.core.paths import resource
from tests.fixtures.hub_site import FileBody, HubSite, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
END_OF_WORLD_S: Final = 420.0
NAME: Final = "Tiny-Q8_0.gguf"
QUESTION: Final = "What can you do?"


def facts_of(repo: Repo, source: Path) -> dict[str, Any]:
    """One model, as `resources/catalog/downloads.json` would have it."""
    size = source.stat().st_size
    file = {"path": NAME, "bytes": size, "sha256": hashlib.sha256(source.read_bytes()).hexdigest()}
    quantization = {"name": "Q8_0", "bytes": size, "approximate": False, "files": [file]}
    repository = {
        "repository": repo.id,
        "revision": repo.commit,
        "source": "this test",
        "projector": None,
        "gated": False,
        "quantizations": [quantization],
    }
    architecture = {
        "name": "llama", "layers": 6, "width": 320, "vocabulary": 4096, "heads": 5, "kv_heads": 5, "head": 64,
        "kv_elements": 640, "latent": False, "feed_forward": 896, "experts": None, "experts_used": None,
        "expert_feed_forward": None, "window": None, "window_every": None, "window_kv_elements": None,
        "state_bytes": None, "source": "this test",
    }  # fmt: skip
    model = {
        "id": "tiny", "catalog": "mistral-small-4", "name": "Tiny", "parameters": 10_000_000, "active": None,
        "license": "apache-2.0", "gated": False, "context": 2048, "vision": False, "thinking": None,
        "architecture": architecture, "source": "this test", "repositories": [repository],
    }  # fmt: skip
    return {"about": "for a test", "models": [model]}


def gone_through(home: Path, facts: Path, hub: HubSite) -> dict[str, Any]:
    """What the window showed."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.first_model_driver"],
        input=json.dumps({"home": str(home), "facts": str(facts), "question": QUESTION}) + "\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=ROOT,
        env={**os.environ, "HF_ENDPOINT": hub.url, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        timeout=END_OF_WORLD_S,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def files_below(folder: Path) -> Iterator[str]:
    return (path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file())


def test_from_the_first_start_to_a_chat_with_an_own_model(tmp_path: Path) -> None:
    source = resource("model", "guide.gguf")
    repo = Repo("acme/Tiny-GGUF", {NAME: FileBody(source)})
    facts = tmp_path / "facts.json"
    facts.write_text(json.dumps(facts_of(repo, source)), encoding="utf-8")
    home = tmp_path / "Zuhause von Müller"
    with HubSite(repo) as hub:
        told = gone_through(home, facts, hub)
        served = [asked.headers.get("range", "") for asked in hub.cdn.asked]
        hosts = {hub.api.url.partition("//")[2], hub.cdn.url.partition("//")[2]}
    assert "Runs best on this computer: Tiny" in told["welcome"]
    assert told["button"] == "Get Tiny, 11.1 MB"
    assert "last download" not in told["sheet"], "nothing was downloaded before, so no time is told"
    assert "stay free in" in told["sheet"]
    assert told["guide"][1], "the Guide answers while the model comes"
    assert "Tiny Q8_0 is here" in told["notices"]
    assert "every byte is as it should be" in told["card"], "proven as it came"
    assert "Verified" in told["verified"]
    assert told["again"]["answered"]
    assert told["again"]["problem"] == ""
    assert told["again"]["in force"] == "acme/Tiny-GGUF:Q8_0"
    assert told["again"]["model"] != told["guide"][0]
    assert told["chat"]["answered"]
    assert told["downloads left"] == 0
    assert served, "the bytes came from the CDN"
    assert set(told["hosts"]) <= hosts
    models = next(path for path in home.rglob("*") if path.name == NAME)
    assert models.read_bytes() == source.read_bytes()
    assert not [name for name in files_below(home) if name.endswith(".part")]
