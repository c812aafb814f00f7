"""When a silent worker is told of, when it is given up, and what is never taken for a hang."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.inference import silence
from mistral_desk.inference.silence import HANGS_LOADING_S, HANGS_S, READ_BYTES, TELL_S, Quiet, Silence, Stir, look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STILL = Stir(0, paused=False)


def waited(watched: Silence, seconds: float, stir: Stir | None = STILL) -> None:
    for _ in range(round(seconds)):
        watched.passed(1.0, stir)


def told(watched: Silence) -> Quiet | None:
    return watched.told


def hangs(watched: Silence) -> bool:
    return watched.hangs


def test_a_short_pause_is_nothing_and_a_long_one_is_told_with_its_length() -> None:
    watched = Silence()
    waited(watched, TELL_S - 1)
    assert told(watched) is None
    waited(watched, 5)
    assert told(watched) == Quiet(TELL_S + 4)
    watched.heard()
    assert told(watched) is None


def test_what_was_slow_before_is_not_told_of_again() -> None:
    """A model on a hard disk that takes 60 seconds for each word is within its own pace after the first."""
    watched = Silence()
    waited(watched, 60)
    assert told(watched) is not None
    watched.heard()
    waited(watched, 120)
    assert told(watched) is None
    assert not hangs(watched)


def test_it_hangs_after_minutes_without_a_word_and_loading_may_take_longer() -> None:
    answering, loading = Silence(), Silence(loading=True)
    for watched, limit in ((answering, HANGS_S), (loading, HANGS_LOADING_S)):
        waited(watched, limit - 1)
        assert not hangs(watched)
        waited(watched, 1)
        assert hangs(watched)
        assert watched.minutes == round(limit / 60)


def test_who_reads_from_the_disk_does_not_hang_however_long_it_takes() -> None:
    """70 GB from a hard disk, a megabyte and a half a second: told, and never given up."""
    watched = Silence(loading=True)
    for second in range(40_000):
        watched.passed(1.0, Stir(second * READ_BYTES * 3 // 2, paused=False))
        assert not hangs(watched)
    assert told(watched) == Quiet(40_000)


def test_who_is_held_from_outside_is_told_so_and_does_not_hang_when_it_wakes() -> None:
    watched = Silence()
    waited(watched, 10_000, Stir(0, paused=True))
    assert told(watched) == Quiet(10_000, paused=True)
    waited(watched, TELL_S / 3)
    assert told(watched) == Quiet(10_000 + TELL_S / 3)
    assert not hangs(watched)
    watched.heard()
    waited(watched, 3 * TELL_S)
    assert told(watched) is not None, "the time that it was held is not its pace"


def test_a_computer_that_slept_for_a_night_took_two_seconds() -> None:
    watched = Silence()
    watched.passed(8 * 3600.0, STILL)
    assert told(watched) is None
    assert not hangs(watched)


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.tuples(st.floats(-10, 1e6), st.one_of(st.none(), st.tuples(st.integers(0, 1 << 40), st.booleans()))),
        ),
        max_size=400,
    )
)
def test_nothing_hangs_that_spoke_within_the_limit(
    happened: list[tuple[float, tuple[int, bool] | None] | None],
) -> None:
    """None is a message; the rest is time that passed, with what was seen of the process."""
    watched, since = Silence(), 0.0
    for one in happened:
        if one is None:
            watched.heard()
            since = 0.0
        else:
            elapsed, seen = one
            watched.passed(elapsed, Stir(*seen) if seen else None)
            since += min(max(elapsed, 0.0), 2 * silence.TICK_S)
        assert not hangs(watched) or since >= HANGS_S
        assert told(watched) is None or since >= TELL_S


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as running:
        yield running
        running.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX has signals")
def test_the_system_says_whether_a_process_is_held(process: subprocess.Popen[bytes]) -> None:
    assert not look(process.pid).paused
    os.kill(process.pid, signal.SIGSTOP)
    until(lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
    assert look(process.pid).paused
    os.kill(process.pid, signal.SIGCONT)
    until(lambda: psutil.Process(process.pid).status() != psutil.STATUS_STOPPED)
    assert not look(process.pid).paused


def test_a_process_that_is_gone_neither_reads_nor_is_held(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    assert look(process.pid) == Stir(0, paused=False)


def test_a_system_without_proc_is_asked_in_another_way(process: subprocess.Popen[bytes], tmp_path: Path) -> None:
    for stat in (None, b"1 (a process) S", b"1 (a process) S 1 2 3 4 5 6 7 8 many"):
        if stat is not None:
            (tmp_path / str(process.pid)).mkdir(exist_ok=True)
            (tmp_path / str(process.pid) / "stat").write_bytes(stat)
        found = look(process.pid, tmp_path)
        assert not found.paused
        assert found.read >= 0


def until(holds: object) -> None:
    assert callable(holds)
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
