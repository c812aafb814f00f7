"""A menu's signs are as large as its words, its lines fit the window, and it is of use to who sees nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from mistral_desk.ui.theme.icons import icon
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.popup import below, narrow, tick
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QImage

pytestmark = pytest.mark.usefixtures("qapp")
LONG = "magistral-small-2507-with-a-very-long-name-&-more · api.example.org"


def _ink(shown: QImage) -> int:
    """How many rows of a picture have ink in their first quarter, where signs stand."""
    ground = shown.pixelColor(shown.width() // 4, 3)
    columns = range(4, shown.width() // 4)
    return sum(any(shown.pixelColor(x, y) != ground for x in columns) for y in range(4, shown.height() - 4))


@pytest.mark.parametrize("ticked", [False, True], ids=["a sign", "a tick"])
def test_signs_grow_with_the_words(qapp: QApplication, ticked: bool) -> None:
    seen = []
    for size in (100, 200):
        theme = Theme(qapp, "light", size)
        menu = QMenu()
        theme.dress_menu(menu)
        line = menu.addAction("Words")
        if ticked:
            tick(theme, line, on=True)
            assert line.isChecked()
        else:
            line.setIcon(icon("file", theme.colours.text))
        menu.resize(menu.sizeHint())
        seen.append(_ink(menu.grab().toImage()))
        menu.deleteLater()
    assert seen[1] >= 1.7 * seen[0] > 0


def test_a_line_that_is_too_long_keeps_both_ends(qapp: QApplication) -> None:
    theme = Theme(qapp, "light", 200)
    menu = QMenu()
    theme.dress_menu(menu)
    short, long = menu.addAction("Guide"), menu.addAction(LONG.replace("&", "&&"))
    narrow(menu, 5000)
    assert long.text() == LONG.replace("&", "&&")
    narrow(menu, 600)
    assert menu.sizeHint().width() <= 600
    assert short.text() == "Guide"
    begin, _, end = long.text().partition("…")
    assert begin.startswith("magistral-")
    assert end.endswith(".org")
    menu.deleteLater()


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a menu
@pytest.mark.parametrize("held", ["", "Dark"])
def test_a_menu_says_what_it_is_for_and_closes_when_a_line_is_pressed_by_its_name(
    qapp: QApplication, held: str
) -> None:
    theme = Theme(qapp, "light")
    button = Button(theme, "Colours", text="Colours")
    button.show()
    menu = QMenu(button)
    lines = {words: menu.addAction(words) for words in ("Light", "Dark")}
    if held:
        tick(theme, lines[held], on=True)
    below(menu, button)
    assert QAccessible.queryAccessibleInterface(menu).text(QAccessible.Text.Name) == "Colours"
    assert menu.activeAction() is lines[held or "Light"], "the keyboard is on a line, and it is heard"
    lines["Light"].trigger()  # what assistive technology has Qt do
    assert not menu.isVisible()
    button.deleteLater()


@pytest.mark.qt_log_ignore("does not support")
def test_keys_stand_beside_a_line_s_name_and_not_in_it(qapp: QApplication, tmp_path: Path) -> None:
    """And there only: the window's own action hears them, once."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await window.ask(desk, "Is it so?")
            await desk.tasks.settled()
            desk.window.show_chat_menu()
            menu = QApplication.activePopupWidget()
            assert isinstance(menu, QMenu)
            interface = QAccessible.queryAccessibleInterface(menu)
            lines = [interface.child(number) for number in range(interface.childCount())]
            said = {one.text(QAccessible.Text.Name): one.text(QAccessible.Text.Accelerator) for one in lines}
            assert said["Rename"] == "F2"
            assert said["Find in chat"] == "Ctrl+F"
            assert said["Pin"] == ""
            renamed = menu.sizeHint().width()
            for line in menu.actions():
                line.setShortcutVisibleInContextMenu(False)
            assert menu.sizeHint().width() < renamed, "and who sees the menu sees them"
            QTest.keyClick(menu, Qt.Key.Key_Escape)
            title = desk.window.top.title
            for again in range(2):
                QTest.keyClick(desk.window, Qt.Key.Key_F2)
                assert title.editor.isVisible(), again
                QTest.keyClick(title.editor, Qt.Key.Key_Escape)
                desk.window.show_chat_menu()  # its actions hear nothing while it is open, nor afterwards
                await window.drawn()
                popup = QApplication.activePopupWidget()
                assert popup is not None
                QTest.keyClick(popup, Qt.Key.Key_Escape)

    window.run(qapp, scenario)
