"""`dev.py coverage` counts what was gone through, in locked-in children too, and says which rooms have too little."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import coverage
import pytest

from tools.coverage import caged, measured, rooms, whole

VERSIONS: Final = (measured.ROOT / "src" / "mistral_desk" / "core" / "versions.py").read_text(encoding="utf-8")
LOCKED_IN: Final = """
import os
from mistral_desk.core import versions
from mistral_desk.inference.sandbox import decoder
decoder.lock_in(2**30, 60)
versions.order("0.2.0rc1")
os._exit(7)
"""


def test_rooms_are_summed_up_and_judged() -> None:
    files = {
        "ui/chat/page.py": rooms.Counts(lines=80, lines_taken=70, branches=20, branches_taken=12, left_out=3),
        "ui/app.py": rooms.Counts(lines=10, lines_taken=10),
        "core/errors.py": rooms.Counts(lines=90, lines_taken=90, branches=10, branches_taken=4),
        "services.py": rooms.Counts(lines=100, lines_taken=100),
    }

    found = rooms.by_room(files)

    assert list(found) == ["(doors)", "core", "ui"]
    assert found["ui"] == rooms.Counts(90, 80, 20, 12, 3)
    assert found["core"].branches_percent == 40
    judged = {name: round(counts.percent, 2) for name, (counts, _) in rooms.judged(found).items()}
    assert judged == {"ui": round(100 * 92 / 110, 2), "outside ui": 97.0}
    assert whole.too_little(found) == []
    assert len(rooms.table(found)) == 4


def test_a_room_below_its_promise_is_named() -> None:
    short = rooms.Counts(lines=100, lines_taken=79)

    assert whole.too_little({"ui": short, "net": rooms.Counts(10_000, 9_499)}) == [
        "ui: 79.00 % of lines and branches, 80 % are promised",
        "outside ui: 94.99 % of lines and branches, 95 % are promised",
    ]


@pytest.mark.slow
def test_a_child_that_locked_itself_in_is_counted(tmp_path: Path) -> None:
    """It may open no file and write into none, and what it went through after that is known all the same."""
    python = measured.environment(tmp_path)
    pieces = tmp_path / "part.pieces"
    pieces.mkdir()
    asked = {caged.CONFIG: str(measured.CONFIG), caged.FOLDER: str(pieces), measured.DATA: str(pieces / "data")}

    ran = subprocess.run([str(python), "-c", LOCKED_IN, "--decode"], env={**os.environ, **asked}, check=False)

    assert ran.returncode == 7
    assert measured.together("part", tmp_path) == 1
    data = coverage.CoverageData(str(tmp_path / "part.data"))
    data.read()
    (versions,) = (name for name in data.measured_files() if Path(name).name == "versions.py")
    body = next(n for n, line in enumerate(VERSIONS.splitlines(), 1) if "fullmatch" in line)
    assert body in (data.lines(versions) or ())


def test_what_was_ended_from_outside_left_nothing() -> None:
    assert caged.kept(bytes(64)) == b""
    assert caged.kept((3).to_bytes(8, "little") + b"abc" + bytes(9)) == b"abc"


def test_only_processes_that_lock_themselves_in_are_measured_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(caged.CONFIG, raising=False)
    before = os._exit
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "mistral_desk", "--worker"])

    caged.begin()

    assert os._exit is before
