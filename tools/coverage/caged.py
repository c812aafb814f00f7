"""Measures the processes that lock themselves in: by their end they can open no file, and some may write into none.

The room for what was measured is mapped at their start, so that the end needs no system call. Run at each start of
Python in the measuring environment, before coverage's own start, which then finds its place taken.
"""

from __future__ import annotations

import atexit
import mmap
import os
import sys
import tempfile
from typing import Final

CONFIG: Final = "COVERAGE_PROCESS_START"
FOLDER: Final = "MISTRAL_DESK_COVERAGE_CAGED"
SUFFIX: Final = ".caged"
_LOCKED: Final = frozenset({"--worker", "--decode", "--formulas", "--bare", "--rpc-lend", "tests.fixtures.escape"})
_ENDED_WHEN_IT_ANSWERS: Final = frozenset({"--decode", "--formulas"})
_ROOM: Final = 8 * 1024 * 1024
_LENGTH: Final = 8


def begin() -> None:
    """Measure this process, if it is one that locks itself in and somebody measures. A second call does nothing."""
    asked = set(sys.orig_argv)
    if CONFIG not in os.environ or FOLDER not in os.environ or _LOCKED.isdisjoint(asked):
        return
    import coverage  # noqa: PLC0415 - at each start of Python, and hardly ever needed

    if hasattr(coverage.process_startup, "coverage"):
        return
    file, _ = tempfile.mkstemp(suffix=SUFFIX, dir=os.environ[FOLDER])
    os.truncate(file, _ROOM)
    room = mmap.mmap(file, _ROOM)
    os.close(file)
    coverage.CoverageData(no_disk=True).dumps()  # imports what it needs, while that can be
    measuring = coverage.Coverage(data_file=None, config_file=os.environ[CONFIG])
    coverage.process_startup.coverage = measuring  # type: ignore[attr-defined] # what tells its own start
    measuring.start()
    leave, write = os._exit, os.write

    def keep() -> None:
        data = measuring.get_data().dumps()
        room[_LENGTH : _LENGTH + len(data)] = data
        room[:_LENGTH] = len(data).to_bytes(_LENGTH, "little")

    def keep_and_leave(status: int) -> None:
        try:
            keep()
        finally:
            leave(status)

    def keep_and_write(file: int, data: bytes) -> int:
        if file == 1:
            keep()
        return write(file, data)

    atexit.register(keep)
    os._exit = keep_and_leave  # type: ignore[assignment]
    if not _ENDED_WHEN_IT_ANSWERS.isdisjoint(asked):
        os.write = keep_and_write  # type: ignore[assignment]


def kept(content: bytes) -> bytes:
    """What a locked-in process left in its room, for coverage's `loads`; empty where it was ended from outside."""
    length = int.from_bytes(content[:_LENGTH], "little")
    return content[_LENGTH : _LENGTH + length]
