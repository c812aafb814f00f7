"""Locks that are not there: on another processor, a kernel without Landlock, beside a thread with a filter of its own.

Each in a process of its own, which says what it found; nothing is claimed to be in force that is not.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from typing import Any, Final

import pytest

from mistral_desk.inference.sandbox import calls, landlock, trial, windows
from mistral_desk.inference.sandbox.attempt import attempt
from mistral_desk.inference.sandbox.worker import OFF

ELSEWHERE: Final = """
import json, platform
platform.machine = lambda: "riscv64"
from mistral_desk.inference.sandbox import lender
from mistral_desk.inference.sandbox.worker import WorkerCage
cage = WorkerCage()
before = cage.close(graphics=False)
cage.begin()
cage.look_only_at([])
made = cage.close(graphics=True)
print(json.dumps([before.by, before.refused, made.by, made.refused, made.allowed, made.notes, lender.lock_in(50052)]))
"""
NO_LANDLOCK: Final = """
import json
from mistral_desk.inference.sandbox import calls, landlock, seccomp
from mistral_desk.inference.sandbox.worker import WorkerCage
asked = calls.number("landlock_create_ruleset", calls.machine())
seccomp.install([(0x20, 0, 0, 0), (0x15, 0, 1, asked), (0x06, 0, 0, 0x50026), (0x06, 0, 0, 0x7FFF0000)])
cage = WorkerCage()
cage.begin()
cage.look_only_at([])
made = cage.close(graphics=True)
print(json.dumps([landlock.version(), made.by, made.notes, "exec" in made.refused, "write" in made.allowed]))
"""
STRAYED: Final = """
import ctypes, json, threading
from mistral_desk.inference.sandbox import calls, seccomp
program = [(0x06, 0, 0, 0x7FFF0000)]
ready, over = threading.Event(), threading.Event()
def alone():
    calls.no_new_privileges()
    rows = (seccomp._Row * 1)(seccomp._Row(*program[0]))
    whole = seccomp._Program(1, rows)
    calls.call("seccomp", ctypes.c_ulong(1), ctypes.c_ulong(0), ctypes.byref(whole))
    ready.set()
    over.wait()
thread = threading.Thread(target=alone)
thread.start()
ready.wait()
try:
    seccomp.install(program)
    said = "installed"
except OSError as error:
    said = str(error)
over.set()
thread.join()
print(json.dumps([said, thread.native_id]))
"""
linux = pytest.mark.skipif(not calls.machine(), reason="the locks are Linux's")


def said_by(script: str, **environ: str) -> tuple[Any, str]:
    """What a process of its own says in JSON, and on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, env={**os.environ, **environ}
    )
    errors = done.stderr.decode()
    assert done.returncode == 0, errors
    return json.loads(done.stdout), errors


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system itself is the other one")
@pytest.mark.parametrize("off", ["", "1"])
def test_on_another_processor_nothing_is_in_force_and_the_trial_says_so(off: str) -> None:
    (by, refused, after, kept_back, allowed, notes, lent), _ = said_by(ELSEWHERE, **{OFF: off})
    assert (by, refused) == ([], []), "nothing was begun"
    assert (after, kept_back, allowed) == ([], [], list(trial.KINDS))
    assert notes == (["off"] if off else [])
    assert lent == []


@linux
def test_a_kernel_without_landlock_keeps_in_what_its_filter_can() -> None:
    (version, by, notes, no_program, writes), errors = said_by(NO_LANDLOCK)
    assert (version, by, notes) == (0, ["seccomp"], ["graphics"])
    assert (no_program, writes) == (True, True)
    assert "a lock that is not in force: landlock" in errors


@linux
def test_a_filter_that_does_not_reach_every_thread_is_no_lock() -> None:
    (said, thread), _ = said_by(STRAYED)
    assert f"thread {thread} could not be brought in" in said


def test_a_lock_that_fails_is_said_and_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    by: list[str] = []

    def fails() -> None:
        raise OSError(38, "not here")

    attempt(by, "first", fails)
    attempt(by, "second", lambda: False)
    attempt(by, "third", lambda: None)
    attempt(by, "third", lambda: True)
    assert by == ["third"]
    assert capsys.readouterr().err == "a lock that is not in force: first ([Errno 38] not here)\n"


def test_a_call_that_a_processor_does_not_have_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert calls.number("fork", "aarch64") is None
    with pytest.raises(OSError, match="no system call fork here"):
        calls.call("fork")


def test_who_cannot_count_its_threads_is_not_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks of files bind one thread: where it is not known that there is no other one, they are not relied on."""

    def gone(_path: str) -> list[str]:
        raise PermissionError(13, "no /proc")

    monkeypatch.setattr(os, "listdir", gone)
    assert not landlock.alone()


@pytest.mark.skipif(sys.platform == "win32", reason="there a job is one")
def test_a_job_bounds_nothing_where_there_are_none() -> None:
    job = windows.Job(memory=1, processes=1)
    job.add(os.getpid())
    job.close()
    assert windows.hold(os.getpid(), memory=1) is None
