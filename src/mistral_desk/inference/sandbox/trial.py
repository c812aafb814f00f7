"""The trial: a process that is locked in tries to get out, and what it says of its cage is what it found.

Everything that is not refused for want of permission counts as possible, whatever else went wrong with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import mmap
import os
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.inference.sandbox import calls

if TYPE_CHECKING:
    from collections.abc import Callable

SOCKET, CONNECT, READ, WRITE, EXEC, FORK, SIGNAL, CODE = (
    *("socket", "connect", "read", "write", "exec", "fork", "signal", "code"),
)
KINDS: Final = (SOCKET, CONNECT, READ, WRITE, EXEC, FORK, SIGNAL, CODE)
"""Making a socket · connecting to this computer · opening a file or folder that is none of its business · making a
file · starting a program · doubling itself · signalling another process · making memory executable.
"""
_REFUSED: Final = frozenset({1, 13})
"""EPERM and EACCES; every other error means that the way was open, or that nothing is known."""
_TOO_MANY_PROCESSES: Final = 1816
"""Windows' ERROR_NOT_ENOUGH_QUOTA: the job has no room for another process."""
_SHARED_HANDLERS, _SIGCHLD = 0x800, 17
"""CLONE_SIGHAND, which clone(2) refuses as invalid without CLONE_VM."""
_DISCARD: Final = 9
"""A port where hardly anyone listens: whether the connection is accepted does not matter."""


@dataclass
class Trial:
    """Made before the cage closes, so that it knows what was possible then and needs nothing new afterwards."""

    outside: list[str] = field(default_factory=list)
    """Files and folders that could be opened at first."""
    new_file: str = ""

    @classmethod
    def prepare(cls) -> Trial:
        """Find what the process may do before it is locked in."""
        candidates = [str(Path.home()), "/etc/passwd", "/etc/hosts", os.environ.get("SYSTEMROOT", "") + r"\win.ini"]
        outside = []
        for path in candidates:
            with contextlib.suppress(OSError, ValueError):
                os.close(os.open(path, os.O_RDONLY))
                outside.append(path)
        temporary = os.environ.get("TMPDIR") or os.environ.get("TEMP") or "/tmp"  # noqa: S108 - nothing is kept there
        calls.machine()  # known from now on
        return cls(outside, str(Path(temporary) / f"mistral-desk-trial-{os.getpid()}"))

    def run(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Try everything: what was refused, and what was not, in the order of `KINDS`."""
        attempts: dict[str, Callable[[], bool]] = {
            SOCKET: _sockets,
            CONNECT: _connect,
            READ: self._read,
            WRITE: self._write,
            EXEC: _execute,
            FORK: _fork,
            SIGNAL: _signal,
            CODE: _code,
        }
        refused = tuple(kind for kind in KINDS if attempts[kind]())
        return refused, tuple(kind for kind in KINDS if kind not in refused)

    def _read(self) -> bool:
        return bool(self.outside) and all(_is_refused(functools.partial(_opened, path)) for path in self.outside)

    def _write(self) -> bool:
        made = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        if _is_refused(lambda: _opened(self.new_file, made)):
            return True
        with contextlib.suppress(OSError):
            os.unlink(self.new_file)  # noqa: PTH108 - nothing more than the call
        return False


def _is_refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno in _REFUSED or getattr(error, "winerror", 0) == _TOO_MANY_PROCESSES
    return False


def _opened(path: str, flags: int = os.O_RDONLY) -> None:
    os.close(os.open(path, flags, 0o600))


def _sockets() -> bool:
    known = (socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_UNIX", None), getattr(socket, "AF_NETLINK", None))
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM)
    pairs = [(int(family), kind) for family in known if family is not None for kind in kinds]

    def make(family: int, kind: int) -> None:
        socket.socket(family, kind).close()

    return all(_is_refused(functools.partial(make, *pair)) for pair in pairs)


def _connect() -> bool:
    def connect() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
            one.settimeout(1.0)
            one.connect(("127.0.0.1", _DISCARD))

    return _is_refused(connect)


def _execute() -> bool:
    """Start a program. On Linux with an unreadable list of arguments, so that it never really starts."""
    if calls.machine():
        name = ctypes.create_string_buffer(os.fsencode(sys.executable or "/bin/sh"))
        return _is_refused(lambda: calls.call("execve", name, ctypes.c_void_p(1), None))
    if sys.platform == "win32":
        import subprocess  # noqa: PLC0415 - Windows lets it be imported afterwards too

        return _is_refused(lambda: subprocess.run(["cmd", "/c", "exit"], check=False, timeout=10))
    else:
        return _is_refused(lambda: os.waitpid(os.posix_spawn("/usr/bin/true", ["true"], {}), 0))


def _fork() -> bool:
    """Double itself. On Linux with flags that contradict each other, so that nothing is ever made.

    Elsewhere not tried: a copy of a process with threads may hang, and starting a program needs the same right.
    """
    if calls.machine():
        nothing = ctypes.c_ulong(0)
        flags = ctypes.c_ulong(_SHARED_HANDLERS | _SIGCHLD)
        return _is_refused(lambda: calls.call("clone", flags, nothing, nothing, nothing, nothing))
    return _execute()


def _signal() -> bool:
    """Signal 0 asks whether one could be sent, and sends none."""
    return sys.platform != "win32" and _is_refused(lambda: os.kill(os.getppid(), 0))


def _code() -> bool:
    if sys.platform == "win32":
        return False
    else:
        rights = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
        return _is_refused(lambda: mmap.mmap(-1, mmap.PAGESIZE, prot=rights).close())
