"""The real program and its worker: whoever dies, is stopped or goes away, nothing is left behind and the next works."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import msgspec
import psutil
import pytest

from tests.fixtures.program import PROGRAM, desk, next_line, rest_of, started, wait_for_end, workers_of

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
        wait_for_end(worker, 2.0)


def test_a_killed_worker_is_an_error_within_a_second_and_the_next_question_works(endless: list[str]) -> None:
    with started(*endless) as app:
        next_line(app, "text")
        (worker,) = workers_of(app)
        killed_at = time.monotonic()
        worker.kill()
        error = next_line(app, "error")
        assert time.monotonic() - killed_at < 1.0
        assert error["id"] == "engine.died"
        assert app.wait(120) == 1
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
        assert app.wait(120) == 1
        assert not psutil.pid_exists(worker.pid)


def test_the_version_is_quick() -> None:
    """Measured against Python's own start on the same busy machine, because a time alone decides nothing."""

    def seconds(*command: str) -> float:
        times = []
        for _ in range(5):
            began = time.perf_counter()
            subprocess.run([sys.executable, *command], check=True, capture_output=True)
            times.append(time.perf_counter() - began)
        return min(times)

    assert seconds(*PROGRAM[1:], "--version") < seconds("-c", "import asyncio") + 0.2
