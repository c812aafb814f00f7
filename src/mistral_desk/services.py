"""Builds what the window and the command line stand on, without a window: folders, log, settings, history, engine.

The one place that knows which part gets which; everything here runs under any asyncio loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from mistral_desk.catalog.hub import Hub, token_name
from mistral_desk.catalog.keeper import Keeper
from mistral_desk.chat import erase, tidying
from mistral_desk.chat.attachments import Pictures
from mistral_desk.chat.copies import Backups
from mistral_desk.chat.elsewhere.doors import Doors
from mistral_desk.chat.history import History
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.room import Room
from mistral_desk.chat.session import Session
from mistral_desk.chat.thought_limit import usual
from mistral_desk.core.errors import DeskError
from mistral_desk.core.log import Log
from mistral_desk.core.paths import Folders, folders
from mistral_desk.core.settings import STATES, Settings
from mistral_desk.inference.builtin import BUILTIN, BUILTIN_TITLE
from mistral_desk.inference.fitting import Fitting, PlannedEngine
from mistral_desk.inference.model_ids import is_name, model_spec, model_title, models_folder, usual_wishes
from mistral_desk.inference.state_keeper import StateKeeper
from mistral_desk.inference.state_store import FOLDER as STATES_FOLDER
from mistral_desk.inference.state_store import StateStore
from mistral_desk.library import by_id
from mistral_desk.library.before_download import remote_verdict
from mistral_desk.library.front import Front
from mistral_desk.net.client import Net
from mistral_desk.net.endpoints.front import Endpoints
from mistral_desk.net.endpoints.record import is_endpoint
from mistral_desk.net.endpoints.store import FILE as ENDPOINTS
from mistral_desk.net.ledger import FILE as CONNECTIONS
from mistral_desk.net.ledger import Ledger
from mistral_desk.net.secrets import HUB, SERVER, Secrets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Sequence
    from pathlib import Path

    from mistral_desk.catalog.hub_files import Listing
    from mistral_desk.catalog.hub_files import Variant as RemoteVariant
    from mistral_desk.chat.erase import Erased, Share
    from mistral_desk.chat.parts import Gallery
    from mistral_desk.chat.running import Source
    from mistral_desk.core.errors import Problem
    from mistral_desk.fit.advice import Variant
    from mistral_desk.inference.client import Engine, ModelSpec
    from mistral_desk.library.adopt import Adopting
    from mistral_desk.library.installed import Library
    from mistral_desk.library.moving import Moving
    from mistral_desk.library.ordering import Ordering
    from mistral_desk.library.queue import Queue
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.library.tokens import Tokens

log = logging.getLogger(__name__)

__all__ = ["BUILTIN", "BUILTIN_TITLE", "Room", "Services", "model_spec", "model_title"]


@dataclass
class Services:
    """Everything that is open. Make it with `open`, end it with `close`.

    `notices` are what happened while opening and should be told, for example that settings were set aside.
    """

    folders: Folders
    log: Log
    settings: Settings
    history: History
    engine: Engine
    session: Session
    fitting: Fitting
    notices: tuple[Problem, ...] = ()
    worker: Sequence[str] | None = None
    engine_free: asyncio.Lock = field(default_factory=asyncio.Lock)
    rooms: list[Room] = field(default_factory=list)
    about_to_send: set[str] = field(default_factory=set)
    """Pictures in drafts, by their SHA-256: whoever holds drafts keeps this true, and `tidy` keeps them."""
    pictures: Pictures = field(init=False)
    ledger: Ledger = field(init=False)
    net: Net = field(init=False)
    endpoints: Endpoints = field(init=False)
    secrets: Secrets = field(default_factory=Secrets)
    catalogue: Keeper = field(init=False)
    hub: Hub = field(init=False)
    states: StateKeeper = field(init=False)
    front: Front = field(init=False)
    backups: Backups = field(init=False)
    _notes: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.pictures = Pictures(self.folders.pictures)
        self.ledger = Ledger(self.folders.data / CONNECTIONS)
        self.net = Net(self.settings, self.ledger)
        self.endpoints = Endpoints(self.net, lambda: self.secrets, self.folders.config / ENDPOINTS)
        self.session.elsewhere = Doors(self.endpoints)
        self.catalogue = Keeper(self.net, self.settings, self.folders.cache)
        self.hub = Hub(self.net, self.secrets)
        places = (self.folders, self.settings)
        self.front = Front(*places, self.net, self.hub, secrets=lambda: self.secrets, read=self._read_header)
        self.backups = Backups(lambda: self.history, self._quiet)
        self.library.let_go = self._let_go
        store = StateStore(self.folders.cache / STATES_FOLDER, lambda: self.settings.get(STATES) * 10**9)
        self.states = StateKeeper(store)
        self.settings.listen(STATES, lambda _: self._behind(asyncio.to_thread(store.shrink), "less room for states"))
        self._hear()

    @classmethod
    async def open(cls, home: str | None = None, *, engine: Sequence[str] | None = None) -> Services:
        """Open all of it. `home` puts every folder under one directory; `engine` is another worker's command.

        Raises `folder.not_writable` and `history.…`; nothing stays open then.
        """
        async with contextlib.AsyncExitStack() as undo:
            made = await cls._open(folders(home).ensure(), engine, undo)
            undo.pop_all()
        return made

    @classmethod
    async def _open(cls, places: Folders, engine: Sequence[str] | None, undo: contextlib.AsyncExitStack) -> Services:
        """As `open`; `undo` closes what is open when something goes wrong."""
        log = Log(places.logs)
        undo.callback(log.close)
        settings, problems = Settings.open(places.settings)
        history, notice = await History.open(places.history)
        undo.push_async_callback(history.close)
        fitting = Fitting(places, lambda: models_folder(places, settings), engine, lambda: usual_wishes(settings))
        runs, free = PlannedEngine(fitting, engine), asyncio.Lock()
        notices = (*problems, *((notice,) if notice else ()), *fitting.notices)
        pictures = Pictures(places.pictures)
        session = Session(history, runs, free, pictures, thought_limit=partial(usual, settings))
        made = cls(places, log, settings, history, runs, session, fitting, notices, engine, free)
        undo.push_async_callback(made.front.close)
        await made.endpoints.look()
        made.notices = (*notices, *await made.front.open())
        return made

    async def close(self, *users: Awaitable[None]) -> None:
        """End connections, stop answers, keep what they have, end the worker; then close the history, then the log.

        `users` end meanwhile: what else may still write into the history. Their errors are raised when all is closed.
        """
        try:
            # Together, because what waits for an answer ends when the answer does.
            ended = await asyncio.gather(self._stop(), *users, return_exceptions=True)
            await self.fitting.close()
            await asyncio.gather(*self._notes, return_exceptions=True)
            await tidying.tidy(self.history, self.pictures, self.about_to_send, closing=True)
            await self._forget_read(await self._without_chat())
        finally:
            try:
                await self.history.close()
            finally:
                self.log.close()
        for error in ended:
            if error is not None:
                raise error

    async def _stop(self) -> None:
        await self.catalogue.close()
        await self.front.close()
        await self.net.close()
        # Together, because an answer ends when its worker does and is saved after that.
        await asyncio.gather(self.session.close(), *(room.close() for room in self.rooms), self.engine.close())

    async def temporary(self) -> Room:
        """A room for a chat that is kept nowhere; close it with `leave`."""
        history, pictures = await History.temporary(), PicturesInMemory()
        room = Room(history, self._session(history, pictures), pictures)
        self.rooms.append(room)
        return room

    def _session(self, history: History, pictures: Gallery) -> Session:
        limit, doors = partial(usual, self.settings), Doors(self.endpoints)
        return Session(history, self.engine, self.engine_free, pictures, thought_limit=limit, elsewhere=doors)

    async def leave(self, room: Room) -> None:
        """Close a room; what was said in it is gone."""
        if room in self.rooms:
            self.rooms.remove(room)
        await room.close()
        self._behind(self._forget_read([""]), "forget what nobody owns")

    async def tidy(self) -> int:
        """Delete for good what was in the bin for 30 days, and the pictures that only purged conversations used.

        Closing does it; call it after `History.purge_many`. Returns how many conversations are gone. Never raises:
        what could not be done is logged, and done the next time.
        """
        gone = await tidying.tidy(self.history, self.pictures, self.about_to_send)
        self._behind(self._forget_read(await self._without_chat()), "forget what was read of chats that are no more")
        return gone

    def inventory(self) -> tuple[Share, ...]:
        """What `erase` would delete now."""
        return erase.inventory(self.folders, self.models_folder)

    async def erase(self) -> Erased:
        """Delete everything that a person wrote and what was made of it; then all is open again, and empty.

        Answers and connections end, and so does the worker, which remembers what it has read. The list of connections,
        the fetched catalogue and access tokens go too; downloads that are not done go on, as models stay. Raises what
        `History.open` raises when no new history can be made; everything is deleted then all the same.
        """
        on_the_move = self.moving.now is not None and self.moving.now.problem is None
        if not on_the_move:  # else they are held, and go on with its end
            await self.downloads.hold()
        await self.catalogue.close()
        await self.net.stop()
        self.engine.states = None  # what it has read is not kept any more
        await self.states.clear()
        rooms, self.rooms = self.rooms, []
        await asyncio.gather(self.session.close(), *(room.close() for room in rooms), self.engine.close())
        await self.fitting.close()
        await self.history.close()
        self.log.close()  # Windows deletes no open file
        try:
            done = await asyncio.to_thread(erase.erase, self.folders, self.models_folder)
            await asyncio.to_thread(self._forget)
        finally:
            self.log = Log(self.folders.logs)
            self.fitting.forget()
            self.engine = PlannedEngine(self.fitting, self.worker)
            self._hear()
            await self._forget_done(go_on=not on_the_move)
        self.history, _ = await History.open(self.folders.history)
        self.session = self._session(self.history, self.pictures)
        await asyncio.gather(self.library.look(), self.endpoints.look())  # what was registered elsewhere is forgotten
        return done

    async def remote_verdict(
        self, listing: Listing, variant: RemoteVariant, progress: Callable[[int, int], None] | None = None
    ) -> tuple[Variant, int, int]:
        """Whether a quantization on the hub runs here; see `before_download`."""
        return await remote_verdict(listing, variant, self.fitting, self.hub, self.catalogue, progress=progress)

    def _forget(self) -> None:
        """Drop what is remembered beside the files; it blocks."""
        with contextlib.suppress(OSError):  # its file stands among what could not be deleted
            self.ledger.erase()
        for name in (HUB, token_name(self.hub.base), SERVER):
            self.secrets.forget(name)
        self.endpoints.forget()
        self.catalogue.forget()

    async def _forget_done(self, *, go_on: bool) -> None:
        """Take what has been downloaded off the list of downloads, and let the others `go_on`."""
        for download in self.downloads.downloads():
            if download.state == "done":
                await self.downloads.cancel(download.order.id, keep=True)
        if go_on:
            await self.downloads.release()

    @property
    def models_folder(self) -> Path:
        """Where the person's models are."""
        return models_folder(self.folders, self.settings)

    # --- the library --------------------------------------------------------------------------------

    @property
    def library(self) -> Library:
        """The models on this computer."""
        return self.front.library

    @property
    def downloads(self) -> Queue:
        """What is on its way."""
        return self.front.downloads

    @property
    def ordering(self) -> Ordering:
        """What stands before a download, and the order."""
        return self.front.ordering

    @property
    def tokens(self) -> Tokens:
        """The access token for the hub."""
        return self.front.tokens

    @property
    def adopting(self) -> Adopting:
        """Models that were on this computer before."""
        return self.front.adopting

    @property
    def moving(self) -> Moving:
        """The models folder on its way to another place."""
        return self.front.moving

    def models_there(self) -> tuple[str, ...]:
        """Ids of the models that can be chatted with; see `by_id`. It looks, so it blocks."""
        return by_id.models_there(self.library)

    def place_of(self, model: str) -> tuple[str, str | None]:
        """The path of a model by its id, and its projector where that lies elsewhere; see `by_id`."""
        return by_id.place_of(self.library, model)

    async def _read_header(self, model: Installed) -> None:
        await self.fitting.key(model.path)

    async def _let_go(self, paths: Sequence[str]) -> None:
        """No file of these is open: erasing gives another engine."""
        await self.engine.unload(paths)

    async def _quiet(self) -> None:
        """No answer is written into the history, and nothing that was read belongs to a chat of the one before; erasing
        gives another session.
        """
        await self.session.quiet()
        await self.engine.unload()
        await self.states.clear()

    def _hear(self) -> None:
        """Know which model answered."""
        if isinstance(self.engine, PlannedEngine):
            self.engine.answered, self.engine.states = self._answered, self.states

    def _answered(self, path: str) -> None:
        self._behind(self.library.used(path), "a model was used")

    async def _without_chat(self) -> list[str]:
        """Whose chats are no more, of those of whom something may be kept that a model has read."""
        gone = []
        for owner in await asyncio.to_thread(lambda: self.states.owners):
            try:
                await self.history.conversation(int(owner))
            except ValueError:
                gone.append(owner)
            except DeskError as error:
                if error.problem.id == "history.missing":
                    gone.append(owner)
        return gone

    async def _forget_read(self, owners: Sequence[str]) -> None:
        """Drop what was read for these owners, on the disk and in the worker; a busy one does it after its answer."""
        if owners and isinstance(self.engine, PlannedEngine):
            await self.engine.forget(owners)

    def _behind(self, work: Coroutine[None, None, None], name: str) -> None:
        """Do it beside everything else; closing waits for it."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._notes.add(task)
        task.add_done_callback(self._notes.discard)

    def answering(self, model: str) -> Source:
        """What answers for a model id, here or at an endpoint. Raises as `resolve_model`, and `endpoint.gone`."""
        return self.endpoints.source(model) if is_endpoint(model) else self.resolve_model(model)

    def resolve_model(self, model: str = BUILTIN) -> ModelSpec:
        """What to run for a model id; see `model_spec`. Raises `library.not_found` for a name that nothing has."""
        path, projector = self.place_of(model)
        if is_name(path) and not is_endpoint(path):
            raise DeskError("library.not_found", name=model[:200])
        return model_spec(path, self.settings, projector)
