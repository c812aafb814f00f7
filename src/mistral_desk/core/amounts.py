"""Numbers, shares and times as a person reads them, in their language: the one place that writes them."""

from __future__ import annotations

import math
import time
from datetime import date, datetime
from typing import Final

from mistral_desk.core.words import mark, number, tr, trc, trn

__all__ = [
    "about",
    "day",
    "file_size",
    "memory",
    "moment",
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


def memory(count: int) -> str:
    """A computer's or a card's memory as it is sold, *32 GB*: by 2³⁰ bytes. Room on a disk is counted as files are."""
    size = count / GIB
    if 0 < size < 0.1:
        return file_size(count)
    return tr("{number} GB", number=number(round(size)) if size >= 1 else number(size, 1))


def file_size(count: int) -> str:
    """Files as file managers count them: *812 bytes*, *1.4 MB*."""
    if count < 1000:
        return trn("{n} byte", "{n} bytes", count)
    value, step = count / 1000, 0
    while value >= 999.5 and step < len(_SIZES) - 1:
        value, step = value / 1000, step + 1
    return tr(_SIZES[step], number=number(value, 1 if value < 99.5 else 0))


def day(when: float | date) -> str:
    """A day in digits, as the language writes them: *2026-11-29*, *29.11.2026*. `when` is a day, or a Unix time."""
    at = when if isinstance(when, date) else datetime.fromtimestamp(when).astimezone()
    digits = {"year": f"{at.year:04}", "month": f"{at.month:02}", "day": f"{at.day:02}"}
    return trc("a day in digits", "{year}-{month}-{day}", **digits)


def moment(when: float) -> str:
    """A day and the time of it: *2026-11-29 14:05*."""
    return f"{day(when)} {time.strftime('%H:%M', time.localtime(when))}"


def written(iso: str) -> str:
    """A day that stands as ISO 8601 has it at the beginning of a text, in the language; another text stays."""
    try:
        return day(date.fromisoformat(iso[:10])) + iso[10:]
    except ValueError:
        return iso


def month(year: int, number_of_month: int) -> str:
    """A month of a year: *November 2026*. The year is no amount and has no groups."""
    return tr(_MONTHS[number_of_month - 1], year=year)
