"""The hub: searches it for GGUF repositories, lists what they have at one commit, and reads headers from afar.

The addresses are those of Hugging Face's HTTP interface. What it answers is not trusted; a token goes to it alone.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urljoin, urlsplit

import msgspec

from mistral_desk.catalog import eyes, hub_files, remote
from mistral_desk.catalog.hub_files import Listing, RemoteFile, Variant
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark
from mistral_desk.net.addresses import address
from mistral_desk.net.client import Purpose, Wants
from mistral_desk.net.secrets import HUB

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.catalog.gguf import Header
    from mistral_desk.net.client import Net, Reply
    from mistral_desk.net.secrets import Secrets

__all__ = [
    "HOST", "Headers", "Hub", "Listing", "RemoteFile", "Repository", "Variant", "endpoint", "token_name",
]  # fmt: skip

HOST: Final = "https://huggingface.co"
VARIABLE: Final = "HF_ENDPOINT"
"""Scheme and host of another hub with the same interface."""
MOST: Final = 100
"""Repositories of a search at most."""
SEARCHING: Final = mark("Searching the hub for models")
LISTING: Final = mark("Listing the files of a model on the hub")
HEADER: Final = mark("Reading what a model file says about itself")
_LIMIT: Final = 4_000_000
"""Bytes of an answer: a hundred repositories with all their tags, or a page of a thousand files, take a tenth of it."""
_ABOUT_LIMIT: Final = 16_000_000
"""Of what is said of one repository: its files are named there too, and nothing but its commit is looked at."""
_MOST_VALUES: Final = 400_000
"""Commas in a list: one that fits and has more was made to take memory."""
_PAGES: Final = 20
_LOOKED_AT: Final = 4
"""Projectors of a repository whose headers are read at most: they come in two or three precisions."""
_MOST_FILES: Final = 20_000
_SECONDS: Final = 45.0
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,95})?")
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_NEXT: Final = re.compile(r'<([^>]{1,4000})>\s*;\s*rel="?next"?')
_NO_JSON: Final = mark("it is no JSON")
_NO_LIST: Final = mark("it is no list")
_NO_COMMIT: Final = mark("it names no commit")
_NO_END: Final = mark("its list of files has no end")
_KNOWN: Final = frozenset({200, 401, 403, 404, 410, 429, 503})


class Repository(msgspec.Struct, frozen=True):
    """A repository that a search found. None where the hub says nothing; `updated` is an ISO date."""

    id: str
    downloads: int | None
    likes: int | None
    updated: str | None
    gated: bool
    tags: tuple[str, ...]

    @property
    def license(self) -> str | None:
        """The licence that a tag names."""
        return next((tag.removeprefix("license:") for tag in self.tags if tag.startswith("license:")), None)


@dataclass(frozen=True)
class Headers:
    """The headers of all files of a quantization in their order, and what reading them took."""

    headers: tuple[Header, ...]
    bytes_read: int
    requests: int


def endpoint() -> str:
    """Scheme and host of the hub: the environment's, else Hugging Face. Raises `net.address`."""
    where = address(os.environ.get(VARIABLE, "").strip() or HOST)
    return f"{where.scheme}://{where.name}"


def token_name(base: str) -> str:
    """Under which name the token for a hub is kept: one for Hugging Face is never sent to another."""
    return HUB if base == HOST else f"{HUB} {address(base).name}"


class Hub:
    """Asks the hub; one for the whole app. Raises `net.…` and `hub.…`."""

    def __init__(self, net: Net, vault: Secrets | None = None, base: str | None = None) -> None:
        """`vault` has the token; the environment's HF_TOKEN goes to the hub of the environment."""
        self._net, self._vault, self._base = net, vault, base

    @property
    def base(self) -> str:
        """Scheme and host."""
        return self._base or endpoint()

    async def search(self, text: str, limit: int = 30) -> tuple[Repository, ...]:
        """Repositories with GGUF files that the words find, most downloaded first."""
        limit = max(1, min(limit, MOST))
        query = f"search={quote(text.strip()[:200])}&filter=gguf&sort=downloads&direction=-1&limit={limit}"
        reply = await self._get(f"/api/models?{query}", Purpose("hub", SEARCHING), text)
        return (await asyncio.to_thread(_found, reply))[:limit]

    async def files(self, repository: str, revision: str | None = None) -> Listing:
        """What a repository has, pinned to a commit. `revision` is a commit, a branch or a tag; None for the newest.

        Raises `hub.not_found` and `hub.gated` too.
        """
        _check(repository)
        purpose = Purpose("hub", LISTING, secrets.token_hex(8))
        commit = revision if revision and _COMMIT.fullmatch(revision) else None
        if commit is None:
            at = f"/revision/{quote(revision, safe='')}" if revision else ""
            said = await self._get(f"/api/models/{repository}{at}", purpose, repository, limit=_ABOUT_LIMIT)
            commit = await asyncio.to_thread(_commit, said)
        path: str | None = f"/api/models/{repository}/tree/{commit}?recursive=true&expand=false"
        found: dict[str, RemoteFile] = {}
        for _ in range(_PAGES):
            if path is None:
                return await asyncio.to_thread(hub_files.arranged, repository, commit, tuple(found.values()))
            reply = await self._get(path, purpose, repository)
            for file in await asyncio.to_thread(_files, reply, _MOST_FILES - len(found)):
                found.setdefault(file.path, file)
            path = self._next(reply)
        raise DeskError("hub.garbled", host=address(self.base).name, reason=_NO_END)

    async def header(self, repository: str, revision: str, file: RemoteFile, *, later: bool = False) -> remote.Read:
        """A file's header, over ranges. `later`: it is a later part of a split model, whose header is short."""
        purpose = Purpose("hub", HEADER, secrets.token_hex(8))
        return await self._header(repository, revision, file, purpose, later=later)

    async def headers(
        self, listing: Listing, variant: Variant, progress: Callable[[int, int], None] | None = None
    ) -> Headers:
        """The headers of all files of a quantization. `progress` hears how many files of how many are read."""
        purpose = Purpose("hub", HEADER, secrets.token_hex(8))
        found = []
        for number, file in enumerate(variant.files):
            if progress is not None:
                progress(number, len(variant.files))
            found.append(await self._header(listing.repository, listing.revision, file, purpose, later=number > 0))
        return Headers(
            tuple(one.header for one in found),
            sum(one.bytes_read for one in found),
            sum(one.requests for one in found),
        )

    async def proven(self, listing: Listing, model: Header) -> tuple[Listing, int, int]:
        """The listing with the projector that belongs to a model, by its header; and the bytes and requests it took.

        Of several the likeliest are looked at; one that cannot be read belongs to none. Raises `net.…` and `hub.…`.
        """
        purpose = Purpose("hub", HEADER, secrets.token_hex(8))
        read = requests = 0
        if listing.proven:
            return listing, read, requests
        for file in listing.likely[:_LOOKED_AT]:
            try:
                found = await self._header(listing.repository, listing.revision, file, purpose, later=True)
            except DeskError as error:
                if not error.problem.id.startswith("model."):
                    raise
                requests += 1
                continue
            read, requests = read + found.bytes_read, requests + found.requests
            if eyes.fits(found.header, model):
                return listing.with_projector(file), read, requests
        return listing.with_projector(None), read, requests

    def url(self, repository: str, revision: str, file: RemoteFile) -> str:
        """The address of a file, which redirects to where it lies just now."""
        _check(repository)
        return f"{self.base}/{repository}/resolve/{quote(revision, safe='')}/{quote(file.path)}"

    async def token(self) -> str | None:
        """The token for this hub; it may wait for the person to unlock the keyring."""
        if self._vault is None:
            return None
        return await asyncio.to_thread(self._vault.get, token_name(self.base))

    async def _header(
        self, repository: str, revision: str, file: RemoteFile, purpose: Purpose, *, later: bool
    ) -> remote.Read:
        place = remote.Place(self.url(repository, revision, file), file.name, file.size, file.sha256, revision)
        first = remote.LATER if later else remote.FIRST
        return await remote.read_header(self._net, place, purpose, await self.token(), first)

    async def _get(self, path: str, purpose: Purpose, name: str, *, limit: int = _LIMIT) -> Reply:
        wants = Wants({"accept": "application/json"}, token=await self.token(), allow=_KNOWN, elsewhere=False)
        reply = await self._net.fetch(self.base + path, purpose, limit=limit, seconds=_SECONDS, wants=wants)
        if reply.status != 200:
            raise remote.refused(address(self.base).name, reply.status, reply.headers, name)
        return reply

    def _next(self, reply: Reply) -> str | None:
        """The path of the next page, on this hub only."""
        link = _NEXT.search(reply.headers.get("link", "")[:8000])
        if link is None:
            return None
        where = address(urljoin(reply.url, link[1]))
        if where.origin != address(self.base).origin:
            raise DeskError("hub.garbled", host=address(self.base).name, reason=_NO_END)
        return urlsplit(where.url)._replace(scheme="", netloc="").geturl()


def _check(repository: str) -> None:
    if not _ID.fullmatch(repository) or ".." in repository:
        raise DeskError("hub.not_found", name=repository[:120])


class _About(msgspec.Struct):
    """What is wanted of all that is said of a repository; the rest is skipped unread."""

    sha: str | None = None


def _found(reply: Reply) -> tuple[Repository, ...]:
    """The repositories of an answer to a search, each once. Raises `hub.garbled`."""
    seen: dict[str, Repository] = {}
    for entry in _elements(reply, MOST):
        one = _repository(entry)
        if one is not None:
            seen.setdefault(one.id, one)
    return tuple(seen.values())


def _commit(reply: Reply) -> str:
    """The commit that a repository is at. Raises `hub.garbled`."""
    try:
        said = msgspec.json.decode(reply.body, type=_About).sha or ""
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = _NO_COMMIT if isinstance(error, msgspec.ValidationError) else _NO_JSON
        raise _garbled(reply, reason, str(error)) from error
    if not _COMMIT.fullmatch(said):
        raise _garbled(reply, _NO_COMMIT)
    return said


def _files(reply: Reply, most: int) -> list[RemoteFile]:
    """The files on a page of a listing that has at most so many. Raises `hub.garbled`."""
    entries = _elements(reply, most + 1)
    if len(entries) > most:
        raise _garbled(reply, _NO_LIST)
    found = (hub_files.tree_file(entry) for entry in entries if isinstance(entry, dict))
    return [file for file in found if file is not None]


def _elements(reply: Reply, most: int) -> list[Any]:
    """The first elements of a list: it is cut into them before anything in it is made. Raises `hub.garbled`."""
    if reply.body.count(b",") > _MOST_VALUES:
        raise _garbled(reply, _NO_LIST)
    try:
        parts = msgspec.json.decode(reply.body, type=list[msgspec.Raw])
        return [msgspec.json.decode(part) for part in parts[:most]]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        reason = _NO_LIST if isinstance(error, msgspec.ValidationError) else _NO_JSON
        raise _garbled(reply, reason, str(error)) from error


def _garbled(reply: Reply, reason: str, detail: str = "") -> DeskError:
    return DeskError("hub.garbled", detail[:200], host=address(reply.url).name, reason=reason)


def _repository(entry: object) -> Repository | None:
    if not isinstance(entry, dict):
        return None
    name = entry.get("id", entry.get("modelId"))
    if not isinstance(name, str) or not _ID.fullmatch(name) or ".." in name:
        return None
    tags = entry.get("tags")
    updated = entry.get("lastModified", entry.get("createdAt"))
    return Repository(
        id=name,
        downloads=_count(entry.get("downloads")),
        likes=_count(entry.get("likes")),
        updated=updated[:10] if isinstance(updated, str) and re.match(r"\d{4}-\d\d-\d\d", updated) else None,
        gated=bool(entry.get("gated")),
        tags=tuple(tag[:100] for tag in tags[:200] if isinstance(tag, str)) if isinstance(tags, list) else (),
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 60 else None
