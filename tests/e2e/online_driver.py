"""Tries everything that makes a connection, as a program of its own, and says as JSON what came of each.

python -m tests.e2e.online_driver
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

from mistral_desk.catalog.hub_files import RemoteFile, arranged
from mistral_desk.core.errors import DeskError
from mistral_desk.services import Services

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

REPOSITORY = "acme/Afar-GGUF"
FILE = "Afar-Q4_K_M.gguf"


async def main() -> None:
    services = await Services.open()
    done: dict[str, str] = {}

    async def attempt(name: str, what: Callable[[], Awaitable[object]]) -> None:
        try:
            done[name] = type(await what()).__name__
        except DeskError as error:
            done[name] = error.problem.id

    # What would be known of the file, where the hub could not be asked.
    listing = arranged(REPOSITORY, "0" * 40, [RemoteFile(FILE, 1_000_000)])

    async def listed() -> object:
        nonlocal listing
        listing = await services.hub.files(REPOSITORY)
        return listing

    try:
        await attempt("load", services.catalogue.load)
        await attempt("refresh by itself", services.catalogue.refresh_if_due)
        await attempt("refresh", services.catalogue.refresh)
        await attempt("search", lambda: services.hub.search("afar"))
        await attempt("list", listed)
        await attempt("header", lambda: services.hub.headers(listing, listing.quantizations[0]))
        services.ledger.look_again()
        hosts = [[entry.host, entry.requests, entry.received] for entry in services.ledger.entries()]
    finally:
        await services.close()
    json.dump({"done": done, "hosts": hosts}, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
