"""The guide's pictures do not depend on the day and the place where they are drawn, so that an old one can be told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
AGED = ("models", "search")
"""What says how old something is."""


def drawn(out: Path, zone: str) -> subprocess.CompletedProcess[str]:
    """The command as a process: its scale is set before Qt is there."""
    only = [word for name in AGED for word in ("--only", name)]
    return subprocess.run(
        [sys.executable, "-m", "tools.guide", *only, "--out", str(out)],
        cwd=ROOT, env={**os.environ, "TZ": zone}, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip


def test_drawn_twice_they_are_the_same_bytes(tmp_path: Path) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):  # a day apart
        made = drawn(tmp_path / zone, zone)
        assert made.returncode == 0, made.stderr
    for name in AGED:
        first, second = (file.read_bytes() for file in sorted(tmp_path.rglob(f"{name}.png")))
        assert first == second, name
