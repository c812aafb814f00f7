"""How the catalogue's records would run here: a record may stand for several models, its best one speaks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.catalog import facts
from mistral_desk.catalog.search import Fit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.fit.advice import Offer


def by_record(offers: Sequence[Offer]) -> tuple[dict[str, Offer], dict[str, Fit]]:
    """The best offer of each record, and what search and sort ask of it, by the record's id.

    `runs` is said of what one can chat with and may be recommended: a file that its few bits damaged is no fit.
    """
    slugs = {one.id: one.catalog for one in facts.models()}
    best: dict[str, Offer] = {}
    fits: dict[str, Fit] = {}
    for rank, offer in enumerate(offers):
        slug = slugs.get(offer.variant.model, offer.variant.model)
        if slug not in best:
            best[slug] = offer
            runs = offer.variant.usable and offer.variant.quality != "damaged"
            fits[slug] = Fit(rank, runs, offer.variant.bytes)
    return best, fits
