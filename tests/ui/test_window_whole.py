"""The window as a whole, with a scripted worker: a new look in mid-answer, an undone deletion, names and order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest

from mistral_desk.core import settings as declared
from tests.fixtures import fake_worker
from tests.ui.window import ask, click, drawn, heard, opened, phase, run, type_in

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication, QWidget


def test_the_theme_changes_in_mid_answer(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless("**word** ")) as desk:
            type_in(desk, "Go")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            turn = await phase(desk, "writing")
            desk.services.settings.set(declared.THEME, "dark")
            length = len(turn.text)
            await heard(desk.page.chat.changed, lambda one: len(one.text) > length + 50)  # type: ignore[union-attr]
            picture = desk.window.grab().toImage()
            assert picture.pixelColor(picture.width() - 4, picture.height() // 2).name() == "#1b1a18"
            desk.page.stop()
            await heard(desk.page.chat.ended)  # type: ignore[union-attr]

    run(qapp, scenario)


def test_a_deleted_chat_can_be_brought_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "keep me")
            await desk.tasks.settled()
            sidebar = desk.window.sidebar
            sidebar.chats.setFocus()
            QTest.keyClick(sidebar.chats, Qt.Key.Key_Delete)
            await desk.tasks.settled()
            assert sidebar.model.rowCount() == 0
            assert desk.page.chat is not None
            assert desk.page.chat.turns == []
            (banner,) = desk.window.banners.banners
            assert banner.action is not None
            click(banner.action)
            await desk.tasks.settled()
            assert desk.page.chat is not None
            assert [turn.text for turn in desk.page.chat.turns] == ["keep me", "Yes."]

    run(qapp, scenario)


def test_every_control_has_a_name_and_tab_reaches_it_in_order(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("See `x`.\n\n```py\nx = 1\n```", "Hm.")) as desk:
            await ask(desk, "hello")
            await drawn()
            reached = _tab_through(desk.window)
            names = [_name(widget) for widget in reached]
            assert "" not in names
            for name in (
                "New chat",
                "Search chats",
                "Chats",
                "Settings",
                "Transcript",
                "Message",
                "Think harder",
                "Model",
            ):
                assert name in names
            order = [names.index(name) for name in ("Transcript", "Copy code", "Message", "Think harder", "Model")]
            assert order == sorted(order)

    run(qapp, scenario)


def _tab_through(window: QWidget) -> list[QWidget]:
    """All widgets that Tab reaches, in order."""
    found: list[QWidget] = []
    widget = window.nextInFocusChain()
    while widget is not None and widget is not window:
        takes = widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
        if takes and widget.isVisibleTo(window) and widget.isEnabled() and widget.focusProxy() is None:
            found.append(widget)
        widget = widget.nextInFocusChain()
    return found


def _name(widget: QWidget) -> str:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.text(QAccessible.Text.Name)
