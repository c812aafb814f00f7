"""Whether a quantization on the hub would run here, told by its own headers before anything is downloaded."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mistral_desk.catalog.claims import header_facts
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.catalog.hub import Hub
    from mistral_desk.catalog.hub_files import Listing
    from mistral_desk.catalog.hub_files import Variant as RemoteVariant
    from mistral_desk.catalog.keeper import Keeper
    from mistral_desk.fit.advice import Variant
    from mistral_desk.inference.fitting import Fitting


async def remote_verdict(
    listing: Listing,
    variant: RemoteVariant,
    fitting: Fitting,
    hub: Hub,
    catalogue: Keeper,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Variant, int, int]:
    """The verdict, with the bytes and requests that it took; both are 0 where the headers were read before.

    What the headers say is kept in the catalogue. Raises `net.…`, `hub.…` and `model.…`.
    """
    known = await fitting.remote(listing, variant)
    if known is not None:
        return known, 0, 0
    read = await hub.headers(listing, variant, progress)
    proven, more, asked = await hub.proven(listing, read.headers[0])
    verdict = await fitting.remote(proven, variant, read.headers)
    first, *others = read.headers
    name = PurePosixPath(variant.files[0].path).name
    await catalogue.learn(listing.repository, header_facts(first, f"{listing.repository}/{name}", others))
    if verdict is None:  # it is made of the headers that were just read
        raise DeskError("hub.not_found", name=listing.repository)
    return verdict, read.bytes_read + more, read.requests + asked
