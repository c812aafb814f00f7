"""Measures this computer for about a second: how fast its memory is, and its models' disk read in random order.

Plain functions that block: never call them on a window's thread. Results are kept in the cache folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
import time
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

from mistral_desk.core import replacing
from mistral_desk.fit.disk import disk

if TYPE_CHECKING:
    from pathlib import Path

VERSION: Final = 2
"""Of what is measured and how; what another one measured is measured anew."""
FILE: Final = "machine.json"
_BUFFER: Final = 64 << 20
_SHARE: Final = 16
"""A measurement takes at most this part of the free memory."""
_LEAST_TIME: Final = 0.05
"""Seconds of a processor that a measurement takes at least."""
_MOST_THREADS: Final = 8
_BUSY: Final = 40.0
"""Percent of all processors that others use, above which a measurement is not kept."""


class Measured(msgspec.Struct, frozen=True):
    """What was measured, in 10⁹ bytes a second; None where it could not be. `when` in seconds since 1970."""

    ram_gbps: float | None = None
    ssd_random_gbps: float | None = None
    ssd_gbps: float | None = None
    when: float = 0.0
    key: str = ""
    version: int = VERSION


def measured(cache: Path, models: Path, *, again: bool = False) -> Measured:
    """The measurements of this computer: the kept ones, else (or `again`) new ones, which are kept."""
    if not again and (before := kept(cache, models)):
        return before
    streamed, scattered = disk(models)
    found = Measured(memory(), scattered, streamed, time.time(), _key(models))
    if psutil.cpu_percent(0.2) > _BUSY:
        return found  # true for now, but not of this computer
    with contextlib.suppress(OSError):
        replacing.write(cache / FILE, msgspec.json.encode(found))
    return found


def kept(cache: Path, models: Path) -> Measured | None:
    """The kept measurements of this computer, None where there are none; reads one small file."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        found = msgspec.json.decode((cache / FILE).read_bytes(), type=Measured)
        if found.version == VERSION and found.key == _key(models):
            return found
    return None


def memory(seconds: float = 0.6) -> float | None:
    """How fast this computer's memory moves bytes with all cores, reads and writes counted, in 10⁹ bytes a second.

    Each thread's own time counts, so that a thread that has to wait for others' work does not look slow.
    """
    threads = min(psutil.cpu_count(logical=False) or os.cpu_count() or 1, _MOST_THREADS)
    size = min(_BUFFER, psutil.virtual_memory().available // _SHARE // (2 * threads))
    if size < 8 << 20:
        return None
    rates = [0.0] * threads

    def copy(number: int) -> None:
        target, source = ctypes.create_string_buffer(size), ctypes.create_string_buffer(size)
        ctypes.memmove(target, source, size)  # the pages must be there before they are timed
        end = time.perf_counter() + seconds
        moved, began = 0, time.thread_time()
        while time.perf_counter() < end or time.thread_time() - began < _LEAST_TIME:
            ctypes.memmove(target, source, size)  # lets the other threads run meanwhile
            moved += 2 * size
        rates[number] = moved / max(time.thread_time() - began, _LEAST_TIME)

    workers = [threading.Thread(target=copy, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(rates) / 1e9


def _key(models: Path) -> str:
    """What a measurement belongs to: the processor's size, the memory, and the disk of the models."""
    place = next((folder for folder in (models, *models.parents) if folder.exists()), models)
    device = place.stat().st_dev if place.exists() else 0
    return f"{psutil.cpu_count()}-{psutil.virtual_memory().total}-{device}"
