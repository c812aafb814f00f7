"""Finds out before Qt is started whether a window can open: Qt itself ends the process when it cannot."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
}
"""What Qt's X11 plugin loads and does not bring along, with Debian's names: without one of them Qt aborts the process,
and names libxcb-cursor0 whichever it is. tools.dev.system installs the same."""


def obstacle(env: Mapping[str, str] | None = None) -> str:
    """Why no window can be opened here, in a few words; empty when nothing is known to be in the way.

    Only Linux and its like can lack a display. A platform that was chosen with QT_QPA_PLATFORM is left to Qt.
    """
    env = os.environ if env is None else env
    always_there = sys.platform in {"win32", "darwin"}
    if always_there or env.get("QT_QPA_PLATFORM"):
        return ""
    wayland, x11 = env.get("WAYLAND_DISPLAY"), env.get("DISPLAY")
    if not wayland and not x11:
        return "neither DISPLAY nor WAYLAND_DISPLAY is set"
    if wayland and _answers(Path(env.get("XDG_RUNTIME_DIR", "/"), wayland)):
        return ""
    if not x11:
        return f"no display answers at WAYLAND_DISPLAY={wayland}"
    return _x11_obstacle(x11)


def _x11_obstacle(display: str) -> str:
    local = re.fullmatch(r"(?:unix)?:(\d+)(?:\.\d+)?", display)
    if local:
        path = f"/tmp/.X11-unix/X{local[1]}"  # noqa: S108 - where every X server puts its socket
        if not _answers(path) and not _answers("\0" + path):
            return f"no display answers at DISPLAY={display}"
    if not getattr(sys, "frozen", False):
        for library, package in NEEDED.items():
            try:
                ctypes.CDLL(library)
            except OSError:
                return f"the system library {package} is not installed"
    return ""


def _answers(path: Path | str) -> bool:
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        return False
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(2.0)
        try:
            probe.connect(str(path))
        except OSError:
            return False
        return True
