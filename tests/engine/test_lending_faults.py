"""The lending process itself, where it cannot lend: it says why in the one line that is its own, and ends."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.rpc import places
from mistral_desk.inference.rpc.lending import Locked, Order
from mistral_desk.inference.rpc.supervising import Helper
from tests.fixtures.lending import HOST, free_port, library

if TYPE_CHECKING:
    from pathlib import Path

COMMAND: Final = [sys.executable, "-m", "mistral_desk", "--rpc-lend"]


def order(port: int) -> Order:
    return Order(HOST, port, 256 << 20, 1)


@pytest.mark.parametrize("content", [None, b"no library at all"])
def test_without_the_engine_s_part_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    file = tmp_path / "libggml-rpc.so"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(places.LIBRARY, str(file))
    running = Helper(order(free_port()), lambda _event: None)
    try:
        with pytest.raises(DeskError) as caught:
            running.start()
    finally:
        running.close()
    assert caught.value.problem.id == "helper.no_library"
    assert "libggml-rpc.so" in str(caught.value.problem.params["reason"])


def test_an_order_that_makes_no_sense_is_refused() -> None:
    done = subprocess.run(COMMAND, input=b'{"host": 5}\n', capture_output=True, check=False)
    assert done.returncode == 1
    said = msgspec.json.decode(done.stdout, type=Locked)
    assert (said.problem, said.by) == ("helper.no_library", ())
    assert said.reason


def test_one_whose_port_was_taken_meanwhile_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(places.LIBRARY, str(library()))
    with socket.create_server((HOST, 0)) as taken:
        line = msgspec.json.encode(order(taken.getsockname()[1])) + b"\n"
        process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with process:
            assert process.stdin
            assert process.stdout
            process.stdin.write(line)
            process.stdin.flush()
            assert msgspec.json.decode(process.stdout.readline(), type=Locked).problem == ""
            assert process.wait() == 1


def test_what_comes_after_the_order_changes_nothing_and_the_end_of_it_is_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(places.LIBRARY, str(library()))
    process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(msgspec.json.encode(order(free_port())) + b"\n")
        process.stdin.flush()
        assert msgspec.json.decode(process.stdout.readline(), type=Locked).problem == ""
        process.stdin.write(b"more\n")
        process.stdin.close()
        assert process.wait() == 0
