"""Renews requirements/*.lock from the .in files: `python -m tools.dev.lock` (needs uv; dev.py itself does not).

One lock serves Linux, Windows and macOS with Python 3.11 to 3.13. No index address gets into it.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "requirements"

# What a lock must agree with: one environment holds all of them.
LOCKS: dict[str, tuple[str, ...]] = {
    "build": (),
    "app": (),
    "dev": ("build", "app"),
    "package": ("build", "app", "dev"),
    "fuzz": ("build", "app", "dev"),
    "llama-server": ("build", "app", "dev"),
    "audit": ("build", "app", "dev"),
}

OPTIONS = (
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-emit-index-url", "--no-emit-find-links", "--no-annotate", "--no-header", "--quiet"),
)


def main(names: list[str]) -> int:
    """Renew the named locks, all by default; the exit status is 0, or uv's own."""
    for name in names or list(LOCKS):
        constraints = [part for other in LOCKS[name] for part in ("--constraint", f"{other}.lock")]
        command = ["uv", "pip", "compile", *OPTIONS, *constraints, f"{name}.in", "--output-file", f"{name}.lock"]
        status = subprocess.run(command, cwd=FOLDER, check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
