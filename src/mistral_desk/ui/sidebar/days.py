"""Conversations in groups by day, as a person remembers them. Pure, so that the calendar can be tested."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from mistral_desk.core import amounts
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from mistral_desk.chat.message import Conversation

_LATEST: Final = 4_102_444_800.0
"""2100, in seconds since 1970: what is later is not read as a date."""


def label(conversation: Conversation, now: datetime) -> str:
    """The group of a conversation at the local time `now`."""
    if conversation.pinned:
        return tr("Pinned")
    day = _day(conversation.updated, now)
    today = now.date()
    if day >= today:
        return tr("Today")
    if day == today - timedelta(days=1):
        return tr("Yesterday")
    if day > today - timedelta(days=7):
        return tr("Last 7 days")
    if day > today - timedelta(days=30):
        return tr("Last 30 days")
    return amounts.month(day.year, day.month)


def groups(conversations: Iterable[Conversation], now: datetime) -> list[tuple[str, list[Conversation]]]:
    """The groups in the order given (pinned first, then the latest first), none of them empty."""
    made: list[tuple[str, list[Conversation]]] = []
    begins, ends, pinned = math.inf, math.inf, False
    for conversation in conversations:
        if conversation.pinned == pinned and (pinned or begins <= conversation.updated < ends):
            made[-1][1].append(conversation)
            continue
        name, pinned = label(conversation, now), conversation.pinned
        begins, ends = _bounds(conversation.updated, now)
        if not made or made[-1][0] != name:
            made.append((name, []))
        made[-1][1].append(conversation)
    return made


def short(moment: float, now: datetime) -> str:
    """A day in few letters: *Today*, *Yesterday*, *2026-11-29*."""
    day, today = _day(moment, now), now.date()
    if day == today:
        return tr("Today")
    return tr("Yesterday") if day == today - timedelta(days=1) else amounts.day(day)


def long(moment: float, now: datetime) -> str:
    """A day in words: *29 November 2026*."""
    day = _day(moment, now)
    return tr("{day} {month}", day=day.day, month=amounts.month(day.year, day.month))


def next_day(now: datetime) -> float:
    """Seconds until the groups are others."""
    return (_midnight(now.date() + timedelta(days=1), now) - now).total_seconds()


def _bounds(moment: float, now: datetime) -> tuple[float, float]:
    """From when until when the label of this moment holds, in seconds since 1970: so few labels have to be made."""
    day, today = _day(moment, now), now.date()
    ends = [today, today - timedelta(days=1), today - timedelta(days=6), today - timedelta(days=29)]
    place = next((place for place, begin in enumerate(ends) if day >= begin), None)
    if place is not None:
        until = _midnight(ends[place - 1], now).timestamp() if place else math.inf
        return _midnight(ends[place], now).timestamp(), until
    begin = day.replace(day=1)
    end = min(ends[-1], (begin + timedelta(days=31)).replace(day=1))
    return _midnight(begin, now).timestamp(), _midnight(end, now).timestamp()


def _day(moment: float, now: datetime) -> date:
    """What was brought in from elsewhere may have any number as its time."""
    return datetime.fromtimestamp(min(max(moment, 0), _LATEST), tz=now.tzinfo).date()


def _midnight(day: date, now: datetime) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo)
