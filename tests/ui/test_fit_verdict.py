"""What *Will it run here?* says: the right rows, the numbers that were planned, and words for all of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mistral_desk.catalog import facts
from mistral_desk.core import amounts, words
from mistral_desk.fit import advice
from mistral_desk.fit.machine import from_fields
from mistral_desk.fit.plan import WITHIN
from mistral_desk.ui.fit import meaning, verdict
from mistral_desk.ui.fit.verdict import Verdict
from tests.fixtures.machines import pc


def of(model: str, ram: float, vram: float = 0, claim: str = "") -> Verdict:
    where = pc(ram, vram)
    return Verdict(advice.variants(facts.find(model)[0], where), where, (), claim)


def test_the_sentence_that_the_product_is_for() -> None:
    found = of("mistral-small-4", 32, 8, "8GB VRAM (Q4)")
    assert verdict.claim_title(found) == "The catalog says “8GB VRAM (Q4)”; the file is 74.2 GB."
    assert verdict.claim_text(found) == (
        "Mistral Small 4 uses a small part of itself per word, but all 74 GB must be within reach; "
        "this computer has 8 + 32 GB."
    )


def test_where_the_claim_is_true_it_is_explained() -> None:
    found = of("mistral-small-4", 96, 8, "8GB VRAM (Q4)")
    assert verdict.claim_text(found).startswith("Both can be true: the GPU holds the 6.4 GB")


def test_without_a_claim_only_what_does_not_fit_is_explained() -> None:
    assert verdict.claim_title(of("mistral-small-4", 32, 8)) == ""
    assert "within reach" in verdict.claim_text(of("mistral-small-4", 32, 8))
    assert verdict.claim_text(of("ministral-3-8b", 32, 8)) == ""


@pytest.mark.parametrize("model", [one.id for one in facts.models()])
@pytest.mark.parametrize("ram", [8, 32, 128])
def test_rows_of_every_model(model: str, ram: float) -> None:
    """Best first, smaller is smaller, better is larger and finer, nothing lost, and the bar adds up."""
    found = of(model, ram, 8)
    shown, rest = verdict.chosen(found.variants)
    assert len(shown) + len(rest) == len(found.variants)
    if not found.variants:
        return
    by_place = dict(shown)
    best = shown[0][1]
    assert shown[0][0] == ("best" if best.usable else "closest")
    assert best is found.variants[0]
    if "smaller" in by_place:
        assert by_place["smaller"].bytes < best.bytes
        assert by_place["smaller"].sane
    if "better" in by_place:
        assert by_place["better"].bits > best.bits
        assert by_place["better"].bytes > best.bytes
    for one in found.variants:
        bar = verdict.parts(one, found.machine)
        assert all(part.bytes > 0 for part in bar)
        planned = sum(holding.total for holding in one.plan.holdings) if one.plan.fits else one.bytes
        assert sum(part.bytes for part in bar) == planned
        assert bool(verdict.answer_words(one)) == one.plan.fits
        assert verdict.spoken(one, found.machine).startswith(verdict.speed_word(one))


def test_shared_memory_is_not_called_a_gpu_s() -> None:
    where = pc(128, unified=True, ram_gbps=546)
    found = advice.variants(facts.find("mistral-small-4")[0], where)[0]
    assert {part.where for part in verdict.parts(found, where)} == {"shared", "memory"}


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.4, "about a second"), (40, "about 40 s"), (840, "about 14 min"), (5000, "about 83 min"), (9000, "about 2 h")],
)
def test_times(seconds: float, told: str) -> None:
    assert amounts.roughly(seconds) == told


def test_what_a_word_for_speed_means_is_what_it_takes() -> None:
    assert dict(WITHIN) == {"fast": 20, "comfortable": 60, "slow": 150}
    guide = (Path(__file__).parents[2] / "docs" / "guide" / "README.md").read_text(encoding="utf-8")
    told = {"fast": "within 20 seconds", "comfortable": "within a minute", "slow": "within two and a half minutes"}
    for word, time in told.items():
        assert time in next(line for line in guide.splitlines() if line.startswith(f"- **{word.capitalize()}**"))
    assert told["fast"] in meaning.SPEEDS["fast"]
    assert told["comfortable"] in meaning.SPEEDS["comfortable"]
    assert "between one minute and two and a half" in meaning.SPEEDS["slow"]


def test_a_row_names_only_those_estimates_that_it_rests_on() -> None:
    """An SSD's speed is nothing to a model that lies in memory; of the computer as a whole it is told."""
    where = from_fields({"ram_gb": 64, "gpus": [{"name": "a card", "vram_gb": 8}]})
    (small,) = (one for one in advice.variants(facts.find("ministral-3-8b")[0], where) if one.quant == "Q4_K_M")
    assert "SSD" in verdict.estimated_words(where)
    assert verdict.estimated_words(where, small) == (
        "Not measured on this computer, so estimated: the free memory, the GPU's free memory, the GPU's speed."
    )
    large = next(iter(advice.variants(facts.find("mistral-small-4")[0], where)))
    assert ("SSD" in verdict.estimated_words(where, large)) is bool(large.plan.spilled)


def test_every_reason_and_source_is_a_word() -> None:
    """In a language that brackets what it was asked for, nothing of ours is left outside of brackets."""
    words.use("qps")
    try:
        found = of("mistral-small-4", 32, 8)
        one = msgspec.structs.replace(found.variants[0], quality_source="rule of thumb: Q4 4.5 bits a number")
        said = [*verdict.why(one), verdict.quality_source(one), verdict.rough_words(one)]
        said += [verdict.estimated_words(found.machine), verdict.computer_words(found.machine)]
        assert all(text.startswith("⟦") for text in said if text)
        assert len(said) > 4
    finally:
        words.use("en")
