"""The library as the program has it: the models, their downloads, and what is done with both, opened and closed as one.

Everything that the rooms of this folder need from outside is given here, once.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog import facts
from mistral_desk.catalog.hub import token_name
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.model_ids import models_folder
from mistral_desk.library import copying, orders, shelf_file
from mistral_desk.library.adopt import Adopting
from mistral_desk.library.awake import Awake
from mistral_desk.library.installed import Library
from mistral_desk.library.moving import Moving
from mistral_desk.library.ordering import Ordering, whose
from mistral_desk.library.queue import Queue
from mistral_desk.library.threads import in_thread
from mistral_desk.library.tokens import Tokens
from mistral_desk.library.transfer import Manner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mistral_desk.catalog.hub import Hub
    from mistral_desk.core.errors import Problem
    from mistral_desk.core.paths import Folders
    from mistral_desk.core.settings import Settings
    from mistral_desk.library.orders import Order
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.net.client import Net
    from mistral_desk.net.secrets import Secrets

_log: Final = logging.getLogger(__name__)


def folders_of(places: Folders, settings: Settings) -> tuple[Path, ...]:
    """The models folders, the one for downloads first, each once."""
    more = (Path(folder) for folder in settings.get(declared.MORE_FOLDERS))
    return tuple(dict.fromkeys((models_folder(places, settings), *more)))


def library_of(places: Folders, settings: Settings) -> Library:
    """The library of this person."""
    return Library(
        places.data / shelf_file.FILE,
        lambda: folders_of(places, settings),
        lambda: settings.get(declared.DELETE_TO) == "for_good",
    )


def queue_of(
    places: Folders,
    settings: Settings,
    net: Net,
    hub: Hub,
    *,
    secrets: Callable[[], Secrets],
    file: Path | None = None,
    came: Callable[[Order], Awaitable[None]] | None = None,
) -> Queue:
    """The downloads of this person, as is set; `file` is another list than the window's."""
    return Queue(
        net,
        settings,
        file or places.data / orders.FILE,
        lambda: models_folder(places, settings),
        token=lambda: secrets().get(token_name(hub.base)),
        manner=lambda: Manner(connections=settings.get(declared.DOWNLOAD_CONNECTIONS)),
        limit=lambda: 1000 * settings.get(declared.DOWNLOAD_LIMIT),
        awake=Awake(),
        base=hub.base,
        came=came,
    )


class Front:
    """One for the program. `open` it in the loop that it is used in; `close` it before the connections are closed."""

    def __init__(
        self,
        places: Folders,
        settings: Settings,
        net: Net,
        hub: Hub,
        *,
        secrets: Callable[[], Secrets],
        read: Callable[[Installed], Awaitable[None]],
    ) -> None:
        """`read` has a look at a model that has just come, so that what it needs is known when somebody asks."""
        self._read, self._net, self._secrets = read, net, secrets
        self._came: list[Callable[[Order], None]] = []
        self.library = library_of(places, settings)
        self.downloads = queue_of(places, settings, net, hub, secrets=secrets, came=self._whole)
        self.ordering = Ordering(net, hub, self.downloads, self.library)
        self.tokens = Tokens(net, hub, secrets)
        self.adopting = Adopting(self.library, lambda: models_folder(places, settings))
        self.moving = Moving(
            places.data, settings, lambda: models_folder(places, settings), self.downloads, self.library
        )
        self._places, self._settings = places, settings

    async def open(self) -> tuple[Problem, ...]:
        """Recall the models and go on with the downloads; what there is to tell of it."""
        await in_thread(copying.clear, models_folder(self._places, self._settings))
        await self.library.recall()
        if await self.moving.interrupted():
            await self.downloads.hold()
        told = await self.downloads.open()
        await self.moving.open()
        return (*told, *((self.library.problem,) if self.library.problem else ()))

    async def warm(self) -> None:
        """Load what downloads need, where there may be some soon: in the first one it would hold up the window."""
        await in_thread(self._net.warm)
        await in_thread(self._secrets().warm)

    async def close(self) -> None:
        """Stop a move and the downloads; they go on at the next start."""
        await self.moving.close()
        await self.downloads.close()

    def came(self, listener: Callable[[Order], None]) -> Callable[[], None]:
        """Be told, in the loop, when a model lies in the library with all its files; what comes back ends it."""
        self._came.append(listener)
        return lambda: self._came.remove(listener) if listener in self._came else None

    async def _whole(self, order: Order) -> None:
        """All files of an order are there and proven: the library has it before the download counts as done."""
        await in_thread(facts.models)  # or the window reads them when it shows the model's licence
        models = await self.library.look()
        for model in models:
            if model.id == whose(order.id) and model.state == "here":
                try:
                    await self._read(model)
                except DeskError as error:  # it is whole and of a kind that does not run here: said when it is used
                    _log.info("a model that came cannot be read: %s", error)
        for listener in tuple(self._came):
            asyncio.get_running_loop().call_soon(listener, order)
