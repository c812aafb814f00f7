"""A record that stands for several models is judged by its best one; what is damaged is no fit."""

from __future__ import annotations

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.fit import advice, machine
from mistral_desk.fit.advice import Offer
from mistral_desk.fit.by_record import by_record

SMALL = machine.described(
    b'{"cores": 8, "ram_gb": 32, "ram_available_gb": 28, "ram_gbps": 60, "ssd_gbps": 3.5, "ssd_random_gbps": 0.7,'
    b' "unified": false, "gpus": []}'
)


def test_the_best_of_several_models_speaks_for_their_record() -> None:
    offers = advice.ranking(SMALL)
    best, fits = by_record(offers)
    slugs = {model.id: model.catalog for model in facts.models()}
    for slug, offer in best.items():
        of_it = [(rank, other) for rank, other in enumerate(offers) if slugs[other.variant.model] == slug]
        assert of_it[0] == (fits[slug].rank, offer)
        assert fits[slug].bytes == offer.variant.bytes
    assert len(best) < len(offers)
    assert [fits[slug].rank for slug in fits] == sorted(fit.rank for fit in fits.values())


def test_what_its_few_bits_damaged_is_no_fit() -> None:
    (offer,) = (offer for offer in advice.ranking(SMALL) if offer.role == "best")
    damaged = Offer(msgspec.structs.replace(offer.variant, quality="damaged"))
    ((_, good),) = by_record([offer])[1].items()
    ((_, bad),) = by_record([damaged])[1].items()
    assert (good.runs, bad.runs) == (True, False)
