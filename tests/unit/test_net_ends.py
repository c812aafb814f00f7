"""How connections end with the program: none is left for the loop's end, also not those that the switch let go of."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mistral_desk.core.settings import OFFLINE, Settings
from tests.fixtures.engines import run
from tests.fixtures.online import TEST, online
from tests.fixtures.web_site import Answer, Site

if TYPE_CHECKING:
    from pathlib import Path


def test_closing_waits_for_what_the_switch_has_let_go_of(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            await net.fetch(site.url + "/plain", TEST, limit=100)
            ((_, client),) = net._clients.values()
            close = client.aclose

            async def slowly() -> None:
                for _ in range(2000):
                    await asyncio.sleep(0)
                await close()

            client.aclose = slowly  # type: ignore[method-assign]
            settings.set(OFFLINE, True)
            assert net._clients == {}
            await net.close()
            assert client.is_closed

    with Site() as site:
        site.replies["/plain"] = Answer(200, b"x")
        run(test())
