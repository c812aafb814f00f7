"""An access token stays where it belongs: in the program's memory, on its way to the hub, and in a keyring.

By both ways in: the environment's HF_TOKEN for `pull` and for the window, and the field in Settings. Looked through are
every file that was written (temporary ones too), the log at its most talkative, what stands on both streams, the text
of a crash, the window's words and clipboard, arguments of the program and of all that it starts, and the environment of
those. The CDN gets no token either.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import psutil
import pytest

from tests.fixtures.hub_site import HubSite, Repo
from tests.fixtures.program import END_OF_WORLD_S, desk, next_line, rest_of, started

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels
    from tests.fixtures.web_site import Body

TOKEN: Final = "hf_" + "neverseen" * 4
"""Seven letters of it are enough to know it by."""
TRACE: Final = TOKEN[5:20]
REPOSITORY: Final = "acme/Gated-GGUF"


@pytest.fixture
def hub(small_models: SmallModels, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubSite]:
    """A gated model; everything that anybody writes lands below `tmp_path`."""
    files: dict[str, Body] = {"Tiny-Q4_K_M.gguf": small_models["dense"].read_bytes()}
    (tmp_path / "tmp").mkdir()
    for name, folder in {"MISTRAL_DESK_HOME": "home", "HOME": "person", "TMPDIR": "tmp", "TEMP": "tmp"}.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    with HubSite(Repo(REPOSITORY, files, gated="auto")) as site:
        site.tokens.add(TOKEN)
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site
        assert all(TRACE not in str(asked) for asked in site.cdn.asked), "the other host got the token"
        assert any(TRACE in str(asked.headers) for asked in site.api.asked), "nobody used the token: nothing was shown"


def nowhere(folder: Path, *texts: object) -> None:
    """No file below the folder has it in its content or name, and no text does."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert any(path.name == "desk.log" for path in files)
    for path in files:
        assert TRACE.encode() not in path.read_bytes(), path
        assert TRACE not in path.name
    for text in texts:
        assert TRACE not in str(text)


def family(pid: int) -> list[str]:
    """Arguments of a program and of all that it has started, and the environment of the latter."""
    parent = psutil.Process(pid)
    seen = [" ".join(parent.cmdline())]
    for child in parent.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            seen += [" ".join(child.cmdline()), *(f"{child.name()}: {n}={v}" for n, v in child.environ().items())]
    return seen


def children(pid: int) -> str:
    """What a program has started, to see that the test looked at something."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            found.append(" ".join(child.cmdline()))
    return "\n".join(found)


def test_the_command_line_keeps_it_to_itself(hub: HubSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.trouble.stall = 5000
    with started("pull", REPOSITORY, "--json", "--verbose") as process:
        while next_line(process, "progress")["done"] == 0:
            pass
        seen = family(process.pid)
        if hasattr(signal, "SIGABRT"):
            process.send_signal(signal.SIGABRT)
        out, err = rest_of(process)
    nowhere(tmp_path, out, err, seen)
    hub.trouble.stall = None
    came = desk("pull", REPOSITORY, "--verbose")
    assert came.status == 0, came
    hub.put(Repo("acme/Other-GGUF", {"Other-Q4_K_M.gguf": bytes(2000)}, gated="auto"))
    hub.tokens.clear()
    refused = desk("pull", "acme/Other-GGUF", "--verbose")
    assert refused.status != 0
    asked = desk("doctor", "--json")
    nowhere(tmp_path, came, refused, asked)


@pytest.mark.parametrize("way", ["typed", "environment"])
def test_the_window_keeps_it_to_itself(hub: HubSite, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "environment":
        monkeypatch.setenv("HF_TOKEN", TOKEN)
    hub.trouble.stall = 100_000
    given = {"home": str(tmp_path / "home"), "repository": REPOSITORY, "token": TOKEN if way == "typed" else ""}
    with subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-m", "tests.e2e.token_driver"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        try:
            say(process, json.dumps(given))
            assert heard(process)["at"] == "fetching"
            while not ("--worker" in (running := children(process.pid)) and "--formulas" in running):
                assert process.poll() is None
            seen = family(process.pid)
            hub.trouble.stall = None
            say(process, "go on")
            told = heard(process)
            seen += family(process.pid)
            if hasattr(signal, "SIGABRT"):
                process.send_signal(signal.SIGABRT)
            out, err = process.communicate(timeout=END_OF_WORLD_S)
        finally:
            process.kill()
    assert told["at"] == "done"
    nowhere(tmp_path, told, out, err, seen)


def say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()[1]
    found: dict[str, Any] = json.loads(line)
    return found
