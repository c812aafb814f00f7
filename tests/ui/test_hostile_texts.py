"""Hostile messages in the real transcript: nothing is loaded, opened or run, and the window lives on.

A canary listens on loopback, and a file is watched; both would tell. Time is this process's own work, with much room.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import socket
import sys
import time
from typing import TYPE_CHECKING, Final

import psutil
import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QGuiApplication

from mistral_desk.ui.chat.formulas import formulas
from mistral_desk.ui.chat.transcript import Transcript
from mistral_desk.ui.chat.turns import Turn
from mistral_desk.ui.theme.theme import Theme
from tests.fixtures import hostile_texts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

SIZE: Final = 2_000
SHARES: Final = 6
"""Tests that share the messages: each is done in a minute also on a busy computer."""
STEP_S: Final = 2.0
"""Work of one step of the window at most: forty times what is aimed at."""
GROWTH: Final = 400 * 2**20
"""Bytes of memory that all of it may leave behind."""
LONG_MS: Final = 240_000
"""Never reached: a busy computer only takes longer."""


class Canary:
    """A server that nobody should visit, and a file that nobody should open."""

    def __init__(self, folder: Path) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.http = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        self.file = folder / "canary.png"
        self.file.write_bytes(b"not to be read")
        self._watch = _watch(self.file) if sys.platform == "linux" else None

    def visited(self) -> bool:
        """Whether somebody has connected; a connection waits until it is asked for."""
        self._server.setblocking(False)
        try:
            self._server.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def opened(self) -> bool | None:
        """Whether somebody has opened the file; None where this system does not tell."""
        if self._watch is None:
            return None
        try:
            return bool(os.read(self._watch, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        self._server.close()
        if self._watch is not None:
            os.close(self._watch)


def _watch(file: Path) -> int:
    """A descriptor of Linux's inotify that becomes readable when the file is opened, by whatever process."""
    library = ctypes.CDLL(None, use_errno=True)
    descriptor: int = library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
    opened = 0x20
    assert library.inotify_add_watch(descriptor, os.fsencode(file), opened) > 0
    return descriptor


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Canary]:
    made = Canary(tmp_path)
    yield made
    made.close()


@pytest.fixture
def transcript(qtbot: QtBot, qapp: QApplication) -> Transcript:
    made = Transcript(Theme(qapp, "light"))
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    return made


@pytest.fixture(autouse=True)
def nobody_left() -> Iterator[None]:
    yield
    formulas().end()


class Steps:
    """How much work each step of the window was, and which was the longest."""

    def __init__(self, app: QCoreApplication) -> None:
        self._app = app
        self.longest = 0.0
        self.of = ""

    def turn(self, name: str) -> None:
        """Let the window do what is due."""
        begun = time.thread_time()
        self._app.processEvents()
        self._app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
        self.count(name, begun)

    def count(self, name: str, begun: float) -> None:
        """A step that began then is over."""
        took = time.thread_time() - begun
        if took > self.longest:
            self.longest, self.of = took, name


def show(transcript: Transcript, steps: Steps, name: str, text: str) -> None:
    """An answer and a message of this text: shown, looked through from end to start, copied."""
    answer, question = Turn("assistant", model="Fake"), Turn("user", text=text)
    answer.think(text[:2_000], now=0.0)
    answer.write(text, now=1.0)
    answer.end(None)
    answer.thought_open = True
    begun = time.thread_time()
    transcript.set_turns([question, answer])
    steps.count(name, begun)
    for _ in range(4):
        steps.turn(name)
    bar = transcript.verticalScrollBar()
    for place in (0.5, 0.0):
        begun = time.thread_time()
        bar.setValue(round(bar.maximum() * place))
        transcript.grab()
        steps.count(name, begun)
        steps.turn(name)
    begun = time.thread_time()
    question.unfolded = True
    transcript.changed(question)
    transcript.grab()
    steps.count(f"{name}, a message unfolded", begun)
    transcript.selection.select_all()
    transcript.selection.copy()
    assert "<img" not in QGuiApplication.clipboard().mimeData().html()


@pytest.fixture
def nothing_of_others() -> Iterator[None]:
    """What tests before have left is not looked through for garbage while the window's work is measured."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


def programs() -> set[str]:
    """The last words of the commands that run below this process; one that is about to be gone has none any more."""
    found = set()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if words := child.cmdline():
                found.add(" ".join(words[-2:]))
    return found


def hostile(canary: Canary) -> list[tuple[str, str]]:
    return [
        *hostile_texts.reaching(canary.http, canary.file.as_posix()),
        *hostile_texts.hiding(),
        *hostile_texts.bombs(),
        *hostile_texts.texts(SIZE),
    ]


def test_there_are_a_hundred_of_them(canary: Canary) -> None:
    assert len(hostile(canary)) >= 100


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_of_others")
@pytest.mark.parametrize("share", range(SHARES))
def test_a_hundred_hostile_messages_reach_nothing_and_stop_nothing(
    transcript: Transcript, canary: Canary, qapp: QApplication, qtbot: QtBot, share: int
) -> None:
    messages = hostile(canary)[share::SHARES]
    steps = Steps(qapp)
    before = psutil.Process().memory_info().rss
    for name, text in messages:
        show(transcript, steps, name, text)
    every = [Turn("user" if number % 2 else "assistant", text=text) for number, (_name, text) in enumerate(messages)]
    for turn in every:
        turn._body.feed(turn.text)
    transcript.set_turns(every)
    bar = transcript.verticalScrollBar()
    while bar.value() > 0:
        bar.setValue(bar.value() - 3 * transcript.height())
        steps.turn("all of them")
    qtbot.waitUntil(lambda: not formulas().busy, timeout=LONG_MS)
    transcript.set_turns([])
    steps.turn("nothing")
    started = programs()
    assert not canary.visited()
    assert not canary.opened()
    assert started <= {"mistral_desk --formulas"}, "nothing but the child that sets formulas was started"
    assert steps.longest < STEP_S, steps.of
    assert psutil.Process().memory_info().rss - before < GROWTH


def test_the_canary_would_tell(canary: Canary) -> None:
    assert not canary.visited()
    assert not canary.opened()
    with socket.create_connection(("127.0.0.1", int(canary.http.rpartition(":")[2]))):
        assert canary.visited()
    canary.file.read_bytes()
    assert canary.opened() in (True, None)


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_of_others")
@pytest.mark.parametrize(("name", "text"), [pytest.param(*one, id=one[0]) for one in hostile_texts.lines()])
def test_a_message_of_a_million_letters_stops_nothing(
    transcript: Transcript, qapp: QApplication, name: str, text: str
) -> None:
    steps = Steps(qapp)
    before = psutil.Process().memory_info().rss
    show(transcript, steps, name, text)
    assert steps.longest < STEP_S
    assert psutil.Process().memory_info().rss - before < GROWTH
