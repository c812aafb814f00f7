"""What a child may use up: memory, processor time, and no dump of its memory on the disk when it dies."""

from __future__ import annotations

import sys


def no_dump() -> None:
    """No core file: it would hold a person's words and pictures."""
    if sys.platform != "win32":
        import resource  # noqa: PLC0415 - Windows has none

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def address_space(size: int) -> bool:
    """Bound the bytes of address space of this process; false where the system keeps no such bound (Windows' stands in
    the job from outside, macOS takes it and does not keep it).
    """
    if sys.platform == "linux":
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        return True
    else:  # pragma: no cover - on Windows and macOS
        return False


def limit(memory: int, seconds: float) -> tuple[str, ...]:
    """Bound this process: address space in bytes, processor time in seconds, and no byte into any file.

    Returns what is in force: `memory`, `time`. Windows' limits are set from outside, by the job (`windows.Job`).
    macOS takes a limit on the address space and does not keep it, so there it is not said to be in force.
    """
    if sys.platform == "win32":
        return ()
    else:
        import resource  # noqa: PLC0415

        no_dump()
        whole = max(1, round(seconds))
        resource.setrlimit(resource.RLIMIT_CPU, (whole, whole + 1))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        if sys.platform == "darwin":
            return ("time",)
        else:
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
            return ("memory", "time")
