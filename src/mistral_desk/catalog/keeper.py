"""The catalogue while the program runs: read once, refreshed when asked, by itself only where that is switched on."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog import header_file, sync
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import REFRESH_CATALOG
from mistral_desk.net.addresses import address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mistral_desk.catalog.claims import HeaderFacts
    from mistral_desk.catalog.facts import Model
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.catalog.sync import Progress, Refreshed
    from mistral_desk.core.settings import Settings
    from mistral_desk.net.client import Net

DAY_S: Final = 24 * 3600.0


class Keeper:
    """One for the whole app. `current` is the catalogue as it was last read, None before `load`."""

    def __init__(self, net: Net, settings: Settings, folder: Path) -> None:
        """`folder` is the cache folder."""
        self.current: Catalogue | None = None
        self._net, self._settings, self._folder = net, settings, folder
        self._headers: dict[str, HeaderFacts] = {}
        self._keeping = asyncio.Lock()
        self._ended = 0
        """How often all refreshes were ended."""
        self._running: asyncio.Task[Refreshed] | None = None

    @property
    def host(self) -> str:
        """Who is asked, as people read it."""
        with contextlib.suppress(DeskError):
            return address(sync.server()).name
        return sync.VARIABLE

    async def load(self) -> Catalogue:
        """Read what ships with the program, what was fetched and what headers said. Raises `resource.missing`."""
        self.current = await asyncio.to_thread(open_catalogue, self._folder)
        self._headers = {**await asyncio.to_thread(header_file.read, self._folder), **self._headers}
        return self.current

    def header_of(self, models: Sequence[Model]) -> HeaderFacts | None:
        """What a header said of one of these models, where one was ever read from the hub."""
        return header_file.said_of(models, self._headers)

    async def learn(self, repository: str, said: HeaderFacts) -> None:
        """Remember what the header of a repository's file said."""
        name = repository.lower()
        self._headers.pop(name, None)
        self._headers[name] = said
        async with self._keeping:
            stored = await asyncio.to_thread(header_file.read, self._folder)  # another program may have learnt too
            if name in self._headers:  # else all was deleted meanwhile
                await asyncio.to_thread(header_file.write, self._folder, {**stored, **self._headers})
            if name not in self._headers:
                await asyncio.to_thread(header_file.write, self._folder, self._headers)

    async def refresh(self, progress: Callable[[Progress], None] | None = None) -> Refreshed:
        """Fetch what is new, then read all of it anew; one at a time. Raises as `sync.refresh`, and `net.cancelled`.

        Who is cancelled ends the refresh, and what was there before stays.
        """
        times = self._ended
        while self._running is not None and not self._running.done():
            await asyncio.wait((self._running,))
        if times != self._ended:  # who waited for another one to end is ended with it
            raise DeskError("net.cancelled", host=self.host)
        running = self._running = asyncio.get_running_loop().create_task(
            self._refresh(progress), name="refresh the catalog"
        )
        try:
            return await running
        except asyncio.CancelledError:
            running.cancel()
            await asyncio.wait((running,))
            raise

    async def refresh_if_due(self, progress: Callable[[Progress], None] | None = None) -> Refreshed | None:
        """The refresh by itself: only where it is switched on, not offline, and the last one is a day ago."""
        if not self._settings.get(REFRESH_CATALOG) or self._net.offline:
            return None
        catalogue = self.current or await self.load()
        age = None if catalogue.fetched is None else time.time() - catalogue.fetched
        if age is not None and 0 <= age < DAY_S:
            return None
        return await self.refresh(progress)

    async def close(self) -> None:
        """End a refresh that runs, and those that wait for it; what was there before stays."""
        self._ended += 1
        if self._running is not None and not self._running.done():
            self._running.cancel()
            await asyncio.wait((self._running,))

    def forget(self) -> None:
        """Drop it from memory: for whoever has deleted the files."""
        self.current = None
        self._headers.clear()

    async def _refresh(self, progress: Callable[[Progress], None] | None) -> Refreshed:
        if progress is None:
            done = await sync.refresh(self._net, self._folder)
        else:
            done = await sync.refresh(self._net, self._folder, progress)
        await self.load()
        return done
