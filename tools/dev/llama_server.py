"""`dev.py llama-server`: asks llama.cpp's own Python server, as it is published, as an endpoint.

What that server stands on is nothing that anything else here needs: pinned by hashes, it goes into a folder of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.dev import own_folder

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements" / "llama-server.lock"
FOLDER = ROOT / "build" / "llama-server"
TEST = ("tests/e2e/test_cli_endpoint.py", "-k", "python_server", "-q")
VARIABLE = "MISTRAL_DESK_LLAMA_SERVER"


def main(words: list[str]) -> int:
    """Have the folder ready and run the test; the exit status is pip's or pytest's."""
    print(f"The packages of {LOCK.relative_to(ROOT)} in {FOLDER.relative_to(ROOT)}", flush=True)
    if status := own_folder.fill(FOLDER, LOCK):
        return status
    environment = {**os.environ, VARIABLE: str(FOLDER)}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *TEST, *words], cwd=ROOT, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
