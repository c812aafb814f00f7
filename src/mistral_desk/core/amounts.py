"""Numbers, shares and times as a person reads them, in their language: the one place that writes them."""

from __future__ import annotations

import math
from typing import Final

from mistral_desk.core.words import mark, number, tr, trc, trn

__all__ = ["about", "bytes_of_memory", "file_size", "month", "number", "percent", "seconds", "speed"]

_SIZES: Final = (mark("{number} kB"), mark("{number} MB"), mark("{number} GB"), mark("{number} TB"))
GIB: Final = 2**30
_MONTHS: Final = (
    mark("January {year}"),
    mark("February {year}"),
    mark("March {year}"),
    mark("April {year}"),
    mark("May {year}"),
    mark("June {year}"),
    mark("July {year}"),
    mark("August {year}"),
    mark("September {year}"),
    mark("October {year}"),
    mark("November {year}"),
    mark("December {year}"),
)


def percent(fraction: float) -> str:
    """A share (0 to 1) as whole percent; never 100 before it is done."""
    whole = 100 if fraction >= 1 else max(0, math.floor(fraction * 100))
    return tr("{number} %", number=number(whole))


def seconds(value: float, digits: int = 0) -> str:
    """A time: *12 s*."""
    return trc("seconds", "{number} s", number=number(value, digits))


def about(value: float | None) -> str:
    """A rough time: *about 20 s*, *about 3 min*; empty when unknown or hardly worth saying."""
    if value is None or value < 1.5:
        return ""
    if value < 10:
        return tr("about {time}", time=seconds(round(value)))
    if value < 90:
        return tr("about {time}", time=seconds(5 * round(value / 5)))
    return tr("about {time}", time=trc("minutes", "{number} min", number=number(round(value / 60))))


def speed(tokens_per_s: float) -> str:
    """How fast a model writes: *12.5 tokens/s*, *130 tokens/s*."""
    return trn(
        "{number} token/s",
        "{number} tokens/s",
        1 if tokens_per_s == 1 else max(2, round(tokens_per_s)),
        number=number(tokens_per_s, 1 if tokens_per_s < 20 else 0),
    )


def bytes_of_memory(count: int) -> str:
    """Memory or room on a disk: *15.6 GiB*."""
    return tr("{number} GiB", number=number(count / GIB, 1))


def file_size(count: int) -> str:
    """Files as file managers count them: *812 bytes*, *1.4 MB*."""
    if count < 1000:
        return trn("{n} byte", "{n} bytes", count)
    value, step = count / 1000, 0
    while value >= 999.5 and step < len(_SIZES) - 1:
        value, step = value / 1000, step + 1
    return tr(_SIZES[step], number=number(value, 1 if value < 99.5 else 0))


def month(year: int, number_of_month: int) -> str:
    """A month of a year: *November 2026*. The year is no amount and has no groups."""
    return tr(_MONTHS[number_of_month - 1], year=year)
