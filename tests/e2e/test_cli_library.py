"""The whole way of a model as a person goes it, each step a process: pull, ask, a damaged byte, repair, remove."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Repo
from tests.fixtures.program import END_OF_WORLD_S, desk, next_line, rest_of, started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.small_models import SmallModels

REPOSITORY: Final = "acme/Tiny-GGUF"
ID: Final = f"{REPOSITORY}:Q4_K_M"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    with HubSite() as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


def test_from_the_hub_to_an_answer_and_away_again(hub: HubSite, small_models: SmallModels) -> None:
    whole = small_models["mistral4"].read_bytes()
    hub.put(Repo(REPOSITORY, {"Tiny-Q4_K_M.gguf": whole}))
    pulled = desk("pull", REPOSITORY, "--json")
    assert pulled.status == 0, pulled
    path = Path(pulled.lines[-1]["path"])
    assert path.read_bytes() == whole
    assert [row["id"] for row in desk("list", "--json").lines[0]["models"]] == ["builtin", ID]
    asked = desk("ask", "hello", "--model", ID, "--max-tokens", "3", "--json")
    assert (asked.status, asked.lines[-1]["type"]) == (0, "done"), asked
    assert desk("list", "--json").lines[0]["models"][1]["used"] is not None
    for name in (ID, REPOSITORY):
        fitted = desk("fit", name, "--json")
        assert fitted.status == 0, fitted
        assert str(path) in fitted.lines[0]["command"]
    assert desk("verify", ID).out == "Tiny-Q4_K_M.gguf: as it was downloaded\n"

    with path.open("r+b") as file:
        file.seek(len(whole) // 2)
        file.write(bytes([whole[len(whole) // 2] ^ 0xFF]))
    verified = desk("verify")
    assert verified.status == 1
    assert verified.out.startswith("Tiny-Q4_K_M.gguf: damaged in block 0\n")
    assert "damaged" in desk("list").out
    assert desk("verify", "--repair").status == 0
    assert path.read_bytes() == whole

    removed = desk("remove", ID, "--forever", "--yes")
    assert (removed.status, path.exists()) == (0, False), removed
    assert [row["id"] for row in desk("list", "--json").lines[0]["models"]] == ["builtin"]


@pytest.mark.skipif(sys.platform == "win32", reason="a process there gets no Ctrl+C of its own")
def test_ctrl_c_pauses_and_the_same_command_goes_on(hub: HubSite) -> None:
    whole = content(3_000_000)
    hub.put(Repo(REPOSITORY, {"Tiny-Q4_K_M.gguf": whole}))
    hub.trouble.rate = 100_000
    with started("pull", REPOSITORY, "--json") as process:
        while next_line(process, "progress")["done"] == 0:
            pass
        process.send_signal(signal.SIGINT)
        out, err = rest_of(process)
        assert (process.returncode, err) == (130, "")
        assert out.splitlines()[-1] == '{"type":"paused"}'
    assert process.wait(END_OF_WORLD_S) == 130
    hub.trouble.rate = None
    again = desk("pull", REPOSITORY, "--json")
    assert again.status == 0, again
    assert again.lines[0]["to_fetch"] < len(whole)
    assert Path(again.lines[-1]["path"]).read_bytes() == whole
