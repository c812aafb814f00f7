"""Packages that nothing else here needs: pinned by hashes, they go into a folder of their own."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def fill(folder: Path, lock: Path) -> int:
    """Have exactly what a lock names in a folder, unless it was made from this very lock; pip's exit status."""
    made_from = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = folder / "made-from"
    if stamp.exists() and stamp.read_text(encoding="ascii") == made_from:
        return 0
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ways = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(folder), "-r", str(lock)]
    if status := subprocess.run([*pip, *ways], check=False).returncode:
        return status
    stamp.write_text(made_from, encoding="ascii")
    return 0
