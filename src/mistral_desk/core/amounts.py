"""Numbers, shares and times as a person reads them, in their language: the one place that writes them."""

from __future__ import annotations

import math
from typing import Final

from mistral_desk.core.words import mark, number, tr, trc, trn

__all__ = [
    "about",
    "bytes_of_memory",
    "file_size",
    "month",
    "number",
    "percent",
    "roughly",
    "seconds",
    "speed",
    "took",
]

_SIZES: Final = (mark("{number} kB"), mark("{number} MB"), mark("{number} GB"), mark("{number} TB"))
GIB: Final = 2**30
_WORTH: Final = 1.5
"""Seconds below which a time is hardly worth saying."""
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
    """A rough time: *about 20 s*, *about 3 min*, *about 3 h*; empty when unknown or hardly worth saying."""
    if value is None or value < _WORTH:
        return ""
    return roughly(value)


def roughly(value: float) -> str:
    """The same where something has to be said: *about a second*."""
    if value < _WORTH:
        return tr("about a second")
    if value < 10:
        told = seconds(round(value))
    elif value < 90:
        told = seconds(5 * round(value / 5))
    elif value < 90 * 60:
        told = trc("minutes", "{number} min", number=number(round(value / 60)))
    else:
        told = trc("hours", "{number} h", number=number(round(value / 3600)))
    return tr("about {time}", time=told)


def took(value: float) -> str:
    """A time that was measured: *less than 0.1 s*, *0.4 s*, *12 s*, *3 min*."""
    if value < 0.1:
        return tr("less than {time}", time=seconds(0.1, 1))
    if value < 90:
        return seconds(value, 1 if value < 10 else 0)
    return trc("minutes", "{number} min", number=number(round(value / 60)))


def speed(tokens_per_s: float) -> str:
    """How fast a model writes: *12.5 tokens/s*, *130 tokens/s*."""
    return trn(
        "{number} token/s",
        "{number} tokens/s",
        1 if tokens_per_s == 1 else max(2, round(tokens_per_s)),
        number=number(tokens_per_s, 1 if tokens_per_s < 20 else 0),
    )


def bytes_of_memory(count: int) -> str:
    """Memory: *15.6 GiB*. Room on a disk is counted as files are."""
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
