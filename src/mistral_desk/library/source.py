"""Where a file comes from: the hub, which leads to a signed address on another computer that lasts an hour.

That address lives in memory only. Whether an answer belongs to the file that was chosen is decided here, before any of
its bytes is used: by the hub's statement of size and hash, by `Content-Range`, and by the entity's tag.
"""

from __future__ import annotations

import asyncio
import logging
import re
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from mistral_desk.catalog.remote import refused
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark
from mistral_desk.net import faults
from mistral_desk.net.addresses import address
from mistral_desk.net.client import Purpose, Wants

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mistral_desk.library.wanted import Wanted
    from mistral_desk.net.client import Net, Stream

_log: Final = logging.getLogger(__name__)

WHY: Final = mark("Downloading a model")
WHO: Final = "download"
_ADDRESSES: Final = 3
"""So many signed addresses may be too old, one after the other, before that is a failure."""
_USABLE: Final = frozenset({200, 206})
_EXPIRED: Final = frozenset({400, 401, 403, 404, 410})
"""What servers say of a signed address that is too old."""
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_ANY: Final = frozenset(range(200, 600)) - _REDIRECTS
_RANGE: Final = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)", re.IGNORECASE)
_TOTAL: Final = re.compile(r"bytes \*/(\d{1,19})", re.IGNORECASE)
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
BAD_RANGE: Final = mark("it is another part of the file than the one that was asked for")


@dataclass(frozen=True)
class Piece:
    """An answer that fits. `offset` is where in the file its first byte belongs; it ends before `end`."""

    stream: Stream
    offset: int
    end: int


@dataclass
class Source:
    """One file at the hub. `token` goes to the hub's host only. Not for several loops."""

    net: Net
    url: str
    wanted: Wanted
    job: str
    silence_s: float
    token: str | None = field(default=None, repr=False)
    ranges: bool = True
    """False as soon as the server has shown that it gives whole files only."""
    sha256: str | None = None
    """What is stated for the file: from the list of files, else from the hub's answer."""
    _direct: str | None = field(default=None, repr=False)
    _tag: str | None = None
    _resolving: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def __post_init__(self) -> None:
        self.sha256 = self.wanted.sha256
        self._hub = address(self.url)

    @property
    def host(self) -> str:
        """The hub's host as people read it."""
        return self._hub.name

    @asynccontextmanager
    async def open(self, start: int, end: int) -> AsyncIterator[Piece]:
        """Ask for the bytes from `start` up to before `end`. What comes may begin earlier (see `Piece`) or end earlier.

        Raises `net.…`, `library.changed`, `hub.gated`, `hub.not_found`.
        """
        for _ in range(_ADDRESSES):
            if (direct := self._direct) is not None:
                try:
                    async with self._ask(direct, start, end, token=None) as stream:
                        if stream.status not in _EXPIRED and self._tagged_as_before(stream):
                            yield self._fitting(stream, start, end, direct=True)
                            return
                except DeskError as error:
                    if error.problem.id != "net.redirect":
                        raise
                self._forget(direct)
            async with AsyncExitStack() as answer:
                async with self._resolving:
                    if self._direct is not None:
                        continue  # another connection has asked the hub meanwhile
                    stream = await answer.enter_async_context(self._ask(self.url, start, end, token=self.token))
                    self._stated(stream)
                    piece = self._fitting(stream, start, end)
                    self._remember(stream)
                yield piece
                return
        raise DeskError("net.status", host=self._hub.name, status=403)

    def forget(self) -> None:
        """Resolve the address anew the next time: what it leads to has failed."""
        self._direct = None

    @asynccontextmanager
    async def _ask(self, url: str, start: int, end: int, *, token: str | None) -> AsyncIterator[Stream]:
        wants = Wants({"range": f"bytes={start}-{end - 1}"}, token=token, allow=_ANY, silence_s=self.silence_s)
        async with self.net.stream(url, Purpose(WHO, WHY, self.job), wants) as stream:
            yield stream

    def _forget(self, direct: str) -> None:
        if self._direct == direct:
            self._direct = None

    def _remember(self, stream: Stream) -> None:
        """Where the hub has led to, for the next parts; only while it is another computer."""
        at = self.url
        for hop in stream.hops:
            at = urljoin(at, hop.get("location", ""))
        self._direct = at if stream.hops and address(at).origin != self._hub.origin else None

    # --- whether it is the right file -----------------------------------------------------------------

    def _stated(self, stream: Stream) -> None:
        """What the hub itself says of the file, on the way or in its answer."""
        for headers in (*stream.hops, stream.headers):
            size, tag, commit = (headers.get(f"x-{name}", "") for name in ("linked-size", "linked-etag", "repo-commit"))
            found = _plain(tag)
            if size.isascii() and size.isdigit() and int(size[:19]) != self.wanted.size:
                raise self._changed()
            if _HASH.fullmatch(found):
                if self.sha256 not in {None, found}:
                    raise self._changed()
                self.sha256 = found
                self._tag = None  # what it leads to now is this file, whatever its tag was before
            if _COMMIT.fullmatch(self.wanted.revision) and commit and commit != self.wanted.revision:
                raise self._changed()

    def _fitting(self, stream: Stream, start: int, end: int, *, direct: bool = False) -> Piece:
        """The answer with the place where it belongs. Raises what is wrong with it."""
        if stream.status not in _USABLE:
            raise self._refused(stream, of_hub=not direct and not stream.hops)
        given = stream.headers.get("content-range", "")
        match = _RANGE.fullmatch(given.strip())
        if match is None and (stream.status == 206 or given):
            raise DeskError("net.garbled", host=stream.host, reason=BAD_RANGE)
        if match is not None:
            first, last, total = int(match[1]), int(match[2]), match[3]
            if total not in {"*", str(self.wanted.size)}:
                raise self._changed()
            if first != start or not first <= last < end:
                raise DeskError("net.garbled", host=stream.host, reason=BAD_RANGE)
            self._check_tag(stream.headers)
            self.ranges = True
            return Piece(stream, start, last + 1)
        length = stream.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and int(length[:19]) != self.wanted.size:
            raise self._changed()
        self._check_tag(stream.headers)
        self.ranges = False
        return Piece(stream, 0, self.wanted.size)

    def _tagged_as_before(self, stream: Stream) -> bool:
        """Whether the entity's tag is still the same; where it is not, the hub is asked again what the file is."""
        return stream.status not in _USABLE or self._tag in {None, stream.headers.get("etag")}

    def _check_tag(self, headers: Mapping[str, str]) -> None:
        """The entity's tag must stay the same, unless the hub has just said that this is the file."""
        tag = headers.get("etag")
        if tag and self._tag not in {None, tag}:
            if self.sha256 is None:
                raise self._changed()
            # Mirrors tag one file differently; its hash decides in the end which is the case.
            _log.info("%s has another tag than before", self.wanted.name)
        self._tag = tag or self._tag

    def _refused(self, stream: Stream, *, of_hub: bool) -> DeskError:
        """The problem of a status that brings no bytes."""
        match = _TOTAL.fullmatch(stream.headers.get("content-range", "").strip())
        if stream.status == 416 and match and int(match[1]) != self.wanted.size:
            return self._changed()
        if of_hub and 400 <= stream.status != 416:
            return refused(stream.host, stream.status, stream.headers, self.wanted.repository)
        if stream.status < 400 or stream.status in _EXPIRED:
            return DeskError("net.status", host=stream.host, status=stream.status)
        return faults.of_status(stream.host, stream.status, stream.headers.get("retry-after", ""))

    def _changed(self) -> DeskError:
        return DeskError("library.changed", name=self.wanted.name, host=self._hub.name)


def _plain(tag: str) -> str:
    """The text inside an entity's tag."""
    return tag.strip().removeprefix("W/").strip('"').lower()
