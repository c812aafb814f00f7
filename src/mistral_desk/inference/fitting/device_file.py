"""What the engine computes on, as it last said: kept, so that a plan need not wait for a worker to start."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk import __version__
from mistral_desk.fit.machine import GpuReport
from mistral_desk.inference.protocol import Device

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log: Final = logging.getLogger(__name__)
FILE: Final = "devices.json"


class _Kept(msgspec.Struct, frozen=True):
    """`version` is the program's: another one may come with an engine for other devices."""

    version: str
    devices: tuple[Device, ...]


class DeviceFile:
    """The devices of this computer. Safe to use from several threads; it reads and writes one small file."""

    def __init__(self, cache: Path) -> None:
        self._path = cache / FILE
        self._devices: tuple[Device, ...] | None = None
        self._lock = threading.Lock()

    def known(self) -> tuple[Device, ...] | None:
        """The devices, None where no worker of this version has told them yet."""
        with self._lock:
            if self._devices is None:
                with contextlib.suppress(OSError, ValueError):
                    kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
                    self._devices = kept.devices if kept.version == __version__ else None
            return self._devices

    def reports(self) -> tuple[GpuReport, ...]:
        """The devices as `fit` takes them; none where they are not known."""
        return tuple(
            GpuReport(one.name, one.description, one.kind, one.memory_free, one.memory_total)
            for one in self.known() or ()
        )

    def learn(self, devices: Sequence[Device], *, keep: bool = True) -> None:
        """Take over what a worker said; with `keep` also for the next start, where it is new."""
        found = tuple(devices)
        with self._lock:
            known = self._devices is not None and list(map(_lasting, self._devices)) == list(map(_lasting, found))
            self._devices = found
            if known or not keep:
                return
            part = self._path.with_suffix(f".{os.getpid()}.part")
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(msgspec.json.encode(_Kept(__version__, found)))
                part.replace(self._path)
            except OSError as error:
                _log.info("the devices could not be kept: %s", error)


def _lasting(device: Device) -> tuple[str, str, str, int]:
    """What does not change from one start to the next."""
    return device.name, device.description, device.kind, device.memory_total
