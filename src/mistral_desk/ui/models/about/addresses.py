"""Where a record's addresses lead: absolute, and only what may be opened after a person saw it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

from mistral_desk.catalog.store import PUBLISHER
from mistral_desk.ui.chat.links import allowed

CATALOGUE: Final = f"https://{PUBLISHER}/"
"""What a record's own paths are relative to, where the catalogue does not say from where it was fetched."""


def absolute(address: str | None, base: str = "") -> str:
    """The whole address; empty for none, and for one that must not be opened (`file:`, a script, a hidden host)."""
    base = f"{base.rstrip('/')}/" if base else CATALOGUE
    address = (address or "").strip()
    if not address or not address.isprintable():
        return ""
    try:
        parts = urlsplit(address)
        if not parts.scheme and not parts.netloc and not address.startswith("/"):
            # A bare host, as people write it: example.org/models. Anything else is a path of the catalogue.
            first = parts.path.partition("/")[0]
            address = f"https://{address}" if "." in first and " " not in address else urljoin(base, address)
        elif parts.scheme in ("http", "https") and not parts.netloc:
            return ""
        else:
            address = urljoin(base, address)
    except ValueError:
        return ""
    return address if allowed(address) else ""
