"""Too little memory that nobody catches ends the worker with words, wherever it comes; no other error does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from mistral_desk.inference.death import Ended, short_of_memory

ARMED = "import sys, threading; from mistral_desk.inference import no_memory; no_memory.arm()\n"
WHERE = {
    "main": "raise {error}",
    "thread": "def go():\n    raise {error}\nt = threading.Thread(target=go); t.start(); t.join(); print('went on')",
    "end of an object": (
        "class One:\n    def __del__(self):\n        raise {error}\none = One(); del one; print('went on')"
    ),
}


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize(
    ("error", "ends"),
    [("MemoryError()", True), ('RuntimeError("can\'t start new thread")', True), ("ValueError('another one')", False)],
)
def test_what_nobody_caught(where: str, error: str, ends: bool) -> None:
    code = ARMED + WHERE[where].format(error=error)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    said = tuple(done.stderr.splitlines())

    assert ("went on" in done.stdout) == (not ends and where != "main")
    assert done.returncode == (1 if ends or where == "main" else 0)
    assert short_of_memory(Ended(done.returncode, "", False, 0, said)) == ends
    assert ("another one" in done.stderr) == (not ends)
