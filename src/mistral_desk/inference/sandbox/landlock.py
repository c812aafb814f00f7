"""Linux's Landlock: which files a process may reach. Layers add up, each can only take away.

It binds the calling thread and those that it starts later, so it comes before any other thread. Constants and
structures: include/uapi/linux/landlock.h; what each version knows: Documentation/userspace-api/landlock.rst.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from mistral_desk.inference.sandbox import calls

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

EXECUTE: Final = 1 << 0
WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_FOLDER: Final = 1 << 3
TRUNCATE: Final = 1 << 14
DEVICE_CONTROL: Final = 1 << 15
READ: Final = READ_FILE | READ_FOLDER
_OF_FILES: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | DEVICE_CONTROL
"""Rights that a rule on a file, not a folder, may give."""
_RIGHTS: Final = {1: 13, 2: 14, 3: 15, 4: 15}
"""How many rights each early version knows, 16 from the fifth on."""
_TCP: Final = 0b11
_SCOPES: Final = 0b11
"""Abstract Unix sockets and signals stay inside."""
_VERSION: Final = 1
_PATH_RULE: Final = 1
_PORT_RULE: Final = 2
BIND: Final = 1 << 0
CONNECT: Final = 1 << 1


def version() -> int:
    """The kernel's version of Landlock; 0 where there is none, or it is switched off."""
    if not calls.machine():
        return 0
    try:
        return calls.call("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    except OSError:
        return 0


def alone() -> bool:
    """Whether this is the process's only thread."""
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 - names are all that is wanted
    except OSError:
        return False


def restrict(rules: Iterable[tuple[Path, int]], ports: Iterable[tuple[int, int]] = ()) -> bool:
    """Allow what the rules say (a path and rights; of a folder, with all below) and nothing else, for this thread.

    `ports` are those of TCP, with what may be done there (`BIND`, `CONNECT`). Paths that are not there are left out.
    False where the kernel has no Landlock. Raises OSError.
    """
    known = version()
    if not known:
        return False
    rights = (1 << _RIGHTS.get(known, 16)) - 1
    handled = _Handled(rights, _TCP if known >= 4 else 0, _SCOPES if known >= 6 else 0)
    size = ctypes.c_size_t(8 if known < 4 else 16 if known < 6 else 24)
    ruleset = calls.call("landlock_create_ruleset", ctypes.byref(handled), size, ctypes.c_uint32(0))
    try:
        for path, allowed in rules:
            with suppress(FileNotFoundError, NotADirectoryError, PermissionError):
                _allow(ruleset, path, allowed & rights)
        for port, allowed in ports if known >= 4 else ():
            _add(ruleset, _PORT_RULE, _Port(allowed, port))
        calls.no_new_privileges()
        calls.call("landlock_restrict_self", ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)
    return True


def _allow(ruleset: int, path: Path, rights: int) -> None:
    place = os.open(path, getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        if not path.is_dir():
            rights &= _OF_FILES
        _add(ruleset, _PATH_RULE, _Beneath(rights, place))
    finally:
        os.close(place)


def _add(ruleset: int, kind: int, rule: ctypes.Structure) -> None:
    calls.call("landlock_add_rule", ctypes.c_int(ruleset), ctypes.c_int(kind), ctypes.byref(rule), ctypes.c_uint32(0))


class _Handled(ctypes.Structure):
    """The kernel's struct landlock_ruleset_attr."""

    _fields_ = (("fs", ctypes.c_uint64), ("net", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    """The kernel's struct landlock_path_beneath_attr, which is packed."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("place", ctypes.c_int32))


class _Port(ctypes.Structure):
    """The kernel's struct landlock_net_port_attr."""

    _fields_ = (("allowed", ctypes.c_uint64), ("port", ctypes.c_uint64))
