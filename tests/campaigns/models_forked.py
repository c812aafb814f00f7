"""Workers that are forked from a process which has imported what they need: starting Python is most of a small load.

What runs is the worker's own `main`, in a process of its own with its own cage. The program starts a small stand-in
(`models_stub`), which hands its pipes over and ends as the worker ended. Linux only.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.inference import child

if TYPE_CHECKING:
    from collections.abc import Iterator

_STUB: Final = Path(__file__).with_name("models_stub.py")
READY: Final = b"ready"
"""What `models_source` says when workers can be had of it."""


def possible() -> bool:
    """Whether this system can hand over pipes and wait for a process together with other things."""
    return sys.platform == "linux" and hasattr(os, "pidfd_open")


@contextlib.contextmanager
def forked(folder: Path) -> Iterator[list[str]]:
    """The command that starts such a worker, as long as the process is there from which they come, in this folder."""
    name = f"mistral-desk-workers-{os.getpid()}-{id(folder)}"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"\0{name}")  # a name of no file: paths of tests are too long
        listening.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.campaigns.models_source", str(listening.fileno())],
            env={**child.environment(), "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=[listening.fileno()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=folder,
        )
    with process:  # it ends when its stdin does, and its workers with it
        assert process.stdout is not None
        if process.stdout.read(len(READY)) != READY:
            raise RuntimeError(f"what the workers come from ended with status {process.wait()}")
        yield [sys.executable, "-I", "-S", str(_STUB), name]
