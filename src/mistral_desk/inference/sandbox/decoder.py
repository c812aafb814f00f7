"""Locks the decode child in, once what it needs is imported and before it reads the first byte of a file.

It computes and answers through the pipes that it has: no files, no connections, no programs, and on Linux no threads.
"""

from __future__ import annotations

from mistral_desk.inference.sandbox import calls, landlock, limits, macos, seccomp, windows
from mistral_desk.inference.sandbox.attempt import attempt
from mistral_desk.inference.sandbox.trial import Trial


def lock_in(memory: int, seconds: float) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Bound memory (bytes) and processor time (seconds) and close everything: by what, what is refused, what is not."""
    trial = Trial.prepare()
    by = list(limits.limit(memory, seconds))
    attempt(by, "sandbox profile", lambda: macos.keep_in(computing_only=True))
    attempt(by, "job object", windows.no_programs)
    if machine := calls.machine():  # pragma: no branch - none on other systems, and behind it nothing can be written
        attempt(by, "landlock", lambda: landlock.restrict([]))
        attempt(by, "seccomp", lambda: seccomp.install(seccomp.closed(machine, threads=False)))
    return (tuple(by), *trial.run())
