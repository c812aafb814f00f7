"""What is kept and what is not: temporary chats, drafts, and deleting all data from the window."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.inference.protocol import Figures, Finished
from mistral_desk.ui.settings.erase import EraseSheet
from mistral_desk.ui.widgets.ask import Question
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.ui.desk import Desk

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("It is here.")}}]
ENDLESS = [
    fake_worker.HELLO,
    {
        "serve": {
            "load": fake_worker.loading(),
            "generate": [
                *fake_worker.pieces("Once upon a time "),
                {"until": "stop", "do": [{"pause": 0.01}]},
                fake_worker.event(Finished(0, "stopped", Figures(), fake_worker.VOCABULARY)),
            ],
        }
    },
]
SECRET = "Parkettschleifmaschine"


def _holding(top: Path) -> list[str]:
    found = []
    for path in top.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # one that is being replaced just now
            found += [path.name] if path.is_file() and SECRET.encode() in path.read_bytes() else []
    return found


async def _temporary(desk: Desk) -> None:
    desk.window.commands.run("temporary_chat")
    while desk.page.chat is None or not desk.page.chat.temporary:
        await window.drawn()


def _count(desk: Desk) -> int:
    return len(desk.listed)


def _question(desk: Desk) -> Question:
    question = desk.window.overlay
    assert isinstance(question, Question)
    return question


def test_it_says_so_stands_in_no_list_and_leaves_no_byte(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await _temporary(desk)
            assert desk.page.temporary.isVisible()
            assert "kept nowhere" in desk.page.temporary.accessibleName()
            assert "Temporary chat" in desk.window.windowTitle()
            await window.ask(desk, f"Where is the {SECRET}?")
            await desk.tasks.settled()
            assert desk.listed == ()
            window.type_in(desk, f"not sent: {SECRET}")
            await desk.refresh()
            assert desk.listed == ()
            assert _holding(tmp_path / "home") == []
        assert _holding(tmp_path / "home") == [], "neither after the end"

    window.run(qapp, scenario)


def test_the_keyboard_goes_on_to_the_new_chat(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await _temporary(desk)
            await window.ask(desk, "Where is it?")
            desk.window.top.more.setFocus()
            desk.window.commands.run("new_chat")
            question = _question(desk)
            question.accept()
            assert desk.page.chat is not None
            assert not desk.page.chat.temporary
            assert QApplication.focusWidget() is desk.page.composer.edit, "not back to where the question was asked"

    window.run(qapp, scenario)


def test_leaving_asks_and_cancel_stays(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await _temporary(desk)
            chat = desk.page.chat
            await window.ask(desk, "Hello")
            desk.new_chat()
            question = _question(desk)
            assert question.no.hasFocus(), "Enter does no harm"
            QTest.keyClick(question.no, Qt.Key.Key_Return)
            assert desk.page.chat is chat
            window.click(desk.page.temporary.close_button)
            window.click(_question(desk).yes)
            assert desk.page.chat is not chat
            await desk.tasks.settled()
            assert desk.services.rooms == []
            assert not desk.page.temporary.isVisible()
            assert not desk.page.composer.edit.document().isUndoAvailable(), "Ctrl+Z brings nothing back"

    window.run(qapp, scenario)


def test_an_empty_one_is_left_without_a_question(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await _temporary(desk)
            desk.new_chat()
            assert desk.window.overlay is None
            assert desk.page.chat is not None
            assert not desk.page.chat.temporary

    window.run(qapp, scenario)


def test_closing_asks_only_where_something_would_be_lost(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, ENDLESS) as desk:
            closed: list[bool] = []
            desk.closing.connect(lambda: closed.append(True))
            window.type_in(desk, "Tell me a story")
            desk.page.composer.submit()
            await window.phase(desk, "writing")
            desk.window.close()
            assert closed == [True], "a kept chat is saved as far as it came: nothing to ask"
            chat = desk.page.chat
            assert chat is not None
            chat.stop()
            await window.heard(chat.ended)

            closed.clear()
            await _temporary(desk)
            window.type_in(desk, "Tell me a story")
            desk.page.composer.submit()
            await window.phase(desk, "writing")
            desk.window.close()
            assert closed == []
            question = _question(desk)
            desk.window.close()
            assert desk.window.overlay is question, "asked once"
            window.click(question.yes)
            assert closed == [True]

    window.run(qapp, scenario)


def test_a_draft_outlives_other_chats_and_a_restart(qapp: QApplication, tmp_path: Path) -> None:
    async def first() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, "First chat")
            await desk.tasks.settled()
            window.type_in(desk, "unsent in the first")
            desk.new_chat()
            assert desk.page.composer.text == ""
            window.type_in(desk, "unsent in a new one, with äöü")
            desk.open_chat(desk.listed[0].id)
            await desk.tasks.settled()
            assert desk.page.composer.text == "unsent in the first"

    async def second() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            assert desk.page.composer.text == "unsent in a new one, with äöü"
            desk.open_chat(desk.listed[0].id)
            await desk.tasks.settled()
            assert desk.page.composer.text == "unsent in the first"
            await window.ask(desk, "!")

    async def third() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.open_chat(desk.listed[0].id)
            await desk.tasks.settled()
            assert desk.page.composer.text == "", "what was sent is no draft"

    for scenario in (first, second, third):
        window.run(qapp, scenario)


def test_editing_gives_the_draft_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, "Question")
            edit = desk.page.composer.edit
            QTest.keyClick(edit, Qt.Key.Key_Up)
            assert desk.page.composer.text == "Question"
            desk.window.escape()
            assert desk.page.composer.text == ""
            window.type_in(desk, "half a thought")
            chat = desk.page.chat
            assert chat is not None
            desk.page.transcript.edit.emit(chat.turns[0])
            assert desk.page.composer.text == "Question"
            desk.window.escape()
            assert desk.page.composer.text == "half a thought"

    window.run(qapp, scenario)


def test_deleting_all_data_from_the_window(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, f"Where is the {SECRET}?")
            await desk.tasks.settled()
            window.type_in(desk, f"draft about the {SECRET}")
            desk.window.open_settings("privacy")
            desk.settings.erase_asked.emit()
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert isinstance(sheet, EraseSheet)
            assert "1 chat" in sheet.text.text()
            assert "not sent" in sheet.list.text()
            assert sheet.cancel.hasFocus()
            assert _holding(tmp_path / "home")
            window.click(sheet.go)
            assert _count(desk) == 1, "the first press only asks again"
            await window.drawn()
            window.click(sheet.go)
            await desk.tasks.settled()
            assert _holding(tmp_path / "home") == []
            assert _count(desk) == 0
            assert "deleted" in sheet.text.text()
            assert desk.page.composer.text == ""
            window.click(sheet.cancel)
            desk.window.show_chat()
            await window.ask(desk, "Are you still there?")
            await desk.tasks.settled()
            assert len(desk.listed) == 1
        assert _holding(tmp_path / "home") == [], "closing writes nothing of it again"

    window.run(qapp, scenario)


def test_who_wants_the_model_ready_while_all_data_are_deleted_hears_of_no_fault(
    qapp: QApplication, tmp_path: Path
) -> None:
    """The engine is closed then, and another one takes its place."""
    shown: list[str] = []

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.notices.shown.connect(lambda notice: shown.append(notice.words.title))
            await desk._services.engine.close()
            desk.warm()
            await desk.tasks.settled()
            assert desk.model.fraction is None

    window.run(qapp, scenario)
    assert shown == []


def test_escape_leaves_everything_as_it_was(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, "Hello")
            await desk.tasks.settled()
            desk.settings.erase_asked.emit()
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert sheet is not None
            QTest.keyClick(desk.window, Qt.Key.Key_Escape)
            assert sheet.isHidden()
            await desk.refresh()
            assert len(desk.listed) == 1

    window.run(qapp, scenario)
