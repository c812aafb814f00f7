"""The list of chats: pages of it, choosing many, pins, archive, deleting with one Undo, and renaming in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QMenu

from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from mistral_desk.ui.chats.door import PAGE
from mistral_desk.ui.chats.order import UNDO_SECONDS
from mistral_desk.ui.sidebar.model import CHOSEN, ID, OPEN
from mistral_desk.ui.wiring import entries
from tests.fixtures import fake_worker
from tests.ui.window import ask, click, drawn, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.sidebar.chats import ChatsView

SCRIPT = fake_worker.answering("Yes.")
LEFT, K = Qt.MouseButton.LeftButton, Qt.Key
NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)
NOON = 1_790_000_000.0


async def fill(desk: Desk, count: int) -> list[int]:
    """Chats with a question each, the first of them the newest; their ids."""
    keys = []
    for number in range(count):
        when = NOON - 600 * number
        said = (ImportedMessage("q", None, "user", when, (Part("text", f"question {number}"),)),)
        made = await desk.services.history.put(Imported(f"chat {number}", when, when, said))
        assert made is not None
        keys.append(made.id)
    await desk.refresh()
    await drawn()
    return keys


def titles(desk: Desk) -> list[str]:
    """The lines of the list, headings too."""
    model = desk.window.sidebar.model
    return [model.index(row).data() for row in range(model.rowCount())]


def test_ctrl_z_takes_the_notice_back_where_no_field_has_something_of_its_own(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await fill(desk, 2)
            edit = desk.page.composer.edit
            desk.chats.order.delete([keys[0]])
            await desk.tasks.settled()
            edit.setFocus()
            QTest.keyClicks(edit, "x")
            QTest.keyClick(edit, K.Key_Z, CTRL)
            await desk.tasks.settled()
            assert edit.toPlainText() == "", "the field's own comes first"
            assert "chat 0" not in titles(desk)
            assert not edit.document().isUndoAvailable()
            QTest.keyClick(edit, K.Key_Z, CTRL)
            await desk.tasks.settled()
            assert "chat 0" in titles(desk)
            assert not desk.window.banners.banners, "what was taken back is not offered any more"
            QTest.keyClick(edit, K.Key_Z, CTRL)
            await desk.tasks.settled()
            assert len([one for one in titles(desk) if one.startswith("chat ")]) == 2

    run(qapp, scenario)


def shown(desk: Desk) -> int | None:
    """The chat that is open."""
    return desk.chats.current


def editing(desk: Desk) -> bool:
    """Whether the title above is being written."""
    return desk.window.top.title.editing


def press(chats: ChatsView, key: int, modifiers: Qt.KeyboardModifier = NONE) -> None:
    """Click a line."""
    index = chats.chats.index_of(key)
    chats.scrollTo(index)
    QTest.mouseClick(chats.viewport(), LEFT, modifiers, chats.visualRect(index).center() - QPoint(40, 0))


def menu() -> QMenu:
    """The menu that is open."""
    found = QApplication.activePopupWidget()
    assert isinstance(found, QMenu)
    return found


def choose(words: str) -> None:
    """A line of the open menu."""
    opened_one = menu()
    action = next(one for one in opened_one.actions() if one.text() == words)
    opened_one.close()
    action.trigger()


def test_the_list_comes_in_pages_and_a_refresh_keeps_what_was_read(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await fill(desk, 2 * PAGE + 30)
            chats, model = desk.window.sidebar.chats, desk.window.sidebar.model
            assert len(desk.listed) == PAGE
            bar = chats.verticalScrollBar()
            bar.setValue(bar.maximum())
            await desk.tasks.settled()
            await drawn()
            assert len(desk.listed) == 2 * PAGE
            bar.setValue(bar.maximum())
            await desk.tasks.settled()
            assert [one.id for one in desk.listed] == keys, "all of them, each once"
            assert not model.canFetchMore(model.index(-1)), "there are no more"
            await drawn()
            bar.setValue(bar.maximum() // 2)
            seen = chats.indexAt(QPoint(10, 40)).data(ID)
            place = chats.visualRect(model.index_of(seen)).top()
            await desk.services.history.create("a new one")
            await desk.refresh()
            assert chats.visualRect(model.index_of(seen)).top() == place, "what is looked at stays where it is"
            assert len(desk.listed) == len(keys) + 1

    run(qapp, scenario)


def test_what_is_open_busy_and_chosen_and_the_keyboard_outlive_a_refresh(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await fill(desk, 12)
            chats, model = desk.window.sidebar.chats, desk.window.sidebar.model
            desk.open_chat(keys[2])
            await desk.tasks.settled()
            chats.setFocus(Qt.FocusReason.TabFocusReason)
            chats.go_to(keys[7])
            model.set_busy(frozenset({keys[4]}))
            model.choose([keys[5], keys[6]])
            history = desk.services.history
            await history.pin(keys[7])
            await history.rename(keys[5], "another name")
            await history.delete(keys[6])
            await desk.refresh()
            assert titles(desk)[:2] == ["Pinned", "chat 7"]
            assert chats.currentIndex().data(ID) == keys[7]
            assert model.index_of(keys[2]).data(OPEN)
            assert model.chosen == (keys[5],)
            assert model.index_of(keys[5]).data() == "another name"

    run(qapp, scenario)


def test_ctrl_and_shift_choose_many_and_one_undo_brings_them_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await fill(desk, 9)
            sidebar, history = desk.window.sidebar, desk.services.history
            press(sidebar.chats, keys[1])
            await desk.tasks.settled()
            assert shown(desk) == keys[1], "a click alone opens"
            press(sidebar.chats, keys[3], CTRL)
            press(sidebar.chats, keys[5], SHIFT)
            press(sidebar.chats, keys[1])
            assert sidebar.model.chosen == (keys[1], *keys[3:6]), "while one chooses a click chooses, too"
            assert shown(desk) == keys[1]
            assert sidebar.choosing.isVisible()
            assert sidebar.choosing.count.text() == "4 chosen"
            click(sidebar.choosing.delete_button)
            await desk.tasks.settled()
            assert len(await history.conversations()) == 5
            assert shown(desk) is None, "what was shown has left"
            assert not sidebar.choosing.isVisible()
            (banner,) = desk.window.banners.banners
            assert banner.notice.words.title == "4 chats deleted"
            assert banner.notice.seconds == UNDO_SECONDS == 10
            assert banner.action is not None
            click(banner.action)
            await desk.tasks.settled()
            assert [one.id for one in await history.conversations()] == keys
            assert shown(desk) == keys[1], "it is shown again"

    run(qapp, scenario)


def test_choosing_by_keyboard_and_escape_ends_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await fill(desk, 9)
            sidebar = desk.window.sidebar
            chats = sidebar.chats
            chats.setFocus(Qt.FocusReason.TabFocusReason)
            chats.go_to(keys[2])
            QTest.keyClick(chats, K.Key_Space, CTRL)
            assert sidebar.model.chosen == (keys[2],)
            QTest.keyClick(chats, K.Key_Down, SHIFT)
            QTest.keyClick(chats, K.Key_Down, SHIFT)
            assert sidebar.model.chosen == tuple(keys[2:5])
            QTest.keyClick(chats, K.Key_Space)
            assert sidebar.model.chosen == tuple(keys[2:4]), "Space leaves it out again"
            QTest.keyClick(chats, K.Key_A, CTRL)
            assert len(sidebar.model.chosen) == 9
            QTest.keyClick(desk.window, K.Key_Escape)
            assert not sidebar.model.choosing
            assert sidebar.model.index_of(keys[2]).data(CHOSEN) is False

    run(qapp, scenario)


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a menu
def test_the_menu_comes_by_key_and_by_the_button_of_a_line(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await fill(desk, 5)
            history, chats = desk.services.history, desk.window.sidebar.chats
            chats.setFocus(Qt.FocusReason.TabFocusReason)
            chats.go_to(keys[1])
            QTest.keyClick(chats, K.Key_Down)
            assert chats.more.isVisible(), "the keyboard's line has its button"
            assert chats.more.accessibleName() == "More about chat 2"
            QTest.keyClick(chats, K.Key_Tab)
            assert chats.more.hasFocus()
            QTest.keyClick(chats.more, K.Key_Return)
            words = [one.text() for one in menu().actions() if one.text()]
            assert words == ["Rename", "Pin", "Archive", "Export…", "Select", "Delete"]
            choose("Pin")
            await desk.tasks.settled()
            assert titles(desk)[:2] == ["Pinned", "chat 2"]
            chats.menu_asked.emit((keys[2],), QPoint(10, 10))
            choose("Unpin")
            await desk.tasks.settled()
            assert [one.pinned for one in await history.conversations()] == [False] * 5
            chats.menu_asked.emit((keys[0],), QPoint(10, 10))
            choose("Archive")
            await desk.tasks.settled()
            assert [one.id for one in await history.conversations(archived=True)] == [keys[0]]
            (banner,) = desk.window.banners.banners
            assert banner.action is not None
            click(banner.action)
            await desk.tasks.settled()
            assert len(await history.conversations()) == 5
            chats.setFocus()
            chats.go_to(keys[3])
            QApplication.sendEvent(chats, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint()))
            choose("Select")
            assert desk.window.sidebar.model.chosen == (keys[3],)

    run(qapp, scenario)


def test_the_pointer_brings_the_button_of_its_line(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await fill(desk, 5)
            chats = desk.window.sidebar.chats
            place = chats.visualRect(chats.chats.index_of(keys[3])).center()
            QCursor.setPos(chats.viewport().mapToGlobal(place))  # QTest.mouseMove runs a loop of its own inside ours
            await drawn()
            assert chats.more.isVisible()
            assert chats.row_of_button == chats.chats.index_of(keys[3]).row()
            assert chats.more.geometry().center().y() - place.y() in (-1, 0, 1)
            QCursor.setPos(-100, -100)
            await drawn()
            assert not chats.more.isVisible()

    run(qapp, scenario)


def test_the_title_above_is_written_over_and_escape_gives_up(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            title, history = desk.window.top.title, desk.services.history
            QTest.keyClick(desk.window, K.Key_F2)
            assert not editing(desk), "a new chat has no title yet"
            await ask(desk, "what is this about")
            await desk.tasks.settled()
            assert title.title == "what is this about"
            QTest.mouseClick(title, LEFT)
            assert not editing(desk), "one click does nothing"
            QTest.mouseDClick(title, LEFT)
            assert editing(desk)
            title.editor.setText("nonsense")
            QTest.keyClick(title.editor, K.Key_Escape)
            assert not editing(desk)
            assert title.title == "what is this about"
            QTest.keyClick(desk.window, K.Key_F2)
            assert editing(desk)
            title.editor.setText("  a better \n name ")
            QTest.keyClick(title.editor, K.Key_Return)
            await desk.tasks.settled()
            assert title.title == "a better name"
            assert [one.title for one in await history.conversations()] == ["a better name"]
            assert titles(desk)[1] == "a better name"
            QTest.keyClick(desk.window, K.Key_F2)
            title.editor.setText("written, then left")
            desk.page.composer.edit.setFocus()
            await desk.tasks.settled()
            assert title.title == "written, then left"

    run(qapp, scenario)


def test_a_rename_in_the_list_lives_through_an_answer_that_ends_elsewhere(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await fill(desk, 6)
            chats = desk.window.sidebar.chats
            chats.setFocus()
            chats.rename(keys[4])
            (editor,) = chats.viewport().findChildren(QLineEdit)
            editor.setText("half a na")
            await desk.services.history.create("came meanwhile")
            await desk.refresh()
            await drawn()
            assert chats.viewport().findChildren(QLineEdit) == [editor]
            assert editor.text() == "half a na"
            QTest.keyClick(editor, K.Key_Return)
            await drawn()
            await desk.tasks.settled()
            assert (await desk.services.history.conversation(keys[4])).title == "half a na"

    run(qapp, scenario)


def test_a_chat_without_a_title_has_one_name_everywhere(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            key = (await desk.services.history.create("")).id
            await desk.refresh()
            name = "A chat without a title"
            desk.open_chat(key)
            await desk.tasks.settled()
            assert name in titles(desk)
            assert desk.window.top.title.accessibleName() == name
            assert desk.window.windowTitle().startswith(name)
            assert name in [entry.title for entry in entries(desk)]
            desk.chats.order.archive([key])
            await desk.tasks.settled()
            (banner,) = desk.window.banners.banners
            assert banner.notice.words.message == name
            desk.window.show_page("archive")
            await desk.tasks.settled()
            (card,) = desk.window.archive.cards
            assert name in card.back.accessibleName()

    run(qapp, scenario)
