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
ONE_TEST: Final = """
from mistral_desk.core import versions
def test_one():
    versions.order("0.2.0rc1")
"""
KILLED_AT_ITS_END: Final = """
import psutil
def pytest_unconfigure():
    psutil.Process().kill()
"""
PLAIN: Final = """
import _thread
import threading
from mistral_desk.core import versions
over = threading.Event()
def run(text, *, strictly):
    versions.order(text)
    over.set()
_thread.start_new_thread(run, ("0.2.0rc1",), {"strictly": True})
assert over.wait(60)
"""
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
@pytest.mark.parametrize(("code", "words", "status"), [(LOCKED_IN, ("--decode",), 7), (PLAIN, (), 0)])
def test_a_child_is_counted(code: str, words: tuple[str, ...], status: int, tmp_path: Path) -> None:
    """One that locked itself in may open no file and write into none; one may have threads that `threading` did not
    begin. What either went through is known all the same.
    """
    python = measured.environment(tmp_path)
    pieces = tmp_path / "part.pieces"
    pieces.mkdir()
    asked = {caged.CONFIG: str(measured.CONFIG), caged.FOLDER: str(pieces), measured.DATA: str(pieces / "data")}

    ran = subprocess.run([str(python), "-c", code, *words], env={**measured.unmeasured(), **asked}, check=False)

    assert ran.returncode == status
    assert measured.together("part", tmp_path) == 1
    assert _went_through_versions(tmp_path / "part.data")


@pytest.mark.slow
def test_a_process_of_the_suite_has_kept_all_when_its_tests_are_done(tmp_path: Path) -> None:
    """Who shares the tests out does not wait long for the end of a process."""
    python = measured.environment(tmp_path)
    (tmp_path / "conftest.py").write_text(KILLED_AT_ITS_END, encoding="utf-8")
    test = tmp_path / "test_one.py"
    test.write_text(ONE_TEST, encoding="utf-8")

    assert measured.run("part", [str(test), "-q", "--rootdir", str(tmp_path)], python, tmp_path) != 0
    assert _went_through_versions(tmp_path / "part.data")


def _went_through_versions(file: Path) -> bool:
    data = coverage.CoverageData(str(file))
    data.read()
    (versions,) = (name for name in data.measured_files() if Path(name).parts[-2:] == ("core", "versions.py"))
    body = next(n for n, line in enumerate(VERSIONS.splitlines(), 1) if "fullmatch" in line)
    return body in (data.lines(versions) or ())


def test_what_was_ended_from_outside_left_nothing() -> None:
    assert caged.kept(bytes(64)) == b""
    assert caged.kept((3).to_bytes(8, "little") + b"abc" + bytes(9)) == b"abc"


def test_only_processes_that_lock_themselves_in_are_measured_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(caged.CONFIG, raising=False)
    before = os._exit
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "mistral_desk", "--worker"])

    caged.begin()

    assert os._exit is before
