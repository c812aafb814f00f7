"""Where the keyboard is in a window that comes back, when what had it went away while another program was in front."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk.core.errors import Words
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.focus import set_possible
from tests.fixtures import fake_worker
from tests.ui import window
from tests.ui.keyboard import Keys, focused
from tests.ui.test_heard_by_itself import FULL
from tests.ui.test_keyboard_stays import coming

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from mistral_desk.ui.desk import Desk

SCRIPT = fake_worker.answering("Yes.")
TAB = Qt.FocusReason.TabFocusReason


@asynccontextmanager
async def another_in_front(desk: Desk) -> AsyncIterator[None]:
    other = QWidget()
    other.show()
    other.activateWindow()
    while not other.isActiveWindow():
        await window.drawn()
    assert QApplication.focusWidget() is None, "else the test sees nothing"
    yield
    other.close()
    other.deleteLater()
    desk.window.activateWindow()
    while not desk.window.isActiveWindow():
        await window.drawn()
    await window.drawn()


def download_gone(desk: Desk) -> tuple[Callable[[], object], Callable[[], QWidget]]:
    rows = desk.library.downloads
    rows.show_downloads(coming("one", "two", "three"))
    rows.rows["two"].cancel.setFocus(TAB)
    return lambda: rows.show_downloads(coming("one", "three")), lambda: rows.rows["three"].pause


def downloads_gone(desk: Desk) -> tuple[Callable[[], object], Callable[[], QWidget]]:
    rows = desk.library.downloads
    rows.show_downloads(coming("one"))
    rows.rows["one"].pause.setFocus(TAB)
    return lambda: rows.show_downloads([]), lambda: desk.library.regions()[0]


def trouble_gone(desk: Desk) -> tuple[Callable[[], object], Callable[[], QWidget]]:
    rows = desk.library.downloads
    rows.show_downloads(coming("one", state="paused", why=FULL))
    remedy = rows.rows["one"].remedy
    assert remedy is not None
    remedy.setFocus(TAB)
    return lambda: rows.show_downloads(coming("one")), lambda: rows.rows["one"].pause


def line_gone(desk: Desk) -> tuple[Callable[[], object], Callable[[], QWidget]]:
    sidebar = desk.window.sidebar
    sidebar.downloads.show_downloads(coming("one"))
    sidebar.downloads.setFocus(TAB)
    return lambda: sidebar.downloads.show_downloads([]), lambda: sidebar.ways["library"]


def card_anew(desk: Desk) -> tuple[Callable[[], object], Callable[[], QWidget]]:
    """Another model answers: its card says so."""
    library = desk.library
    models = [card.model for card in library.cards]
    library.show_models(models, "")
    library.cards[0].findChildren(Button)[0].setFocus(TAB)
    return lambda: library.show_models(models, models[0].id), lambda: library.cards[0].findChildren(Button)[0]


def work_over(desk: Desk) -> tuple[Callable[[], object], Callable[[], QWidget]]:
    card = desk.library.cards[0]
    card.show_work(0.5, "half")
    assert card.work is not None
    chat = card.chat_button
    assert chat is not None
    card.work.cancel.setFocus(TAB)
    return card.end_work, lambda: chat


def control_out(desk: Desk) -> tuple[Callable[[], object], Callable[[], QWidget]]:
    button = desk.library.add_button
    button.setFocus(TAB)
    set_possible(button, possible=False)
    return lambda: set_possible(button, possible=True), lambda: button


def control_out_behind(desk: Desk) -> tuple[Callable[[], object], Callable[[], QWidget]]:
    button = desk.library.add_button
    button.setFocus(TAB)

    def out_and_back() -> None:
        set_possible(button, possible=False)
        set_possible(button, possible=True)

    return out_and_back, lambda: button


@pytest.mark.parametrize(
    "begin",
    [download_gone, downloads_gone, trouble_gone, line_gone, card_anew, work_over, control_out, control_out_behind],
)
def test_what_goes_away_behind_another_program_leaves_the_keyboard_to_what_stands_there(
    qapp: QApplication,
    tmp_path: Path,
    begin: Callable[[Desk], tuple[Callable[[], object], Callable[[], QWidget]]],
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.show_page("library")
            await desk.tasks.settled()
            goes, stands_there = begin(desk)
            await window.drawn()
            async with another_in_front(desk):
                goes()
                await window.drawn()
            assert focused() is stands_there()

    window.run(qapp, scenario)


def test_a_chat_that_leaves_the_bin_behind_another_program_leaves_the_keyboard_to_the_next_one(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            history, page = desk.services.history, desk.window.bin
            keys = [(await history.create(title)).id for title in ("one", "two")]
            await history.change(keys, deleted=True)
            desk.window.show_page("bin")
            await desk.tasks.settled()
            page.cards[0].other.setFocus(TAB)
            async with another_in_front(desk):
                page.show_chats([page.cards[1].conversation], datetime.now(UTC), more=False)
                await window.drawn()
            assert focused() is page.cards[0].other

    window.run(qapp, scenario)


def test_a_notice_knows_where_the_keyboard_came_from_when_the_window_comes_back(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys, new = Keys(desk), desk.window.sidebar.new
            desk.notices.show(Notice("info", Words("Told", "", ""), "Do it", lambda: None))
            await window.drawn()
            (banner,) = desk.window.banners.banners
            new.setFocus(TAB)
            banner.first.setFocus(TAB)
            async with another_in_front(desk):
                pass
            assert focused() is banner.first
            await keys.press(Qt.Key.Key_Escape)
            assert desk.window.banners.banners == []
            assert focused() is new

    window.run(qapp, scenario)
