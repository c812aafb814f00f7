"""Two programs refresh the same catalogue at the same time: each gets all of it, the file is one of theirs, whole."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

from mistral_desk.catalog.cache_file import FILE
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.net.ledger import FILE as CONNECTIONS
from mistral_desk.net.ledger import Ledger
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.program import END_OF_WORLD_S, PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

COUNT = 30


def test_two_programs_refresh_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with CatalogSite(published(COUNT)) as site:
        monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", site.url)
        command = [*PROGRAM, "models", "--refresh", "--json"]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
        for one in both:
            out, err = one.communicate(timeout=END_OF_WORLD_S)
            assert one.returncode == 0, err
            told = json.loads(out)["refreshed"]
            assert told["added"] + told["unchanged"] == COUNT
        ledger = Ledger(home / "data" / CONNECTIONS)
        ledger.look_again()
        assert sum(entry.requests for entry in ledger.entries()) == len(site.asked)
        assert sum(entry.opened for entry in ledger.entries()) == site.connections
        assert {entry.host for entry in ledger.entries()} == {site.name}
    catalogue = open_catalogue(home / "cache")
    assert catalogue.set_aside == ()
    assert len([one for one in catalogue.records if one.origin == "fetched"]) == COUNT
    assert [path.name for path in (home / "cache").glob(f"{FILE.partition('.')[0]}*")] == [FILE], "nothing is left over"
