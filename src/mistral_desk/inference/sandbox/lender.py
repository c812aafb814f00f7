"""Locks the process in that lends this computer's memory: it takes connections at one port, computes, and nothing else.

Whoever reaches the port can send it anything; the protocol knows neither a password nor a harmless mistake.
"""

from __future__ import annotations

from mistral_desk.inference.sandbox import calls, landlock, seccomp, windows
from mistral_desk.inference.sandbox.attempt import attempt


def lock_in(port: int) -> tuple[str, ...]:
    """Close everything but listening at this port, before any second thread; by what, as far as this system can."""
    by: list[str] = []
    attempt(by, "job object", windows.no_programs)
    if machine := calls.machine():
        attempt(by, "landlock", lambda: landlock.restrict([], [(port, landlock.BIND)]))
        attempt(by, "seccomp", lambda: seccomp.install(seccomp.closed(machine, lends=True)))
    return tuple(by)
