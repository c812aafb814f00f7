"""A second start hands its file to the first window, whatever the file is called; nonsense harms nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtNetwork import QLocalSocket

from mistral_desk.__main__ import main
from mistral_desk.ui.app import Application
from mistral_desk.ui.closing import main as main_closing
from mistral_desk.ui.single import LONGEST, FirstWindow
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


@pytest.fixture
def tmp_path(tmp_path: Path) -> Path:
    """The data folder of a home."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def first(qapp: QApplication, tmp_path: Path) -> Iterator[FirstWindow]:
    made = FirstWindow(tmp_path)
    assert made.claim()
    yield made
    made.release()


@pytest.mark.parametrize(
    "file", ["/models/a.gguf", "/Große Modelle/zwei\nZeilen 模型.gguf", "/" + "x" * 3000 + ".gguf"]
)
def test_a_file_arrives(first: FirstWindow, tmp_path: Path, qtbot: QtBot, file: str) -> None:
    second = FirstWindow(tmp_path)
    assert not second.claim()
    with qtbot.waitSignal(first.handed, timeout=60_000) as heard:
        assert second.call_first(file)
    assert heard.args == [file]


def test_without_a_file_the_window_is_only_raised(first: FirstWindow, tmp_path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(first.raised, timeout=60_000), qtbot.assertNotEmitted(first.handed, wait=100):
        assert FirstWindow(tmp_path).call_first()


def test_a_second_start_can_ask_the_window_to_close(first: FirstWindow, tmp_path: Path, qtbot: QtBot) -> None:
    first.close_asked.connect(first.release)
    command = [sys.executable, "-m", "mistral_desk", "--close"]
    names = {**os.environ, "MISTRAL_DESK_HOME": str(tmp_path.parent)}
    with subprocess.Popen(command, env=names) as closing:
        qtbot.waitUntil(lambda: closing.poll() is not None, timeout=60_000)
    assert closing.returncode == 0
    assert FirstWindow(tmp_path).claim()


def test_where_no_window_is_open_there_is_nothing_to_close(tmp_path: Path) -> None:
    assert main_closing(str(tmp_path / "nobody")) == 0
    assert not (tmp_path / "nobody").exists(), "it makes nothing"


class Asked(QObject):
    """Stands where the application does, of which there can be only one."""

    file_asked = Signal(str)
    asked_file = ""


def test_macos_tells_a_running_program_which_file_to_open(qapp: QApplication) -> None:
    asked = Asked()
    told: list[str] = []
    asked.file_asked.connect(told.append)
    event = QFileOpenEvent(QUrl.fromLocalFile("/Modelle/größer.gguf"))
    assert Application.event(asked, event)  # type: ignore[arg-type]
    assert told == [asked.asked_file] == ["/Modelle/größer.gguf"]


@pytest.mark.parametrize("nonsense", [b"{}\n", b"open sesame\n", b"\xff\xfe\n", b"x" * (LONGEST + 10)])
def test_nonsense_is_not_heard(first: FirstWindow, qtbot: QtBot, nonsense: bytes) -> None:
    socket = QLocalSocket()
    socket.connectToServer(first._name)
    assert socket.waitForConnected(60_000)
    with qtbot.waitSignal(first.raised, timeout=60_000), qtbot.assertNotEmitted(first.handed, wait=100):
        socket.write(nonsense)
        socket.flush()
    socket.abort()


def test_the_command_line_takes_a_file_where_a_command_would_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[dict[str, object]] = []

    def run(**how: object) -> int:
        opened.append(how)
        return 0

    monkeypatch.setattr("mistral_desk.ui.app.run", run)
    assert main(["My model.GGUF"]) == 0
    assert main([]) == 0
    assert opened == [{"screenshot": None, "file": "My model.GGUF"}, {"screenshot": None}]


def test_the_window_takes_the_model_or_says_why_not(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        model = tmp_path / "Mein Modell.gguf"
        model.write_bytes(b"GGUF")
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.open_model(str(model))
            await desk.tasks.settled()
            assert desk.model.id == str(model)
            assert desk.page.composer.model.text() == "Mein Modell.gguf"

    window.run(qapp, scenario)
