"""The sidebar's list: where the keyboard is can be seen, and lines are as wide with a bar as without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from mistral_desk.ui.sidebar.model import ID
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


def test_the_keyboard_has_a_place_where_no_chat_is_open(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await desk.services.history.create("about rice")
            await desk.refresh()
            chats = desk.window.sidebar.chats
            assert chats.currentIndex().data(ID) is None
            chats.setFocus(Qt.FocusReason.TabFocusReason)
            assert chats.currentIndex().data() == "about rice"
            assert chats.selectedIndexes() == [], "nothing was opened"

    window.run(qapp, scenario)


def test_lines_keep_their_width_when_a_bar_comes(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            history, chats = desk.services.history, desk.window.sidebar.chats
            await history.create("the first")
            await desk.refresh()
            await window.drawn()
            before = chats.viewport().width()
            for number in range(40):
                await history.create(f"number {number}")
            await desk.refresh()
            await window.drawn()
            assert chats.verticalScrollBar().isVisible()
            assert chats.viewport().width() == before
            desk.window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
            await window.drawn()
            assert chats.viewport().width() == before
            search = desk.window.sidebar.search
            left = chats.viewport().mapTo(desk.window, chats.viewport().rect().topLeft()).x()
            assert left == search.mapTo(desk.window, search.rect().topLeft()).x()

    window.run(qapp, scenario)
