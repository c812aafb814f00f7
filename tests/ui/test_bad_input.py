"""What nobody plans for: every size and place, hundreds of chats, absurd titles, broken files, a long sleep."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from mistral_desk.core import settings as declared
from mistral_desk.core.paths import folders
from mistral_desk.ui import app, window_state
from mistral_desk.ui.chat.turns import ASLEEP_S, Turn
from mistral_desk.ui.sidebar.rows import RowDelegate
from mistral_desk.ui.window_state import Place
from tests.fixtures import fake_worker, long_chat
from tests.ui.test_app import END_OF_WORLD_S
from tests.ui.window import ask, drawn, heard, opened, phase, run, type_in
from tools.gallery.checks import examine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.ui.desk import Desk

ROOT = Path(__file__).parents[2]
SIZES = ((420, 480), (3840, 2160), (421, 2160), (3840, 480), (1180, 800))
SCREEN = QRect(0, 30, 1920, 1050)
TITLES = ("x" * 1000, "🙂" * 300, "👩‍👩‍👧" * 40, "\u202egnp.exe", "wide \u00a0 and\ttabs", "語" * 500, "\u200b")


def inside(desk: Desk, widget: QWidget) -> bool:
    """Whether all of a widget is within the window."""
    return desk.window.rect().contains(QRect(widget.mapTo(desk.window, QPoint(0, 0)), widget.size()))


def test_every_size_in_mid_answer(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless("**words** and `more` words ", 0.002)) as desk:
            type_in(desk, "Go")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            turn = await phase(desk, "writing")
            for width, height in SIZES:
                desk.window.resize(width, height)
                await drawn()
                assert (desk.window.width(), desk.window.height()) == (width, height)
                composer = desk.page.composer
                for part in (composer, composer.action, composer.model, composer.think, desk.window.top.more):
                    assert inside(desk, part), f"{part.accessibleName()} at {width} × {height}"
                view = desk.page.transcript.view(turn)
                assert view is not None
                assert view.width() <= desk.page.transcript.viewport().width()
                assert view.width() <= 760
                assert examine(desk.window) == []
            desk.page.stop()
            await heard(desk.page.chat.ended)  # type: ignore[union-attr]

    run(qapp, scenario)


@pytest.mark.parametrize("scale", ["1.25", "1.5"])
def test_a_fractional_scale(scale: str, home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "Bild.png"
    environment = {**os.environ, "QT_SCALE_FACTOR": scale, "MISTRAL_DESK_HOME": str(home)}
    environment["PYTHONPATH"] = str(ROOT / "src")
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
    assert QImage(str(picture)).width() == round(1180 * float(scale))
    log = (home / "logs" / "desk.log").read_text(encoding="utf-8")
    assert "WARNING" not in log


async def fill(desk: Desk, titles: Sequence[str]) -> None:
    """Chats with these titles in the sidebar."""
    await long_chat.many(desk.services.history, titles)
    await desk.refresh()
    await drawn()


def test_five_hundred_chats_and_only_what_is_seen_is_painted(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    paint: Callable[..., None] = RowDelegate.paint

    def counted(self: RowDelegate, *arguments: object) -> None:
        painted.append(1)
        paint(self, *arguments)

    monkeypatch.setattr(RowDelegate, "paint", counted)

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await fill(desk, [f"Chat number {number}" for number in range(500)])
            chats = desk.window.sidebar.chats
            bar = chats.verticalScrollBar()
            while chats.model().rowCount() < 501:
                bar.setValue(bar.maximum())
                await desk.tasks.settled()
                await drawn()
            for place in range(bar.maximum() // 10, bar.maximum() + 1, bar.maximum() // 10):
                painted.clear()
                bar.setValue(place)
                await drawn()
                assert 0 < len(painted) < 150, "a few screens at most"
            desk.window.sidebar.search.setText("number 49")
            await desk.tasks.settled()
            assert desk.window.sidebar.found.results.rowCount() == 15, "titles with both words"

    run(qapp, scenario)


def test_titles_of_every_kind_change_no_size(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes."), size=(880, 700)) as desk:
            await drawn()
            least = desk.window.minimumSizeHint().width()
            await fill(desk, TITLES)
            chats = desk.window.sidebar.chats
            width = desk.window.sidebar.width()
            for one in desk.listed:
                desk.open_chat(one.id)
                await desk.tasks.settled()
                await drawn()
                assert desk.window.width() == 880
                assert desk.window.sidebar.width() == width
                assert desk.window.minimumSizeHint().width() == least
                assert inside(desk, desk.window.top.more)
                assert examine(desk.window) == []
            heights = {chats.visualRect(chats.model().index(row, 0)).height() for row in range(1, len(TITLES) + 1)}
            assert len(heights) == 1
            await ask(desk, "A message of one word: " + "x" * 3000)
            assert examine(desk.window) == []

    run(qapp, scenario)


@pytest.mark.allow_log("settings")
@pytest.mark.parametrize("content", [b"{not a setting", b"\xff\xfe\x00", b"[]", b""])
def test_a_broken_settings_file_is_set_aside_and_said(content: bytes, qapp: QApplication, tmp_path: Path) -> None:
    place = folders(str(tmp_path / "home")).ensure().settings
    place.write_bytes(content)

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            said = [banner.notice.words.title for banner in desk.window.banners.banners]
            assert said == ["Mistral Desk works offline for now", "Your settings could not be read"]
            assert desk.services.settings.get(declared.THEME) == declared.THEME.default
            assert [one.read_bytes() for one in place.parent.iterdir() if one.name != place.name] == [content]
            await ask(desk, "It works all the same")

    run(qapp, scenario)


@pytest.mark.parametrize(
    ("place", "wanted"),
    [
        (Place(100, 100, 900, 700), QRect(100, 100, 900, 700)),
        (Place(5000, 100, 900, 700), None),
        (Place(-800, 100, 900, 700), None),
        (Place(100, -200, 900, 700), QRect(100, 30, 900, 700)),
        (Place(1700, 900, 900, 700), QRect(1700, 900, 900, 700)),
        (Place(0, 30, 90_000, 90_000), QRect(0, 30, 1920, 1050)),
        (Place(100, 100, -5, 0), QRect(100, 100, 420, 480)),
    ],
)
@pytest.mark.usefixtures("qapp")
def test_a_place_off_the_screen(place: Place, wanted: QRect | None) -> None:
    assert window_state.on_screen(place, [SCREEN]) == wanted


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[1]",
        b'{"x": 1e99}',
        json.dumps({"x": 10**12, "y": 0, "width": 900, "height": 700}).encode(),
        json.dumps({"x": 0, "y": 0, "width": 10**30, "height": 700}).encode(),
    ],
)
def test_an_absurd_place_is_passed_over(content: bytes, qapp: QApplication, tmp_path: Path) -> None:
    file = tmp_path / "window.json"
    file.write_bytes(content)

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            before = desk.window.geometry()
            window_state.restore(desk.window, file)
            assert desk.window.geometry() == before

    run(qapp, scenario)


def test_the_worker_sleeps_in_mid_answer_and_goes_on(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless("word ", 0.002)) as desk:
            type_in(desk, "Go")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            turn = await phase(desk, "writing")
            assert desk.services.engine.pid
            worker = psutil.Process(desk.services.engine.pid)
            worker.suspend()
            desk.window.resize(900, 700)
            await drawn()
            assert desk.window.isVisible(), "the window lives on"
            worker.resume()
            length = len(turn.text)
            await heard(desk.page.chat.changed, lambda one: len(one.text) > length + 200)  # type: ignore[union-attr]
            desk.page.stop()
            await heard(desk.page.chat.ended)  # type: ignore[union-attr]
            assert turn.ending == "stopped"

    run(qapp, scenario)


def test_at_a_logout_what_is_written_is_kept_at_once(qapp: QApplication, tmp_path: Path) -> None:
    """The system asks, and may kill the program before it had time to end."""

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            type_in(desk, "half a thought")
            app._keep(desk, tmp_path / "window.json")
            kept = [path for path in (tmp_path / "home").rglob("*") if path.is_file() and path.suffix != ".part"]
            assert any(b"half a thought" in path.read_bytes() for path in kept)
            assert (tmp_path / "window.json").exists()

    run(qapp, scenario)


def test_a_thought_does_not_last_through_the_night() -> None:
    """Some systems' clocks go on while the computer sleeps."""
    turn = Turn("assistant", phase="thinking")
    night = 8 * 3600.0
    turn.think("Let ", 100.0)
    turn.think("me ", 103.0)
    assert turn.thought_seconds(103.0 + night) == 3 + ASLEEP_S
    turn.think("see.", 103.0 + night)
    assert turn.thought_seconds(105.0 + night) == 5
    turn.write("Yes.", 106.0 + night)
    assert turn.thinking_s == pytest.approx(6)
