"""The lending process is kept up: another one takes its place, until it dies too often or nobody wants it any more."""

from __future__ import annotations

import queue
import socket
import sys
import threading
from typing import TYPE_CHECKING, Final

import psutil
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.rpc import supervising
from mistral_desk.inference.rpc.lending import Order
from mistral_desk.inference.rpc.supervising import Helper
from mistral_desk.net.rpc.address import Address
from tests.fixtures.lending import HOST, free_port

if TYPE_CHECKING:
    from pathlib import Path

ORDER: Final = Order(HOST, 50_052, 1 << 30, 1)
LOCKED: Final = 'print(\'{"by": ["a lock"], "bounded": true}\', flush=True)\n'
LISTENS: Final = "sys.stdin.read()\n"
DEAF: Final = "import time\ntime.sleep(600)\n"
USED: Final = "print('Accepted client connection', flush=True)\nprint('Client connection closed', flush=True)\n"
NOISE: Final = "sys.stderr.write('what a stranger sent ' * 20000)\n"
ONCE_MORE: Final = """
with open({count!r}, "a+", encoding="ascii") as file:
    file.write("x")
    file.seek(0)
    if len(file.read()) <= {deaths}:
        sys.exit(1)
"""


def lending(script: str, heard: queue.Queue[str] | None = None) -> Helper:
    """A helper whose lending process is this script, which has read its order."""
    told: queue.Queue[str] = queue.Queue() if heard is None else heard
    whole = f"import sys\nsys.stdin.readline()\n{script}"
    return Helper(ORDER, told.put, [sys.executable, "-I", "-S", "-c", whole])


def dying(folder: Path, deaths: int) -> str:
    """A process that dies so many times after it was locked in; then it lives."""
    return LOCKED + ONCE_MORE.format(count=str(folder / "count"), deaths=deaths) + LISTENS


def in_a_thread(running: Helper) -> tuple[threading.Thread, list[DeskError]]:
    problems: list[DeskError] = []

    def run() -> None:
        try:
            running.run()
        except DeskError as error:
            problems.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, problems


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "_PAUSE_S", 0.0)


def test_who_comes_and_goes_is_told_and_the_end_leaves_nothing() -> None:
    """What it writes on stderr is more than a pipe holds: it must not wait for somebody who reads that."""
    heard: queue.Queue[str] = queue.Queue()
    children = set(psutil.Process().children())
    running = lending(LOCKED + NOISE + USED + LISTENS, heard)
    said = running.start()
    assert (said.by, said.bounded) == (("a lock",), True)
    thread, problems = in_a_thread(running)
    try:
        assert [heard.get(timeout=60), heard.get(timeout=60)] == ["taken", "free"]
    finally:
        running.end()
        thread.join()
        running.close()
    assert problems == []
    assert set(psutil.Process().children()) <= children


def test_one_that_was_never_started_has_nothing_to_end() -> None:
    running = lending(LISTENS)
    with pytest.raises(TypeError):
        running.run()
    running.end()
    running.close()


def test_one_that_was_ended_already_is_not_listened_to() -> None:
    running = lending(LOCKED + LISTENS)
    running.start()
    running.end()
    running.run()
    running.close()


def test_another_process_takes_the_place_of_one_that_died(tmp_path: Path) -> None:
    heard: queue.Queue[str] = queue.Queue()
    running = lending(dying(tmp_path, 2), heard)
    running.start()
    thread, problems = in_a_thread(running)
    try:
        assert [heard.get(timeout=60), heard.get(timeout=60)] == ["again", "again"]
    finally:
        running.end()
        thread.join()
        running.close()
    assert problems == []


def test_one_that_dies_again_and_again_is_given_up(tmp_path: Path) -> None:
    heard: queue.Queue[str] = queue.Queue()
    running = lending(dying(tmp_path, 100), heard)
    running.start()
    with pytest.raises(DeskError) as caught:
        running.run()
    running.close()
    assert (caught.value.problem.id, caught.value.problem.params) == ("helper.ended", {"times": 5})
    assert heard.qsize() == 4


def test_deaths_that_lie_far_apart_are_not_counted_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "_LIVES_S", -1.0)  # as if each had lived long
    heard: queue.Queue[str] = queue.Queue()
    running = lending(dying(tmp_path, 6), heard)
    running.start()
    thread, problems = in_a_thread(running)
    try:
        assert [heard.get(timeout=60) for _ in range(6)] == ["again"] * 6
    finally:
        running.end()
        thread.join()
        running.close()
    assert problems == []


def test_an_end_in_the_pause_after_a_death_starts_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "_PAUSE_S", 600.0)
    heard: queue.Queue[str] = queue.Queue()
    running = lending(dying(tmp_path, 100), heard)
    running.start()
    thread, problems = in_a_thread(running)
    assert running._process
    running._process.wait()
    running.end()
    thread.join()
    running.close()
    assert (problems, heard.qsize()) == ([], 0)
    assert (tmp_path / "count").read_text(encoding="ascii") == "x"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("", "its process ended at once"),
        ("print('no line of ours', flush=True)\n" + LISTENS, "its process ended at once"),
        (
            'print(\'{"problem": "helper.no_library", "reason": "it is not there"}\', flush=True)\n' + LISTENS,
            "it is not there",
        ),
    ],
    ids=["dies", "says something else", "refuses"],
)
def test_one_that_cannot_lend_says_why(script: str, reason: str) -> None:
    running = lending(script)
    try:
        with pytest.raises(DeskError) as caught:
            running.start()
    finally:
        running.close()
    assert (caught.value.problem.id, caught.value.problem.params["reason"]) == ("helper.no_library", reason)


def test_one_that_does_not_hear_its_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervising, "_END_S", 0.05)
    children = set(psutil.Process().children())
    running = lending(LOCKED + DEAF)
    running.start()
    running.close()
    assert set(psutil.Process().children()) <= children


@pytest.mark.parametrize("asked", [0.001, -1.0, 1e9])
def test_next_to_nothing_and_more_than_is_free_are_not_lent(asked: float) -> None:
    with pytest.raises(DeskError) as caught:
        supervising.order(Address(HOST, free_port()), asked, None)
    assert caught.value.problem.id == "helper.memory"


def test_half_of_what_is_free_is_lent_where_nobody_says_how_much() -> None:
    at = Address(HOST, free_port())
    made = supervising.order(at, None, None)
    assert (made.host, made.port) == (at.host, at.port)
    assert supervising.LEAST <= made.memory < psutil.virtual_memory().total // 2
    assert made.threads >= 1
    assert supervising.order(at, 0.5, 9999).threads == 512
    with socket.create_server((HOST, 0)) as taken, pytest.raises(DeskError, match=r"helper\.port"):
        supervising.order(Address(HOST, taken.getsockname()[1]), 0.5, 1)
