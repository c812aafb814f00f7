"""dev.py as it is typed: its help, its exit status, an old Python, a step that fails."""

from __future__ import annotations

import ast
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tools.dev import child, main
from tools.dev.check import Check, run_all
from tools.dev.steps import Failed, Steps, duration

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


def dev(*words: str, program: str | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    start = ["-c", program] if program else [str(ROOT / "dev.py")]
    return subprocess.run(
        [sys.executable, *start, *words],
        cwd=ROOT.parent,
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
        timeout=120,
    )


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """`main` changes what SIGTERM does; the next tests get it as it was."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def test_help_lists_the_commands() -> None:
    done = dev("--help")
    assert done.returncode == 0
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ")}
    assert {"run", "test", "check"} <= listed
    assert listed == set(main.available())


def test_wrong_use_is_status_2() -> None:
    assert dev().returncode == 2
    unknown = dev("dance")
    assert unknown.returncode == 2
    assert "no command 'dance'" in unknown.stderr
    assert "run" in unknown.stderr


def test_the_door_is_readable_for_old_pythons() -> None:
    ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"), feature_version=(3, 4))


@pytest.mark.parametrize("version", [(3, 8, 10), (3, 10, 12), (3, 14, 0)])
def test_an_unsuitable_python_is_told_what_to_get(version: tuple[int, ...], tmp_path: Path) -> None:
    program = (
        "import runpy, sys\n"
        f"sys.version_info = {version!r}\n"
        "sys.argv = ['dev.py', 'test']\n"
        f"runpy.run_path({str(ROOT / 'dev.py')!r}, run_name='__main__')\n"
    )
    done = dev(program=program, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13, and this is Python " + ".".join(map(str, version)) in done.stderr
    assert "python3.13 dev.py test" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Python is a shell script")
def test_a_suitable_python_beside_an_unsuitable_one_is_used(tmp_path: Path) -> None:
    other = tmp_path / "python3.12"
    other.write_text('#!/bin/sh\necho "here: $@"\nexit 7\n', encoding="utf-8")
    other.chmod(0o755)
    program = (
        "import runpy, sys\n"
        "sys.version_info = (3, 9, 1)\n"
        "sys.argv = ['dev.py', 'run', 'ask', 'two words']\n"
        f"runpy.run_path({str(ROOT / 'dev.py')!r}, run_name='__main__')\n"
    )
    done = dev(program=program, PATH=str(tmp_path))
    assert (done.returncode, done.stdout.strip()) == (7, f"here: {ROOT / 'dev.py'} run ask two words")


def test_a_failed_step_says_what_failed_and_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(words: list[str]) -> int:
        raise Failed("Packages: ended with status 1", "Check the connection.", ["first", "last words"])

    monkeypatch.setattr(main, "available", lambda: {"run": ("", fail)})
    assert main.main(["run"]) == 1
    said = capsys.readouterr().err
    assert said.index("last words") < said.index("Packages: ended") < said.index("Check the connection.")


def test_control_c_is_no_traceback(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(words: list[str]) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "available", lambda: {"run": ("", interrupted)})
    assert main.main(["run"]) == 130
    assert "Stopped" in capsys.readouterr().err


def test_a_step_shows_its_time_and_the_log_has_the_rest(tmp_path: Path) -> None:
    screen, log = io.StringIO(), tmp_path / "deep" / "log.txt"
    steps = Steps(log, screen)
    with steps.step("Packages"):
        steps.run([sys.executable, "-c", "print('grüße'); import sys; print('problem', file=sys.stderr)"])
    steps.close()
    assert screen.getvalue().startswith("Packages …\n  done in ")
    text = log.read_text(encoding="utf-8")
    assert "grüße" in text or os.name == "nt"
    assert "problem" in text


def test_a_program_that_fails_or_is_not_there(tmp_path: Path) -> None:
    steps = Steps(tmp_path / "log.txt", io.StringIO())
    with pytest.raises(Failed) as failed:
        steps.run([sys.executable, "-c", "print('why'); raise SystemExit(4)"], todo="Do this.")
    assert (failed.value.tail, failed.value.todo) == (("why",), "Do this.")
    with pytest.raises(Failed, match="could not be started"):
        steps.run(["no-such-program-here"])
    steps.close()


@pytest.mark.skipif(os.name == "nt", reason="asks the process table as POSIX does")
def test_ending_a_child_ends_what_it_started() -> None:
    started = (
        "import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"
    )
    parent = child.start([sys.executable, "-c", started + "; print(p.pid, flush=True); time.sleep(600)"])
    assert parent.stdout is not None
    grandchild = int(parent.stdout.readline())
    child.end(parent)
    parent.stdout.read()  # ends only when the last holder of the pipe is gone
    parent.stdout.close()
    assert parent.returncode is not None
    try:
        os.kill(grandchild, 0)
    except ProcessLookupError:
        return
    status = Path(f"/proc/{grandchild}/stat")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:  # it let go of the pipe a moment before it ended; no event tells of the rest
        try:
            if status.read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] == "Z":
                return  # ended, and only not yet collected by the system's first process
        except (FileNotFoundError, ProcessLookupError):
            return
        time.sleep(0.01)
    raise AssertionError("the child's child lives on")


def test_checks_run_together_and_all_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    checks = [
        Check("fine", ("-c", "pass")),
        Check("poor", ("-c", "print('line 3 is wrong'); raise SystemExit(1)"), "mend it"),
    ]
    assert run_all(ROOT, Path(sys.executable), checks) == 1
    said = capsys.readouterr().out
    assert "ok      fine" in said
    assert "line 3 is wrong" in said
    assert "FAILED  poor" in said
    assert "mend it" in said
    assert "Not well: poor" in said
    assert run_all(ROOT, Path(sys.executable), checks[:1]) == 0


def test_durations_as_people_say_them() -> None:
    assert [duration(value) for value in (0.24, 9.94, 9.96, 59.4, 60.0, 185.2)] == [
        "0.2 s",
        "9.9 s",
        "10 s",
        "59 s",
        "1 min 00 s",
        "3 min 05 s",
    ]


def test_programs_that_the_tests_start_find_what_was_compiled_before(tmp_path: Path) -> None:
    (tmp_path / "part.py").write_text("X = 1\n", encoding="utf-8")
    names = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    main.keep_bytecode(names)
    subprocess.run([sys.executable, "-c", "import part"], cwd=tmp_path, env=names, check=True)
    assert list(tmp_path.rglob("part.*.pyc"))
