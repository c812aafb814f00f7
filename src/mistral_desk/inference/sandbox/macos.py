"""macOS's sandbox: a profile that the process puts on itself, for good.

Written from Apple's sandbox_init(3) and the profiles that macOS ships; it was never run by its authors, so nothing
is said to be in force here but what the trial afterwards found refused.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_LIBRARY: Final = "/usr/lib/libSystem.dylib"
_NAMED: Final = 1
_PURE: Final = "pure-computation"
"""kSBXProfilePureComputation of <sandbox.h>: nothing of the system but what is open already."""

WORKER: Final = """\
(version 1)
(allow default)
(deny network*)
(deny file-write*)
(allow file-write-data (literal "/dev/null") (literal "/dev/dtracehelper"))
(deny process-exec*)
(deny process-fork)
(deny signal (target others))
"""
"""For the worker: files can be read and Metal can be used, because a driver needs both until the end."""
CONNECTS: Final = """\
(allow network-outbound (remote tcp))
(allow system-socket)
"""


def keep_in(*, computing_only: bool, connects: bool = False) -> bool:
    """Put the profile on this process; false where there is none, or the system refuses it. `connects`: connections
    outwards stay possible, because the model lies on other computers too.
    """
    if sys.platform == "darwin":
        put = ctypes.CDLL(_LIBRARY).sandbox_init
        put.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.POINTER(ctypes.c_char_p)]
        put.restype = ctypes.c_int
        error = ctypes.c_char_p()
        profile, kind = (_PURE, _NAMED) if computing_only else (WORKER + CONNECTS if connects else WORKER, 0)
        if put(profile.encode(), kind, ctypes.byref(error)) == 0:
            return True
        sys.stderr.write(f"the sandbox profile was refused: {(error.value or b'').decode('utf-8', 'replace')}\n")
    return False
