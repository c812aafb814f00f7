"""Reads the header of a GGUF file that lies elsewhere, over HTTP ranges: a few megabytes of a file of many gigabytes.

The beginning is fetched in steps. After each the reader says how much more it wants; it wants three steps at most for
the vocabularies of today.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog import gguf
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark
from mistral_desk.net import faults
from mistral_desk.net.addresses import address
from mistral_desk.net.client import Wants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mistral_desk.catalog.gguf import Header
    from mistral_desk.net.client import Net, Purpose, Stream

FIRST: Final = 1 << 20
"""Bytes of the first step: all of a small vocabulary."""
LATER: Final = 128 << 10
"""Bytes of the first step into a later part of a split model, which has no vocabulary."""
MOST: Final = 96 << 20
"""Bytes after which it is given up."""
_GROWTH: Final = 6
_SLACK: Final = 16
"""A step is longer than what is likely needed by one part in so many."""
_SECONDS: Final = 90.0
_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_NO_PARTS: Final = mark("it does not send a part of a file")
_OTHER_PART: Final = mark("it sent another part than was asked for")
_OTHER_FILE: Final = mark("the file changed while it was read")
_TOO_LONG: Final = mark("the header is longer than any that is known")


@dataclass(frozen=True)
class Read:
    """A header, and what it took: bytes of the file, and requests for a part of it."""

    header: Header
    bytes_read: int
    requests: int


@dataclass(frozen=True)
class Place:
    """Where a file lies and what is known of it: its size in bytes, its SHA-256 and the hub's commit where known."""

    url: str
    name: str
    size: int
    sha256: str | None = None
    commit: str | None = None


async def read_header(net: Net, place: Place, purpose: Purpose, token: str | None = None, first: int = FIRST) -> Read:
    """Read a header. Raises `net.…`, `model.not_gguf`, `model.truncated`, `model.damaged` and `hub.no_parts`."""
    start = bytearray()
    etag: str | None = None
    wanted, requests = first, 0
    if place.size < len(gguf.MAGIC):
        raise DeskError("model.not_gguf", name=place.name)
    while True:
        end = min(max(wanted, len(start) + 1), place.size)
        if end > MOST:
            raise DeskError("model.damaged", name=place.name, reason=_TOO_LONG)
        piece, tag = await _part(net, place, purpose, token, (len(start), end))
        requests += 1
        if etag is not None and tag != etag:
            raise DeskError("hub.no_parts", name=place.name, reason=_OTHER_FILE)
        etag = tag
        start += piece
        try:
            header = await asyncio.to_thread(gguf.read_start, bytes(start), place.size)
        except gguf.WantedError as more:
            wanted = next_step(more, len(start), requests)
        except gguf.NotGgufError as error:
            raise DeskError("model.not_gguf", name=place.name) from error
        except gguf.TruncatedError as error:
            raise DeskError("model.truncated", name=place.name, missing=error.missing) from error
        except gguf.DamagedError as error:
            raise DeskError("model.damaged", name=place.name, reason=str(error)) from error
        else:
            if header.end > place.size:
                raise DeskError("model.truncated", name=place.name, missing=header.end - place.size)
            return Read(header, len(start), requests)


def next_step(more: gguf.WantedError, have: int, requests: int) -> int:
    """Up to which byte to ask next, after so many requests have brought the first `have`."""
    # What comes after the array that was met first is not known yet, so the second step is a long one.
    step = _GROWTH * have if requests == 1 else have + have // 2
    return max(more.least, min(max(more.likely + more.likely // _SLACK, step), MOST))


async def _part(
    net: Net, place: Place, purpose: Purpose, token: str | None, part: tuple[int, int]
) -> tuple[bytes, str | None]:
    """The bytes from `part[0]` up to `part[1]`, and what names this state of the file."""
    begin, end = part
    headers = {"range": f"bytes={begin}-{end - 1}"}
    wants = Wants(headers, token=token, allow=frozenset({200, 206, 401, 403, 404, 416, 429}))
    try:
        async with asyncio.timeout(_SECONDS), net.stream(place.url, purpose, wants) as stream:
            _check(stream, place, begin, end)
            got = bytearray()
            while len(got) < end - begin and (piece := await stream.piece()):
                got += piece  # a server that knows no ranges sends all of it: the rest is left there
            if len(got) < end - begin:
                raise DeskError("net.cut", host=stream.host, received=len(got))
            return bytes(got[: end - begin]), _state(stream, place)
    except TimeoutError as error:
        raise DeskError("net.timeout", host=address(place.url).name, seconds=_SECONDS) from error


def _check(stream: Stream, place: Place, begin: int, end: int) -> None:
    """Whether what comes is the part that was asked for. Raises."""
    if stream.status == 200 and begin == 0:
        return
    if stream.status == 200:
        raise DeskError("hub.no_parts", name=place.name, reason=_NO_PARTS)
    if stream.status != 206:
        raise refused(stream.host, stream.status, stream.headers, place.name)
    said = _RANGE.fullmatch(stream.headers.get("content-range", ""))
    if said is None or int(said[1]) != begin or int(said[2]) != end - 1:
        raise DeskError("hub.no_parts", name=place.name, reason=_OTHER_PART)
    if said[3] != "*" and int(said[3]) != place.size:
        raise DeskError("hub.no_parts", name=place.name, reason=_OTHER_FILE)


def _state(stream: Stream, place: Place) -> str | None:
    """The hash of the file as the hub names it on the way, else the ETag of who sends it. Raises when it is another."""
    linked = next((hop["x-linked-etag"] for hop in stream.hops if "x-linked-etag" in hop), None)
    tag = linked or stream.headers.get("etag")
    plain = (linked or "").strip('"').lower()
    commits = {hop["x-repo-commit"] for hop in stream.hops if "x-repo-commit" in hop}
    if place.commit and commits - {place.commit}:
        raise DeskError("hub.no_parts", name=place.name, reason=_OTHER_FILE)
    if place.sha256 and re.fullmatch(r"[0-9a-f]{64}", plain) and plain != place.sha256.lower():
        raise DeskError("hub.no_parts", name=place.name, reason=_OTHER_FILE)
    return tag


def refused(host: str, status: int, headers: Mapping[str, str], name: str) -> DeskError:
    """The error for a status of the hub, which says more in `X-Error-Code`. `name` is a repository or a file."""
    code = headers.get("x-error-code", "")
    if code == "GatedRepo":
        return DeskError("hub.gated", name=name)
    if code in {"RepoNotFound", "RevisionNotFound", "EntryNotFound"} or status in {404, 410, 416}:
        return DeskError("hub.not_found", name=name)
    return faults.of_status(host, status, headers.get("retry-after", ""))
