"""The application as a process: it ends cleanly from every state, comes once, and says what it cannot do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from PySide6.QtGui import QImage

from mistral_desk.core.errors import DeskError
from mistral_desk.ui import app
from mistral_desk.ui.single import FirstWindow
from tests.fixtures.screen import x11_screen

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
END_OF_WORLD_S = 240


class Process:
    """The application in a state; leaves nothing running."""

    def __init__(self, state: str, home: Path, **environment: str) -> None:
        self.home = home
        paths = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
        self.running = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.app_process", state, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": paths, **environment},
        )

    def line(self) -> str:
        assert self.running.stdout is not None
        return self.running.stdout.readline().strip()

    def tell(self, word: str) -> None:
        assert self.running.stdin is not None
        self.running.stdin.write(word + "\n")
        self.running.stdin.flush()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.running.pid).children(recursive=True)

    def end(self) -> tuple[int, str]:
        """Exit status, and everything on stderr."""
        _, errors = self.running.communicate(timeout=END_OF_WORLD_S)
        return self.running.returncode, errors

    def log(self) -> str:
        return (self.home / "logs" / "desk.log").read_text(encoding="utf-8")


@pytest.fixture
def started(home: Path) -> Iterator[list[Process]]:
    """Processes that a test started; whatever still runs is ended."""
    processes: list[Process] = []
    home.parent.mkdir(parents=True, exist_ok=True)
    yield processes
    for process in processes:
        if process.running.poll() is None:
            process.running.kill()
            process.running.communicate()


@pytest.mark.parametrize("state", ["idle", "loading", "generating"])
@pytest.mark.parametrize("way", ["close", "quit", "interrupt"])
def test_it_ends_cleanly_from_every_state(state: str, way: str, home: Path, started: list[Process]) -> None:
    process = Process(state, home)
    started.append(process)
    assert process.line() == state
    workers = process.children()
    assert workers, "there is a worker"
    if way == "interrupt":
        process.running.send_signal(signal.SIGINT)
    else:
        process.tell(way)
    assert process.end() == (0, "")
    psutil.wait_procs(workers, timeout=END_OF_WORLD_S)
    assert not [worker for worker in workers if worker.is_running()]
    log = process.log()
    assert "WARNING" not in log
    assert "ERROR" not in log


def test_a_second_start_raises_the_first_and_ends(home: Path, started: list[Process]) -> None:
    first = Process("idle", home)
    started.append(first)
    assert first.line() == "idle"
    second = Process("idle", home)
    started.append(second)
    assert second.end() == (0, "")
    assert first.running.poll() is None
    first.tell("close")
    assert first.end() == (0, "")
    third = Process("idle", home)
    started.append(third)
    assert third.line() == "idle", "the place is free again"
    third.tell("close")
    assert third.end() == (0, "")


@pytest.mark.usefixtures("qapp")
def test_a_second_start_says_so_when_the_first_does_not_answer(tmp_path: Path) -> None:
    folder = tmp_path / "Ünother"
    folder.mkdir()
    first = FirstWindow(folder)
    assert first.claim()
    assert first._server is not None
    first._server.close()
    second = FirstWindow(folder)
    assert not second.claim()
    with pytest.raises(DeskError) as caught:
        app._second_start(second)
    assert caught.value.problem.id == "app.already_running"
    first.release()
    assert second.claim()
    second.release()


def test_without_a_display_it_says_so_before_qt_aborts(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(DeskError) as caught:
        app.run()
    assert caught.value.problem.id == "app.no_display"


@pytest.mark.display
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 is Linux's")
def test_a_real_screen_shows_the_window(home: Path, tmp_path: Path) -> None:
    with x11_screen() as display:
        environment = {key: value for key, value in os.environ.items() if key != "QT_QPA_PLATFORM"}
        environment |= {"DISPLAY": display, "MISTRAL_DESK_HOME": str(home), "PYTHONPATH": str(ROOT / "src")}
        picture = tmp_path / "Bild.png"
        done = subprocess.run(
            [sys.executable, "-m", "mistral_desk", "--screenshot", str(picture)],
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=environment,
            timeout=END_OF_WORLD_S,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, "")
    image = QImage(str(picture))
    assert image.width() >= 800
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}
    assert {"#ffffff", "#f6f5f3"} <= colours, "canvas and sidebar"


def test_a_start_waits_for_no_sheet_endpoint_or_engine_pack_and_no_format_of_export_and_import() -> None:
    program = "import sys, mistral_desk.ui.desk; print(sorted(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True)
    loaded = ran.stdout
    assert "'mistral_desk.ui.sharing.door'" in loaded
    late = (
        "mistral_desk.chat.elsewhere.door",
        "mistral_desk.chat.sharing",
        "mistral_desk.inference.packs.adding",
        "mistral_desk.inference.packs.archive",
        "mistral_desk.net.endpoints.asking",
        "mistral_desk.net.endpoints.faults",
        "mistral_desk.ui.context.details",
        "mistral_desk.ui.presets.sheet",
        "mistral_desk.ui.sharing.export_sheet",
        "mistral_desk.ui.sharing.pdf",
    )
    assert [name for name in late if f"'{name}'" in loaded] == []
