"""Asks the system not to fall asleep by itself while something is on its way; closing the lid still does what it does.

Where a system has no such thing, nothing happens: a download goes on after sleep all the same.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from mistral_desk.core.environment import without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CONTINUOUS: Final = 0x80000000
_SYSTEM_REQUIRED: Final = 0x00000001
"""Flags of Windows' `SetThreadExecutionState` (winbase.h)."""


class Awake:
    """`want` it while it is needed, from any thread; it does not block. What is held ends with this program, too."""

    def __init__(self, command: Sequence[str] | None = None) -> None:
        """`command` keeps the system awake until its stdin ends; by default the one that this system has."""
        self._command = command
        self._changed = threading.Condition()
        self._wanted = False
        self._thread: threading.Thread | None = None

    def want(self, wanted: bool) -> None:
        """Keep the system awake from now on, or no longer."""
        with self._changed:
            if wanted == self._wanted:
                return
            self._wanted = wanted
            self._changed.notify_all()
            if wanted and self._thread is None:
                self._thread = threading.Thread(target=self._hold, name="awake", daemon=True)
                self._thread.start()

    def ended(self, seconds: float) -> bool:
        """Wait until nothing is held any more; False when that takes longer."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def _hold(self) -> None:
        """In a thread of its own: Windows remembers the wish with the thread, and starting a program takes a moment."""
        while True:
            with _asked(self._command), self._changed:
                self._changed.wait_for(lambda: not self._wanted)
            with self._changed:
                if not self._wanted:
                    self._thread = None
                    return


@contextlib.contextmanager
def _asked(given: Sequence[str] | None) -> Iterator[None]:
    if given is None and sys.platform == "win32":
        import ctypes  # noqa: PLC0415 - only there

        state = ctypes.windll.kernel32.SetThreadExecutionState
        state(_CONTINUOUS | _SYSTEM_REQUIRED)
        try:
            yield
        finally:
            state(_CONTINUOUS)
        return
    command = list(given) if given is not None else _command()
    process = None
    if command is not None and shutil.which(command[0]):
        with contextlib.suppress(OSError):
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=without_secrets(os.environ),
            )
    try:
        yield
    finally:
        if process is not None and process.stdin is not None:
            process.stdin.close()
            if sys.platform == "darwin":
                process.terminate()  # caffeinate reads no stdin
            process.wait()


def _command() -> list[str] | None:
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "-w", str(os.getpid())]
    else:
        who = "--who=Mistral Desk"
        return ["systemd-inhibit", "--what=idle", who, "--why=Downloading a model", "--mode=block", "cat"]
