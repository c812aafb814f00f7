"""Servers whose words contradict each other, and a cache that lost a part: nothing is lost for good by either."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import listing, store, sync
from mistral_desk.catalog.cache_file import FILE
from mistral_desk.catalog.record import read
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.core.errors import DeskError
from tests.fixtures.catalog_records import published, with_text
from tests.fixtures.catalog_site import CatalogSite, item_of
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import online
from tests.fixtures.web_site import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.web_site import Asked

MODELS = published(12)
FIRST = MODELS[0].id


class LyingSite(CatalogSite):
    """Says of the path `stubborn` that nothing has changed, to whoever asks so."""

    stubborn = ""

    def answer(self, asked: Asked) -> Answer:
        if asked.path == self.stubborn and "if-none-match" in asked.headers:
            return Answer(304)
        return super().answer(asked)


@pytest.fixture
def site() -> Iterator[LyingSite]:
    with LyingSite(MODELS) as one:
        yield one


def test_a_record_that_was_damaged_on_the_disk_comes_back_with_the_next_refresh(
    site: LyingSite, tmp_path: Path
) -> None:
    """The list's 304 said that nothing had changed, and the damaged record was gone for good."""

    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            file = tmp_path / FILE
            body = open_catalogue(tmp_path).get(FIRST)
            assert body is not None
            data = file.read_bytes()
            file.write_bytes(data.replace(body.source, body.source[:-9] + b"#" + body.source[-8:]))
            assert (damaged := open_catalogue(tmp_path).get(FIRST)) is None or damaged.source != body.source
            done = await sync.refresh(net, tmp_path, base=site.url)
            assert done.added == (FIRST,)
            mended = open_catalogue(tmp_path)
            assert mended.get(FIRST) is not None
            assert mended.set_aside == ()

    run(test())


def test_a_list_of_which_most_cannot_be_used_is_refused(site: LyingSite, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            before = (tmp_path / FILE).read_bytes()
            site.list_items = [item_of(MODELS[0]), *({"id": f"../{number}"} for number in range(5))]
            problem, params, _ = await problem_of(sync.refresh(net, tmp_path, base=site.url))
            assert (problem, params) == ("catalog.unusable", {"failed": 5, "count": 6})
            assert (tmp_path / FILE).read_bytes() == before

    run(test())


def test_an_etag_is_not_believed_where_the_list_names_another_hash(site: LyingSite, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            await sync.refresh(net, tmp_path, base=site.url)
            changed = with_text(MODELS[0].record, "# Another text\n\nIt is another one.")
            site.put(changed)
            site.stubborn = f"/api/v1/models/{FIRST}.json"
            done = await sync.refresh(net, tmp_path, base=site.url)
            assert done.changed == (FIRST,)
            assert FIRST in done.verified

    run(test())


def test_a_hash_in_capitals_is_the_same_hash() -> None:
    body = json.dumps({"items": [{"id": "a", "content_hash": "AB" * 32}]}).encode()
    (item,), _ = listing.listed(body)
    assert not item.differs(read({"id": "a", "content_hash": "ab" * 32}))
    assert item.differs(read({"id": "a", "content_hash": "ac" * 32}))


def test_a_server_whose_clock_goes_ahead_hides_no_change() -> None:
    before = dt.datetime.now(dt.UTC).date()
    asked = dt.date.fromisoformat(listing.day_before("Fri, 01 Jan 2999 00:00:00 GMT"))
    after = dt.datetime.now(dt.UTC).date()  # a midnight may lie between
    assert before - dt.timedelta(days=2) <= asked < after


def test_a_list_that_would_become_gigabytes_is_refused_before_it_is_read() -> None:
    with pytest.raises(DeskError) as error:
        listing.listed(b"[" + b"[]," * (listing._MOST_VALUES + 1) + b"[]]")
    assert error.value.problem.params["reason"] == listing.TOO_MANY


def test_records_that_name_thousands_of_others_make_no_thousands_of_models(tmp_path: Path) -> None:
    """Each may name 200; a catalogue of 20,000 could have had four million models that nobody published."""
    entries = []
    for number in range(30):
        related = [{"id": f"m-{number}-{other}", "title": "x"} for other in range(199)]
        body = json.dumps({"id": f"r-{number}", "relationships": {"related": [*related, {"id": "often"}]}}).encode()
        entries.append(store.Entry(body))
    store.replace(tmp_path, store.Fetched(1.0, "https://a.example", tuple(entries)))
    found = open_catalogue(tmp_path)
    mentioned = [record for record in found.records if record.origin == "mentioned"]
    assert len(mentioned) == store._MOST_MENTIONED
    assert found.get("often") is not None, "the most named ones are there"
