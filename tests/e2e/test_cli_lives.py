"""The real program and its worker: whoever dies, is stopped or goes away, nothing is left behind and the next works."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import msgspec
import psutil
import pytest

from tests.fixtures.program import END_OF_WORLD_S, PROGRAM, desk, next_line, rest_of, started, wait_for_end, workers_of

if TYPE_CHECKING:
    from tests.fixtures.small_models import SmallModels

posix = pytest.mark.skipif(sys.platform == "win32", reason="Ctrl+C of a terminal")


@pytest.fixture
def endless(small_models: SmallModels) -> list[str]:
    """An answer that goes on until the context is full: random weights hardly ever end by themselves."""
    return ["ask", "Tell me a story.", "--json", "--seed", "1", "--model", str(small_models["mistral4"])]


def test_a_killed_app_leaves_no_worker(endless: list[str]) -> None:
    with started(*endless) as app:
        next_line(app, "text")
        (worker,) = workers_of(app)
        app.kill()
        wait_for_end(worker, END_OF_WORLD_S)


def test_a_killed_worker_is_an_error_and_the_next_question_works(endless: list[str]) -> None:
    with started(*endless) as app:
        next_line(app, "text")
        (worker,) = workers_of(app)
        worker.kill()
        assert next_line(app, "error")["id"] == "engine.died"
        assert app.wait(END_OF_WORLD_S) == 1
        assert rest_of(app) == ("", "")
    assert desk(*endless, "--max-tokens", "3").lines[-1]["type"] == "done"


@posix
def test_ctrl_c_ends_the_answer_cleanly(endless: list[str]) -> None:
    with started(*endless) as app:
        next_line(app, "text")
        (worker,) = workers_of(app)
        app.send_signal(signal.SIGINT)
        done = next_line(app, "done")
        assert done["reason"] == "stopped"
        assert done["generated_tokens"] > 0
        out, err = rest_of(app)
        assert (app.returncode, out, err) == (130, "", "")
        assert not psutil.pid_exists(worker.pid)


@posix
def test_ctrl_c_while_the_worker_starts_is_no_traceback(endless: list[str]) -> None:
    with started(*endless) as app:
        while not (workers := psutil.Process(app.pid).children()):
            assert app.poll() is None
        app.send_signal(signal.SIGINT)
        out, err = rest_of(app)
        assert app.returncode == 130
        assert "Traceback" not in err
        assert [msgspec.json.decode(line)["type"] for line in out.splitlines()] in ([], ["error"])
        assert not [worker for worker in workers if worker.is_running()]


@posix
def test_a_reader_that_goes_away_ends_the_program(endless: list[str]) -> None:
    with started(*endless) as app:
        next_line(app, "text")
        (worker,) = workers_of(app)
        assert app.stdout is not None
        assert app.stderr is not None
        app.stdout.close()
        assert app.stderr.read() == b""
        assert app.wait(END_OF_WORLD_S) == 1
        assert not psutil.pid_exists(worker.pid)


def test_the_version_is_quick() -> None:
    """Measured against Python's own start, in seconds of a processor: what else the computer does decides nothing."""

    def seconds(*command: str) -> float:
        began = computed()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        return computed() - began

    ours, pythons = zip(
        *((seconds(*PROGRAM[1:], "--version"), seconds("-c", "import asyncio")) for _ in range(5)), strict=True
    )
    assert min(ours) < min(pythons) + 0.2


def computed() -> float:
    """Seconds that a processor spent on children that are over; where no system tells, seconds of the clock."""
    times = os.times()
    return times.elapsed if sys.platform == "win32" else times.children_user + times.children_system
