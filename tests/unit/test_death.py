"""Why a worker ended: named on each system, and memory is blamed only on evidence."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from mistral_desk.inference.death import Ended, how, oom_kills, problem, short_of_memory

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0xC0000005, "access violation, 0xC0000005"),
        (0xC0000005 - 2**32, "access violation, 0xC0000005"),
        (0xC000001D, "illegal instruction: this processor is too old for the engine, 0xC000001D"),
        (0xC0000409, "aborted, 0xC0000409"),
        (0xDEADBEEF, "exit status 0xDEADBEEF"),
        (3, "exit status 3"),
    ],
)
def test_windows_statuses_have_names(status: int, words: str) -> None:
    assert how(status, windows=True) == words


@pytest.mark.skipif(sys.platform == "win32", reason="signals by number")
@pytest.mark.parametrize(
    ("status", "words"),
    [(-9, "killed, SIGKILL"), (-6, "aborted, SIGABRT"), (-1000, "signal 1000"), (1, "exit status 1")],
)
def test_signals_have_names(status: int, words: str) -> None:
    assert how(status, windows=False) == words


@pytest.mark.parametrize(
    ("ended", "windows", "short"),
    [
        (Ended(-9), False, False),
        (Ended(-9, oom_kills=1), False, True),
        (Ended(-11, oom_kills=1), False, False),
        (Ended(-6, stderr=("terminate called after throwing an instance of 'std::bad_alloc'",)), False, True),
        (Ended(-9, stderr=("std::bad_alloc",)), False, False),
        (Ended(1, stderr=("Traceback (most recent call last):", "MemoryError")), False, True),
        (Ended(-6, stderr=("ggml_aligned_malloc: failed to allocate 4096.00 MB",)), False, True),
        (Ended(1, stderr=("failed to allocate 3 MB, trying less", *["all is well"] * 20)), False, False),
        (Ended(0, stderr=("out of memory",)), False, False),
        (Ended(None, "no such file"), False, False),
        (Ended(0xC0000017), True, True),
        (Ended(0xC000012D - 2**32), True, True),
        (Ended(0xC0000005), True, False),
    ],
)
def test_memory_is_blamed_only_on_evidence(ended: Ended, windows: bool, short: bool) -> None:
    assert short_of_memory(ended, windows=windows) is short


def test_each_end_is_its_own_problem() -> None:
    assert problem(Ended(None, "No such file"), ready=False).id == "engine.missing"
    assert problem(Ended(1), ready=False).id == "engine.start_failed"
    assert problem(Ended(1), ready=True).id == "engine.died"
    assert problem(Ended(-9, "a length of 4 GiB", misunderstood=True), ready=True).id == "engine.protocol"
    assert problem(Ended(1, stderr=("MemoryError",)), ready=True).id == "engine.out_of_memory"


def test_what_the_app_did_itself_is_not_blamed_on_memory() -> None:
    ended = Ended(-9, "it did not stop within 10 seconds", oom_kills=1)
    assert problem(ended, ready=True).params == {"reason": "it did not stop within 10 seconds"}


def test_the_last_words_are_kept_for_a_bug_report_but_not_all_of_them() -> None:
    detail = problem(Ended(1, stderr=tuple(f"line {number}" for number in range(100))), ready=True).detail
    assert detail.splitlines()[-1] == "line 99"
    assert len(detail.splitlines()) < 20


def kernel(folder: Path, group: str, events: str | None, vmstat: str = "oom_kill 5\n") -> tuple[Path, Path]:
    """Files as Linux shows them."""
    proc, cgroups = folder / "proc", folder / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "self" / "cgroup").write_text(f"1:name=systemd:/old\n0::{group}\n", encoding="utf-8")
    (proc / "vmstat").write_text(f"nr_free_pages 12\n{vmstat}pgfault 3\n", encoding="utf-8")
    (cgroups / group.lstrip("/")).mkdir(parents=True, exist_ok=True)
    if events is not None:
        (cgroups / group.lstrip("/") / "memory.events").write_text(events, encoding="utf-8")
    return proc, cgroups


def test_our_own_groups_count_is_taken_where_there_is_one(tmp_path: Path) -> None:
    assert oom_kills(*kernel(tmp_path, "/user/app", "low 0\nmax 7\noom 3\noom_kill 2\noom_group_kill 1\n")) == 2


def test_else_the_systems_count(tmp_path: Path) -> None:
    assert oom_kills(*kernel(tmp_path, "/", None)) == 5


def test_a_system_without_a_count_gives_none_away(tmp_path: Path) -> None:
    assert oom_kills(tmp_path / "nothing", tmp_path / "nothing") == 0
    assert oom_kills(*kernel(tmp_path, "/", None, "oom_kill many\n")) == 0
    assert oom_kills(*kernel(tmp_path / "other", "/user/app", "low 0\nmax 7\n")) == 0
