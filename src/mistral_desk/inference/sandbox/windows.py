"""Windows' job objects: a child that dies with the app, may only use so much memory, and starts no other program.

Structures and constants: winnt.h, as Microsoft documents them. Never run by its authors; the trial in the child says
what is really refused. A job bounds processes and memory, not files or connections.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
from typing import Final

ACTIVE_PROCESS: Final = 0x0008
PROCESS_MEMORY: Final = 0x0100
DIE_ON_EXCEPTION: Final = 0x0400
KILL_ON_CLOSE: Final = 0x2000
_EXTENDED: Final = 9
"""JobObjectExtendedLimitInformation"""

_kept: Final[list[Job]] = []


class Job:
    """A job; while this object lives, its processes may live too. Does nothing on other systems."""

    def __init__(self, *, memory: int = 0, processes: int = 0, kill_on_close: bool = True) -> None:
        """`memory` in bytes for each process, `processes` at once in the job; 0: no limit. Raises OSError."""
        self._handle = 0
        if sys.platform == "win32":
            flags = DIE_ON_EXCEPTION | (KILL_ON_CLOSE if kill_on_close else 0)
            flags |= (PROCESS_MEMORY if memory else 0) | (ACTIVE_PROCESS if processes else 0)
            limits = _Limits()
            limits.basic.flags = flags
            limits.basic.active = processes
            limits.process_memory = memory
            self._handle = _kernel().CreateJobObjectW(None, None) or 0
            if not self._handle:
                raise ctypes.WinError(ctypes.get_last_error())
            done = _kernel().SetInformationJobObject(
                self._handle, _EXTENDED, ctypes.byref(limits), ctypes.sizeof(limits)
            )
            if not done:
                error = ctypes.WinError(ctypes.get_last_error())
                self.close()
                raise error

    def add(self, process: int) -> None:
        """Take a process (its handle) in, and all that it starts later. Raises OSError."""
        if sys.platform == "win32" and not _kernel().AssignProcessToJobObject(self._handle, process):
            raise ctypes.WinError(ctypes.get_last_error())

    def close(self) -> None:
        """Let go of it: with `kill_on_close` what still runs in it ends."""
        if sys.platform == "win32" and self._handle:
            _kernel().CloseHandle(self._handle)
        self._handle = 0


def hold(process: int, *, memory: int = 0) -> Job | None:
    """Bind a child (its handle) to this process's life; None where there are no jobs or the system refuses.

    How many processes it may have is its own to limit: a virtual environment's `python.exe` starts the real one.
    """
    if sys.platform == "win32":
        with contextlib.suppress(OSError):  # it runs on all the same; the child's trial tells what is not in force
            job = Job(memory=memory)
            job.add(process)
            return job
    return None


def no_programs() -> bool:
    """From now on this process can start no other; false where that is not possible."""
    if sys.platform == "win32":
        with contextlib.suppress(OSError):
            job = Job(processes=1, kill_on_close=False)
            job.add(_kernel().GetCurrentProcess())
            _kept.append(job)  # its limits last as long as its handle
            return True
    return False


if sys.platform == "win32":

    def _kernel() -> ctypes.WinDLL:
        library = ctypes.WinDLL("kernel32", use_last_error=True)
        library.CreateJobObjectW.restype = ctypes.c_void_p
        library.CreateJobObjectW.argtypes = [ctypes.c_void_p, ctypes.c_wchar_p]
        library.SetInformationJobObject.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_ulong]
        library.AssignProcessToJobObject.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        library.GetCurrentProcess.restype = ctypes.c_void_p
        library.CloseHandle.argtypes = [ctypes.c_void_p]
        return library


class _Basic(ctypes.Structure):
    """JOBOBJECT_BASIC_LIMIT_INFORMATION of winnt.h."""

    _fields_ = (
        ("process_time", ctypes.c_int64),
        ("job_time", ctypes.c_int64),
        ("flags", ctypes.c_uint32),
        ("smallest_set", ctypes.c_size_t),
        ("largest_set", ctypes.c_size_t),
        ("active", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("priority", ctypes.c_uint32),
        ("scheduling", ctypes.c_uint32),
    )


class _Limits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION of winnt.h; six counters stand between the limits."""

    _fields_ = (
        ("basic", _Basic),
        ("counters", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peak_process_memory", ctypes.c_size_t),
        ("peak_job_memory", ctypes.c_size_t),
    )
