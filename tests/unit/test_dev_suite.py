"""`dev.py test` shares the suite out among processes, and nothing that one of them finds gets lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.dev import suite

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with a test in each of the folders but one."""
    for name in ("unit", "ui", "engine"):
        (tmp_path / "tests" / name).mkdir(parents=True)
        (tmp_path / "tests" / name / "test_one.py").write_text("", encoding="utf-8")
    (tmp_path / "tests" / "e2e").mkdir()
    (tmp_path / "unit").mkdir()
    return tmp_path


@pytest.mark.parametrize(("cores", "processes"), [(1, "2"), (2, "2"), (6, "6"), (64, str(suite.MOST))])
def test_the_whole_suite_is_shared_out_by_files(tree: Path, cores: int, processes: str) -> None:
    words = suite.words_for(["-x"], tree, cores)
    assert words[words.index("-n") + 1] == processes
    assert words[words.index("--dist") + 1] == "loadfile"
    assert words[-4:] == ["-x", "tests/engine", "tests/ui", "tests/unit"], "the slow ones first, and no empty folder"


def test_folders_that_are_named_are_shared_out_too(tree: Path) -> None:
    words = suite.words_for(["-m", "not display", "tests/unit"], tree, 2)
    assert words[:2] == ["-n", "2"]
    assert words[-3:] == ["-m", "not display", "tests/unit"]


@pytest.mark.parametrize(
    "words",
    [
        ["tests/unit/test_one.py", "-q"],
        ["tests/unit/test_one.py::test_a[b/c::d]"],
        ["-q", "tests/ui", "tests/unit/test_one.py"],
    ],
)
def test_named_files_are_run_in_one_process(tree: Path, words: list[str]) -> None:
    assert suite.words_for(words, tree, 8) == words


@pytest.mark.parametrize(
    "words", [["-k", "unit"], ["-kunit"], ["-s"], ["--pdb"], ["--co"], ["-n", "3"], ["-n3"], ["--dist=load"]]
)
def test_who_looks_closely_or_says_it_himself_is_not_meddled_with(tree: Path, words: list[str]) -> None:
    """A folder beside the tests that has the name of what `-k` looks for changes nothing."""
    assert suite.words_for(words, tree, 8) == [*words, "tests/unit", "tests/ui", "tests/engine"]


def test_words_that_only_begin_alike_are_other_words(tree: Path) -> None:
    for word in ("--color=no", "--no-header", "--confcutdir=tests"):
        assert suite.words_for([word], tree, 2)[:2] == ["-n", "2"]


def test_there_is_a_core() -> None:
    assert 1 <= suite.cores() <= (os.cpu_count() or 1)


@pytest.mark.slow
def test_a_child_that_outlives_a_shared_run_fails_it_and_is_ended(tmp_path: Path) -> None:
    """Each process looks below itself; who reads the end of the run must hear of it there."""
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (tmp_path / "test_leaving.py").write_text(
        "import subprocess, sys\n"
        "def test_leaves_a_child():\n"
        "    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "1", "-p", "no:pytest-qt", "-p", "tests.conftest", str(tmp_path)],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])},
        timeout=300,
    )
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-1].startswith("1 passed"), done.stdout
    assert "children that outlived the tests" in lines[-3]
    assert "time.sleep(600)" in lines[-2]
