"""The list of connections: kept over restarts, bounded, erasable, and whole whatever the disk does."""

from __future__ import annotations

import socket
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from mistral_desk.net import ledger as ledgers
from mistral_desk.net.ledger import Ledger
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import TEST, online

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.net.ledger import Connection


def seen(file: Path) -> tuple[Connection, ...]:
    """What a new run finds."""
    found = Ledger(file)
    found.look_again()
    return found.entries()


def test_what_was_is_there_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "data" / "connections.jsonl"
    one = Ledger(file)
    assert one.entries() == ()
    assert not file.exists()
    first = one.begin("hub.example", "hub", "A search.")
    first.received, first.sent, first.status = 10, 20, 200
    one.end(first)
    second = one.begin("cdn.example", "hub", "A header.")
    one.end(second, "net.cut")
    one.flush()
    again = seen(file)
    assert [(e.host, e.problem) for e in again] == [("cdn.example", "net.cut"), ("hub.example", "")]
    assert again == one.entries()


def test_what_runs_is_there_without_an_end(tmp_path: Path) -> None:
    one = Ledger(tmp_path / "l")
    one.begin("hub.example", "hub", "A search.")
    one.flush()
    (entry,) = seen(tmp_path / "l")
    assert entry.seconds is None


def test_a_job_with_pauses_is_one_entry_and_its_last_state_counts(tmp_path: Path) -> None:
    one = Ledger(tmp_path / "l")
    for number in range(3):
        entry = one.begin("a.example", "catalog", "All of it.", job="j")
        entry.received += 100
        one.end(entry, "net.cut" if number == 1 else "")
        one.flush()
    (kept,) = seen(tmp_path / "l")
    assert (kept.requests, kept.received, kept.problem) == (3, 300, "net.cut")


def test_it_is_bounded_in_memory_and_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "MOST", 50)
    monkeypatch.setattr(ledgers, "_MOST_LINES", 150)
    one = Ledger(tmp_path / "l")
    for number in range(500):
        one.end(one.begin(f"{number}.example", "x", "x"))
        one.flush()
    assert [entry.host for entry in one.entries()] == [f"{n}.example" for n in reversed(range(450, 500))]
    assert len((tmp_path / "l").read_bytes().splitlines()) <= 151
    assert seen(tmp_path / "l") == one.entries()


def test_lines_that_cannot_be_read_cost_themselves_only(tmp_path: Path) -> None:
    one = Ledger(tmp_path / "l")
    one.end(one.begin("a.example", "x", "x"))
    one.flush()
    good = (tmp_path / "l").read_bytes()
    (tmp_path / "l").write_bytes(b"\xff\n{}\n[" + b"[" * 5000 + b"\n" + good + good[:20])
    assert [entry.host for entry in seen(tmp_path / "l")] == ["a.example"]
    assert (tmp_path / "l").read_bytes().count(b"\n") == 1, "what cannot be read is swept out"


def test_what_the_command_line_wrote_meanwhile_is_seen(tmp_path: Path) -> None:
    window, command = Ledger(tmp_path / "l"), Ledger(tmp_path / "l")
    mine = window.begin("a.example", "x", "x")
    window.flush()
    command.end(command.begin("b.example", "x", "x"))
    command.flush()
    mine.received = 5
    window.look_again()
    assert {(entry.host, entry.received) for entry in window.entries()} == {("a.example", 5), ("b.example", 0)}


def test_erasing_leaves_nothing_and_what_still_runs_does_not_come_back(tmp_path: Path) -> None:
    one = Ledger(tmp_path / "l")
    running = one.begin("a.example", "x", "x", job="j")
    one.flush()
    one.erase()
    one.end(running)
    one.flush()
    assert one.entries() == ()
    assert not (tmp_path / "l").exists()
    one.begin("a.example", "x", "x", job="j")
    assert len(one.entries()) == 1


@pytest.mark.allow_log("could not be written down|cannot be read")
def test_a_place_that_cannot_be_written_to_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    one = Ledger(tmp_path / "file" / "l")
    one.end(one.begin("a.example", "x", "x"))
    one.flush()
    assert len(one.entries()) == 1


@pytest.mark.allow_log("cannot be read")
def test_a_folder_in_its_place_stops_nothing(tmp_path: Path) -> None:
    assert seen(tmp_path) == ()


@pytest.mark.skipif(sys.platform == "win32", reason="only administrators make links there")
@pytest.mark.parametrize("there", [True, False])
def test_a_link_in_its_place_is_taken_away_and_not_followed(tmp_path: Path, *, there: bool) -> None:
    theirs, file = tmp_path / "theirs", tmp_path / "l"
    one = Ledger(file)
    one.end(one.begin("a.example", "x", "x"))
    one.flush()
    if there:
        file.rename(theirs)  # what it leads to can be read as a list of ours
    content = theirs.read_bytes() if there else b""
    file.unlink(missing_ok=True)
    file.symlink_to(theirs)
    two = Ledger(file)
    two.end(two.begin("b.example", "x", "x"))
    two.flush()
    assert not file.is_symlink()
    assert [entry.host for entry in seen(file)] == ["b.example"]
    assert (theirs.read_bytes() if there else theirs.exists()) == (content if there else False)
    two.end(two.begin("c.example", "x", "x"))
    two.flush()
    assert [entry.host for entry in seen(file)] == ["c.example", "b.example"]


def test_many_threads_lose_nothing(tmp_path: Path) -> None:
    one = Ledger(tmp_path / "l")

    def work(number: int) -> None:
        for step in range(50):
            one.end(one.begin(f"{number}.{step}.example", "x", "x"))
            one.flush()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(one.entries()) == 400
    assert {entry.host for entry in seen(tmp_path / "l")} == {entry.host for entry in one.entries()}


def test_making_the_file_shorter_keeps_what_another_program_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "_MOST_LINES", 6)
    file = tmp_path / "connections.jsonl"
    window, command_line = Ledger(file), Ledger(file)
    window.look_again()
    command_line.end(command_line.begin("other.example", "catalog", "A refresh."))
    command_line.flush()
    for number in range(8):
        window.end(window.begin(f"host-{number}.example", "hub", "A search."))
        window.flush()
    assert "other.example" in {entry.host for entry in seen(file)}


def test_a_moment_that_no_calendar_has_costs_itself_only(tmp_path: Path) -> None:
    file = tmp_path / "connections.jsonl"
    one = Ledger(file)
    one.end(one.begin("hub.example", "hub", "A search."))
    one.flush()
    line = file.read_bytes()
    began = line.split(b'"began":')[1].split(b",")[0]
    file.write_bytes(line + line.replace(began, b"1e300").replace(b'"id":"', b'"id":"x'))
    assert [entry.host for entry in seen(file)] == ["hub.example"]


def test_to_a_computer_that_does_not_answer_nothing_was_sent(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # it does not listen, and nobody else gets this port

        async def test() -> None:
            async with online(tmp_path) as net:
                url = f"http://127.0.0.1:{taken.getsockname()[1]}/secret"
                assert (await problem_of(net.fetch(url, TEST, limit=10)))[0] == "net.unreachable"
                (entry,) = net.ledger.entries()
                assert (entry.sent, entry.received, entry.problem) == (0, 0, "net.unreachable")

        run(test())
