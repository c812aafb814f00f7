"""How fast one thread of a processor computes with weights: measured on it format by format, else as on another one.

Rates are what a thread gets from weights that come from memory, so waiting for them counts; docs/fit.md has the source.
"""

from __future__ import annotations

import math
import statistics
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

CORE_GBPS: Final = (
    (2.6, "Q2_K", 5.0), (3.9, "Q3_K", 9.0), (6.9, "Q4_K", 16.0), (math.inf, "Q8_0", 20.0),
)  # fmt: skip
"""10⁹ bytes of weights a second that one thread unpacks and multiplies: by bits of a number at most, the format that
is measured for them, and the rate where nothing was measured.
"""
TABLES: Final = "IQ2_XXS"
CORE_TABLES: Final = 4.0
"""The same for formats that look numbers up in tables (IQ1 to IQ3)."""
CORE_GFLOPS: Final = 80.0
CORE_GFLOPS_ROUTED: Final = 55.0
"""Arithmetic of one thread on a prompt where nothing was measured; scattered experts less."""
PROMPT_FORMATS: Final = ((6.9, "Q4_K"), (math.inf, "Q8_0"))
"""The format that is measured for prompts, by bits of a number at most."""
BOUNDS: Final = (0.01, 1e4)
"""A measurement beyond these is a mistake of a clock or a damaged file, and does not count."""
_USUAL: Final = {name: rate for _, name, rate in CORE_GBPS} | {TABLES: CORE_TABLES}
FORMATS: Final = frozenset(_USUAL)
"""The formats that are measured, by ggml's name."""


class CoreRates(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one thread gets while as many compute as answer, by ggml's name of a format: `gbps`, 10⁹ bytes of weights a
    second when writing, and `gflops`, 10⁹ operations a second on a prompt. What was not measured is not there.
    """

    gbps: tuple[tuple[str, float], ...] = ()
    gflops: tuple[tuple[str, float], ...] = ()

    @property
    def known(self) -> bool:
        """Whether it says anything about writing."""
        return bool(_sound(self.gbps))


UNKNOWN: Final = CoreRates()


def writing(core: CoreRates, bits: float, *, tables: bool) -> float:
    """10⁹ bytes a second for weights of so many bits a number. A format that was not measured is as much faster or
    slower than usual as the measured ones are (their median).
    """
    name = TABLES if tables else next(name for most, name, _ in CORE_GBPS if bits <= most)
    measured = _sound(core.gbps)
    if name in measured:
        return measured[name]
    ratios = [rate / _USUAL[other] for other, rate in measured.items() if other in _USUAL]
    return _USUAL[name] * (statistics.median(ratios) if ratios else 1.0)


def reading(core: CoreRates, bits: float, *, routed: bool) -> float:
    """10⁹ operations a second on a prompt with weights of so many bits; routed experts get a share of it."""
    measured = _sound(core.gflops)
    name = next(name for most, name in PROMPT_FORMATS if bits <= most)
    rate = measured.get(name) or (statistics.median(measured.values()) if measured else CORE_GFLOPS)
    return rate * (CORE_GFLOPS_ROUTED / CORE_GFLOPS if routed else 1.0)


def _sound(rates: tuple[tuple[str, float], ...]) -> Mapping[str, float]:
    return {name: rate for name, rate in rates if math.isfinite(rate) and BOUNDS[0] <= rate <= BOUNDS[1]}
