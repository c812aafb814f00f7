"""macOS: the share on the dock's icon as a badge, by the Objective-C runtime, called without a package.

Not run by our tests: it needs a Mac.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Final

from mistral_desk.core.amounts import percent

_RUNTIME: Final = "objc"


class DockTile:
    """The tile of this program. Raises `OSError` where there is no such runtime."""

    def __init__(self) -> None:
        found = ctypes.util.find_library(_RUNTIME)
        if found is None:
            raise OSError("no Objective-C runtime")
        self._objc = ctypes.CDLL(found)
        self._objc.objc_getClass.restype = ctypes.c_void_p
        self._objc.objc_getClass.argtypes = [ctypes.c_char_p]
        self._objc.sel_registerName.restype = ctypes.c_void_p
        self._objc.sel_registerName.argtypes = [ctypes.c_char_p]

    def show(self, share: float | None, *, paused: bool) -> None:  # noqa: ARG002 - a badge says nothing of a pause
        """Between 0 and 1; None takes it away."""
        label = self._string("" if share is None else percent(share))
        self._send(
            self._send(self._send(self._class("NSApplication"), "sharedApplication"), "dockTile"),
            "setBadgeLabel:",
            label,
        )

    def _class(self, name: str) -> int | None:
        found: int | None = self._objc.objc_getClass(name.encode())
        return found

    def _string(self, text: str) -> int | None:
        send = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
        call = send(("objc_msgSend", self._objc))
        made: int | None = call(
            self._class("NSString"), self._objc.sel_registerName(b"stringWithUTF8String:"), text.encode()
        )
        return made

    def _send(self, receiver: int | None, selector: str, *arguments: int | None) -> int | None:
        kinds = [ctypes.c_void_p] * len(arguments)
        send = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, *kinds)
        found: int | None = send(("objc_msgSend", self._objc))(
            receiver, self._objc.sel_registerName(selector.encode()), *arguments
        )
        return found
