"""How long a worker that has work has said nothing, and when that is no slowness any more but a hang.

Its own pace is the measure, never one for all computers: what took a minute once may take many.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import psutil

TICK_S: Final = 1.0
"""Between two looks. More than twice as much counts as that: then the computer slept, or this program was stopped."""
TELL_S: Final = 15.0
TELL_TIMES: Final = 3.0
"""It is told after so many seconds without a word, and so many times the longest pause before."""
HANGS_S: Final = 300.0
HANGS_LOADING_S: Final = 600.0
HANGS_TIMES: Final = 30.0
"""In the same way it is given up, loading later: a graphics driver may build its programs for minutes. Seconds in which
it read from the disk, or was stopped from outside, do not count.
"""
READ_BYTES: Final = 1 << 20
"""Bytes from the disk in one look that are a sign of life."""


@dataclass(frozen=True)
class Quiet:
    """What is to be told: seconds without a word, and whether another program holds the process (SIGSTOP)."""

    seconds: float
    paused: bool = False


class Stir(NamedTuple):
    """What the system knows of the process: bytes that it had read from the disk, and whether it is held."""

    read: int
    paused: bool


class Silence:
    """The silence of one worker. `heard` at each message, `passed` now and then while it has work."""

    def __init__(self, *, loading: bool = False) -> None:
        self._limit = HANGS_LOADING_S if loading else HANGS_S
        self._longest = 0.0
        self._seconds = self._awake = self._still = 0.0
        self._read: int | None = None
        self._paused = False

    def heard(self) -> None:
        """It said something."""
        self._longest = max(self._longest, self._awake)
        self.rest()

    def rest(self) -> None:
        """It has nothing to say: it has no work, or waits for this program."""
        self._seconds = self._awake = self._still = 0.0
        self._read, self._paused = None, False

    def passed(self, elapsed: float, stir: Stir | None = None) -> None:
        """So many seconds went by without a word; `stir` where somebody looked."""
        step = min(max(elapsed, 0.0), 2 * TICK_S)
        self._seconds += step
        if stir is None:
            self._awake += step
            return
        self._paused = stir.paused
        reads = self._read is not None and stir.read - self._read >= READ_BYTES
        self._read = stir.read
        if not stir.paused:
            self._awake += step
        if reads:
            self._still = 0.0
        elif not stir.paused:
            self._still += step

    @property
    def worth_a_look(self) -> bool:
        """Whether it is quiet long enough that the system is asked about the process."""
        return self._seconds >= TELL_S / 3

    @property
    def told(self) -> Quiet | None:
        """What is to be told, None as long as it is within its own pace."""
        if self._seconds < max(TELL_S, TELL_TIMES * self._longest):
            return None
        return Quiet(self._seconds, self._paused)

    @property
    def hangs(self) -> bool:
        """Whether it is given up."""
        return self._still >= max(self._limit, HANGS_TIMES * self._longest)

    @property
    def minutes(self) -> int:
        """The silence in whole minutes, at least one."""
        return max(1, round(self._seconds / 60))


def look(pid: int, proc: Path = Path("/proc")) -> Stir:
    """Ask the system about a process; it blocks for a moment. One that is gone neither reads nor is held.

    Pages of a mapped file count as read on Linux; where a system tells no bytes, faults of pages stand for them.
    """
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            paused = process.status() == psutil.STATUS_STOPPED
            return Stir(_read(process, proc), paused)
    except (psutil.Error, OSError):
        return Stir(0, paused=False)


_PAGE: Final = 1 << 16
"""Bytes that a fault is taken for: systems read some pages at once."""


def _read(process: psutil.Process, proc: Path) -> int:
    try:
        # The twelfth field, major faults (proc(5)); the name before it may hold blanks and brackets.
        faults = int((proc / str(process.pid) / "stat").read_bytes().rpartition(b")")[2].split()[9])
    except (OSError, ValueError, IndexError):
        memory = process.memory_info()
        faults = getattr(memory, "pageins", 0) or getattr(memory, "num_page_faults", 0)
    try:
        counters = getattr(process, "io_counters", None)  # macOS has none
        counted = int(counters().read_bytes) if counters else 0
    except (psutil.Error, OSError, NotImplementedError):
        counted = 0
    return counted + faults * _PAGE
