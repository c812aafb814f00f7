"""What a computer has that a model can use, as data: read from a description, or put together from what was found.

A described machine (JSON) stands in for the real one. What a description leaves out is estimated, and marked so.
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.core.words import mark
from mistral_desk.fit.core_rates import BOUNDS, FORMATS, UNKNOWN, CoreRates

if TYPE_CHECKING:
    from collections.abc import Sequence

GB: Final = 10**9
_MOST_GB: Final = 1e6
_MOST_CORES: Final = 4096
RAM_GBPS: Final = 40.0
UNIFIED_GBPS: Final = 120.0
SSD_GBPS: Final = 2.0
RANDOM_SHARE: Final = 0.15
"""Random reads through a memory map against streaming: 0.7 of 5.3 GB/s were counted on one drive."""
_PCIE_GBPS: Final = 12.0
PINNED: Final = 0.9
MAPPED: Final = 0.55
"""Share of PCIe's speed that copying reaches: from memory that a device fetches by itself, and from other memory."""
_COPYING: Final = 0.9
"""Share of a GPU's memory speed that copying within it reaches, what is read and what is written counted."""
_INTEGRATED_SHARE: Final = 0.85
"""Of the memory's speed that an integrated GPU gets."""
_MAC_SMALL: Final = 36 * GB
_FREE_RAM: Final = 0.85
_FREE_GPU: Final = 0.93
_GPU_GBPS: Final = ((5e9, 150.0), (9e9, 250.0), (13e9, 350.0), (17e9, 450.0), (math.inf, 800.0))
ESTIMATES: Final = {
    "cores": mark("the number of cores"),
    "ram_gb": mark("the size of the memory"),
    "ram_available_gb": mark("the free memory"),
    "ram_gbps": mark("the memory's speed"),
    "core_gbps": mark("the processor's speed"),
    "ssd_gbps": mark("the SSD's speed in a row"),
    "ssd_random_gbps": mark("the SSD's speed in random order"),
    "vram_gb": mark("the size of the GPU's memory"),
    "vram_available_gb": mark("the GPU's free memory"),
    "gbps": mark("the GPU's speed"),
    "pcie_gbps": mark("the speed of the way to the GPU"),
}
"""What `estimated` names, in words."""


class Gpu(msgspec.Struct, frozen=True):
    """A graphics device: memory in bytes, its own speed and that of the way to it in 10⁹ bytes a second.

    `shared`: its memory is the computer's own. `estimated` names the fields that nobody stated or measured. `remote`:
    it is in another computer; then the way is the network, `turn_s` there and back in seconds, `gbps` what a token's
    weights are read with there, and `gflops` its arithmetic on a prompt, 10⁹ operations a second.
    """

    name: str
    memory: int
    free: int
    gbps: float
    pcie_gbps: float = _PCIE_GBPS
    integrated: bool = False
    shared: bool = False
    estimated: tuple[str, ...] = ()
    remote: bool = False
    turn_s: float = 0.0
    gflops: float = 0.0


class Machine(msgspec.Struct, frozen=True):
    """A computer. Memory in bytes, speeds in 10⁹ bytes a second; `ssd_random_gbps` is reading through a memory map
    in random order. `unified`: processor and GPU share one fast memory. `core` is what was measured or stated of one
    thread's arithmetic.
    """

    cores: int
    memory: int
    available: int
    gbps: float
    ssd_gbps: float
    ssd_random_gbps: float
    unified: bool = False
    gpus: tuple[Gpu, ...] = ()
    estimated: tuple[str, ...] = ()
    described: bool = False
    core: CoreRates = UNKNOWN


class GpuReport(msgspec.Struct, frozen=True):
    """A device as the engine reports it; memory in bytes. Measured speeds in 10⁹ bytes a second, None where there are
    none: copying within it, and to it (`way_pinned`: from memory that it fetches from by itself). `core`: processor's.
    """

    name: str
    description: str
    kind: Literal["cpu", "gpu", "integrated", "accelerator", "remote"]
    free: int
    total: int
    gbps: float | None = None
    way_gbps: float | None = None
    way_pinned: bool = False
    core: CoreRates | None = None


def described(document: bytes | str) -> Machine:
    """The machine of a JSON description (sizes in 10⁹ bytes). Raises `machine.description` where it makes no sense."""
    try:
        raw = msgspec.json.decode(document)
    except (ValueError, RecursionError) as error:
        raise DeskError("machine.description", reason="it is not JSON") from error
    return from_fields(raw)


def from_fields(raw: object) -> Machine:
    """The machine of a decoded description. Unknown fields are refused: a misspelt one would be lost in silence."""
    fields = _Fields(raw, "the machine", _MACHINE_KEYS)
    unified = fields.flag("unified")
    cores = fields.number("cores", 1, _MOST_CORES)
    memory = fields.number("ram_gb", 0.25, _MOST_GB) or 8.0
    if not fields.given("ram_gb"):
        fields.estimated.append("ram_gb")
    available = min(fields.or_else("ram_available_gb", memory * _FREE_RAM, 0, _MOST_GB), memory)
    gbps = fields.or_else("ram_gbps", UNIFIED_GBPS if unified else RAM_GBPS, 0.1, _MOST_GB)
    ssd = fields.or_else("ssd_gbps", SSD_GBPS, 0.001, _MOST_GB)
    random = min(fields.or_else("ssd_random_gbps", ssd * RANDOM_SHARE, 0.0001, _MOST_GB), ssd)
    core = CoreRates(fields.rates("core_gbps"), fields.rates("core_gflops"))
    if cores is None:
        fields.estimated.append("cores")
    if not core.known:
        fields.estimated.append("core_gbps")
    listed = [] if fields.raw.get("gpus") is None else fields.raw["gpus"]
    if not isinstance(listed, list) or len(listed) > 64:
        raise DeskError("machine.description", reason="gpus is not a list of devices")
    gpus = tuple(_described_gpu(gpu, memory, available, gbps, unified) for gpu in listed)
    if unified and not gpus:
        gpus = (_unified_gpu(memory, available, gbps),)
    return Machine(
        cores=round(cores or 4),
        memory=round(memory * GB),
        available=round(available * GB),
        gbps=gbps,
        ssd_gbps=ssd,
        ssd_random_gbps=random,
        unified=unified,
        gpus=gpus,
        estimated=tuple(fields.estimated),
        described=True,
        core=core,
    )


def as_description(machine: Machine) -> dict[str, Any]:
    """The description of a machine, in the same form that `described` reads."""
    return {
        "cores": machine.cores,
        "ram_gb": round(machine.memory / GB, 2),
        "ram_available_gb": round(machine.available / GB, 2),
        "ram_gbps": round(machine.gbps, 1),
        "ssd_gbps": round(machine.ssd_gbps, 2),
        "ssd_random_gbps": round(machine.ssd_random_gbps, 3),
        "unified": machine.unified,
        "gpus": [
            {
                "name": gpu.name,
                "vram_gb": round(gpu.memory / GB, 2),
                "vram_available_gb": round(gpu.free / GB, 2),
                "gbps": round(gpu.gbps, 1),
                "pcie_gbps": round(gpu.pcie_gbps, 1),
                "integrated": gpu.integrated,
                **({"remote": True, "turn_ms": gpu.turn_s * 1e3, "gflops": gpu.gflops} if gpu.remote else {}),
            }
            for gpu in machine.gpus
        ],
        **({"core_gbps": dict(machine.core.gbps)} if machine.core.gbps else {}),
        **({"core_gflops": dict(machine.core.gflops)} if machine.core.gflops else {}),
    }


def once(devices: Sequence[tuple[str, str]]) -> list[bool]:
    """For graphics devices by the engine's name and description, whether each counts: a card that appears under two
    interfaces (`CUDA0` and `Vulkan0`) is one, two alike cards under the same one (`CUDA0` and `CUDA1`) are two.
    """
    first: dict[str, str] = {}
    counted = []
    for name, description in devices:
        interface = name.rstrip("0123456789")
        card = re.sub(r"\s*\(.*?\)", "", description or name).casefold()
        counted.append(first.setdefault(card, interface) == interface)
    return counted


def gpus_of(reports: tuple[GpuReport, ...], memory: int, available: int, ram_gbps: float) -> tuple[Gpu, ...]:
    """The graphics devices among what the engine reports.

    Drivers may report more free memory than there is, so it is clamped; a device that appears under two interfaces
    counts once. A memory's speed comes from a table of public specifications, else from measuring, else from its size,
    and is marked; the way to it from measuring, else it is marked too.
    """
    found: list[Gpu] = []
    there = [report for report in reports if report.kind in {"gpu", "integrated"} and report.total > 0]
    for report, counts in zip(there, once([(one.name, one.description) for one in there]), strict=True):
        if not counts:
            continue
        integrated = report.kind == "integrated"
        total = min(report.total, memory) if integrated else report.total
        free = max(0, min(report.free, total, available if integrated else total))
        name = report.description or report.name
        known = known_speed(name) or (report.gbps / _COPYING if report.gbps else None)
        gbps = known or (ram_gbps * _INTEGRATED_SHARE if integrated else _by_size(total))
        way = report.way_gbps / (PINNED if report.way_pinned else MAPPED) if report.way_gbps else None
        estimated = (*(() if known else ("gbps",)), *(() if integrated or way else ("pcie_gbps",)))
        found.append(Gpu(name, total, free, gbps, way or _PCIE_GBPS, integrated, integrated, estimated))
    return tuple(found)


@cache
def _speeds() -> tuple[tuple[re.Pattern[str], float], ...]:
    table: dict[str, float] = msgspec.json.decode(resource("catalog", "gpus.json").read_bytes())["gbps"]
    return tuple((re.compile(rf"\b{re.escape(name)}\b", re.IGNORECASE), speed) for name, speed in table.items())


def known_speed(name: str) -> float | None:
    """A GPU's memory speed by its name, from public specifications; the longest name that fits counts."""
    fitting = [(len(pattern.pattern), speed) for pattern, speed in _speeds() if pattern.search(name)]
    return max(fitting)[1] if fitting else None


def _by_size(total: float) -> float:
    return next(speed for bound, speed in _GPU_GBPS if total < bound)


def _described_gpu(raw: object, memory: float, available: float, ram_gbps: float, unified: bool) -> Gpu:
    fields = _Fields(raw, "a GPU", _GPU_KEYS | _REMOTE_KEYS)
    name = fields.raw.get("name")
    integrated = fields.flag("integrated")
    shared = integrated or unified
    total = fields.number("vram_gb", 0, _MOST_GB)
    if total is None:
        if not shared:
            raise DeskError("machine.description", reason="a GPU has no vram_gb")
        total = _mac_share(memory)
        fields.estimated.append("vram_gb")
    total = min(total, memory) if shared else total
    likely = min(total * _FREE_GPU, available) if shared else total * _FREE_GPU
    free = min(fields.or_else("vram_available_gb", likely, 0, _MOST_GB), total)
    guess = known_speed(str(name))
    if guess is None:
        guess = ram_gbps * (1 if unified else _INTEGRATED_SHARE) if shared else _by_size(total * GB)
    return Gpu(
        name=name if isinstance(name, str) and name else "GPU",
        memory=round(total * GB),
        free=round(free * GB),
        gbps=fields.or_else("gbps", guess, 0.1, _MOST_GB),
        pcie_gbps=_way(fields, ram_gbps) if shared else fields.or_else("pcie_gbps", _PCIE_GBPS, 0.01, _MOST_GB),
        integrated=integrated,
        shared=shared,
        estimated=tuple(fields.estimated),
        remote=fields.flag("remote"),
        turn_s=(fields.number("turn_ms", 0, 60_000) or 0.0) / 1e3,
        gflops=fields.number("gflops", 0, _MOST_GB) or 0.0,
    )


def _way(fields: _Fields, ram_gbps: float) -> float:
    """To a GPU that uses the computer's own memory there is none: nothing has to be copied."""
    return fields.number("pcie_gbps", 0.01, _MOST_GB) or ram_gbps


def _mac_share(memory: float) -> float:
    """What macOS lets the GPU use, in the unit given (10⁹ bytes): about two thirds, of more memory three quarters."""
    return memory * (2 / 3 if memory * GB <= _MAC_SMALL else 0.75)


def _unified_gpu(memory: float, available: float, gbps: float) -> Gpu:
    total = _mac_share(memory)
    return Gpu("GPU", round(total * GB), round(min(total, available) * GB), gbps, gbps, True, True, ("vram_gb", "gbps"))


_MACHINE_KEYS: Final = frozenset(
    {"cores", "ram_gb", "ram_available_gb", "ram_gbps", "ssd_gbps", "ssd_random_gbps", "unified", "gpus"}
    | {"core_gbps", "core_gflops"}
)
_GPU_KEYS: Final = frozenset({"name", "vram_gb", "vram_available_gb", "gbps", "pcie_gbps", "integrated"})
_REMOTE_KEYS: Final = frozenset({"remote", "turn_ms", "gflops"})


class _Fields:
    """Reads a description field by field, and remembers what had to be estimated."""

    def __init__(self, raw: object, what: str, known: frozenset[str]) -> None:
        if not isinstance(raw, dict):
            raise DeskError("machine.description", reason=f"{what} is not an object")
        self.raw: dict[str, Any] = raw
        self.estimated: list[str] = []
        for key in raw:
            if key not in known:
                raise DeskError("machine.description", reason=f"{key} is not a known field")

    def given(self, key: str) -> bool:
        return self.raw.get(key) is not None

    def flag(self, key: str) -> bool:
        value = self.raw.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise DeskError("machine.description", reason=f"{key} is not true or false")

    def number(self, key: str, low: float, high: float) -> float | None:
        value = self.raw.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise DeskError("machine.description", reason=f"{key} is not a number from {low:g} to {high:g}")
        return float(value)

    def rates(self, key: str) -> tuple[tuple[str, float], ...]:
        """Rates by the name of a format; none where the field is left out."""
        value = self.raw.get(key)
        if value is None:
            return ()
        if not isinstance(value, dict):
            raise DeskError("machine.description", reason=f"{key} is not an object of rates by format")
        inner = _Fields(value, key, FORMATS)
        given = ((name, inner.number(name, *BOUNDS)) for name in value)
        return tuple((name, rate) for name, rate in given if rate is not None)

    def or_else(self, key: str, estimate: float, low: float, high: float) -> float:
        value = self.number(key, low, high)
        if value is None:
            self.estimated.append(key)
            return estimate
        return value
