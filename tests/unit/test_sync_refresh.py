"""Refreshing the catalogue against its server: the first time, again, in the middle, with records gone and replaced."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import sync
from mistral_desk.catalog.keeper import Keeper
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.core.settings import OFFLINE, REFRESH_CATALOG, Settings
from tests.fixtures.catalog_records import Published, published, with_text
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import online

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.catalog.sync import Refreshed
    from mistral_desk.net.client import Net

COUNT = 60


@pytest.fixture
def site() -> Iterator[CatalogSite]:
    with CatalogSite(published(COUNT)) as one:
        yield one


async def refresh(net: Net, folder: Path, site: CatalogSite) -> Refreshed:
    return await sync.refresh(net, folder, base=site.url)


def fetched(catalogue: Catalogue) -> dict[str, bytes]:
    """Id → bytes of what was fetched."""
    return {record.id: record.source for record in catalogue.records if record.origin == "fetched"}


def kept_files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith("catalogue")]


def test_sixty_records_of_all_variations(site: CatalogSite, tmp_path: Path) -> None:
    told: list[sync.Progress] = []

    async def test() -> None:
        async with online(tmp_path) as net:
            done = await sync.refresh(net, tmp_path, told.append, site.url)
            assert sorted(done.added) == sorted(site.models)
            assert (done.changed, done.deleted, done.unchanged, done.differing, done.set_aside) == ((), (), (), (), ())
            assert len(done.verified) + len(done.unchecked) == COUNT
            bare = {one.id for one in site.models.values() if not one.record.get("content_hash")}
            assert set(done.unchecked) == bare
            assert set(done.superseded) == {one.id for one in site.models.values() if one.record.get("superseded_by")}
            (entry,) = net.ledger.entries()
            assert (entry.host, entry.who, entry.requests) == (site.name, "catalog", len(site.asked))

    run(test())
    catalogue = open_catalogue(tmp_path)
    assert fetched(catalogue) == {one.id: one.body for one in site.models.values()}
    assert all(catalogue.verified(name) for name in site.models if site.models[name].record.get("content_hash"))
    assert catalogue.fetched is not None
    assert catalogue.base == site.url
    assert catalogue.attribution == site.name
    assert catalogue.set_aside == ()
    assert [p.done for p in told] == sorted(p.done for p in told)
    assert told[-1].done == told[-1].total == COUNT + 1


def test_a_second_refresh_asks_for_two_small_lists_only(site: CatalogSite, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            await refresh(net, tmp_path, site)
            before = open_catalogue(tmp_path)
            # What has no hash that could be checked is not asked for again either.
            site.forget()
            done = await refresh(net, tmp_path, site)
            assert sorted(done.unchanged) == sorted(site.models)
            assert (done.added, done.changed, done.deleted) == ((), (), ())
        after = open_catalogue(tmp_path)
        assert fetched(after) == fetched(before)
        assert after.states == before.states
        assert before.fetched is not None
        assert after.fetched is not None
        assert after.fetched >= before.fetched

    run(test())
    assert site.answered == [("/api/v1/models.json", 304), ("/api/v1/changes.json", 200)]


def test_without_a_list_of_changes_every_record_is_asked_for(site: CatalogSite, tmp_path: Path) -> None:
    site.changes_known = False

    async def test() -> None:
        async with online(tmp_path) as net:
            await refresh(net, tmp_path, site)
            site.forget()
            done = await refresh(net, tmp_path, site)
            assert sorted(done.unchanged) == sorted(site.models)

    run(test())
    assert site.statuses("/api/v1/models/") == [304] * COUNT
    assert site.statuses("/api/v1/models.json") == [304]
    assert site.statuses("/content/") == []
    assert site.served < 1000


def test_without_etags_everything_comes_again_and_nothing_is_called_changed(site: CatalogSite, tmp_path: Path) -> None:
    site.etags, site.changes_known, site.packs = False, False, False

    async def test() -> None:
        async with online(tmp_path) as net:
            await refresh(net, tmp_path, site)
            done = await refresh(net, tmp_path, site)
            assert sorted(done.unchanged) == sorted(site.models)
            assert done.changed == ()

    run(test())
    assert set(site.statuses("/api/v1/models/")) == {200}


def test_changed_new_deleted_and_superseded(site: CatalogSite, tmp_path: Path) -> None:
    names = list(site.models)

    async def test() -> None:
        async with online(tmp_path) as net:
            await refresh(net, tmp_path, site)
            changed = with_text(dict(site.models[names[0]].record), "# Another text\n\nIt has changed.")
            old = dict(site.models[names[20]].record)
            old.update(deprecated=True, superseded_by=names[0], last_updated="2026-11-01")
            new = next(one for one in published(80) if one.id not in site.models)
            site.put(changed, with_text(old, str(old["content_text"])), new)
            site.delete(names[1], names[2])
            site.forget()
            done = await refresh(net, tmp_path, site)
            assert done.added == (new.id,)
            assert set(done.changed) == {names[0], names[20]}
            assert set(done.deleted) == {names[1], names[2]}
            assert len(done.unchanged) == COUNT - 4
            assert names[20] in done.superseded
        catalogue = open_catalogue(tmp_path)
        assert set(fetched(catalogue)) == set(site.models)
        replaced = catalogue.get(names[20])
        assert replaced is not None
        assert replaced.superseded_by == names[0]
        first = catalogue.get(names[0])
        assert first is not None
        assert first.content_text == "# Another text\n\nIt has changed."
        assert catalogue.verified(names[0]) is True
        assert all(name not in fetched(catalogue) for name in (names[1], names[2]))

    run(test())
    assert len(site.statuses("/api/v1/models/")) == 3, "only what the list or the changes name is asked for"


def test_a_list_that_changed_shows_it_even_where_changes_say_nothing(site: CatalogSite, tmp_path: Path) -> None:
    """A list of changes that means something else than we think never hides what the list itself says."""
    name = next(iter(site.models))

    async def test() -> None:
        async with online(tmp_path) as net:
            await refresh(net, tmp_path, site)
            site.put(with_text(dict(site.models[name].record), "# Other\n\nText."))
            site.changed.clear()
            assert (await refresh(net, tmp_path, site)).changed == (name,)

    run(test())


@pytest.mark.parametrize("after", [0, 1, 30, 85])
def test_a_refresh_that_breaks_off_changes_nothing(site: CatalogSite, tmp_path: Path, after: int) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            await refresh(net, tmp_path, site)
            before = (tmp_path / "catalogue.bin").read_bytes()
            for one in list(site.models.values())[::2]:
                site.put(with_text(dict(one.record), "# Changed\n\nAll of it."))
            site.changes_known = False
            site.breaks_after = after
            problem, _, _ = await problem_of(refresh(net, tmp_path, site))
            assert problem == "net.cut"
            assert (tmp_path / "catalogue.bin").read_bytes() == before
            assert kept_files(tmp_path) == ["catalogue.bin"]
            site.breaks_after = None
            assert len((await refresh(net, tmp_path, site)).changed) == COUNT // 2

    run(test())


def test_the_first_refresh_that_breaks_off_leaves_nothing(site: CatalogSite, tmp_path: Path) -> None:
    site.breaks_after = 20

    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await problem_of(refresh(net, tmp_path, site)))[0] == "net.cut"
        assert fetched(open_catalogue(tmp_path)) == {}

    run(test())


def test_one_broken_connection_is_tried_once_more(site: CatalogSite, tmp_path: Path) -> None:
    name = next(iter(site.models))
    good, seen = site.answer, []

    def answer(asked: object) -> object:
        found = good(asked)  # type: ignore[arg-type]
        path = asked.path  # type: ignore[attr-defined]
        if path.endswith(f"{name}.json") and path not in seen:
            seen.append(path)
            return type(found)(200, found.body, found.headers, cut=10)
        return found

    site.answer = answer  # type: ignore[method-assign, assignment]

    async def test() -> None:
        async with online(tmp_path) as net:
            assert len((await refresh(net, tmp_path, site)).added) == COUNT

    run(test())
    assert seen


def test_cancelling_leaves_what_was_there(site: CatalogSite, tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            await refresh(net, tmp_path, site)
            before = (tmp_path / "catalogue.bin").read_bytes()
            site.changes_known = False
            enough = asyncio.Event()

            def progress(now: sync.Progress) -> None:
                if now.done == 20:
                    enough.set()

            task = asyncio.create_task(sync.refresh(net, tmp_path, progress, site.url))
            await enough.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert (tmp_path / "catalogue.bin").read_bytes() == before

    run(test())


def test_switching_offline_in_the_middle_leaves_what_was_there(site: CatalogSite, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")

    def progress(now: sync.Progress) -> None:
        if now.done == 20:
            settings.set(OFFLINE, True)

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            assert (await problem_of(sync.refresh(net, tmp_path, progress, site.url)))[0] == "net.offline"
        assert fetched(open_catalogue(tmp_path)) == {}

    run(test())


def test_a_text_that_is_not_the_hashed_one_differs_and_is_looked_at_again(site: CatalogSite, tmp_path: Path) -> None:
    first, second, third = list(site.models)[:3]
    site.texts[first] = b"# Something else"
    gone = dict(site.models[second].record, markdown_url="https://elsewhere.example/x.md")
    site.models[second] = Published(gone, site.models[second].markdown, "elsewhere")
    with_hash = dict(site.models[third].record, content_hash="not a hash", sha256=None)
    site.models[third] = Published(with_hash, site.models[third].markdown, "no hash")

    async def test() -> None:
        async with online(tmp_path) as net:
            done = await refresh(net, tmp_path, site)
            assert done.differing == (first,)
            assert {second, third} <= set(done.unchecked)
            catalogue = open_catalogue(tmp_path)
            assert [catalogue.verified(name) for name in (first, second, third)] == [False, None, None]
            site.forget()
            del site.texts[first]
            done = await refresh(net, tmp_path, site)
            assert done.differing == ()
            assert first in done.verified
            assert site.statuses("/content/") == [200]

    run(test())


def test_another_server_starts_from_nothing(site: CatalogSite, tmp_path: Path) -> None:
    """What one server's ETags mean says nothing about another's, and neither do its records."""
    with CatalogSite(published(5, seed=9)) as other:

        async def test() -> None:
            async with online(tmp_path) as net:
                await refresh(net, tmp_path, site)
                done = await refresh(net, tmp_path, other)
                assert sorted(done.added) == sorted(other.models)
            assert open_catalogue(tmp_path).base == other.url

        run(test())
        assert all("if-none-match" not in asked.headers for asked in other.asked)


def test_the_environment_names_the_server(site: CatalogSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sync.VARIABLE, site.url + "/")

    async def test() -> None:
        async with online(tmp_path) as net:
            keeper = Keeper(net, Settings(tmp_path / "s.json"), tmp_path)
            assert keeper.host == site.name
            done = await keeper.refresh()
            assert len(done.added) == COUNT
            assert keeper.current is not None
            assert set(fetched(keeper.current)) == set(site.models)
            await keeper.close()

    run(test())
    monkeypatch.setenv(sync.VARIABLE, "http://elsewhere.example")
    with pytest.raises(Exception, match=r"net\.address"):
        sync.server()
    monkeypatch.delenv(sync.VARIABLE)
    assert sync.server() == "https://ai-future-ready.com"


def test_it_refreshes_by_itself_only_where_that_is_switched_on(
    site: CatalogSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sync.VARIABLE, site.url)
    settings = Settings(tmp_path / "s.json")

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            keeper = Keeper(net, settings, tmp_path)
            assert await keeper.refresh_if_due() is None
            assert site.asked == []
            settings.set(REFRESH_CATALOG, True)
            settings.set(OFFLINE, True)
            assert await keeper.refresh_if_due() is None
            assert net.ledger.entries() == ()
            settings.set(OFFLINE, False)
            done = await keeper.refresh_if_due()
            assert done is not None
            assert len(done.added) == COUNT
            site.forget()
            assert await keeper.refresh_if_due() is None, "once a day"
            assert site.asked == []
            await keeper.close()

    run(test())


def test_closing_ends_a_refresh(site: CatalogSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(sync.VARIABLE, site.url)

    async def test() -> None:
        async with online(tmp_path) as net:
            keeper = Keeper(net, Settings(tmp_path / "s.json"), tmp_path)
            begun = asyncio.Event()
            task = asyncio.create_task(keeper.refresh(lambda _: begun.set()))
            await begun.wait()
            await keeper.close()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert fetched(open_catalogue(tmp_path)) == {}

    run(test())


def test_the_hash_is_of_the_whole_file(site: CatalogSite) -> None:
    """The fixture keeps to what the publisher does: SHA-256 of the file with its front matter."""
    one = next(iter(site.models.values()))
    assert one.markdown.startswith(b"---\n")
    assert hashlib.sha256(one.markdown).hexdigest() == one.record["content_hash"]
