"""What is asked of a program of ours on this computer: one answer or a reason, and an end from another thread."""

from __future__ import annotations

import re
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mistral_desk.net.neighbour import HOST, Neighbour


class Program:
    """A program that listens where it was told: it hears one request and says what it was given."""

    def __init__(self, port: int, says: bytes, *, goes_on: bool = False) -> None:
        self._listening = socket.create_server((HOST, port))
        self._says, self._goes_on = says, goes_on
        self.heard = b""
        self.asked = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listening.accept()
        with connection:
            while not self._whole():  # who closes with bytes unread resets the connection, and its answer is lost
                self.heard += connection.recv(65_536)
            connection.sendall(self._says)
            self.asked.set()
            if self._goes_on:
                self.heard += connection.recv(1)  # until the other side lets go

    def _whole(self) -> bool:
        head, end, body = self.heard.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        return bool(end) and len(body) >= (int(length[1]) if length else 0)

    def close(self) -> None:
        self._thread.join()
        self._listening.close()


@pytest.fixture
def neighbour() -> Neighbour:
    return Neighbour()


def answered(neighbour: Neighbour, says: bytes, body: bytes | None = None) -> tuple[bytes, Program]:
    program = Program(neighbour.port, says)
    try:
        return neighbour.ask("/health", body), program
    finally:
        program.close()


def test_it_asks_and_gets_the_answer(neighbour: Neighbour) -> None:
    said, program = answered(neighbour, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert said == b"ok"
    assert program.heard.startswith(b"GET /health HTTP/1.1\r\n")


def test_what_has_a_body_is_posted_as_json(neighbour: Neighbour) -> None:
    _, program = answered(neighbour, b"HTTP/1.0 200 OK\r\n\r\n{}", b"[1]")
    assert program.heard.startswith(b"POST /health HTTP/1.1\r\n")
    assert b"content-type: application/json\r\n" in program.heard


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        (b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", "it answered 503"),
        (b"HTTP/1.1 302 Found\r\nLocation: https://example.org/\r\nContent-Length: 0\r\n\r\n", "it answered 302"),
        (b"no HTTP at all\r\n\r\n", "no HTTP at all"),
        (b"", "without response"),
    ],
)
def test_anything_else_is_an_error_with_a_reason(neighbour: Neighbour, says: bytes, reason: str) -> None:
    with pytest.raises(OSError, match=reason):
        answered(neighbour, says)


def test_nobody_there_is_an_error(neighbour: Neighbour) -> None:
    with pytest.raises(ConnectionRefusedError):
        neighbour.ask("/health")


@pytest.mark.parametrize("says", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbut", b"HTTP/1.1 200"])
def test_a_cut_ends_what_waits(neighbour: Neighbour, says: bytes) -> None:
    program = Program(neighbour.port, says, goes_on=True)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(neighbour.ask, "/completion", b"{}")
        program.asked.wait()
        neighbour.cut()
        assert isinstance(asking.exception(), OSError)
    program.close()


def test_after_a_cut_nothing_is_asked(neighbour: Neighbour) -> None:
    neighbour.cut()
    with socket.create_server((HOST, neighbour.port)), pytest.raises(ConnectionAbortedError):
        neighbour.ask("/health")
