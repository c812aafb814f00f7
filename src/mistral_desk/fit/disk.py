"""How fast the models' disk is for what llama.cpp does with it, and how much of a model the system holds in memory.

Functions that block for up to a second; never call them on a window's thread.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import mmap
import os
import random
import re
import sys
import threading
import time
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LEAST_FILE: Final = 256 << 20
"""Bytes of a file that is worth reading for a measurement."""
_MOST_READ: Final = 512 << 20
_MOST_THREADS: Final = 8
RUN: Final = 1 << 20
"""Bytes of an expert's matrix that lie together: a few times as much in large models."""
PIECE: Final = 64 << 10
"""Bytes that one thread takes of it at a time: some rows, as llama.cpp shares them out."""
_CACHED_GBPS: Final = 12.0
"""Faster than this no disk is: what was read came from memory."""
_SAMPLES: Final = 64
_PART: Final = re.compile(r"^(.*)-\d{5}-of-(\d{5})\.gguf$")


def disk(folder: Path, seconds: float = 0.5) -> tuple[float | None, float | None]:
    """How fast the largest model in a folder can be read in order, and in random order through a memory map, in 10⁹
    bytes a second. None where there is no large file, or where the system answers from its own memory.
    """
    file = _largest(folder)
    if file is None:
        return None, None
    try:
        return _streamed(file, seconds / 2), scattered(file, seconds)
    except OSError:
        return None, None


def scattered(file: Path, seconds: float) -> float | None:
    """A file's random order: how fast experts are read that memory does not hold.

    It is mapped as llama.cpp does it: reading in order is announced, nothing else is advised, so the system reads as
    far ahead of a page fault as it would for a model. About as many threads take neighbouring pieces of one expert,
    then of another one elsewhere, and each waits for its own faults: for that a token waits, not for the drive's best.
    """
    _forget(file)
    size, threads = file.stat().st_size, _threads()
    places = [start + piece for start in _starts(size) for piece in range(0, RUN, PIECE)]
    if not places:
        return None
    numbers = itertools.count()
    target = [ctypes.create_string_buffer(PIECE) for _ in range(threads)]
    with file.open("rb") as stream:
        if sys.platform == "linux":
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
            base = (ctypes.c_char * size).from_buffer(mapped)
            address = ctypes.addressof(base)

            def read(thread: int) -> int:
                number = next(numbers)
                if number >= len(places):
                    return 0
                ctypes.memmove(target[thread], address + places[number], PIECE)  # the others run meanwhile
                return PIECE

            rate = _rate(read, threads, seconds)
            del base
    return _believable(rate)


def cached(file: Path) -> float:
    """The share of a model, with all its parts, that the system holds in memory; 0 where it does not tell (on Windows,
    and of files that one may not write). It looks at some pages and reads none.
    """
    if sys.platform == "win32":
        return 0.0
    else:
        found: list[bool] = []
        for part in parts(file):
            with contextlib.suppress(OSError, ValueError):
                found += _held(part)
        return sum(found) / len(found) if found else 0.0


def parts(file: Path) -> tuple[Path, ...]:
    """A model's files: itself, or all parts of a split one that are there."""
    named = _PART.match(file.name)
    if named is None:
        return (file,)
    number = int(named[2])
    names = (f"{named[1]}-{one:05}-of-{named[2]}.gguf" for one in range(1, min(number, 1000) + 1))
    return tuple(part for part in map(file.with_name, names) if part.is_file())


def _held(file: Path) -> list[bool]:
    """For some pages of a file, evenly chosen, whether they are in memory (`mincore`)."""
    size, held = file.stat().st_size, ctypes.create_string_buffer(1)
    if not os.access(file, os.W_OK):
        return []  # of such files everything is said to be there
    ask = ctypes.CDLL(None, use_errno=True).mincore
    ask.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
    found = []
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY) as mapped:
        base = ctypes.c_char.from_buffer(mapped)
        address = ctypes.addressof(base)
        for number in range(_SAMPLES):
            place = (size * (2 * number + 1) // (2 * _SAMPLES)) // mmap.PAGESIZE * mmap.PAGESIZE
            if ask(address + place, 1, held) == 0:
                found.append(bool(held.raw[0] & 1))
        del base
    return found


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


def _starts(size: int) -> list[int]:
    """Where experts could begin, in random order, as many as are read at most."""
    places = list(range(0, size - RUN + 1, RUN))
    random.Random(os.getpid()).shuffle(places)  # noqa: S311 - no secret
    return places[: _MOST_READ // RUN]


def _threads() -> int:
    return min(psutil.cpu_count(logical=False) or 1, _MOST_THREADS)


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
    return path if size >= LEAST_FILE else None


def _forget(file: Path) -> None:
    """Ask the system to drop its copy of a file; where it cannot, the result is judged by what is believable."""
    if sys.platform == "linux":
        with file.open("rb") as stream:
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _believable(rate: float) -> float | None:
    return None if rate <= 0 or rate / 1e9 > _CACHED_GBPS else rate / 1e9
