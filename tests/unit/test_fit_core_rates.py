"""A measured processor is predicted as it is, a described one as the usual one; nonsense is no measure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.fit.core_rates import CORE_GBPS, CORE_TABLES, TABLES, UNKNOWN, CoreRates, reading, writing
from mistral_desk.fit.plan import Wishes, plan
from mistral_desk.fit.speed import Case, prompt_seconds, token_seconds
from tests.fixtures.machines import pc
from tests.unit.test_fit_plan import MINISTRAL

if TYPE_CHECKING:
    from mistral_desk.fit.machine import Machine

MEASURED = CoreRates(
    (("Q8_0", 7.0), ("Q4_K", 5.0), ("Q3_K", 3.5), ("Q2_K", 3.7), ("IQ2_XXS", 1.9)), (("Q4_K", 27.0), ("Q8_0", 20.0))
)


def case(machine: Machine) -> Case:
    made = plan(MINISTRAL, machine, Wishes(context=4096))
    assert made.layout
    return Case(MINISTRAL, machine, made.layout, threads=1)


def times(rates: CoreRates, factor: float) -> CoreRates:
    return CoreRates(*(tuple((name, rate * factor) for name, rate in some) for some in (rates.gbps, rates.gflops)))


def test_a_processor_measured_twice_as_fast_is_predicted_faster() -> None:
    slow, fast = (msgspec.structs.replace(pc(32), core=times(MEASURED, factor)) for factor in (1, 2))
    assert token_seconds(case(slow), 2048) > 1.8 * token_seconds(case(fast), 2048)
    assert prompt_seconds(case(slow), 500) > 1.5 * prompt_seconds(case(fast), 500)


def test_a_described_processor_has_the_usual_rates() -> None:
    assert pc(32).core == UNKNOWN
    assert [writing(UNKNOWN, bits, tables=False) for bits in (2, 3.5, 4.9, 8.5)] == [rate for *_, rate in CORE_GBPS]
    assert writing(UNKNOWN, 2.1, tables=True) == CORE_TABLES
    assert (reading(UNKNOWN, 4.5, routed=False), reading(UNKNOWN, 8.5, routed=True)) == (80, 55)


def test_a_measured_rate_is_the_rate() -> None:
    assert [writing(MEASURED, bits, tables=False) for bits in (2, 3.5, 4.9, 8.5)] == [3.7, 3.5, 5.0, 7.0]
    assert writing(MEASURED, 2.1, tables=True) == dict(MEASURED.gbps)[TABLES]
    assert reading(MEASURED, 4.5, routed=False) == 27
    assert reading(MEASURED, 8.5, routed=True) == pytest.approx(20 * 55 / 80)


def test_a_format_that_was_not_measured_is_slower_as_the_others_are() -> None:
    half = CoreRates((("Q8_0", 10.0),))
    assert [writing(half, bits, tables=False) for bits in (2, 3.5, 4.9)] == [2.5, 4.5, 8.0]
    assert reading(half, 4.5, routed=False) == 80


@pytest.mark.parametrize("rate", [0.0, -3.0, math.nan, math.inf, 1e-300, 1e300])
def test_a_measurement_that_cannot_be_does_not_count(rate: float) -> None:
    broken = CoreRates((("Q8_0", rate), ("Q4_K", rate)), (("Q8_0", rate),))
    assert not broken.known
    for bits in (2, 4.5, 8.5):
        assert writing(broken, bits, tables=False) == writing(UNKNOWN, bits, tables=False)
        assert reading(broken, bits, routed=False) == reading(UNKNOWN, bits, routed=False)
    partly = CoreRates((("Q8_0", rate), ("Q4_K", 8.0)))
    assert (partly.known, writing(partly, 8.5, tables=False)) == (True, 10.0)
