"""From a repository to an order, and what a person should know before giving it: licence, gate, room, what is there.

Which files are meant is pinned to one commit with their sizes and hashes: the hub's newest. Our own facts stand in
where they have all of that commit, or where the hub cannot be asked.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from mistral_desk.catalog import facts, hub_access
from mistral_desk.catalog.hub_access import Access, Asked, Gate
from mistral_desk.catalog.hub_files import QUANTIZATION, Listing, RemoteFile, Variant
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.library import there
from mistral_desk.library.orders import Order, Room, order_of
from mistral_desk.library.scan import REPAIR
from mistral_desk.library.threads import in_thread
from mistral_desk.library.verify import unseat

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.hub import Hub
    from mistral_desk.catalog.hub_access import About
    from mistral_desk.library.installed import Library
    from mistral_desk.library.orders import Download
    from mistral_desk.library.queue import Queue
    from mistral_desk.library.shelf_file import Installed
    from mistral_desk.library.verify import Verified
    from mistral_desk.net.client import Net

_log: Final = logging.getLogger(__name__)
USUAL: Final = "Q4_K_M"
"""What is taken of a repository that nobody has judged, where it has it: the size that most people take."""


class License(msgspec.Struct, frozen=True):
    """A licence, and who says so. `id` is the hub's word ("apache-2.0"), `name` what people call it; None: unknown."""

    id: str | None
    name: str | None
    url: str | None
    source: Literal["facts", "hub", "nobody"]

    @property
    def words(self) -> str | None:
        """What to show; None where nobody states one."""
        return self.name or self.id


class Equal(msgspec.Struct, frozen=True):
    """A file of an order whose content lies in the library already, at `path`: it is not fetched again."""

    file: str
    path: str


class Before(msgspec.Struct, frozen=True):
    """What stands before a download. `page` is where a person agrees to the terms; `there`: all of it is in the
    library, `under_way`: it is in the list of downloads. `problem` is why the hub could not be asked: `gate` and
    `access` are as our facts say then, or `unknown`.
    """

    order: Order
    repository: str
    revision: str
    license: License
    gate: Gate
    access: Access
    page: str
    room: Room
    there: bool = False
    under_way: bool = False
    equal: tuple[Equal, ...] = ()
    problem: Problem | None = None

    @property
    def first(self) -> RemoteFile:
        """The file that tells whether the others can be had."""
        file = self.order.files[0]
        return RemoteFile(file.path, file.size, file.sha256)


class Ordering:
    """Makes orders and gives them to the queue. For one asyncio loop."""

    def __init__(self, net: Net, hub: Hub, queue: Queue, library: Library) -> None:
        self._net, self._hub, self._queue, self._library = net, hub, queue, library

    async def before(self, repository: str, quant: str | None = None, *, listing: Listing | None = None) -> Before:
        """What stands before the download of a quantization (None: the only one, or the usual one). `listing` is what
        the hub listed just now, if anybody knows.

        Raises `library.no_quant`, `library.disk`, `hub.…`, and `net.…` where the hub has to be asked for the files.
        """
        known = _facts_of(repository)
        said: About | None = None
        problem: Problem | None = None
        try:
            said = await hub_access.about(self._net, self._hub, repository)
        except DeskError as error:
            problem = error.problem
        stated = _stated(known, quant)
        if listing is None and stated is not None and (said is None or said.revision == stated.revision):
            listing = stated
        if listing is None:
            if problem is not None and problem.id != "hub.gated":
                raise DeskError.of(problem)
            listing = await self._hub.files(repository, said.revision if said else None)
        variant = chosen(listing, quant)
        order = order_of(await self._seeing(listing, variant), variant)
        gate: Gate = _by_facts(known)
        access: Access = "unknown"
        if said is not None:
            gate = said.gate if said.gate != "unknown" else gate
            access = "open" if gate == "none" else await self._access(listing, order)
        elif problem is not None and problem.id == "hub.gated":
            gate, access = "unknown" if gate == "none" else gate, "token"
        return await self._described(order, listing, _license(known, said), (gate, access), problem)

    async def order(self, before: Before) -> Download:
        """Give it. Raises as `Queue.add`."""
        return await self._queue.add(before.order)

    async def repair(self, model: Installed, results: Sequence[Verified]) -> tuple[Order, ...]:
        """Bring again what a verification found damaged, block by block where that is known, and missing parts.

        The orders are in the queue when this returns. Raises `library.damaged` for a file of unknown origin, `hub.…`
        and `net.…` where the hub must be asked for what is missing, and as `Queue.add`.
        """
        if self._library.let_go is not None:
            await self._library.let_go([result.path for result in results if result.good is False])
        orders = [await in_thread(unseat, result) for result in results if result.good is False]
        if model.missing and model.repository:
            orders.append((await self.before(model.repository, model.quantization or None)).order)
        for order in orders:
            await self._queue.add(order)
        if orders:
            await self._library.look()
        return tuple(orders)

    async def _seeing(self, listing: Listing, variant: Variant) -> Listing:
        """The listing with the projector that belongs to the model: where names leave a doubt, headers are read."""
        stems = {QUANTIZATION.sub("", file.name).casefold() for file in listing.projectors}
        if listing.proven or len(stems) < 2:
            return listing
        try:
            read = await self._hub.header(listing.repository, listing.revision, variant.files[0])
            proven, _, _ = await self._hub.proven(listing, read.header)
        except DeskError as error:
            _log.info("the projector was chosen by its name: %s", error.problem.id)
            return listing
        return proven

    async def _access(self, listing: Listing, order: Order) -> Access:
        first = order.files[0]
        file = RemoteFile(first.path, first.size, first.sha256)
        token = await self._hub.token()
        try:
            return await hub_access.access(
                self._net, self._hub, Asked(listing.repository, listing.revision, file), token
            )
        except DeskError as error:
            if error.problem.id.startswith("net."):
                return "unknown"
            raise

    async def _described(
        self, order: Order, listing: Listing, license_: License, gate: tuple[Gate, Access], problem: Problem | None
    ) -> Before:
        room = await self._queue.room(order)
        models = await self._library.look()
        mine = next((model for model in models if model.id == order.id and model.origin == "download"), None)
        listed = next((one for one in self._queue.downloads() if one.order.id == order.id), None)
        equal = await in_thread(_equal, order, Path(room.folder))
        return Before(
            order=order,
            repository=listing.repository,
            revision=listing.revision,
            license=license_,
            gate=gate[0],
            access=gate[1],
            page=hub_access.page(self._hub.base, listing.repository),
            room=room,
            there=mine is not None and mine.state == "here" and room.needed == 0,
            under_way=listed is not None and listed.state != "done",
            equal=equal,
            problem=problem,
        )


def chosen(listing: Listing, quant: str | None) -> Variant:
    """The quantization that is meant, by its name. Raises `library.no_quant`."""
    whole = [one for one in listing.quantizations if one.complete]
    if quant:
        wanted = quant.upper()
        found = [one for one in whole if one.name.upper() == wanted] or [
            one for one in whole if one.quantization.upper() == wanted
        ]
    else:
        found = whole if len(whole) == 1 else [one for one in whole if one.quantization == USUAL]
    if not found:
        names = ", ".join(one.name for one in whole) or "–"
        raise DeskError("library.no_quant", name=listing.repository, names=names)
    return found[0]


def whose(order_id: str) -> str:
    """The id of the model that an order brings or mends."""
    return order_id.removeprefix(REPAIR)


def _facts_of(repository: str) -> tuple[facts.Model, facts.Repository] | None:
    name = repository.lower()
    return next(
        ((model, one) for model in facts.models() for one in model.repositories if one.repository.lower() == name), None
    )


def _stated(known: tuple[facts.Model, facts.Repository] | None, quant: str | None) -> Listing | None:
    """The files as our facts have them; None where they do not have all of it, with sizes and hashes."""
    if known is None or quant is None or known[1].revision is None:
        return None
    repository = known[1]
    one = next((q for q in repository.quantizations if q.name.upper() == quant.upper()), None)
    eyes = repository.projector
    files = _remote(one.files) if one else None
    projectors = _remote((eyes,)) if eyes else ()
    if one is None or not files or projectors is None or (known[0].vision is not False and not projectors):
        return None  # a model that sees, or may see, has a projector that our facts do not name
    variant = Variant(one.name, one.name, files, sum(file.size for file in files))
    return Listing(repository.repository, repository.revision or "", (variant,), projectors, ())


def _remote(files: Sequence[facts.File]) -> tuple[RemoteFile, ...] | None:
    found = tuple(RemoteFile(file.path, file.bytes, file.sha256) for file in files if file.bytes and file.sha256)
    return found if len(found) == len(files) else None


def _by_facts(known: tuple[facts.Model, facts.Repository] | None) -> Gate:
    if known is None or known[1].gated is None:
        return "unknown"
    return "manual" if known[1].gated else "none"


def _license(known: tuple[facts.Model, facts.Repository] | None, said: About | None) -> License:
    """What the repository says of itself, else what our facts say of the model."""
    if said is not None and (said.license or said.name):
        stated = said.license if said.license != "other" else None
        return License(stated, said.name, said.link, "hub")
    if known is not None and known[0].license:
        return License(None, known[0].license, None, "facts")
    return License(None, None, None, "nobody")


def _equal(order: Order, models: Path) -> tuple[Equal, ...]:
    """Files whose content lies in the models folder under another name, as the lists say."""
    found = ((file, there.twin(models, file)) for file in order.files)
    return tuple(Equal(file.name, str(path)) for file, path in found if path is not None)
