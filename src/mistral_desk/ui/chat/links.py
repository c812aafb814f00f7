"""What a link in a text may do: nothing but http, https and mailto, and only after its whole address was seen."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

SCHEMES: Final = ("http", "https", "mailto")
LONGEST: Final = 4096


def allowed(address: str) -> bool:
    """Whether this address may become a link: one of the schemes, no control characters, a host where one is due."""
    if len(address) > LONGEST or not address.isprintable() or "\\" in address:
        return False
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    if parts.scheme == "mailto":
        return "@" in parts.path
    if "@" in parts.netloc:  # a name before the host only ever serves to hide the host
        return False
    return parts.scheme in SCHEMES and bool(host)


def host_of(address: str) -> str:
    """The part that says where a link leads, as the network writes it; empty for mail.

    Letters of other scripts that look like ours (“аpple” with a Cyrillic а) are seen in it to be others.
    """
    try:
        host = urlsplit(address).hostname or ""
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError too: a name that the network does not have
        return ascii(host)[1:-1] if (host := _bare(address)) else ""


def _bare(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
