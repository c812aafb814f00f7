"""Conversations in groups by day, as a person remembers them. Pure, so that the calendar can be tested."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mistral_desk.core.amounts import month
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mistral_desk.chat.message import Conversation


def label(conversation: Conversation, now: datetime) -> str:
    """The group of a conversation at the local time `now`."""
    if conversation.pinned:
        return tr("Pinned")
    day = datetime.fromtimestamp(conversation.updated, tz=now.tzinfo).date()
    today = now.date()
    if day >= today:
        return tr("Today")
    if day == today - timedelta(days=1):
        return tr("Yesterday")
    if day > today - timedelta(days=7):
        return tr("Last 7 days")
    if day > today - timedelta(days=30):
        return tr("Last 30 days")
    return month(day.year, day.month)


def groups(conversations: Iterable[Conversation], now: datetime) -> list[tuple[str, list[Conversation]]]:
    """The groups in the order given (pinned first, then the latest first), none of them empty."""
    made: list[tuple[str, list[Conversation]]] = []
    for conversation in conversations:
        name = label(conversation, now)
        if not made or made[-1][0] != name:
            made.append((name, []))
        made[-1][1].append(conversation)
    return made


def matching(conversations: Iterable[Conversation], words: str) -> list[Conversation]:
    """Those whose title has all the words, whatever their case."""
    wanted = words.casefold().split()
    return [one for one in conversations if all(word in one.title.casefold() for word in wanted)]
