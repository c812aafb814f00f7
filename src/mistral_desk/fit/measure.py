"""Measures this computer for about a second: how fast its memory is, and its models' disk read in random order.

Plain functions that block: never call them on a window's thread. Results are kept in the cache folder.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import random
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

import msgspec
import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VERSION: Final = 1
FILE: Final = "machine.json"
_BUFFER: Final = 64 << 20
_SHARE: Final = 16
"""A measurement takes at most this part of the free memory."""
_LEAST_TIME: Final = 0.05
"""Seconds of a processor that a measurement takes at least."""
_MOST_THREADS: Final = 8
_PIECE: Final = 64 << 10
"""Bytes that one step reads: what a page fault brings in with its neighbours."""
_PAGE: Final = 4096
_LEAST_FILE: Final = 256 << 20
_MOST_READ: Final = 512 << 20
_BUSY: Final = 40.0
"""Percent of all processors that others use, above which a measurement is not kept."""
_CACHED_GBPS: Final = 12.0
"""Faster than this no disk is: what was read came from memory."""


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
    file = cache / FILE
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(msgspec.json.encode(found))
        part.replace(file)
    return found


def kept(cache: Path, models: Path) -> Measured | None:
    """The kept measurements of this computer, None where there are none; reads one small file."""
    with contextlib.suppress(OSError, msgspec.DecodeError, msgspec.ValidationError):
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


def disk(folder: Path, seconds: float = 0.5) -> tuple[float | None, float | None]:
    """How fast the largest model in a folder can be read in order, and in random order through a memory map.

    None where there is no large file, or where the system answers from its own memory.
    """
    file = _largest(folder)
    if file is None:
        return None, None
    try:
        return _streamed(file, seconds / 2), _scattered(file, seconds)
    except OSError:
        return None, None


def _streamed(file: Path, seconds: float) -> float | None:
    _forget(file)
    total, start = 0, time.perf_counter()
    with file.open("rb", buffering=0) as stream:
        while total < _MOST_READ and time.perf_counter() - start < seconds:
            part = stream.read(8 << 20)
            if not part:
                break
            total += len(part)
    return _believable(total / max(time.perf_counter() - start, 1e-9))


def _scattered(file: Path, seconds: float) -> float | None:
    """Threads copy pieces from random places of a map, as llama.cpp's threads fault in scattered experts."""
    _forget(file)
    threads = min(psutil.cpu_count(logical=False) or 1, _MOST_THREADS)
    size = file.stat().st_size
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        base = (ctypes.c_char * size).from_buffer(mapped)
        address = ctypes.addressof(base)
        if sys.platform != "win32":  # as for llama.cpp's own map once a model is loaded
            mapped.madvise(mmap.MADV_RANDOM)
        places = list(range(0, size - _PIECE, _PIECE))
        random.Random(os.getpid()).shuffle(places)  # noqa: S311 - no secret
        target = [ctypes.create_string_buffer(_PIECE) for _ in range(threads)]
        shares = [iter(places[number : _MOST_READ // _PIECE : threads]) for number in range(threads)]

        def read(number: int) -> int:
            place = next(shares[number], None)
            if place is None:
                return 0
            ctypes.memmove(target[number], address + place, _PIECE)
            return _PIECE

        rate = _rate(read, threads, seconds)
        del base
    return _believable(rate)


def _rate(step: Callable[[int], int], threads: int, seconds: float) -> float:
    """Bytes a second that all threads move together; a thread whose step gives 0 is done."""
    totals, ends = [0] * threads, [0.0] * threads
    start = time.perf_counter()

    def work(number: int) -> None:
        while time.perf_counter() - start < seconds:
            moved = step(number)
            if not moved:
                break
            totals[number] += moved
        ends[number] = time.perf_counter()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(totals) / max(max(ends) - start, 1e-9)


def _largest(folder: Path) -> Path | None:
    try:
        files = [(path.stat().st_size, path) for path in folder.rglob("*.gguf") if path.is_file()]
    except OSError:
        return None
    size, path = max(files, default=(0, None), key=lambda pair: pair[0])
    return path if size >= _LEAST_FILE else None


def _forget(file: Path) -> None:
    """Ask the system to drop its copy of a file; where it cannot, the result is judged by what is believable."""
    if sys.platform == "linux":
        with file.open("rb") as stream, contextlib.suppress(OSError):
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _believable(rate: float) -> float | None:
    return None if rate <= 0 or rate / 1e9 > _CACHED_GBPS else rate / 1e9


def _key(models: Path) -> str:
    """What a measurement belongs to: the processor's size, the memory, and the disk of the models."""
    place = next((folder for folder in (models, *models.parents) if folder.exists()), models)
    device = place.stat().st_dev if place.exists() else 0
    return f"{psutil.cpu_count()}-{psutil.virtual_memory().total}-{device}"
