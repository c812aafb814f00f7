"""Why a worker process ended, in words that a person can use.

Shortness of memory is claimed only where there is evidence for it: a killed process alone proves nothing.
"""

from __future__ import annotations

import re
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mistral_desk.core.errors import Problem

_TAIL: Final = 12
"""Lines of the worker's stderr that are looked at and kept with the error."""

_NO_MEMORY_STATUS: Final = {
    0xC0000017: "STATUS_NO_MEMORY",
    0xC000009A: "STATUS_INSUFFICIENT_RESOURCES",
    0xC000012D: "STATUS_COMMITMENT_LIMIT",
}
_WINDOWS_STATUS: Final = {
    **_NO_MEMORY_STATUS,
    0xC0000005: "access violation",
    0xC000001D: "illegal instruction: this processor is too old for the engine",
    0xC00000FD: "stack overflow",
    0xC0000135: "a library is missing",
    0xC0000142: "a library did not start",
    0xC0000409: "aborted",
}
_SIGNALS: Final = {
    "SIGABRT": "aborted",
    "SIGSEGV": "memory fault",
    "SIGBUS": "memory fault",
    "SIGILL": "illegal instruction: this processor is too old for the engine",
    "SIGFPE": "arithmetic fault",
    "SIGKILL": "killed",
    "SIGTERM": "asked to end by another program",
}
# The allocators' own last words: Python's, C++'s, ggml's backends'.
_LAST_WORDS: Final = re.compile(
    r"\bMemoryError\b|std::bad_alloc|out of memory|failed to allocate|cannot allocate memory", re.IGNORECASE
)
# ggml-rpc.cpp's own, when it ends the process.
_HELPER_GONE: Final = re.compile(r"Remote RPC server crashed|RPC handshake failed|Failed to connect to \d")


@dataclass(frozen=True)
class Ended:
    """How a worker process ended.

    `status` is what `subprocess` reports: negative for a signal, None when the process could not be started.
    `fault` says why the app itself ended it, or why it could not be started; empty when it ended by itself.
    `misunderstood` marks bytes that were no message. `oom_kills` is by how much the system's count of
    processes killed for memory rose in its lifetime. `stderr` holds its last lines.
    """

    status: int | None
    fault: str = ""
    misunderstood: bool = False
    oom_kills: int = 0
    stderr: tuple[str, ...] = ()


def problem(ended: Ended, *, ready: bool) -> Problem:
    """The problem to show for a worker that ended; `ready` tells whether it had said hello before."""
    detail = "\n".join((f"status {ended.status}", *ended.stderr[-_TAIL:]))
    if ended.misunderstood:
        return Problem("engine.protocol", {"reason": ended.fault}, detail)
    if ended.status is None:
        return Problem("engine.missing", {"reason": ended.fault}, detail)
    if not ended.fault and _of_helper(ended):
        return Problem("helper.gone", {}, detail)
    if not ended.fault and short_of_memory(ended):
        return Problem("engine.out_of_memory", {}, detail)
    reason = ended.fault or how(ended.status)
    return Problem("engine.died" if ready else "engine.start_failed", {"reason": reason}, detail)


def how(status: int, *, windows: bool = sys.platform == "win32") -> str:
    """A process's exit status in a few words, with the system's own name for it."""
    if windows:
        code = status & 0xFFFFFFFF
        known = _WINDOWS_STATUS.get(code)
        if known:
            return f"{known}, 0x{code:08X}"
        return f"exit status 0x{code:08X}" if code > 0xFFFF else f"exit status {code}"
    if status >= 0:
        return f"exit status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
    known = _SIGNALS.get(name)
    return f"{known}, {name}" if known else name


def short_of_memory(ended: Ended, *, windows: bool = sys.platform == "win32") -> bool:
    """Whether there is evidence that the process ended because memory was short."""
    status = ended.status
    if status is None or status == 0:
        return False
    if windows and status & 0xFFFFFFFF in _NO_MEMORY_STATUS:
        return True
    if not windows and status == -9 and ended.oom_kills > 0:
        return True
    # Last words count only for a process that ended itself: abort, or an exception that nobody caught.
    return status != -9 and any(_LAST_WORDS.search(line) for line in ended.stderr[-_TAIL:])


def _of_helper(ended: Ended) -> bool:
    """Whether it ended because another computer, on which a part of its model lay, did not answer any more."""
    return ended.status != 0 and any(_HELPER_GONE.search(line) for line in ended.stderr[-_TAIL:])


def oom_kills(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> int:
    """How many processes Linux has killed for memory: of our own control group, else of the whole system.

    The kernel raises the group's `oom_kill` in `memory.events` for every kind of out-of-memory kill
    (Documentation/admin-guide/cgroup-v2.rst). 0 on systems that keep no such count.
    """
    try:
        for line in (proc / "self" / "cgroup").read_text(encoding="utf-8").splitlines():
            if line.startswith("0::"):
                events = cgroups / line[3:].lstrip("/") / "memory.events"
                if events.exists():
                    return _count(events)
        return _count(proc / "vmstat")
    except (OSError, ValueError):
        return 0


def _count(file: Path) -> int:
    for line in file.read_text(encoding="utf-8").splitlines():
        name, _, number = line.partition(" ")
        if name == "oom_kill":
            return int(number)
    return 0
