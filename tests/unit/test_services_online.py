"""Connections as the whole app has them: one client, closed with it; erasing forgets what was fetched and with whom."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import sync
from mistral_desk.core.settings import OFFLINE
from mistral_desk.net.secrets import HUB, Secrets
from mistral_desk.services import Services
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.engines import run
from tests.fixtures.hub_files import FileHub
from tests.fixtures.queues import comes_to, model, one
from tests.fixtures.transfers import until
from tests.fixtures.vault import Vault
from tests.fixtures.web_site import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIST = "/api/v1/models.json"


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogSite]:
    with CatalogSite(published(5)) as one:
        monkeypatch.setenv(sync.VARIABLE, one.url)
        yield one


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.name.startswith(("catalogue", "connections"))]


def test_the_catalogue_is_there_from_the_start_and_after_a_refresh(site: CatalogSite) -> None:
    async def test() -> None:
        services = await Services.open()
        catalogue = await services.catalogue.load()
        assert catalogue.get("mistral-small-4") is not None
        assert services.ledger.entries() == ()
        await services.catalogue.refresh()
        assert services.catalogue.current is not None
        assert services.catalogue.current is not catalogue
        assert set(site.models) <= {record.id for record in services.catalogue.current.records}
        await services.close()
        again = await Services.open()
        assert set(site.models) <= {record.id for record in (await again.catalogue.load()).records}
        again.ledger.look_again()
        assert [entry.host for entry in again.ledger.entries()] == [site.name]
        await again.close()

    run(test())


def test_closing_in_mid_refresh_ends_it(site: CatalogSite) -> None:
    site.replies[LIST] = Answer(silent=True)

    async def test() -> None:
        services = await Services.open()
        task = asyncio.create_task(services.catalogue.refresh())
        await asyncio.to_thread(site.stalled.wait)
        await services.close()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test())


def test_erasing_forgets_the_catalogue_the_connections_and_the_tokens(site: CatalogSite, home: Path) -> None:
    vault = Vault()

    async def test() -> None:
        services = await Services.open()
        services.secrets = Secrets(vault)
        assert services.secrets.set(HUB, "hf_secret") is None
        await services.catalogue.refresh()
        await asyncio.to_thread(services.ledger.flush)
        assert {"connections", "catalog"} <= {share.kind for share in services.inventory()}
        site.replies[LIST] = Answer(silent=True)
        running = asyncio.create_task(services.catalogue.refresh())
        await asyncio.to_thread(site.stalled.wait)
        done = await services.erase()
        assert done.failed == ()
        assert {"connections", "catalog"} <= {share.kind for share in done.shares}
        with pytest.raises(asyncio.CancelledError):
            await running
        assert services.ledger.entries() == ()
        assert services.catalogue.current is None
        assert services.secrets.get() is None
        assert vault.kept == {}
        assert left_in(home) == []
        catalogue = await services.catalogue.load()
        assert catalogue.fetched is None
        # Everything still works after it.
        del site.replies[LIST]
        await services.catalogue.refresh()
        assert len(services.ledger.entries()) == 1
        await services.close()

    run(test())


@pytest.mark.allow_log("settings file cannot be read", "mistral_desk.core.settings")
def test_with_settings_that_cannot_be_read_no_download_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had switched the network off has not agreed: it waits and says for what, at the next start too."""
    with FileHub() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        order = model(hub)

        async def waiting(services: Services) -> None:
            await until(lambda: one(services.downloads, order.id).problem is not None)
            now = one(services.downloads, order.id)
            assert (now.state, now.problem and now.problem.id, now.retry_s) == ("waiting", "net.offline", None)
            assert hub.hub.asked == []

        async def test() -> None:
            services = await Services.open()
            services.settings.set(OFFLINE, True)
            await services.downloads.add(order)
            await services.close()
            services.folders.settings.write_bytes(b'{"privacy.offline": tr')
            for told in (["settings.damaged", "settings.held_offline"], []):
                services = await Services.open()
                assert [notice.id for notice in services.notices] == told
                await waiting(services)
                if told:
                    await services.close()
            services.settings.set(OFFLINE, False)
            await comes_to(services.downloads, order.id, "done")
            await services.close()

        run(test())
