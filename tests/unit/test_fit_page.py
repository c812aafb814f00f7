"""The page about fit says what the program says: its tables are computed anew and compared, cell by cell."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from mistral_desk.fit.advice import SPEED_WORDS, Variant, ranking
from mistral_desk.fit.machine import Machine, from_fields
from tests.fixtures.machines import LAPTOP_4060, STRIX_HALO, pc, two_cards
from tests.unit.test_fit_advice import variant

PAGE = Path(__file__).parents[2] / "docs" / "fit.md"
MAC: dict[str, Any] = {"unified": True, "ssd_gbps": 5, "ssd_random_gbps": 0.7}
DESCRIBED: dict[str, Machine] = {
    "16 GB laptop, no GPU": pc(16),
    **{f"8 + {ram}": pc(ram, 8) for ram in (16, 32, 64, 96, 128)},
    "32 GB Mac, 120 GB/s": pc(32, ram_gbps=120, **MAC),
    "128 GB Mac, 546 GB/s": pc(128, ram_gbps=546, **MAC),
    "2 × 24 + 64": two_cards("RTX 3090", 24, 23.5, 936),
    "128 GB Strix Halo": from_fields(STRIX_HALO),
}
MEASURED: dict[tuple[str, str], tuple[str, str, Machine]] = {
    ("2 × RTX 3090 (936 GB/s, 23.9 GB free)", "Mistral Small 4 UD-IQ3_XXS"): (
        "mistral-small-4", "UD-IQ3_XXS", two_cards("RTX 3090", 24, 23.9, 936),
    ),
    ("Strix Halo 128 GB (256 GB/s)", "Mistral Small 4 UD-Q4_K_XL"): (
        "mistral-small-4", "UD-Q4_K_XL", from_fields(STRIX_HALO),
    ),
    ("2 × W7800 48 GB (864 GB/s)", "Mistral Small 4 UD-Q4_K_M"): (
        "mistral-small-4", "UD-Q4_K_M", two_cards("PRO W7800 48GB", 48, 47.5, 864),
    ),
    ("RTX 4060 Laptop 8 GB, 32 GB", "Gemma 4 26B-A4B UD-Q4_K_XL"): (
        "gemma-4-26b-a4b", "UD-Q4_K_XL", from_fields(LAPTOP_4060),
    ),
}  # fmt: skip


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    part = PAGE.read_text(encoding="utf-8").partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def rate(value: float) -> str:
    """Two digits that mean something."""
    return f"{float(f'{value:.2g}'):g}"


def span(found: Variant, between: str) -> str:
    speed = found.plan.speed
    assert speed
    return between.join(map(rate, (speed.tokens_per_s.low, speed.tokens_per_s.mid, speed.tokens_per_s.high)))


def offered(machine: Machine) -> str:
    return "; ".join(f"{offer.variant.name} {offer.variant.quant}" for offer in ranking(machine) if offer.role)


def places(found: Variant) -> str:
    return " / ".join(f"{found.plan.where(place) / 1e9:.1f}" for place in ("gpu", "memory", "disk"))


def test_every_described_computer_is_on_the_page() -> None:
    assert [row[0] for row in rows("Described computers")] == list(DESCRIBED)
    assert [(row[0], row[1]) for row in rows("Measured elsewhere, and predicted")] == list(MEASURED)


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_described_computer_gets_what_the_page_says(name: str) -> None:
    machine = DESCRIBED[name]
    found = variant("mistral-small-4", "UD-Q4_K_XL", machine)
    expected = [name, SPEED_WORDS[found.word], places(found), span(found, "–"), offered(machine)]
    assert next(row for row in rows("Described computers") if row[0] == name) == expected


@pytest.mark.parametrize("case", MEASURED, ids=lambda case: case[0])
def test_what_was_measured_elsewhere_is_predicted_as_the_page_says(case: tuple[str, str]) -> None:
    model, quantization, machine = MEASURED[case]
    found = variant(model, quantization, machine)
    row = next(row for row in rows("Measured elsewhere, and predicted") if (row[0], row[1]) == case)
    assert row[3] == span(found, " – ")
    assert found.plan.speed
    low, high = found.plan.speed.tokens_per_s.low, found.plan.speed.tokens_per_s.high
    for measured in row[2].removeprefix("about ").split(";"):
        assert low <= float(measured) <= high


def test_the_one_by_hand_is_the_program_s() -> None:
    """The text adds its terms up; the sum and the range are those of the plan."""
    found = variant("mistral-small-4", "UD-Q4_K_XL", pc(96, 8))
    text = " ".join(PAGE.read_text(encoding="utf-8").partition("**One by hand**")[2].partition("\n\n")[0].split())
    terms = [float(term) for term in re.findall(r"([\d.]+) ms\b", text)]
    assert found.plan.speed
    speed = found.plan.speed.tokens_per_s
    assert f"so {speed.mid:.1f} tokens/s, said as {speed.low:.1f} to {speed.high:.1f}." in text
    assert terms[-1] == pytest.approx(1000 / speed.mid, abs=0.06)
    assert sum(terms[:-1]) == pytest.approx(terms[-1], abs=0.3), "terms are rounded"
