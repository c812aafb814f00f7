"""The declared commands: each does something, keys clash nowhere, and menus, sheet and actions say the same."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from mistral_desk.chat.sharing.coming import Come
from mistral_desk.ui.commands import APP_MENU, BAR, BY_ID, COMMANDS, GROUPS, State, keys_of
from mistral_desk.ui.sharing.import_sheet import ImportSheet
from mistral_desk.ui.shortcuts import KeyCap, ShortcutSheet
from mistral_desk.ui.widgets.ask import Question
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]
SLOW = [
    fake_worker.HELLO,
    {
        "serve": {
            "load": fake_worker.loading(),
            "generate": [
                *fake_worker.pieces("", "Let me see."),
                {"until": "answer_now", "do": [{"pause": 0.01}]},
                *fake_worker.answer("Yes."),
            ],
        }
    },
]


def test_ids_are_one_of_a_kind() -> None:
    assert len(BY_ID) == len(COMMANDS)


def test_no_keys_stand_for_two_actions() -> None:
    keys = Counter(QKeySequence(one).toString() for command in COMMANDS if command.action for one in command.keys)
    assert [one for one, times in keys.items() if times > 1] == []
    mac = Counter(
        QKeySequence(one).toString()
        for command in COMMANDS
        if command.action
        for one in (command.keys if command.mac_keys is None else command.mac_keys)
    )
    assert [one for one, times in mac.items() if times > 1] == []


def test_all_keys_are_keys() -> None:
    for command in COMMANDS:
        for one in (*command.keys, *(command.mac_keys or ())):
            assert QKeySequence(one).toString(), (command.id, one)


def test_the_keys_of_the_design() -> None:
    wanted = {
        "new_chat": "Ctrl+N",
        "palette": "Ctrl+K",
        "search_chats": "Ctrl+Shift+F",
        "sidebar": "Ctrl+B",
        "think": "Ctrl+T",
        "model": "Ctrl+M",
        "settings": "Ctrl+,",
        "answer_now": "Ctrl+Return",
        "shortcuts": "Ctrl+/",
        "next_region": "F6",
        "escape": "Esc",
    }
    assert {name: BY_ID[name].keys[0] for name in wanted} == wanted


def test_every_group_has_a_place() -> None:
    assert {command.group for command in COMMANDS} == set(GROUPS)
    assert {command.group for command in COMMANDS if command.action and command.menu} == set(BAR)
    assert {command for group in APP_MENU for command in group} <= {one.id for one in COMMANDS if one.menu}


@pytest.mark.parametrize(
    ("name", "state", "possible"),
    [
        ("stop", State(), False),
        ("stop", State(busy=True), True),
        ("answer_now", State(busy=True), False),
        ("answer_now", State(busy=True, thinking=True), True),
        ("think", State(page="settings"), False),
        ("think", State(can_think=False), False),
    ],
)
def test_when(name: str, state: State, possible: bool) -> None:
    assert BY_ID[name].when(state) is possible


def test_every_action_does_something_and_says_what(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            actions = desk.window.commands
            assert set(actions.by_id) == {command.id for command in COMMANDS if command.action}
            assert all(action.text() for action in actions.by_id.values())
            acts = dict.fromkeys(actions.by_id, lambda: None)
            with pytest.raises(ValueError, match="fly"):
                actions.bind(acts | {"fly": lambda: None}, State)
            del acts["stop"]
            with pytest.raises(ValueError, match="'stop'"):
                actions.bind(acts, State)

    window.run(qapp, scenario)


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a menu
def test_the_programs_menu_stands_below_its_name_and_has_nothing_of_one_chat(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            window.click(desk.window.sidebar.name)
            shown = _popped_up()
            assert list(shown) == [command for group in APP_MENU for command in group]
            assert not any(BY_ID[command].group in ("this", "answer") for command in shown)
            assert shown["new_chat"].isEnabled()
            desk.window.toggle_sidebar()
            QTest.keyClick(desk.window, Qt.Key.Key_F10)
            assert set(_popped_up()) == set(shown), "with the sidebar hidden, too"

    window.run(qapp, scenario)


@pytest.mark.qt_log_ignore("does not support")
def test_the_dots_over_a_chat_have_what_can_be_done_with_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            dots = desk.window.top.more
            window.click(dots)
            assert set(_popped_up()) == {"chat_settings", "context", "find"}, "nothing is stored yet"
            await window.ask(desk, "Is it so?")
            await desk.tasks.settled()
            window.click(dots)
            shown = _popped_up()
            assert {"rename", "pin", "put_away", "export_chat", "delete"} < set(shown)
            assert shown["pin"].text() == "Pin"
            shown["pin"].trigger()
            key = desk.chats.current
            assert key is not None
            while not (await desk.services.history.conversation(key)).pinned:
                await window.drawn()
            await desk.tasks.settled()
            window.click(dots)
            shown = _popped_up()
            assert shown["pin"].text() == "Unpin"
            shown["rename"].trigger()
            assert desk.window.top.title.editing
            desk.window.top.title.end(keep=False)
            desk.window.commands.run("put_away")
            await desk.tasks.settled()
            desk.open_chat(key)
            await desk.tasks.settled()
            window.click(dots)
            assert _popped_up()["put_away"].text() == "Unarchive"
            desk.window.show_settings()
            assert not dots.isVisible(), "the settings are no chat"

    window.run(qapp, scenario)


def test_what_is_done_by_a_menu_has_a_sign_of_its_own(qapp: QApplication, tmp_path: Path) -> None:
    offered = [command for command in COMMANDS if command.action and (command.menu or command.palette)]
    assert [command.id for command in offered if command.icon == "chevron-right"] == []

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            menu = desk.window.commands.menu(desk.window, "#000000")
            lines = [line for line in menu.actions() if not line.isSeparator()]
            assert lines
            assert [line.text() for line in lines if line.icon().isNull()] == []
            menu.deleteLater()

    window.run(qapp, scenario)


def test_a_greyed_command_hears_its_keys_when_the_menu_is_closed(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            actions = desk.window.commands
            menu = actions.menu(desk.window, "#000000")
            desk.window.show_settings()
            menu.aboutToShow.emit()
            assert not actions.by_id["stop"].isEnabled()
            assert not actions.by_id["find"].isEnabled()
            menu.aboutToHide.emit()
            assert actions.by_id["stop"].isEnabled()
            menu.deleteLater()

    window.run(qapp, scenario)


def test_the_sheet_shows_every_key_and_gives_the_keyboard_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.page.composer.edit.setFocus()
            QTest.keyClick(desk.window, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
            sheet = desk.window.overlay
            assert isinstance(sheet, ShortcutSheet)
            await window.drawn()
            caps = {cap.keys for cap in sheet.findChildren(KeyCap)}
            assert caps >= {keys_of(command.id) for command in COMMANDS if command.here}
            for _ in range(3):
                focus = QApplication.focusWidget()
                assert focus is not None
                assert sheet.isAncestorOf(focus), "Tab stays inside"
                QTest.keyClick(focus, Qt.Key.Key_Tab)
            QTest.keyClick(desk.window, Qt.Key.Key_Escape)
            assert desk.window.overlay is None
            assert QApplication.focusWidget() is desk.page.composer.edit

    window.run(qapp, scenario)


def test_answer_now_by_its_keys(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SLOW) as desk:
            window.type_in(desk, "Is it so?")
            desk.page.composer.toggle_think()
            desk.page.composer.submit()
            chat = desk.page.chat
            assert chat is not None
            await window.phase(desk, "thinking")
            desk.window.show_settings()  # the keys reach it from anywhere
            QTest.keyClick(desk.window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
            await window.heard(chat.ended)
            assert chat.turns[-1].text == "Yes."

    window.run(qapp, scenario)


def test_the_text_grows_by_its_keys_up_to_its_bounds(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            for _ in range(15):
                desk.window.commands.run("larger")
            assert desk.theme.text_size == 200
            desk.window.commands.run("normal_size")
            assert desk.theme.text_size == 100
            desk.window.commands.run("smaller")
            assert desk.theme.text_size == 90

    window.run(qapp, scenario)


def test_a_command_first_puts_away_the_sheet_that_lies_over_the_window(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
            question = Question(desk.theme, "Delete it?", "For good.", yes="Delete", parent=desk.window)
            agreed: list[bool] = []
            question.accepted.connect(lambda: agreed.append(True))
            desk.window.show_overlay(question)
            for key in (Qt.Key.Key_F6, Qt.Key.Key_F3):
                QTest.keyClick(desk.window, key)
                assert desk.window.overlay is question
                focus = QApplication.focusWidget()
                assert focus is not None
                assert question.isAncestorOf(focus), "nothing below a question takes the keyboard"
            QTest.keyClick(desk.window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
            assert not desk.page.composer.think.isChecked()
            QTest.keyClick(desk.window, Qt.Key.Key_F, keys)
            assert desk.window.overlay is None
            assert QApplication.focusWidget() is desk.window.sidebar.search
            assert agreed == []

    window.run(qapp, scenario)


@pytest.mark.parametrize("key", [Qt.Key.Key_F, Qt.Key.Key_M, Qt.Key.Key_U, Qt.Key.Key_Z])
def test_the_keys_of_what_lies_below_a_sheet_do_nothing(qapp: QApplication, tmp_path: Path, key: Qt.Key) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.commands.run("guide")
            await desk.tasks.settled()
            guide = desk.window.overlay
            focus = QApplication.focusWidget()
            assert guide is not None
            assert focus is not None
            QTest.keyClick(focus, key, Qt.KeyboardModifier.ControlModifier)
            await window.drawn()
            assert desk.window.overlay is guide
            assert QApplication.focusWidget() is focus
            assert not desk.page.finder.isVisible()
            QTest.keyClick(focus, Qt.Key.Key_Escape)
            await window.drawn()
            assert desk.window.overlay is None

    window.run(qapp, scenario)


def test_what_is_typed_beside_the_composer_goes_into_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            edit = desk.page.composer.edit
            desk.window.top.more.setFocus()
            QTest.keyClicks(desk.window.top.more, "a")
            assert (edit.toPlainText(), QApplication.focusWidget()) == ("a", edit)
            desk.window.show_settings()
            tab = QApplication.focusWidget()
            assert tab is not None
            QTest.keyClicks(tab, "b")
            desk.window.show_chat()
            desk.window.show_overlay(ShortcutSheet(desk.theme, desk.window))
            sheet = QApplication.focusWidget()
            assert sheet is not None
            QTest.keyClicks(sheet, "c")
            assert edit.toPlainText() == "a", "only in the chat, and not below a sheet"

    window.run(qapp, scenario)


def test_a_sheet_has_the_keyboard_when_the_window_comes_back(qapp: QApplication, tmp_path: Path) -> None:
    """A system's dialog was in front while what had the keyboard on the sheet gave way to something else."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            sheet = ImportSheet(desk.theme, desk.window)
            desk.window.show_overlay(sheet)
            sheet.show_work()
            other = QWidget()
            other.show()
            other.activateWindow()
            while not other.isActiveWindow():
                await window.drawn()
            sheet.show_done(Come())
            await window.drawn()
            other.close()
            desk.window.activateWindow()
            while not desk.window.isActiveWindow():
                await window.drawn()
            await window.drawn()
            focus = QApplication.focusWidget()
            assert focus is not None
            assert sheet.isAncestorOf(focus)

    window.run(qapp, scenario)


def _popped_up() -> dict[str, QAction]:
    """The lines of the menu that is open, by their commands; it is closed."""
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    shown = {action.objectName(): action for action in menu.actions() if not action.isSeparator()}
    QTest.keyClick(menu, Qt.Key.Key_Escape)
    return shown
