"""What stands before a repository of the hub: its licence, its gate, and whether a token opens it.

Addresses as Hugging Face has them: `/api/models/NAME` says `gated` (false, "auto", "manual") and, from the model's
card, the licence; `/api/whoami-v2` says whose a token is; a HEAD on a file says whether this token may have it, with
`X-Error-Code: GatedRepo` where its owner has not agreed yet. A token goes to the hub alone and into no error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import quote, urlsplit

import msgspec

from mistral_desk.catalog import remote
from mistral_desk.catalog.hub_files import RemoteFile
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark
from mistral_desk.net.addresses import address
from mistral_desk.net.client import Purpose, Wants

if TYPE_CHECKING:
    from mistral_desk.catalog.hub import Hub
    from mistral_desk.net.client import Net

Gate: TypeAlias = Literal["none", "automatic", "manual", "unknown"]
"""`automatic`: who agrees gets it at once; `manual`: its publisher decides."""
Access: TypeAlias = Literal["open", "granted", "token", "agreement", "scope", "unknown"]
"""What is missing: a `token` that the hub takes, its owner's `agreement`, or the token's right to read (`scope`)."""

ASKING: Final = mark("Asking what stands before a download")
TOKEN: Final = mark("Testing an access token")
_LIMIT: Final = 8_000_000
_SECONDS: Final = 30.0
_LONGEST: Final = 300
_LED_ON: Final = frozenset({301, 302, 303, 307, 308})
_KNOWN: Final = frozenset({200, 401, 403, 404, 410, 429, 503})
_GATES: Final[dict[object, Gate]] = {False: "none", "auto": "automatic", "manual": "manual", True: "manual"}
_NO_OBJECT: Final = mark("it is no description of a model")
_TERMS: Final = {
    "apache-2.0": "https://www.apache.org/licenses/LICENSE-2.0",
    "mit": "https://opensource.org/license/mit",
    "gemma": "https://ai.google.dev/gemma/terms",
    "cc-by-4.0": "https://creativecommons.org/licenses/by/4.0/",
    "cc-by-nc-4.0": "https://creativecommons.org/licenses/by-nc/4.0/",
}
"""Where licences stand that repositories name without a link."""


class About(msgspec.Struct, frozen=True):
    """What the hub says of a repository; None and `unknown` where it says nothing. `revision` is its newest commit.

    `license` is the hub's word for it ("apache-2.0", "other"), `name` what its publisher calls it, `link` where it is.
    """

    repository: str
    revision: str | None
    gate: Gate
    license: str | None
    name: str | None
    link: str | None


class Asked(msgspec.Struct, frozen=True):
    """A file of a repository at a revision."""

    repository: str
    revision: str
    file: RemoteFile


def page(base: str, repository: str) -> str:
    """Where a person reads about a repository, and agrees to its terms."""
    return f"{base}/{quote(repository, safe='/')}"


def tokens_page(base: str) -> str:
    """Where a person makes a token."""
    return f"{base}/settings/tokens"


async def about(net: Net, hub: Hub, repository: str) -> About:
    """Licence and gate of a repository. Raises `net.…`, `hub.not_found`, `hub.gated`, `hub.garbled`."""
    hub.url(repository, "main", RemoteFile("README.md", 0))  # refuses what cannot be a repository's name
    wants = Wants({"accept": "application/json"}, token=await hub.token(), allow=_KNOWN, elsewhere=False)
    url = f"{hub.base}/api/models/{repository}"
    reply = await net.fetch(url, Purpose("hub", ASKING), limit=_LIMIT, seconds=_SECONDS, wants=wants)
    host = address(hub.base).name
    if reply.status != 200:
        raise remote.refused(host, reply.status, reply.headers, repository)
    found = _object(reply.body, host)
    card = found.get("cardData")
    card = card if isinstance(card, dict) else {}
    tags = found.get("tags")
    tagged = [tag for tag in tags[:200] if isinstance(tag, str)] if isinstance(tags, list) else []
    license_ = _text(card.get("license")) or next((t[8:] for t in tagged if t.startswith("license:")), None)
    revision = found.get("sha")
    gated = found.get("gated")
    return About(
        repository,
        revision if isinstance(revision, str) and len(revision) == 40 and revision.isalnum() else None,
        _GATES.get(gated, "unknown") if isinstance(gated, bool | str) else "unknown",
        license_,
        _text(card.get("license_name")),
        _link(hub.base, repository, _text(card.get("license_link")), license_),
    )


async def access(net: Net, hub: Hub, asked: Asked, token: str | None) -> Access:
    """Whether this token (or nobody in particular, without one) may have a file. Raises `net.…` and `hub.not_found`."""
    wants = Wants(token=token, allow=_KNOWN | _LED_ON, method="HEAD", elsewhere=False)
    repository = asked.repository
    url = hub.url(repository, asked.revision, asked.file)
    reply = await net.fetch(url, Purpose("hub", ASKING), limit=_LIMIT, seconds=_SECONDS, wants=wants)
    if reply.status == 200 or reply.status in _LED_ON:
        return "granted" if token else "open"
    if reply.status not in {401, 403}:
        raise remote.refused(address(hub.base).name, reply.status, reply.headers, repository)
    code = reply.headers.get("x-error-code", "")
    if code in {"RepoNotFound", "EntryNotFound", "RevisionNotFound"} and token:
        raise DeskError("hub.not_found", name=repository)
    if reply.status == 401 or not token:
        return "token"
    return "agreement" if code == "GatedRepo" else "scope"


async def account(net: Net, hub: Hub, token: str) -> str:
    """Whose token it is. Raises `hub.token_refused` and `net.…`."""
    wants = Wants({"accept": "application/json"}, token=token, allow=_KNOWN, elsewhere=False)
    url = f"{hub.base}/api/whoami-v2"
    reply = await net.fetch(url, Purpose("hub", TOKEN), limit=_LIMIT, seconds=_SECONDS, wants=wants)
    host = address(hub.base).name
    if reply.status in {401, 403}:
        raise DeskError("hub.token_refused", host=host)
    if reply.status != 200:
        raise remote.refused(host, reply.status, reply.headers, "whoami-v2")
    return _text(_object(reply.body, host).get("name")) or ""


def _object(body: bytes, host: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DeskError("hub.garbled", str(error)[:200], host=host, reason=_NO_OBJECT) from error
    if not isinstance(found, dict):
        raise DeskError("hub.garbled", host=host, reason=_NO_OBJECT)
    return found


def _text(value: object) -> str | None:
    """A line from outside, as it may be shown."""
    if isinstance(value, list):
        value = next((one for one in value if isinstance(one, str)), None)
    if not isinstance(value, str):
        return None
    line = "".join(sign if sign.isprintable() else " " for sign in value[:_LONGEST]).strip()
    return line or None


def _link(base: str, repository: str, link: str | None, license_: str | None) -> str | None:
    """Where the licence is: an address of the web, or a file of the repository."""
    if link is None:
        return _TERMS.get(license_ or "")
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    if parts.scheme in {"http", "https"} and parts.netloc:
        return link
    if parts.scheme or parts.netloc or ".." in link:
        return None
    return f"{page(base, repository)}/blob/main/{quote(link.lstrip('/'))}"
