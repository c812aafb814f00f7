"""What this computer has, as far as the system tells it without being changed: processor, memory, room on a disk.

Graphics devices are the worker's to report: it asks the engine.
"""

from __future__ import annotations

import contextlib
import platform
import shutil
from typing import TYPE_CHECKING

import msgspec
import psutil

if TYPE_CHECKING:
    from pathlib import Path


class Machine(msgspec.Struct, frozen=True):
    """This computer; memory in bytes."""

    processor: str
    cores: int
    threads: int
    memory_total: int
    memory_available: int


def this_machine() -> Machine:
    """Look at this computer, now."""
    memory = psutil.virtual_memory()
    threads = psutil.cpu_count() or 1
    return Machine(_processor(), psutil.cpu_count(logical=False) or threads, threads, memory.total, memory.available)


def room_on_disk(folder: Path) -> int | None:
    """Free bytes where `folder` is, or would be; None where the system does not say."""
    for place in (folder, *folder.parents):
        try:
            return shutil.disk_usage(place).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


def _processor(told: str = "/proc/cpuinfo") -> str:
    """The processor's own name, which Linux tells of most; Python knows it only on some systems."""
    with contextlib.suppress(OSError), open(told, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - no file
        for line in file:
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
