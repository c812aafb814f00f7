"""Windows: the progress on the task bar's button, by `ITaskbarList3` (shobjidl_core.h), called without a package.

Not run by our tests: it needs a Windows desktop.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

_INPROC: Final = 1
_NO_PROGRESS, _NORMAL, _PAUSED = 0, 2, 8
_HR_INIT, _SET_VALUE, _SET_STATE = 3, 9, 10
"""Places in the interface's table of functions, counted from `QueryInterface`."""
_STEPS: Final = 1000


class _Guid(ctypes.Structure):
    _fields_ = (
        ("first", ctypes.c_uint32),
        ("second", ctypes.c_uint16),
        ("third", ctypes.c_uint16),
        ("rest", ctypes.c_ubyte * 8),
    )


_CLASS: Final = _Guid(0x56FDF344, 0xFD6D, 0x11D0, (ctypes.c_ubyte * 8)(0x95, 0x8A, 0x00, 0x60, 0x97, 0xC9, 0xA0, 0x90))
_INTERFACE: Final = _Guid(
    0xEA1AFB91, 0x9E28, 0x4B86, (ctypes.c_ubyte * 8)(0x90, 0xE9, 0x9E, 0x9F, 0x8A, 0x5E, 0xEF, 0xAF)
)


class TaskbarButton:
    """The button of a window. Raises `OSError` where the system has none."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._list = ctypes.c_void_p()
        if sys.platform == "win32":
            ole = ctypes.windll.ole32
            ole.CoInitialize(None)
            made = ole.CoCreateInstance(
                ctypes.byref(_CLASS), None, _INPROC, ctypes.byref(_INTERFACE), ctypes.byref(self._list)
            )
            if made != 0:
                raise OSError(f"CoCreateInstance: {made & 0xFFFFFFFF:#x}")
            self._call(_HR_INIT)

    def show(self, share: float | None, *, paused: bool) -> None:
        """Between 0 and 1; None takes it away."""
        handle = ctypes.c_void_p(int(self._window.winId()))
        state = _NO_PROGRESS if share is None else _PAUSED if paused else _NORMAL
        if share is not None:
            done, whole = ctypes.c_ulonglong(round(share * _STEPS)), ctypes.c_ulonglong(_STEPS)
            self._call(_SET_VALUE, handle, done, whole)
        self._call(_SET_STATE, handle, ctypes.c_int(state))

    def _call(self, place: int, *arguments: ctypes.c_void_p | ctypes.c_ulonglong | ctypes.c_int) -> None:
        if sys.platform == "win32":
            table = ctypes.cast(self._list, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p))).contents
            kinds = [type(one) for one in arguments]
            function = ctypes.WINFUNCTYPE(ctypes.HRESULT, ctypes.c_void_p, *kinds)(table[place])
            function(self._list, *arguments)
