"""`dev.py llama-server`: asks llama.cpp's own Python server, as it is published, as an endpoint.

What that server stands on is nothing that anything else here needs: pinned by hashes, it goes into a folder of its own.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "llama-server.lock"
FOLDER = ROOT / "build" / "llama-server"
TEST = ("tests/e2e/test_cli_endpoint.py", "-k", "python_server", "-q")
VARIABLE = "MISTRAL_DESK_LLAMA_SERVER"


def main(words: list[str]) -> int:
    """Have the folder ready and run the test; the exit status is pip's or pytest's."""
    print(f"The packages of {LOCK.relative_to(ROOT)} in {FOLDER.relative_to(ROOT)}", flush=True)
    if status := prepare():
        return status
    environment = {**os.environ, VARIABLE: str(FOLDER)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *TEST, *words], cwd=ROOT, env=environment, check=False
    ).returncode


def prepare() -> int:
    """Fill the folder, unless it was made from this very lock; pip's exit status."""
    made_from = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    stamp = FOLDER / "made-from"
    if stamp.exists() and stamp.read_text(encoding="ascii") == made_from:
        return 0
    shutil.rmtree(FOLDER, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    ways = ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(FOLDER), "-r", str(LOCK)]
    if status := subprocess.run([*pip, *ways], check=False).returncode:
        return status
    stamp.write_text(made_from, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
