"""Offline means offline: the kernel's own record of system calls shows no connection, and the ledger is empty.

Switched off, ledger and record name the same hosts, and how many connections were begun to each.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.traced import parts_of, traced, traced_only
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.gguf_start import start
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Padded, Repo
from tests.fixtures.program import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DRIVER = [sys.executable, "-m", "tests.e2e.online_driver"]
LEDGER = "connections.jsonl"


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


@pytest.fixture
def sites(catalog: CatalogSite, hub: HubSite) -> tuple[CatalogSite, HubSite]:
    return catalog, hub


def settings(home: Path, **values: bool) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    named = {f"privacy.{name}": value for name, value in values.items()}
    (home / "config" / "settings.json").write_text(json.dumps(named), encoding="utf-8")


def ledger(home: Path) -> Counter[str]:
    """How many connections were begun to each host, as the file says."""
    file = home / "data" / LEDGER
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    found: Counter[str] = Counter()
    for entry in {line["id"]: line for line in lines}.values():  # an entry is written again when more is known
        found[entry["host"]] += entry["opened"]
    return found


@traced_only
def test_the_record_sees_a_connection(tmp_path: Path, hub: HubSite) -> None:
    """Else a test that finds none would say nothing."""
    script = f"import socket; socket.create_connection(('{hub.api.host}', {hub.api.port})).close()"
    ran = traced([sys.executable, "-c", script], tmp_path / "record")
    assert ran.spoken == {hub.api.name: 1}
    assert not ran.silent


def test_the_record_is_read_as_strace_writes_it() -> None:
    lines = [
        '7 connect(9, {sa_family=AF_UNIX, sun_path="/mistral-desk-test/here"}, 27) = -1 ENOENT (No such file)',
        "7 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = -1 EPERM (Operation not permitted)",
        "7 socket(AF_NETLINK, SOCK_RAW|SOCK_CLOEXEC, NETLINK_ROUTE) = 4",
        '7 connect(9, {sa_family=AF_UNIX, sun_path="/tmp/.X11-unix/X0"}, 20) = 0',
        '7 connect(9, {sa_family=AF_UNIX, sun_path="/mistral-desk-test/there"}, 28) = -1 ENOENT (No such file)',
        "7 socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP <unfinished ...>",
        '8 connect(5, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, 16) = 0',
        '8 connect(6, {sa_family=AF_INET6, sin6_port=htons(443), inet_pton(AF_INET6, "2001:db8::7", &sin6_addr)}, 28)',
        '8 sendto(6, "q", 1, 0, {sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}, 16) = 1',
        '8 connect(7, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file)',
    ]
    found = parts_of(lines)
    assert found["here"].silent
    assert found["there"].spoken == {"10.0.0.1:53": 2, "2001:db8::7:443": 1}
    assert (len(found["there"].sockets), len(found["there"].names)) == (1, 1)
    assert (found["here"].families, found["there"].families) == ({"AF_NETLINK"}, {"AF_INET"})


@traced_only
def test_offline_nothing_goes_out(tmp_path: Path, home: Path, catalog: CatalogSite, hub: HubSite) -> None:
    settings(home, offline=True, refresh_catalog=True)
    ran = traced(DRIVER, tmp_path / "record")
    assert ran.status == 0
    tried: dict[str, Any] = json.loads(ran.out)
    assert tried["done"] == {
        "load": "Catalogue",
        "refresh by itself": "NoneType",
        "refresh": "net.offline",
        "search": "net.offline",
        "list": "net.offline",
        "header": "net.offline",
    }
    assert ran.silent
    assert tried["hosts"] == []
    assert not (home / "data" / LEDGER).exists()
    assert (catalog.connections, hub.api.connections, hub.cdn.connections) == (0, 0, 0)


@traced_only
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["models", "--refresh", "--json"], 1),
        (["models", "--json"], 0),
        (["models", "mistral-small-4", "--json"], 0),
        (["pull", "acme/Afar-GGUF", "--json"], 1),
        (["pull", "mistral-small-4", "--json"], 1),
    ],
)
def test_offline_the_command_line_stays_here(
    tmp_path: Path, home: Path, sites: tuple[CatalogSite, HubSite], arguments: list[str], status: int
) -> None:
    catalog, hub = sites
    settings(home, offline=True, refresh_catalog=True)
    ran = traced([*PROGRAM, *arguments], tmp_path / "record")
    assert ran.status == status
    if status:  # what our facts know of a model may tell before any question that the disk is too small
        assert json.loads(ran.out.splitlines()[-1])["id"] in {"net.offline", "library.no_room"}
    assert ran.silent
    assert not ledger(home)
    assert (catalog.connections, hub.api.connections, hub.cdn.connections) == (0, 0, 0)


@traced_only
def test_a_download_is_in_the_ledger_connection_by_connection(tmp_path: Path, home: Path, hub: HubSite) -> None:
    hub.put(Repo("acme/Tiny-GGUF", {"Tiny-Q4_K_M.gguf": content(400_000)}))
    ran = traced([*PROGRAM, "pull", "acme/Tiny-GGUF", "--json"], tmp_path / "record")
    assert ran.status == 0, ran.out
    assert ran.spoken == ledger(home) == {hub.api.name: hub.api.connections, hub.cdn.name: hub.cdn.connections}


@traced_only
def test_online_the_ledger_names_every_host_that_was_spoken_to(
    tmp_path: Path, home: Path, catalog: CatalogSite, hub: HubSite
) -> None:
    settings(home, offline=False, refresh_catalog=True)
    ran = traced(DRIVER, tmp_path / "record")
    assert ran.status == 0
    tried = json.loads(ran.out)
    assert tried["done"] == {
        "load": "Catalogue",
        "refresh by itself": "Refreshed",
        "refresh": "Refreshed",
        "search": "tuple",
        "list": "Listing",
        "header": "Headers",
    }
    spoken = {site.name: site.connections for site in (catalog, hub.api, hub.cdn)}
    assert ran.spoken == ledger(home) == spoken
    assert {host for host, _, _ in tried["hosts"]} == set(spoken)
    requests = {name: sum(count for host, count, _ in tried["hosts"] if host == name) for name in spoken}
    assert requests == {
        catalog.name: len(catalog.asked),
        hub.api.name: len(hub.api.asked),
        hub.cdn.name: len(hub.cdn.asked),
    }


@traced_only
def test_online_without_being_asked_nothing_goes_out(tmp_path: Path, home: Path, catalog: CatalogSite) -> None:
    """As the program is when it is new: not offline, and silent all the same."""
    ran = traced([*PROGRAM, "models", "--json"], tmp_path / "record")
    assert ran.status == 0
    assert ran.silent
    assert not ledger(home)
    assert catalog.connections == 0
