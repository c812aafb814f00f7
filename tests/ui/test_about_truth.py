"""Claims beside truths on a model's page: both with their sources, one sentence for how they go together."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from mistral_desk.catalog import facts
from mistral_desk.catalog.claims import Claim, Said, claims, in_words
from mistral_desk.ui.fit import verdict as words
from tests.ui import about_ground
from tests.ui.heard import settled, whole
from tools.gallery import checks
from tools.gallery.fit_states import verdict_of
from tools.gallery.fitting import pc

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

MODEL = "mistral-small-4"


def plain(text: str) -> str:
    return " ".join(text.split())


def test_both_sides_stand_there_with_their_sources(qapp: QApplication) -> None:
    record = about_ground.record()
    found = claims(record, facts.find(MODEL))
    assert {claim.about for claim in found} >= {"memory", "context"}
    with about_ground.opened(qapp) as page:
        page.show_record(record, None, found)
        settled()
        assert page.truth is not None
        assert [str(fault) for fault in checks.examine(page)] == []
        text = plain(whole(page.truth))
        assert f"The catalog says: “{record.hardware}”" in text
        assert "74.2 GB" in text
        assert "The catalog says: “128K tokens”" in text
        assert "262 144 tokens" in text
        for claim in found:
            assert plain(in_words(claim.catalogue_source)) in text
            assert plain(in_words(claim.facts_source)) in text
            assert claim.note is None or plain(in_words(claim.note)) in text


def test_where_it_runs_the_sentence_has_this_computer_s_figures(qapp: QApplication) -> None:
    record = about_ground.record()
    with about_ground.opened(qapp) as page:
        page.show_record(record, None, claims(record, facts.find(MODEL)))
        settled()
        assert page.truth is not None
        card = next(card for card in page.truth.cards if card.claim.about == "memory")
        general = card.note.text()
        assert general.startswith("Both can be true")
        runs = verdict_of(MODEL, pc(96, 8))
        page.show_verdict(runs)
        settled()
        here = words.claim_text(dataclasses.replace(runs, claim=card.claim.catalogue_says))
        assert card.note.text() == here != general
        assert page.here is not None
        assert whole(page.here).count("Both can be true") == 0, "it is said once"
        page.show_verdict(verdict_of(MODEL, pc(32, 8)))
        settled()
        assert card.note.text() == general
        assert "must be within reach; this computer has 8 + 32 GB" in plain(whole(page.here))


def test_words_about_hardware_stand_there_without_a_difference_too(qapp: QApplication) -> None:
    record = about_ground.record(hardware_requirements="A small GPU")
    with about_ground.opened(qapp) as page:
        page.show_record(record, None, ())
        settled()
        assert page.truth is not None
        assert "A small GPU" in whole(page.truth)
        assert "What the catalog says it needs" in whole(page.truth)
        assert "Claims and truth" not in whole(page)
        page.show_record(about_ground.record(without=("hardware_requirements",)), None, ())
        settled()
        assert page.truth is None


def test_claims_of_somebody_s_long_words_are_whole(qapp: QApplication) -> None:
    endless = "Speicher" * 40
    claim = Claim("context", endless, Said("{tokens} tokens", {"tokens": 4096}), Said(endless), Said("a header"))
    for width, size in ((900, 100), (620, 200)):
        with about_ground.opened(qapp, width, 4000, size) as page:
            page.show_record(about_ground.record(), None, (claim,))
            settled()
            assert [str(fault) for fault in checks.examine(page)] == []
            assert page.truth is not None
            assert page.truth.cards[0].note.isHidden(), "what nobody explains has no sentence"
