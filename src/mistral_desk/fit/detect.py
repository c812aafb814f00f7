"""Puts this computer together as a machine: what the system tells, what was measured, what the engine reports.

Containers get what their group allows, not what the whole computer has.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from mistral_desk.fit import machine as described
from mistral_desk.fit.core_rates import UNKNOWN
from mistral_desk.fit.cores import cores
from mistral_desk.fit.machine import Gpu, GpuReport, Machine

if TYPE_CHECKING:
    from mistral_desk.fit.measure import Measured

_GROUPS: Final = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
    ),
)
"""A container's limit, what it uses and of what kind: version 2 and version 1 of control groups."""
_CACHED: Final = ("inactive_file", "active_file", "total_inactive_file", "total_active_file")


def this_machine(reports: tuple[GpuReport, ...] = (), measured: Measured | None = None) -> Machine:
    """This computer, now. Speeds that were not measured are estimated, and marked so."""
    total, free = memory()
    unified = sys.platform == "darwin" and platform.machine() == "arm64"
    estimated = []
    gbps, ssd, scattered = (
        (measured.ram_gbps, measured.ssd_gbps, measured.ssd_random_gbps) if measured else (None, None, None)
    )
    if gbps is None:
        gbps = described.UNIFIED_GBPS if unified else described.RAM_GBPS
        estimated.append("ram_gbps")
    if ssd is None:
        ssd = described.SSD_GBPS
        estimated.append("ssd_gbps")
    if scattered is None:
        scattered = ssd * described.RANDOM_SHARE
        estimated.append("ssd_random_gbps")
    core = next((report.core for report in reports if report.core), UNKNOWN)
    if not core.known:
        estimated.append("core_gbps")
    gpus = described.gpus_of(reports, total, free, gbps)
    if unified:
        gpus = tuple(_apple(gpu) for gpu in gpus)
        gbps = max([gbps, *(gpu.gbps for gpu in gpus if "gbps" not in gpu.estimated)])
    return Machine(cores(), total, free, gbps, ssd, min(scattered, ssd), unified, gpus, tuple(estimated), core=core)


def memory() -> tuple[int, int]:
    """Bytes of memory that there are, and that are free, for this process's group."""
    system = psutil.virtual_memory()
    total, free = int(system.total), int(system.available)
    for limit_file, usage_file, details_file in _GROUPS:
        try:
            text = Path(limit_file).read_text(encoding="ascii").strip()
            limit = int(text) if text.isdigit() else 0
            if not 0 < limit < total:
                continue
            used = int(Path(usage_file).read_text(encoding="ascii"))
            rows = dict(line.split() for line in Path(details_file).read_text(encoding="ascii").splitlines())
        except (OSError, ValueError):
            continue  # no such group: no such limit
        cached = max(
            sum(int(rows.get(name, 0)) for name in _CACHED[:2]), sum(int(rows.get(name, 0)) for name in _CACHED[2:])
        )
        total, free = limit, min(free, max(limit - used + cached, 0))
    return total, min(free, total)


def _apple(gpu: Gpu) -> Gpu:
    """On Apple's processors the GPU uses the computer's own memory, whatever kind the engine calls it."""
    return Gpu(gpu.name, gpu.memory, gpu.free, gpu.gbps, gpu.gbps, True, True, gpu.estimated)
