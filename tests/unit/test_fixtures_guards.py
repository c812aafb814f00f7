"""The guards around the tests do refuse and do report; a guard that lets everything pass would look just as green."""

from __future__ import annotations

import logging
import socket
from typing import TYPE_CHECKING

import pytest

from tests.conftest import _guard
from tests.fixtures.guards import LogWatch, OutsideError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OUTSIDE = ("192.0.2.1", 443)
"""An address that documentation may use and nobody has (RFC 5737)."""


@pytest.fixture
def forgiven() -> Iterator[None]:
    """Forget what this test made the guard refuse."""
    yield
    _guard.attempts.clear()


@pytest.mark.usefixtures("forgiven")
@pytest.mark.parametrize(
    "attempt",
    [
        lambda s: s.connect(OUTSIDE),
        lambda s: s.connect_ex(OUTSIDE),
        lambda s: s.bind(("0.0.0.0", 0)),  # noqa: S104
        lambda _: socket.getaddrinfo("example.com", 443),
    ],
)
def test_leaving_this_computer_is_refused_and_remembered(attempt: Callable[[socket.socket], object]) -> None:
    with socket.socket() as s, pytest.raises(OutsideError):
        attempt(s)

    assert len(_guard.attempts) == 1


def test_this_computer_itself_can_be_reached(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        assert socket.getaddrinfo("localhost", 80)

    assert not _guard.attempts


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="Windows has no Unix sockets in Python")
def test_unix_sockets_are_here(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)

    assert not _guard.attempts


def _record(name: str, level: int, text: str) -> logging.LogRecord:
    return logging.LogRecord(name, level, __file__, 1, text, None, None)


def test_a_warning_is_unexpected_until_it_was_announced() -> None:
    watch = LogWatch()
    watch.handle(_record("mistral_desk.chat", logging.WARNING, "the file was set aside"))

    assert watch.unexpected() == ["WARNING mistral_desk.chat: the file was set aside"]
    watch.allow("set aside", "mistral_desk")
    assert not watch.unexpected()


def test_an_announcement_covers_no_other_logger_and_no_other_words() -> None:
    watch = LogWatch()
    watch.allow("set aside", "mistral_desk.chat")
    watch.handle(_record("mistral_desk.chatter", logging.ERROR, "set aside"))
    watch.handle(_record("mistral_desk.chat", logging.ERROR, "lost"))

    assert len(watch.unexpected()) == 2


def test_every_test_has_a_home_of_its_own_that_is_not_there_yet(home: Path) -> None:
    assert not home.exists()
    assert " " in home.name
    assert not home.name.isascii()
