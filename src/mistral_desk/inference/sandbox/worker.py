"""Locks the worker in, in three steps: at its start, when it knows its model's folder, and when the model is there.

On Linux: Landlock and an early filter before any other thread, because both bind only what comes after them; then
the closed filter on all threads. Where a graphics driver computes, the early locks stay and the last one is left out:
drivers open files and make code while they run.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.inference.cage import HELPER, Cage
from mistral_desk.inference.rpc import places
from mistral_desk.inference.sandbox import calls, landlock, limits, macos, seccomp, windows
from mistral_desk.inference.sandbox.attempt import attempt
from mistral_desk.inference.sandbox.trial import Trial

if TYPE_CHECKING:
    from collections.abc import Iterable

OFF: Final = "MISTRAL_DESK_NO_CAGE"
"""An environment variable for whoever has to find out whether the cage is what breaks an engine; it is said so."""
_NULL: Final = (Path(os.devnull), landlock.READ_FILE | landlock.WRITE_FILE | landlock.TRUNCATE)
_ROOT: Final = Path("/")
_SYSTEM: Final = (
    *("/usr", "/lib", "/lib32", "/lib64", "/opt", "/nix/store", "/gnu/store", "/snap", "/app", "/sys"),
    *("/etc/ld.so.cache", "/etc/localtime", "/etc/OpenCL", "/etc/vulkan", "/etc/nvidia", "/usr/share/zoneinfo"),
    *("/proc/self", "/proc/meminfo", "/proc/cpuinfo", "/proc/stat", "/proc/devices", "/proc/driver", "/proc/modules"),
    *("/proc/sys/vm", "/proc/sys/kernel", "/proc/version", "/dev/null", "/dev/zero", "/dev/urandom"),
)
"""What libraries and drivers look at; nothing of a person's is there."""
_LATER: Final = ("numpy.ctypeslib", "traceback", "linecache")
"""Modules that are imported only when something needs them, by when no file can be opened any more."""
_GRAPHICS: Final = ("nvidia*", "dri", "kfd", "mali*", "dxg", "nvhost*", "nvmap", "shm")
"""Below /dev: what drivers talk to."""


class WorkerCage:
    """The worker's locks, closed one after the other. A step that the system does not know is left out, and said."""

    def __init__(self) -> None:
        self._by: list[str] = []
        self._trial: Trial | None = None
        self._off = bool(os.environ.get(OFF))
        self._helpers = places.told(sys.argv)
        self._looking = False

    def begin(self) -> None:
        """At the very start, before any other thread or library: nothing is written, connected to or started."""
        limits.no_dump()
        self._trial = Trial.prepare()
        if self._off:
            return
        attempt(self._by, "sandbox profile", lambda: macos.keep_in(computing_only=False, connects=bool(self._helpers)))
        attempt(self._by, "job object", windows.no_programs)
        if not (machine := calls.machine()):
            return
        _remember_the_time_zone()
        attempt(self._by, "landlock", lambda: self._landlock([(_ROOT, landlock.READ)]))
        attempt(self._by, "seccomp", lambda: seccomp.install(seccomp.early(machine, connects=bool(self._helpers))))

    def look_only_at(self, files: Iterable[Path]) -> None:
        """Before there is a second thread: of all files only those in the model's folders, and what libraries need.

        Called once; a second call changes nothing.
        """
        if self._looking or "landlock" not in self._by:
            return
        self._looking = True
        if not landlock.alone():
            sys.stderr.write("the model's folder cannot be locked off any more: there are threads already\n")
            return
        folders = {path for file in files for path in (_folder(file), _folder(file.resolve()))}
        program = {Path(path) for path in (*sys.path, sys.prefix, sys.base_prefix, sys.exec_prefix) if path}
        program.add(Path(sys.executable).resolve().parent)
        program.add(Path(__file__).resolve().parents[3])  # with its resources
        program.update(Path(named).parent for named in [os.environ.get(places.LIBRARY)] if named)
        rules = [(path, landlock.READ) for path in (*folders, *program, *map(Path, _SYSTEM))]
        attempt(self._by, "landlock", lambda: self._landlock(rules))

    def close(self, *, graphics: bool) -> Cage:
        """When model and context are there: nothing but computing from now on. Tries to get out; the true result."""
        for name in _LATER:
            importlib.import_module(name)
        machine = calls.machine()
        if machine and not self._off and not graphics:
            attempt(
                self._by,
                "seccomp (closed)",
                lambda: seccomp.install(seccomp.closed(machine, talks=bool(self._helpers))),
            )
        if self._trial is None:
            return Cage()
        refused, allowed = self._trial.run()
        notes: tuple[str, ...] = ("off",) if self._off else ("graphics",) if graphics and machine else ()
        notes += tuple(f"{HELPER}{address}" for address in self._helpers)
        return Cage(tuple(self._by), refused, allowed, notes)

    def _landlock(self, rules: list[tuple[Path, int]]) -> None:
        graphics = [path for pattern in _GRAPHICS for path in Path("/dev").glob(pattern)]
        nodes = [path for path in graphics if path.name != "shm"]
        devices = landlock.READ | landlock.WRITE_FILE | landlock.DEVICE_CONTROL
        drivers = [(path, devices) for path in (graphics if nodes else ())]
        there = [(port, landlock.CONNECT) for port in places.ports(self._helpers)]
        if not landlock.restrict([*rules, _NULL, *drivers], there):
            raise OSError(38, "this kernel has no Landlock")


def _folder(file: Path) -> Path:
    return file if file.is_dir() else file.parent


def _remember_the_time_zone() -> None:
    """Templates ask for the date. The C library reads the zone's file again and again unless the zone has a name."""
    if sys.platform != "win32":
        os.environ.setdefault("TZ", ":/etc/localtime")
        time.tzset()
        time.localtime()
