"""Where the window has no room for it, the sidebar lies over the page, and goes when one turns to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from mistral_desk.core.errors import Words
from mistral_desk.ui.notify import Notice
from tests.fixtures import fake_worker
from tests.ui.window import drawn, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

SCRIPT = fake_worker.answering("Yes.")
K = Qt.Key
BOTH = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


def seen(desk: Desk) -> bool:
    return desk.window.sidebar.isVisible()


def test_it_lies_over_the_page_which_keeps_its_width(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT, size=(600, 700)) as desk:
            await drawn()
            window = desk.window
            assert not seen(desk)
            width = desk.page.width()
            for mirrored in (False, True):
                window.setLayoutDirection(
                    Qt.LayoutDirection.RightToLeft if mirrored else Qt.LayoutDirection.LeftToRight
                )
                window.toggle_sidebar()
                await drawn()
                assert seen(desk)
                assert desk.page.width() == width
                place = window.sidebar.mapTo(window, QPoint(0, 0))
                assert (place.x() > 0) == mirrored
                assert window.sidebar.height() == window.ground.height()
                window.toggle_sidebar()
                assert not seen(desk)
            window.resize(1180, 800)
            await drawn()
            assert seen(desk), "where there is room it stands beside the page again"
            assert desk.page.width() < 1180

    run(qapp, scenario)


def test_what_one_turns_to_closes_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT, size=(600, 700)) as desk:
            window, sidebar = desk.window, desk.window.sidebar
            key = (await desk.services.history.create("one")).id
            await desk.refresh()
            await drawn()

            def search() -> None:
                QTest.keyClick(window, K.Key_F, BOTH)
                assert seen(desk)
                assert sidebar.search.hasFocus()

            search()
            QTest.keyClicks(sidebar.search, "one")
            await desk.tasks.settled()
            QTest.keyClick(window, K.Key_Escape)
            assert sidebar.search.text() == ""
            assert seen(desk), "Escape first ends the search"
            QTest.keyClick(window, K.Key_Escape)
            assert not seen(desk)
            assert desk.page.composer.edit.hasFocus(), "the keyboard is not lost"
            search()
            desk.open_chat(key)
            await desk.tasks.settled()
            assert not seen(desk), "what was chosen is shown"
            search()
            veil = window.ground.childAt(560, 300)
            assert veil is not None
            QTest.mouseClick(veil, Qt.MouseButton.LeftButton)
            assert not seen(desk), "a click beside it"
            search()
            desk.page.composer.edit.setFocus()
            assert not seen(desk)
            search()
            desk.notices.show(Notice("info", Words("Something", "", ""), "Undo", lambda: None, 10))
            assert not seen(desk), "what a notice offers does not lie below"

    run(qapp, scenario)
