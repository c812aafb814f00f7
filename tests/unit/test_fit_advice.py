"""What people are told: the verdicts that were measured or reported, the ranking, and honest words about both."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mistral_desk.catalog import facts
from mistral_desk.fit.advice import (
    QUALITY_WORDS,
    SPEED_WORDS,
    Variant,
    estimated,
    quality_of,
    ranking,
    variants,
)
from mistral_desk.fit.machine import Machine, from_fields
from tests.fixtures.machines import LAPTOP_4060, STRIX_HALO, pc, two_cards


def variant(model: str, quantization: str, machine: Machine, repository: str = "") -> Variant:
    (found,) = facts.find(model)
    return next(v for v in variants(found, machine) if v.quant == quantization and v.repository.startswith(repository))


def sentences(found: Variant) -> list[str]:
    return [reason.text.format(**reason.params) for reason in found.reasons]


@pytest.mark.parametrize(
    ("model", "quantization", "machine", "measured"),
    [
        ("mistral-small-4", "UD-IQ3_XXS", two_cards("RTX 3090", 24, 23.9, 936), 92.9),
        ("mistral-small-4", "UD-Q4_K_XL", from_fields(STRIX_HALO), 32.3),
        ("mistral-small-4", "UD-Q4_K_XL", from_fields(STRIX_HALO), 35.3),
        ("mistral-small-4", "UD-Q4_K_M", two_cards("PRO W7800 48GB", 48, 47.5, 864), 56.7),
        ("gemma-4-26b-a4b", "UD-Q4_K_XL", from_fields(LAPTOP_4060), 20.0),
    ],
    ids=["2 x 3090", "Strix Halo", "Strix Halo, another report", "2 x W7800", "8 GB laptop"],
)
def test_what_was_measured_elsewhere_lies_in_the_range(
    model: str, quantization: str, machine: Machine, measured: float
) -> None:
    found = variant(model, quantization, machine).plan.speed
    assert found
    assert found.tokens_per_s.low <= measured <= found.tokens_per_s.high


def test_eight_and_thirtytwo_gigabytes() -> None:
    offers = ranking(pc(32, 8))
    assert (offers[0].variant.name, offers[0].role) == ("Gemma 4 26B-A4B", "best")
    assert (offers[1].variant.name, offers[1].role) == ("Ministral 3 8B", "fast")
    assert offers[1].variant.word == "fast"
    large = next(offer.variant for offer in offers if offer.variant.model == "mistral-small-4")
    assert SPEED_WORDS[large.word] == "Too slow for chat"
    assert sentences(large)[0] == (
        "Mistral Small 4 uses a small part of itself per word, but all 74 GB must be within reach; "
        "this computer has 8 + 32 GB."
    )
    assert sentences(large)[1].startswith("Try anyway: about ")


def test_where_the_computer_is_large_enough_and_not_free_enough_that_is_the_reason() -> None:
    """“All 19 GB must be within reach; this computer has 24 GB” would explain nothing."""
    told = [sentences(variant("qwen3.5-35b-a3b", "Q4_K_XL", pc(24, ram_available_gb=free)))[0] for free in (20, 21.5)]
    assert told[0] == (
        "Qwen3.5 35B A3B needs 20.2 GB; of this computer's 24 GB, 18.9 GB are free for it now. "
        "Closing other programs may help."
    )
    assert told[1] == "All of it lies in memory; the processor computes."


def test_the_model_it_is_named_for_comes_first_where_it_fits() -> None:
    offers = ranking(from_fields(STRIX_HALO))
    assert offers[0].variant.model == "mistral-small-4"
    assert offers[0].variant.usable


def test_nothing_damaged_and_nothing_below_three_bits_is_offered() -> None:
    for ram, vram in ((8, 0), (16, 8), (32, 8), (48, 24), (64, 0), (96, 48)):
        for offer in ranking(pc(ram, vram)):
            if offer.role:
                assert offer.variant.sane
                assert offer.variant.usable
                assert offer.variant.bits > 2.9


def test_the_smallest_file_of_mistral_small_4_is_damaged_and_comes_last_of_what_fits() -> None:
    (model,) = facts.find("mistral-small-4")
    found = variants(model, pc(64, 24))
    assert found[0].sane
    tiny = next(v for v in found if v.quant == "UD-IQ1_M")
    assert tiny.quality == "damaged"
    assert tiny.quality_source
    assert all(v.quality == "damaged" or not v.plan.fits for v in found[found.index(tiny) :])
    assert "it is not recommended" in " ".join(sentences(tiny))


def test_a_model_of_which_little_is_known_is_not_put_first() -> None:
    for ram, vram in ((32, 8), (16, 0)):
        for offer in ranking(pc(ram, vram)):
            if offer.role:
                (model,) = facts.find(offer.variant.model)
                assert model.license
                assert model.vision is not None or offer.role == "fast"


def test_a_computer_for_nothing_gets_no_advice_but_the_truth() -> None:
    offers = ranking(pc(1))
    assert offers
    assert all(offer.role == "" and not offer.variant.plan.fits for offer in offers)
    assert "do not fit" in sentences(offers[0].variant)[0]


@pytest.mark.parametrize(
    ("bits", "name", "word"),
    [
        (16.0, "BF16", "near_original"),
        (8.5, "Q8_0", "near_original"),
        (6.6, "Q6_K", "near_original"),
        (4.9, "Q4_K_M", "slightly_reduced"),
        (6.5, "UD-Q4_K_XL", "slightly_reduced"),
        (3.9, "Q3_K_M", "noticeably_reduced"),
        (4.2, "Q3_K_L", "noticeably_reduced"),
        (2.9, "UD-IQ3_XXS", "noticeably_reduced"),
        (2.2, "UD-Q2_K_XL", "damaged"),
        (3.0, "IQ1_M", "damaged"),
    ],
)
def test_a_rule_of_thumb_judges_what_nobody_measured(bits: float, name: str, word: str) -> None:
    found, source = quality_of(bits, name)
    assert found == word
    assert "rule of thumb" in source
    assert quality_of(bits, name, "damaged", "a report") == ("damaged", "a report")


def test_what_was_estimated_is_said_and_nothing_where_all_is_known() -> None:
    guessed = pc(32)
    known = msgspec.structs.replace(guessed, estimated=())
    said, rest = (set(sentences(variant("ministral-3-8b", "Q4_K_M", one))) for one in (guessed, known))
    (estimate,) = said - rest
    assert "core_gbps" in estimate
    assert rest < said


BARE: dict[str, Any] = {
    "ram_gb": 32,
    "gpus": [{"name": "a card", "vram_gb": 8}, {"name": "another", "vram_gb": 1, "integrated": True}],
}
SIZES = {"ram_available_gb", "a card vram_available_gb", "another vram_available_gb"}


@pytest.mark.parametrize(
    ("model", "quantization", "fields", "rests_on"),
    [
        ("ministral-3-8b", "Q4_K_M", BARE, {"a card gbps"}),
        ("ministral-3-8b", "Q4_K_M", {"ram_gb": 32}, {"cores", "core_gbps", "ram_gbps"}),
        ("gemma-4-26b-a4b", "UD-Q4_K_XL", BARE, {"cores", "core_gbps", "ram_gbps", "a card gbps", "a card pcie_gbps"}),
        ("mistral-large-3-675b", "Q4_K_M", BARE, set()),
    ],
    ids=["on the card", "in memory", "on both", "does not fit"],
)
def test_only_what_a_verdict_rests_on_is_called_estimated(
    model: str, quantization: str, fields: dict[str, Any], rests_on: set[str]
) -> None:
    """The SSD's speed, say, only where the model is read from it for every word."""
    machine = from_fields(fields)
    found = variant(model, quantization, machine)
    sizes = {one for one in SIZES if "gpus" in fields or one == "ram_available_gb"}
    assert set(estimated(found.plan, machine)) == rests_on | sizes


def test_an_ssd_s_estimated_speed_is_told_where_it_is_read_for_every_word() -> None:
    found = variant("mistral-small-4", "UD-Q4_K_XL", from_fields(BARE))
    assert found.plan.speed
    assert found.plan.speed.region == "disk"
    assert {"ssd_gbps", "ssd_random_gbps"} <= set(estimated(found.plan, from_fields(BARE)))


@pytest.mark.parametrize("machine", [pc(1), pc(4), pc(16, 1), pc(32, 8), pc(96, 8)])
def test_no_reason_says_nought_of_what_is_something(machine: Machine) -> None:
    for offer in ranking(machine):
        for reason in offer.variant.reasons:
            sizes = [
                value for name, value in reason.params.items() if name in {"gpu_gb", "ram_gb", "read_gb", "lacking"}
            ]
            assert all(float(size) >= 0.1 for size in sizes), reason


def test_the_words_are_the_agreed_ones() -> None:
    assert list(SPEED_WORDS.values()) == ["Fast", "Comfortable", "Slow", "Too slow for chat", "Does not fit"]
    assert list(QUALITY_WORDS.values()) == ["Near original", "Slightly reduced", "Noticeably reduced", "Damaged"]
