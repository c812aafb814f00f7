"""The window under strace: used wherever it could connect, it says that it is offline, and nothing goes out.

Switched on again, the kernel, the servers and the ledger count the same connections.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.e2e.traced import traced, traced_only
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.gguf_start import start
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Padded, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.traced import Traced

DRIVER: Final = [sys.executable, "-m", "tests.e2e.browsing_driver"]
REPOSITORY: Final = "acme/Afar-GGUF"
TINY: Final = "other/Tiny-GGUF"
SLOW: Final = "other/Slow-GGUF"
QUESTION: Final = "What is a GGUF file? ![It](https://pictures.invalid/it.png)"
WHY: Final = "“Work offline” is switched on"
UNTOUCHED: Final = f"was not contacted: {WHY}."
pytestmark = traced_only


class Slow:
    """A body of which the first megabyte comes, and the rest not before the test is over."""

    def __init__(self) -> None:
        self.over = threading.Event()

    def __len__(self) -> int:
        return 40_000_000

    def __getitem__(self, part: slice) -> bytes:
        start, stop, _ = part.indices(len(self))
        if stop > 1_000_000:
            self.over.wait()
        return bytes(max(0, stop - start))


@pytest.fixture
def catalog(monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogSite]:
    with CatalogSite(published(6)) as site:
        monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", site.url)
        yield site


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSite]:
    begin, size = start(4_000, 2_000, 2, 256, 8)
    slow = Slow()
    repositories = (
        Repo(REPOSITORY, {"Afar-Q4_K_M.gguf": Padded(begin, size)}),
        Repo(TINY, {"Tiny-Q4_K_M.gguf": content(400_000)}),
        Repo(SLOW, {"Slow-Q4_K_M.gguf": slow}, sha256={"Slow-Q4_K_M.gguf": "5" * 64}),
    )
    with HubSite(*repositories) as site:
        monkeypatch.setenv("HF_ENDPOINT", site.url)
        yield site
        slow.over.set()


def used(home: Path, record: Path, *, offline: bool, switch: bool = False) -> tuple[Traced, dict[str, Any]]:
    """The window after a person has tried everything: what the kernel saw, and what was heard."""
    (home / "config").mkdir(parents=True)
    settings = {"privacy.offline": offline, "privacy.refresh_catalog": True}
    (home / "config" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    order = {"home": str(home), "repository": REPOSITORY, "word": "afar", "question": QUESTION, "switch": switch}
    order["downloads"] = [TINY, SLOW]
    ran = traced(DRIVER, record, stdin=json.dumps(order) + "\n")
    assert (ran.status, ran.err) == (0, "")
    told: dict[str, Any] = json.loads(ran.out)
    assert all(told["heard"][f"{part}: answer"] for part in ran.parts if part in {"first", "switched"}), "it answered"
    return ran, told


def counted(told: dict[str, Any]) -> Counter[str]:
    """How many connections the ledger has, by host."""
    found: Counter[str] = Counter()
    for host, _, _, opened, _ in told["ledger"]:
        found[host] += opened
    return found


def test_offline_whatever_is_tried_stays_here_and_says_why(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The servers have names here, so that looking one up would be seen too."""
    monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", "https://catalog.invalid")
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    ran, told = used(home, tmp_path / "record", offline=True)
    heard, pressed = told["heard"], told["pressed"]
    assert {"start", "first", "end"} <= set(ran.parts), "the window was there"

    assert not pressed["first: get"]
    assert WHY in heard["first: list"]
    assert not pressed["first: stub"]
    assert WHY in heard["first: stub"]
    assert not pressed["first: search"]
    assert WHY in heard["first: search"]
    assert f"hub.invalid {UNTOUCHED}" in heard["first: files"]
    assert pressed["first: files again"]
    assert "Mistral Desk makes no connection at all" in heard["first: files again"], (
        "where offline is the reason, its switch is shown"
    )
    assert not pressed["first: get"]
    assert WHY in heard["first: get"]
    assert f"first: download {TINY}" not in pressed, "a repository whose files are not known has no button"
    assert len(told["opened"]) == 1, "a link goes to the system's browser, once it was said yes to"
    assert "No connection was made." in heard["first: connections"]

    assert ran.silent
    assert told["ledger"] == []
    assert not (home / "data" / "connections.jsonl").exists()


def test_online_and_switched_off_in_the_middle(tmp_path: Path, home: Path, catalog: CatalogSite, hub: HubSite) -> None:
    ran, told = used(home, tmp_path / "record", offline=False, switch=True)
    heard, pressed = told["heard"], told["pressed"]
    for what in ("get", "search", "files", "header"):
        assert pressed[f"first: {what}"]
    assert "updated just now" in heard["first: refreshed"]
    assert "of the file were read, in 1 request" in heard["first: header"]
    for site in (catalog, hub.api, hub.cdn):
        assert site.name in heard["first: connections"]

    assert pressed[f"first: begin {TINY}"]
    assert pressed[f"first: begin {SLOW}"]
    assert "Slow-GGUF" in heard["first: downloads"]

    spoken = {site.name: site.connections for site in (catalog, hub.api, hub.cdn)}
    assert all(spoken.values())
    assert ran.spoken == counted(told) == spoken
    asked: Counter[str] = Counter()
    for host, who, requests, _, problem in told["ledger"]:
        assert problem == "" or (host, who) == (hub.cdn.name, "download"), "only the slow one was cut"
        asked[host] += requests
    assert asked == {site.name: len(site.asked) for site in (catalog, hub.api, hub.cdn)}

    assert pressed["first: offline"]
    for what, where in (("get", "list"), ("search", "search")):
        assert not pressed[f"switched: {what}"]
        assert WHY in heard[f"switched: {where}"]
    assert f"{hub.api.name} {UNTOUCHED}" in heard["switched: files"]
    assert "Slow-GGUF" in heard["switched: downloads"], "what had begun waits"
    assert any(name.startswith("switched: tool") for name in pressed), "and is told to go on"
    assert ran.parts["switched"].silent
    assert ran.parts["end"].silent
    assert [entry[:4] for entry in told["ledger"]] == [entry[:4] for entry in told["at switch"]], "nothing new"
