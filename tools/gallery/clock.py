"""A calendar that stands still: pictures that are drawn tomorrow are the same, although chats age from now on."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Iterator

MOMENT: Final = dt.datetime(2026, 11, 24, 15, 30, tzinfo=dt.UTC)
"""An afternoon late in a month: what is hours, days and weeks old is in groups of its own."""


class _Still(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> _Still:
        return cls.fromtimestamp(MOMENT.timestamp(), tz)


@contextmanager
def still() -> Iterator[None]:
    """The program reads `MOMENT` from the computer's clock, in UTC; on Windows the time zone stays the computer's. What
    measures durations goes on: that is another clock.
    """
    own = dt.datetime
    with ExitStack() as stack:
        stack.enter_context(_zone())
        stack.enter_context(mock.patch.object(time, "time", MOMENT.timestamp))
        for name, module in list(sys.modules.items()):
            ours = name.partition(".")[0] == "mistral_desk" and getattr(module, "datetime", None) is own
            if name == "datetime" or ours:
                stack.enter_context(mock.patch.object(module, "datetime", _Still))
        yield


@contextmanager
def _zone() -> Iterator[None]:
    with mock.patch.dict(os.environ, TZ="UTC"):
        _read_zone()
        yield
    _read_zone()


def _read_zone() -> None:
    if sys.platform != "win32":
        time.tzset()
