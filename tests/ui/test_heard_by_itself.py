"""What is read out by itself: once, when it is news, and with the reason and the way out; nothing ticks into an ear."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk.core.errors import Problem
from mistral_desk.inference.silence import Quiet
from mistral_desk.library.orders import Download, Order
from mistral_desk.ui.chat.code import CodeView
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import Code
from mistral_desk.ui.chat.telling import Telling
from mistral_desk.ui.chat.turns import Turn
from mistral_desk.ui.downloads.get_sheet import GetSheet
from mistral_desk.ui.downloads.row import DownloadRow
from mistral_desk.ui.downloads.token_field import TokenField
from mistral_desk.ui.models.browse.head import Head
from mistral_desk.ui.palette.panel import Entry, Palette
from mistral_desk.ui.sharing.export_sheet import ExportSheet
from mistral_desk.ui.sidebar.download_row import DownloadsLine
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import set_possible
from tests.fixtures import fake_worker
from tests.ui import window
from tests.ui.heard import announced, settled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistral_desk.library.orders import State

SCRIPT = fake_worker.answering("Yes.")
UNREACHABLE: Final = Problem("net.unreachable", {"host": "example.org", "reason": "no route"})
FULL: Final = Problem("library.disk_full", {"needed": 5, "free": 1, "folder": "/models"})


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return announced(monkeypatch)


@pytest.fixture
def place(qapp: QApplication) -> Iterator[tuple[Theme, QWidget]]:
    holder = QWidget()
    holder.resize(800, 500)
    holder.show()
    holder.activateWindow()
    settled()
    yield Theme(qapp, "light", 100), holder
    holder.deleteLater()


def download(
    state: State, done: int, why: Problem | None = None, speed: float | None = None, title: str = "Tiny"
) -> Download:
    order = Order(title, title, ())
    return Download(order, "/models", state, done, 1000, problem=why, speed=speed)


# --- downloads --------------------------------------------------------------------------------------------------


def test_a_line_that_drops_is_said_once_and_not_at_each_try(place: tuple[Theme, QWidget], spoken: list[str]) -> None:
    theme, holder = place
    why = UNREACHABLE
    row = DownloadRow(theme, download("fetching", 0), holder)
    row.show()
    for done in range(100, 1000, 100):
        row.show_download(download("fetching", done), 0, 1)
        row.show_download(download("waiting", done, why), 0, 1)
        row.show_download(download("checking", done, why), 0, 1)
    assert len(spoken) == 1
    assert "example.org" in spoken[0], "and why"
    row.show_download(download("paused", 900), 0, 1)
    assert len(spoken) == 2
    assert "Paused" in spoken[1]


def test_what_needs_a_person_is_said_with_its_way_out(place: tuple[Theme, QWidget], spoken: list[str]) -> None:
    theme, holder = place
    row = DownloadRow(theme, download("fetching", 500), holder)
    row.show()
    row.show_download(download("paused", 500, FULL), 0, 1)
    assert len(spoken) == 1
    assert row.note is not None
    assert row.note.words.title in spoken[0]
    assert row.note.words.hint in spoken[0]
    row.hide()
    row.show_download(download("fetching", 600), 0, 1)
    row.show_download(download("paused", 600), 0, 1)
    assert len(spoken) == 1, "where nobody looks at the library a notice says it"


def test_a_download_that_has_the_keyboard_is_told_by_tenths(place: tuple[Theme, QWidget]) -> None:
    theme, holder = place
    line = DownloadsLine(theme, holder)
    other = Button(theme, "Other", text="Other", parent=holder)
    other.show()

    def told() -> list[str]:
        said: list[str] = []
        for done in range(1000):
            line.show_downloads([download("fetching", done, speed=1000.0 + done)])
            if not said or said[-1] != line.accessibleDescription():
                said.append(line.accessibleDescription())
        return said

    line.show_downloads([download("fetching", 0, speed=1000.0)])
    other.setFocus()
    assert len(told()) > 100, "who comes to it hears how far it is now"
    line.setFocus()
    assert line.hasFocus()
    steps = told()
    assert len(steps) == 10
    line.show_downloads([download("paused", 999)])
    assert "Paused" in line.accessibleDescription(), "that it stands still is told at once"


# --- answers ----------------------------------------------------------------------------------------------------


def test_what_makes_an_answer_take_long_is_said_once(monkeypatch: pytest.MonkeyPatch, qapp: QApplication) -> None:
    spoken = announced(monkeypatch, waits=True)
    ground = QWidget()
    telling, turn = Telling(ground), Turn("assistant")

    def goes_through(*states: tuple[str, object]) -> list[str]:
        before = len(spoken)
        for name, value in states:
            setattr(turn, name, value)
            for _ in range(3):
                telling.changed(turn)
        return spoken[before:]

    assert goes_through(("phase", "waiting")) == []
    assert len(goes_through(("behind", True), ("behind", False), ("behind", True), ("behind", False))) == 1
    (loading,) = goes_through(("phase", "loading"), ("fraction", 0.3), ("fraction", 0.9))
    assert loading.startswith("Loading the model")
    assert goes_through(("phase", "reading"), ("seconds_left", 2.0)) == [], "what is short is not worth a word"
    assert len(goes_through(("seconds_left", 90.0), ("seconds_left", 80.0))) == 1
    (quiet,) = goes_through(("quiet", Quiet(20.0)), ("quiet", Quiet(40.0)))
    assert "takes longer than usual" in quiet
    assert goes_through(("quiet", None), ("phase", "thinking")) == ["Thinking…"]
    assert goes_through(("phase", "writing")) == []
    turn.text, turn.phase, turn.ending = "", "done", "stop"
    turn.write("It is **so**:\n\n- one\n- two")
    telling.ended(turn)
    assert spoken[-1] == "It is so:\n\n- one\n- two"
    turn = Turn("assistant", phase="loading")
    assert len(goes_through(("fraction", 0.1))) == 1, "of the next answer it is said again"
    ground.deleteLater()


def test_the_seconds_of_a_thought_do_not_tick_into_the_ear(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has the keyboard is read out each time that it is called otherwise."""
    thinks = [
        fake_worker.HELLO,
        {
            "serve": {
                "load": fake_worker.loading(),
                "generate": [
                    *fake_worker.pieces("", "Hm."),
                    {"until": "answer_now", "do": [{"pause": 0.01}]},
                    *fake_worker.answer("Yes."),
                ],
            }
        },
    ]

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, thinks) as desk:
            desk.page.composer.toggle_think()
            window.type_in(desk, "7 + 8?")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            turn = await window.phase(desk, "thinking")
            view = desk.page.transcript.view(turn)
            thinking = view.thinking  # type: ignore[union-attr]
            assert thinking is not None
            header = thinking._header
            header.setFocus(Qt.FocusReason.TabFocusReason)
            names: set[str] = set()
            for seconds in range(1, 8):
                monkeypatch.setattr(turn, "thought_title", partial("Thinking… {} s".format, seconds))
                thinking.refresh()
                names.add(header.accessibleName())
                assert header.text() == f"Thinking… {seconds} s", "who sees it sees it"
            assert len(names) == 1
            desk.page.composer.edit.setFocus()
            monkeypatch.setattr(turn, "thought_title", lambda: "Thinking… 9 s")
            thinking.refresh()
            assert header.accessibleName() == "Thinking… 9 s"
            monkeypatch.undo()
            desk.page.answer_now()
            await desk.tasks.settled()

    window.run(qapp, scenario)


def test_code_says_its_language_and_is_read_in_its_order(place: tuple[Theme, QWidget]) -> None:
    theme, holder = place
    long = "\n".join(f"x{number} = {number}" for number in range(100))
    view = CodeView(Code(text=long, language="python"), Style(theme, "lead"), holder, fold=True)
    view.resize(600, view.height_for(600))
    view.show()
    settled()
    assert "python" in view.source.accessibleName().lower()
    assert view.source.accessibleName().startswith("Code")
    interface = QAccessible.queryAccessibleInterface(view)
    children = [interface.child(number) for number in range(interface.childCount())]
    names = [one.text(QAccessible.Text.Name) for one in children if not one.state().invisible]
    assert names[0] == "Copy code"
    assert names[1].startswith("Code")
    assert names[2].startswith("Show all"), "it stands below the code"
    bare = CodeView(Code(text="x", language=""), Style(theme, "lead"), holder)
    assert bare.source.accessibleName() == "Code"


# --- searching --------------------------------------------------------------------------------------------------


def test_that_nothing_fits_is_said_in_the_palette(place: tuple[Theme, QWidget], spoken: list[str]) -> None:
    theme, holder = place
    palette = Palette(theme, [Entry("Bin", "", "trash", lambda: None)], holder)
    palette.open_over()
    QTest.keyClicks(palette.field, "bx")
    QTest.keyClicks(palette.field, "y")
    assert spoken == ["Bin", "Nothing fits these words."], "once, not at each letter"
    QTest.keyClick(palette.field, Qt.Key.Key_Backspace)
    QTest.keyClick(palette.field, Qt.Key.Key_Backspace)
    assert spoken[-1] == "Bin"


def test_how_many_settings_are_meant_is_said(qapp: QApplication, tmp_path: Path, spoken: list[str]) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.show_settings()
            page = desk.settings
            await window.drawn()
            spoken.clear()
            QTest.keyClicks(page.search, "contrast")
            shown = [row for one in page.sections.values() for row in one.rows if row.isVisible()]
            assert spoken[-1] == f"{len(shown)} found"
            assert all(before != after for before, after in pairwise(spoken))
            QTest.keyClicks(page.search, "qqq")
            assert spoken[-1] == "No setting has these words."
            said = len(spoken)
            page.search.clear()
            assert len(spoken) == said

    window.run(qapp, scenario)


# --- sheets -----------------------------------------------------------------------------------------------------


def test_what_comes_to_a_sheet_is_said_behind_what_has_the_keyboard(
    place: tuple[Theme, QWidget], spoken: list[str]
) -> None:
    theme, holder = place
    sheet = GetSheet(theme, "Tiny", "example.org", "https://example.org/token", holder)
    sheet.open_over()
    settled()
    sheet.show_problem(UNREACHABLE)
    assert spoken == [], "the button that it came to comes first"
    settled()
    assert len(spoken) == 1
    assert "example.org" in spoken[0]


@pytest.mark.parametrize("there", [True, False])
def test_an_export_says_what_came_of_it(qapp: QApplication, tmp_path: Path, spoken: list[str], there: bool) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, "Is it so?")
            await desk.tasks.settled()
            key = desk.chats.current
            assert key is not None
            desk.sharing.export([key])
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert isinstance(sheet, ExportSheet)
            spoken.clear()
            target = tmp_path / "out.md" if there else tmp_path / "file" / "out.md"
            await asyncio.to_thread((tmp_path / "file").write_bytes, b"")
            desk.sharing.write(sheet, (key,), target, sheet.wish)
            await desk.tasks.settled()
            await window.drawn()
            assert len(spoken) == 1
            assert ("1 chat was exported" in spoken[0]) == there

    window.run(qapp, scenario)


# --- the keyboard -----------------------------------------------------------------------------------------------


def test_a_control_that_goes_out_for_a_while_gets_the_keyboard_back(place: tuple[Theme, QWidget]) -> None:
    theme, holder = place
    test, change, last = (Button(theme, name, text=name, parent=holder) for name in ("Test", "Change", "Last"))
    for button in (test, change, last):
        button.show()
    test.setFocus(Qt.FocusReason.TabFocusReason)
    set_possible(test, possible=False)
    assert change.hasFocus(), "as Qt does"
    set_possible(test, possible=True)
    assert test.hasFocus()
    set_possible(test, possible=False)
    last.setFocus(Qt.FocusReason.TabFocusReason)
    set_possible(test, possible=True)
    assert last.hasFocus(), "who has gone elsewhere stays there"
    set_possible(test, possible=False)
    set_possible(test, possible=True)
    assert last.hasFocus(), "and who never was there"


def test_a_token_that_is_tested_by_its_button_leaves_the_keyboard_to_the_field(place: tuple[Theme, QWidget]) -> None:
    theme, holder = place
    field = TokenField(theme, holder)
    other = Button(theme, "Other", text="Other", parent=holder)
    field.show()
    other.show()
    settled()
    field.given.connect(lambda _token: field.set_busy(busy=True))
    QTest.keyClicks(field.edit, "abc")
    field.take.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(field.take, Qt.Key.Key_Return)
    assert not field.take.isEnabled()
    field.set_busy(busy=False)
    assert field.edit.hasFocus()


def test_who_has_this_computer_measured_again_is_there_when_it_is_done(place: tuple[Theme, QWidget]) -> None:
    theme, holder = place
    head = Head(theme, holder)
    head.resize(holder.size())
    head.show()
    settled()
    head.show_computer("This computer")
    head.measure_button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(head.measure_button, Qt.Key.Key_Return)
    assert not head.measure_button.isEnabled()
    head.show_computer("This computer")
    assert head.measure_button.hasFocus()


def test_a_token_that_is_tested_leaves_the_keyboard_in_its_field(
    place: tuple[Theme, QWidget], spoken: list[str]
) -> None:
    theme, holder = place
    field = TokenField(theme, holder)
    field.show()
    settled()
    field.edit.setFocus(Qt.FocusReason.TabFocusReason)
    field.given.connect(lambda _token: field.set_busy(busy=True))
    QTest.keyClicks(field.edit, "abc")
    QTest.keyClick(field.edit, Qt.Key.Key_Return)
    assert not field.edit.hasFocus()
    field.set_busy(busy=False)
    field.tell("It does not work.", "danger")
    assert field.edit.hasFocus()
    assert spoken == ["Testing it…", "It does not work."]
