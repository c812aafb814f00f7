"""What the engine computes on, as it last said: kept, so that a plan need not wait for a worker to start."""

from __future__ import annotations

import contextlib
import logging
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk import __version__
from mistral_desk.core import replacing
from mistral_desk.core.settings import GRAPHICS, glance
from mistral_desk.fit.machine import GpuReport
from mistral_desk.inference.device import Device
from mistral_desk.inference.packs import standing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log: Final = logging.getLogger(__name__)
FILE: Final = "devices.json"
WITHOUT: Final = "devices-processor.json"
"""The same where the person has switched the graphics card off: both are kept, so that switching costs nothing."""


class _Kept(msgspec.Struct, frozen=True):
    """`version` is the program's, with the engine in use: another one may compute on other devices."""

    version: str
    devices: tuple[Device, ...]
    measured: bool = False


class DeviceFile:
    """The devices of this computer. Safe to use from several threads; it reads and writes one small file."""

    def __init__(self, cache: Path, settings: Path | None = None) -> None:
        """`settings` is the person's file, in which a graphics card can be switched off at any time."""
        self._cache, self._settings = cache, settings
        self._path = cache / FILE
        self._kept: _Kept | None = None
        self._lock = threading.Lock()

    def known(self) -> tuple[Device, ...] | None:
        """The devices, None where no worker of this version has told them yet."""
        with self._lock:
            kept = self._known()
            return kept.devices if kept else None

    @property
    def measured(self) -> bool:
        """Whether a worker has measured them, or tried; or there are none."""
        with self._lock:
            kept = self._known()
            return kept is not None and (kept.measured or not kept.devices)

    def reports(self) -> tuple[GpuReport, ...]:
        """The devices as `fit` takes them; none where they are not known."""
        return tuple(
            GpuReport(
                one.name,
                one.description,
                one.kind,
                one.memory_free,
                one.memory_total,
                one.gbps,
                one.way_gbps,
                one.way_pinned,
                one.core,
            )
            for one in self.known() or ()
        )

    def learn(self, devices: Sequence[Device], *, keep: bool = True, measured: bool = False) -> None:
        """Take over what a worker said, who `measured` them or not; with `keep` also for the next start, where it is
        new. What was measured before holds for devices that are still there.
        """
        with self._lock:
            before = self._known()
            if self._path.name == WITHOUT:  # a worker that was started before the switch may have one still
                devices = [one for one in devices if one.kind not in {"gpu", "integrated"}]
            speeds = {_lasting(one): one for one in before.devices if one.way_gbps or one.core} if before else {}
            found = tuple(_with_speeds(one, speeds.get(_lasting(one))) for one in devices)
            same = before is not None and list(map(_lasting, before.devices)) == list(map(_lasting, found))
            self._kept = _Kept(_version(), found, measured or (same and before is not None and before.measured))
            if not keep or (same and not measured):
                return
            try:
                replacing.write(self._path, msgspec.json.encode(self._kept))
            except OSError as error:
                _log.info("the devices could not be kept: %s", error)

    def tried(self) -> None:
        """Measuring them has ended a worker: it is not tried again before a person asks for it."""
        self.learn(self.known() or (), measured=True)

    def _known(self) -> _Kept | None:
        graphics = self._settings is None or glance(self._settings, GRAPHICS)
        path = self._cache / (FILE if graphics else WITHOUT)
        if path != self._path:
            self._path, self._kept = path, None
        version = _version()
        if self._kept is None or self._kept.version != version:
            self._kept = None
            with contextlib.suppress(OSError, ValueError):
                kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
                self._kept = kept if kept.version == version else None
        return self._kept


def _version() -> str:
    return f"{__version__} {standing.read().current}".strip()


def _with_speeds(device: Device, before: Device | None) -> Device:
    if before is None or device.way_gbps or device.core:
        return device
    return msgspec.structs.replace(
        device, gbps=before.gbps, way_gbps=before.way_gbps, way_pinned=before.way_pinned, core=before.core
    )


def _lasting(device: Device) -> tuple[str, str, str, int]:
    """What does not change from one start to the next."""
    return device.name, device.description, device.kind, device.memory_total
