"""Fetches the catalogue from its publisher: the list, each record, and the text that a record's hash was made of.

A refresh is put in the place of the last one when all of it is there, never before. What a server says is not trusted:
sizes and counts are bounded, ids are plain names, and a record that cannot be read is set aside with its reason.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit

import msgspec

from mistral_desk.catalog import listing
from mistral_desk.catalog.cache_file import Entry, Fetched, SetAside, opened, replace, stored
from mistral_desk.catalog.listing import Item
from mistral_desk.catalog.record import LARGEST, Record, read
from mistral_desk.core.errors import DeskError
from mistral_desk.core.threads import to_its_end
from mistral_desk.core.words import mark
from mistral_desk.net.addresses import address
from mistral_desk.net.client import Purpose, Wants

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mistral_desk.net.client import Net, Reply

PUBLISHED_AT: Final = "https://ai-future-ready.com"
VARIABLE: Final = "MISTRAL_DESK_CATALOG_URL"
"""Scheme and host of another server with the same paths."""
WHY: Final = mark("Refreshing the catalog of models")
AT_ONCE: Final = 6
"""Requests that run at the same time."""
_LIST_LIMIT: Final = 32_000_000
_TEXT_LIMIT: Final = 4_000_000
_MOST_BYTES: Final = 256_000_000
"""Of all answers together, unpacked; more than that is no catalogue."""
_SECONDS: Final = 60.0
_HASH: Final = re.compile(r"[0-9a-fA-F]{64}")
_ETAG: Final = re.compile(r'(W/)?"[\x21\x23-\x7e]{0,200}"')
_PASSING: Final = frozenset({"net.cut", "net.timeout", "net.unreachable"})
"""Tried once more; a connection that fails again ends the refresh."""
_THE_LIST: Final = mark("The list")
_RECORDS: Final = mark("Models")
_SAVING: Final = mark("Saving")
_ANOTHER: Final = mark("it says that it is another model")
_REASONS: Final = {
    "net.too_large": mark("it is larger than anything expected"),
    "net.garbled": mark("what came for it makes no sense"),
    "net.redirect": mark("the server leads to another website for it"),
    "net.not_found": mark("the list names it, but the server does not have it"),
    "net.not_permitted": mark("the server gives it to nobody who asks without a name"),
    "net.status": mark("the server could not answer for it"),
}
"""What is wrong with one record only, by the error that it came with."""


@dataclass(frozen=True)
class Progress:
    """How far a refresh is: `done` of `total` steps (0 while their number is not known), and a marked word for what."""

    done: int
    total: int
    what: str


class Refreshed(msgspec.Struct, frozen=True):
    """What a refresh changed, by id. `verified`, `differing` and `unchecked` are about the texts of all records."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    superseded: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    set_aside: tuple[SetAside, ...] = ()


def server(base: str | None = None) -> str:
    """Scheme and host of the catalogue: `base`, else the environment's, else the publisher's. Raises `net.address`."""
    where = address(base or os.environ.get(VARIABLE, "").strip() or PUBLISHED_AT)
    return f"{where.scheme}://{where.name}"


def _quiet(_: Progress) -> None:
    pass


async def refresh(
    net: Net, folder: Path, progress: Callable[[Progress], None] = _quiet, base: str | None = None
) -> Refreshed:
    """Fetch what is new and put the whole into the cache `folder`. Cancel the task to end it: nothing changes then.

    Raises `net.…` where the server cannot be reached or breaks off, `catalog.list` where its list makes no sense,
    `catalog.unusable` where most records do not, `catalog.not_saved`; the last catalogue stays in all these cases.
    """
    at = server(base)
    before, known = await asyncio.to_thread(_last, folder, at)
    work = _Refresh(net, at, before, progress, known=known)
    fetched = await work.fetch()
    progress(Progress(work.done, work.done, _SAVING))
    records = {known.entry.body: known.record for known in work.now.values()}
    set_aside = await to_its_end(replace, folder, fetched, records)  # written whole, and by nobody any more afterwards
    return work.result(set_aside)


@dataclass
class _Known:
    """A record of the last refresh."""

    entry: Entry
    record: Record


@dataclass
class _Refresh:
    """One refresh while it runs."""

    net: Net
    base: str
    before: Fetched | None
    progress: Callable[[Progress], None]
    purpose: Purpose = field(default_factory=lambda: Purpose("catalog", WHY, secrets.token_hex(8)))
    known: dict[str, _Known] = field(default_factory=dict)
    now: dict[str, _Known] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    set_aside: list[SetAside] = field(default_factory=list)
    failed: int = 0
    """Items and records that are broken, of `count`."""
    count: int = 0
    done: int = 0
    total: int = 0
    bytes: int = 0

    async def fetch(self) -> Fetched:
        """All of it, ready to be stored."""
        self._tell(_THE_LIST)
        # A record that was set aside is not among the known ones: only the whole list names it.
        again = self.before is not None and not self.before.set_aside
        etag = self.before.list_etag if self.before and again else None
        reply = await self._get("/api/v1/models.json", _LIST_LIMIT, etag)
        if reply.status == 304:
            items: tuple[Item, ...] = tuple(Item(name, None, None) for name in self.known)
        else:
            items, aside = await asyncio.to_thread(listing.listed, reply.body)
            self.set_aside += aside
            self.failed = len(aside)
        self.count = len(items) + self.failed
        named = await self._changes()
        self.total, self.done = len(items) + 1, 1
        self._tell(_RECORDS)
        self._judge()
        await self._all(iter(items), named)
        order = [item.id for item in items if item.id in self.now]
        return Fetched(
            when=time.time(),
            base=self.base,
            entries=tuple(self.now[name].entry for name in order),
            list_etag=_etag(reply) or etag,
            changes=listing.day_before(reply.headers.get("date", "")),
            attribution=address(self.base).name,
            set_aside=tuple(self.set_aside),
        )

    def result(self, set_aside: tuple[SetAside, ...]) -> Refreshed:
        """What became of it."""
        states = {name: known.entry.verified for name, known in self.now.items()}
        old = [name for name in self.now if name in self.known]
        return Refreshed(
            added=tuple(name for name in self.now if name not in self.known),
            changed=tuple(name for name in old if name in self.changed),
            deleted=tuple(name for name in self.known if name not in self.now),
            unchanged=tuple(name for name in old if name not in self.changed),
            superseded=tuple(name for name, known in self.now.items() if known.record.superseded_by),
            verified=tuple(name for name, state in states.items() if state is True),
            differing=tuple(name for name, state in states.items() if state is False),
            unchecked=tuple(name for name, state in states.items() if state is None),
            set_aside=set_aside,
        )

    # --- the parts ------------------------------------------------------------------------------------

    async def _changes(self) -> frozenset[str] | None:
        """Ids that the server says have changed since the last refresh; None where it does not say it readably."""
        if self.before is None or not self.before.changes:
            return None
        try:
            reply = await self._get(f"/api/v1/changes.json?since={self.before.changes}", _LIST_LIMIT, None)
        except DeskError as error:
            if error.problem.id in _REASONS:
                return None
            raise
        return await asyncio.to_thread(listing.changes, reply.body)

    async def _all(self, items: Iterator[Item], named: frozenset[str] | None) -> None:
        """Fetch the records, some at a time; the first failure of the connection ends all of it."""

        async def work() -> None:
            for item in items:  # one iterator for all: each takes the next one
                await self._one(item, named)
                self.done += 1
                self._tell(_RECORDS)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
        except BaseExceptionGroup as errors:
            raise _first(errors) from errors

    async def _one(self, item: Item, named: frozenset[str] | None) -> None:
        known = self.known.get(item.id)
        if known is not None and named is not None and item.id not in named and not item.differs(known.record):
            if known.entry.verified is not True:
                known = await self._checked(known, known.entry)
            self.now[item.id] = known
            return
        try:
            found = await self._record(item, known)
        except DeskError as error:
            if error.problem.id == "catalog.record":
                reason = str(error.problem.params["reason"])
            elif (reason := _REASONS.get(error.problem.id, "")) == "":
                raise
            self.failed += 1
            self.set_aside.append(SetAside(item.id, reason))
            self._judge()
            if known is not None:
                self.now[item.id] = known  # what could be read the last time stays
            return
        if known is not None and found.entry.body != known.entry.body:
            self.changed.add(item.id)
        self.now[item.id] = found

    async def _record(self, item: Item, known: _Known | None) -> _Known:
        name = item.id
        # Where the list says that it is another one, an ETag that says that it is the same is not believed.
        etag = known.entry.etag if known and not item.hash_differs(known.record) else None
        reply = await self._get(f"/api/v1/models/{name}.json", LARGEST, etag)
        if reply.status == 304 and known is not None:
            return known if known.entry.verified is True else await self._checked(known, known.entry)
        record = await asyncio.to_thread(read, reply.body)
        if record.id != name:
            raise DeskError("catalog.record", reason=_ANOTHER)
        found = _Known(Entry(reply.body, _etag(reply)), record)
        return await self._checked(found, known.entry if known else None)

    async def _checked(self, found: _Known, before: Entry | None) -> _Known:
        """With the state of its text: fetched, and compared with the hash that the record states."""
        stated = found.record.content_hash or found.record.sha256 or ""
        path = self._text_path(found.record)
        if not _HASH.fullmatch(stated) or path is None:
            return found
        kept = before if before is not None and before.markdown_sha256 and before.markdown_etag else None
        try:
            reply = await self._get(path, _TEXT_LIMIT, kept.markdown_etag if kept else None)
        except DeskError as error:
            if error.problem.id in _REASONS:
                return found
            raise
        if reply.status == 304 and kept is not None:
            etag, sha256 = kept.markdown_etag, kept.markdown_sha256
        else:
            etag, sha256 = _etag(reply), await asyncio.to_thread(_sha256, reply.body)
        entry = msgspec.structs.replace(
            found.entry, verified=sha256 == stated.lower(), markdown_etag=etag, markdown_sha256=sha256
        )
        return _Known(entry, found.record)

    def _text_path(self, record: Record) -> str | None:
        """The path of a record's Markdown on the catalogue's own server; None for one that lies elsewhere."""
        given = record.markdown_url or f"/content/models/{record.id}.md"
        try:
            where = address(urljoin(self.base + "/", given))
        except (DeskError, ValueError):
            return None
        parts = urlsplit(where.url)
        return parts._replace(scheme="", netloc="").geturl() if where.origin == address(self.base).origin else None

    async def _get(self, path: str, limit: int, etag: str | None) -> Reply:
        """An answer of the server; a 304 only where `etag` was known. Tries a broken connection once more."""
        headers = {"accept": "application/json, text/markdown"} | ({"if-none-match": etag} if etag else {})
        wants = Wants(headers, allow=frozenset({200, 304}) if etag else frozenset({200}), elsewhere=False)
        again = True
        while True:
            try:
                reply = await self.net.fetch(self.base + path, self.purpose, limit=limit, seconds=_SECONDS, wants=wants)
            except DeskError as error:
                if error.problem.id == "net.too_large":
                    self._count(limit)
                if not again or error.problem.id not in _PASSING:
                    raise
                again = False
            else:
                self._count(len(reply.body))
                return reply

    def _count(self, size: int) -> None:
        """So much came: a server that sends without end costs nobody gigabytes. Raises `catalog.list`."""
        self.bytes += size
        if self.bytes > _MOST_BYTES:
            raise DeskError("catalog.list", reason=listing.TOO_MANY)

    def _judge(self) -> None:
        """Whether enough of it can be used: else it is given up at once. Raises `catalog.unusable`."""
        if self.failed * 2 > self.count:
            raise DeskError("catalog.unusable", failed=self.failed, count=self.count)

    def _tell(self, what: str) -> None:
        self.progress(Progress(self.done, self.total, what))


def _last(folder: Path, base: str) -> tuple[Fetched | None, dict[str, _Known]]:
    """The last refresh from this server, and its records by id."""
    before = stored(folder)
    if before is None or before.base != base:
        return None, {}
    entries = {entry.body: entry for entry in before.entries}
    records = (record for record, _ in opened(folder).records)
    known = {one.id: _Known(entries[one.source], one) for one in records if one.source in entries}
    if len(known) < len(before.entries):  # what cannot be read any more is named by the whole list only
        before = msgspec.structs.replace(before, list_etag=None)
    return before, known


def _etag(reply: Reply) -> str | None:
    """The answer's ETag, where it is one that can be sent back."""
    given = reply.headers.get("etag", "")
    return given if _ETAG.fullmatch(given) else None


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The one to tell: several tasks fail of the same cause."""
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        ours = [error for error in found.exceptions if not isinstance(error, DeskError | BaseExceptionGroup)]
        found = (ours or list(found.exceptions))[0]
    return found
