"""How many cores of this computer may compute: physical ones that this process is allowed to use, fast ones only.

Slow (efficiency) cores are left out: all threads wait for the slowest one at every step of a model.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import Final

import psutil

_INTEL: Final = Path("/sys/devices/cpu_core/cpus")
_CPUS: Final = Path("/sys/devices/system/cpu")
_SLOWER: Final = 0.8
"""Of the fastest core's capacity, as Linux rates cores of ARM: what is below is another kind of core."""
_CORE_RECORD: Final = struct.Struct("<IIBB")
"""Relation, bytes of the record, flags and efficiency class (Windows' `SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX`)."""


def cores() -> int:
    """Cores that may compute, at least one."""
    count = _fast() or psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):  # pragma: no branch - Linux has it, Windows and macOS have not
        count = min(count, len(os.sched_getaffinity(0)))
    return max(1, count)


def _fast() -> int | None:
    """Fast cores of a processor that has two kinds; None where the system does not tell."""
    if sys.platform == "darwin":
        return _apple()
    elif sys.platform == "win32":
        return _windows()
    else:
        return intel(_INTEL, _CPUS) or arm(_CPUS)


def intel(listed: Path, cpus: Path) -> int | None:
    """From Linux's list of the fast ones among Intel's cores: processors, two of which may be one core."""
    try:
        numbers = [
            int(part)
            for piece in listed.read_text(encoding="ascii").strip().split(",")
            for part in (piece.split("-") * 2)[:2]
        ]
        fast = {cpu for low, high in zip(numbers[::2], numbers[1::2], strict=True) for cpu in range(low, high + 1)}
        return len({_siblings(cpus / f"cpu{cpu}") for cpu in fast}) or None
    except (OSError, ValueError):
        return None


def arm(cpus: Path) -> int | None:
    """From the capacities that Linux gives ARM's cores; None where there are none, or all are alike."""
    try:
        found = {
            path.parent.name: (int(path.read_text(encoding="ascii")), _siblings(path.parent))
            for path in cpus.glob("cpu[0-9]*/cpu_capacity")
        }
    except (OSError, ValueError):
        return None
    most = max((capacity for capacity, _ in found.values()), default=0)
    fast = {core for capacity, core in found.values() if capacity >= _SLOWER * most}
    return len(fast) if most and len(fast) < len({core for _, core in found.values()}) else None


def windows(records: bytes) -> int | None:
    """From what Windows tells of each core: those of the highest efficiency class, which are the fast ones."""
    classes: list[int] = []
    place = 0
    while place + _CORE_RECORD.size <= len(records):
        relation, size, _flags, kind = _CORE_RECORD.unpack_from(records, place)
        if size < _CORE_RECORD.size:
            return None
        if relation == 0:
            classes.append(kind)
        place += size
    return classes.count(max(classes)) if classes else None


def _siblings(cpu: Path) -> str:
    return (cpu / "topology" / "thread_siblings_list").read_text(encoding="ascii").strip()


def _apple() -> int | None:  # pragma: no cover - only macOS has what it asks
    value, size = ctypes.c_int(0), ctypes.c_size_t(ctypes.sizeof(ctypes.c_int))
    ask = ctypes.CDLL(None).sysctlbyname
    if ask(b"hw.perflevel0.physicalcpu", ctypes.byref(value), ctypes.byref(size), None, 0):
        return None  # processors of one kind have no levels
    return value.value or None


def _windows() -> int | None:  # pragma: no cover - only Windows has what it asks
    if sys.platform == "win32":
        ask = ctypes.WinDLL("kernel32").GetLogicalProcessorInformationEx
        size = ctypes.c_ulong(0)
        ask(0, None, ctypes.byref(size))
        records = ctypes.create_string_buffer(size.value)
        if size.value and ask(0, records, ctypes.byref(size)):
            return windows(records.raw)
    return None
