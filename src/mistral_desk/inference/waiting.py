"""Waits with an end, for which the time that the computer slept does not count."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")
STEP_S: Final = 1.0
"""A step that took longer counts as this: some systems' clocks run on while they sleep."""


async def within(event: asyncio.Event, limit_s: float) -> None:
    """Wait for the event, at most so long. In a task that is being cancelled `asyncio.timeout` would raise
    `CancelledError` instead of ending in Python before 3.11.4, and a worker that is being closed would be left.
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=limit_s)
    finally:
        waiting.cancel()


async def patiently(wanted: Coroutine[Any, Any, T], limit_s: float) -> T:
    """What is `wanted`; `TimeoutError` after so many seconds in which this program ran."""
    work = asyncio.ensure_future(wanted)
    steps = max(1, math.ceil(limit_s / STEP_S))
    try:
        for _ in range(steps):
            if (await asyncio.wait({work}, timeout=limit_s / steps))[0]:
                return work.result()
        raise TimeoutError
    finally:
        work.cancel()
