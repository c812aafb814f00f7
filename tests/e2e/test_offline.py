"""Offline means offline: the kernel's own record of system calls shows no connection, and the ledger is empty.

Switched off, ledger and record name the same hosts.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.gguf_start import start
from tests.fixtures.hub_site import HubSite, Padded, Repo
from tests.fixtures.program import END_OF_WORLD_S, PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DRIVER = [sys.executable, "-m", "tests.e2e.online_driver"]
LEDGER = "connections.jsonl"
# connect, and what sends without it; of the internet's two families. Every form of an address that strace writes.
_CALL = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg)\(")
_IPV4 = re.compile(r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([0-9.]+)"\)')
_INTERNET = re.compile(r"sa_family=AF_INET6?\b")


def _traceable() -> str:
    """Why no system calls can be recorded here; empty where they can."""
    if not sys.platform.startswith("linux"):
        return "strace is Linux's"
    if shutil.which("strace") is None:
        return "strace is not installed"
    tried = subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not look here: {tried.stderr.decode(errors='replace')[:80]}"


_WHY_NOT = _traceable()
traced_only = pytest.mark.skipif(bool(_WHY_NOT), reason=_WHY_NOT or "it can")


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogSite]:
    with CatalogSite(published(6)) as site:
        monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", site.url)
        yield site


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    begin, size = start(4_000, 2_000, 2, 256, 8)
    with HubSite(Repo("acme/Afar-GGUF", {"Afar-Q4_K_M.gguf": Padded(begin, size)})) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site


def settings(home: Path, **values: bool) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    named = {f"privacy.{name}": value for name, value in values.items()}
    (home / "config" / "settings.json").write_text(json.dumps(named), encoding="utf-8")


def traced(command: list[str], record: Path) -> tuple[int, str, set[str]]:
    """Run a program under strace: its status, what it wrote, and every address of the internet that it spoke to."""
    ran = subprocess.run(
        ["strace", "-f", "-qq", "-s", "200", "-e", "trace=network", "-o", str(record), *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=END_OF_WORLD_S,
        check=False,
    )
    assert record.exists(), ran.stderr.decode(errors="replace")
    spoken: set[str] = set()
    for line in record.read_text(encoding="utf-8", errors="replace").splitlines():
        if _CALL.search(line) and _INTERNET.search(line):
            found = _IPV4.search(line)
            spoken.add(f"{found[2]}:{found[1]}" if found else line)
    return ran.returncode, ran.stdout.decode("utf-8"), spoken


def ledger_hosts(home: Path) -> set[str]:
    file = home / "data" / LEDGER
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return {json.loads(line)["host"] for line in lines}


@traced_only
def test_the_record_sees_a_connection(tmp_path: Path, hub: HubSite) -> None:
    """Else a test that finds none would say nothing."""
    script = f"import socket; socket.create_connection(('{hub.api.host}', {hub.api.port})).close()"
    _, _, spoken = traced([sys.executable, "-c", script], tmp_path / "record")
    assert spoken == {hub.api.name}


@traced_only
def test_offline_nothing_goes_out(tmp_path: Path, home: Path, catalog: CatalogSite, hub: HubSite) -> None:
    settings(home, offline=True, refresh_catalog=True)
    status, out, spoken = traced(DRIVER, tmp_path / "record")
    assert status == 0
    tried: dict[str, Any] = json.loads(out)
    assert tried["done"] == {
        "load": "Catalogue",
        "refresh by itself": "NoneType",
        "refresh": "net.offline",
        "search": "net.offline",
        "list": "net.offline",
        "header": "net.offline",
    }
    assert spoken == set()
    assert tried["hosts"] == []
    assert not (home / "data" / LEDGER).exists()
    assert (catalog.connections, hub.api.connections, hub.cdn.connections) == (0, 0, 0)


@traced_only
@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["models", "--refresh", "--json"], 1), (["models", "--json"], 0), (["models", "mistral-small-4", "--json"], 0)],
)
def test_offline_the_command_line_stays_here(
    tmp_path: Path, home: Path, catalog: CatalogSite, arguments: list[str], status: int
) -> None:
    settings(home, offline=True, refresh_catalog=True)
    ended, out, spoken = traced([*PROGRAM, *arguments], tmp_path / "record")
    assert ended == status
    if status:
        assert json.loads(out.splitlines()[-1])["id"] == "net.offline"
    assert spoken == set()
    assert ledger_hosts(home) == set()
    assert catalog.connections == 0


@traced_only
def test_online_the_ledger_names_every_host_that_was_spoken_to(
    tmp_path: Path, home: Path, catalog: CatalogSite, hub: HubSite
) -> None:
    settings(home, offline=False, refresh_catalog=True)
    status, out, spoken = traced(DRIVER, tmp_path / "record")
    assert status == 0
    tried = json.loads(out)
    assert tried["done"] == {
        "load": "Catalogue",
        "refresh by itself": "Refreshed",
        "refresh": "Refreshed",
        "search": "tuple",
        "list": "Listing",
        "header": "Headers",
    }
    assert spoken == {catalog.name, hub.api.name, hub.cdn.name}
    assert {host for host, _, _ in tried["hosts"]} == spoken == ledger_hosts(home)
    requests = {name: sum(count for host, count, _ in tried["hosts"] if host == name) for name in spoken}
    assert requests == {
        catalog.name: len(catalog.asked),
        hub.api.name: len(hub.api.asked),
        hub.cdn.name: len(hub.cdn.asked),
    }


@traced_only
def test_online_without_being_asked_nothing_goes_out(tmp_path: Path, home: Path, catalog: CatalogSite) -> None:
    """As the program is when it is new: not offline, and silent all the same."""
    status, _, spoken = traced([*PROGRAM, "models", "--json"], tmp_path / "record")
    assert status == 0
    assert spoken == set()
    assert ledger_hosts(home) == set()
    assert catalog.connections == 0
