"""The window with a scripted worker: asking, stopping, breaking, thinking, and what the keyboard does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Figures, Finished
from mistral_desk.ui.chat.turn_view import AnswerView
from tests.fixtures import fake_worker
from tests.ui.heard import announced
from tests.ui.window import ask, click, drawn, heard, opened, phase, run, type_in

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.ui.desk import Desk

SHIFT = Qt.KeyboardModifier.ShiftModifier
STOPPED = fake_worker.event(Finished(0, "stopped", Figures(), fake_worker.VOCABULARY))


def pondering(thought: str = "Let me see. ", answer: str = "Fifteen.") -> list[fake_worker.Step]:
    """Thinks until told to answer or to stop."""
    on = [*fake_worker.pieces("", thought), {"pause": 0.01}]
    served = [{"until": "answer_now", "do": on}, *fake_worker.answer(answer)]
    return [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": served}}]


def view_of(desk: Desk, place: int = -1) -> AnswerView:
    chat = desk.page.chat
    assert chat is not None
    view = desk.page.transcript.view(chat.turns[place])
    assert isinstance(view, AnswerView)
    return view


@pytest.fixture
def spoken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is said of answers to a screen reader."""
    return announced(monkeypatch)


def test_a_question_is_answered_shown_kept_and_announced(qapp: QApplication, tmp_path: Path, spoken: list[str]) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("It is **fifteen**.")) as desk:
            turn = await ask(desk, "What is 7 plus 8?")
            await desk.tasks.settled()
            assert turn.text == "It is **fifteen**."
            assert turn.ending == "stop"
            assert view_of(desk).status == ""
            assert spoken == ["It is fifteen."], "without the signs that it is written with"
            assert desk.page.composer.text == ""
            sidebar = desk.window.sidebar
            assert [sidebar.model.index(row).data() for row in range(2)] == ["Today", "What is 7 plus 8?"]
            (conversation,) = await desk.services.history.conversations()
            messages = await desk.services.history.messages(conversation.id)
            assert [message.text for message in messages] == ["What is 7 plus 8?", "It is **fifteen**."]

    run(qapp, scenario)


def test_a_follow_up_stays_in_the_chat_and_new_chat_begins_another(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "one")
            await ask(desk, "two")
            chat = desk.page.chat
            assert chat is not None
            assert [turn.text for turn in chat.turns] == ["one", "Yes.", "two", "Yes."]
            desk.new_chat()
            await ask(desk, "three")
            await desk.tasks.settled()
            assert len(await desk.services.history.conversations()) == 2
            first = desk.window.sidebar.model.index_of(chat.conversation.id if chat.conversation else None)
            desk.window.sidebar.chats.clicked.emit(first)
            await desk.tasks.settled()
            assert desk.page.chat is not None
            assert [turn.text for turn in desk.page.chat.turns] == ["one", "Yes.", "two", "Yes."]

    run(qapp, scenario)


def test_stop_keeps_what_there_is_and_says_so(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless()) as desk:
            type_in(desk, "Go on for ever")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            turn = await phase(desk, "writing")
            assert desk.page.composer.action.accessibleName() == "Stop"
            assert view_of(desk).status == "Writing"
            over = asyncio.ensure_future(heard(desk.page.chat.ended))  # type: ignore[union-attr]
            await asyncio.sleep(0)
            click(desk.page.composer.action)
            await over
            assert turn.ending == "stopped"
            assert turn.text.startswith("word ")
            assert view_of(desk).status == "Stopped"
            assert desk.page.composer.action.accessibleName() == "Send"
            assert desk.page.composer.edit.hasFocus(), "where Stop had the keyboard, the next message is written"

    run(qapp, scenario)


@pytest.mark.allow_log("an answer failed|engine|worker")
def test_a_crash_is_told_calmly_in_the_answer_and_the_window_lives_on(qapp: QApplication, tmp_path: Path) -> None:
    crash = [*fake_worker.pieces("So far so good"), {"exit": 3}]
    script = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": crash}}]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            turn = await ask(desk, "Crash, please")
            assert turn.problem is not None
            assert turn.problem.id == "engine.died"
            assert turn.text == "So far so good"
            note = view_of(desk)._note
            assert note is not None
            assert note.words.title == "The engine stopped unexpectedly"
            again = await ask(desk, "And again")
            assert again.text == "So far so good"
            assert desk.window.isVisible()

    run(qapp, scenario)


def test_thinking_shows_its_time_and_answer_now_ends_it(qapp: QApplication, tmp_path: Path, spoken: list[str]) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, pondering()) as desk:
            desk.page.composer.toggle_think()
            type_in(desk, "7 + 8?")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            turn = await phase(desk, "thinking")
            thinking = view_of(desk).thinking
            assert thinking is not None
            assert thinking.title.startswith("Thinking…")
            assert spoken == ["Thinking…"]
            assert thinking._now.isVisibleTo(thinking)
            over = asyncio.ensure_future(heard(desk.page.chat.ended))  # type: ignore[union-attr]
            await asyncio.sleep(0)
            click(thinking._now)
            await over
            assert turn.text == "Fifteen."
            assert spoken == ["Thinking…", "Fifteen."]
            assert "Let me see." in turn.thinking
            assert thinking.title.startswith("Thought for")
            assert not thinking._now.isVisibleTo(thinking)

    run(qapp, scenario)


def test_switching_think_harder_off_in_a_thought_means_answer_now(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, pondering()) as desk:
            desk.page.composer.toggle_think()
            type_in(desk, "7 + 8?")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            turn = await phase(desk, "thinking")
            over = asyncio.ensure_future(heard(desk.page.chat.ended))  # type: ignore[union-attr]
            await asyncio.sleep(0)
            QTest.keyClick(desk.window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
            await over
            assert turn.text == "Fifteen."

    run(qapp, scenario)


def test_switching_it_on_in_an_answer_offers_to_start_over_and_keeps_the_old_version(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless()) as desk:
            type_in(desk, "Hello")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            first = await phase(desk, "writing")
            chat = desk.page.chat
            assert chat is not None
            desk.page.composer.toggle_think()
            (banner,) = desk.window.banners.banners
            assert banner.notice.words.title == "Start over with thinking?"
            assert banner.action is not None
            click(banner.action)
            await heard(chat.changed, lambda turn: turn is not first and turn.phase == "writing")
            chat.stop()
            await heard(chat.ended, lambda turn: turn is not first)
            second = chat.turns[-1]
            assert second.message is not None
            versions = await desk.services.history.versions(second.message)
            assert versions == (first.message, second.message)
            assert (await desk.services.history.message(second.message)).effort == "high"

    run(qapp, scenario)


def test_enter_sends_shift_enter_does_not_and_composing_never_sends(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            edit, chat = desk.page.composer.edit, desk.page.chat
            assert chat is not None
            QTest.keyClick(edit, Qt.Key.Key_Return)
            assert chat.turns == [], "nothing to send"
            type_in(desk, "one")
            QTest.keyClick(edit, Qt.Key.Key_Return, SHIFT)
            assert edit.toPlainText() == "one\n"
            QApplication.sendEvent(edit, QInputMethodEvent("に", []))
            assert edit.composing
            QTest.keyClick(edit, Qt.Key.Key_Return)
            assert chat.turns == []
            committed = QInputMethodEvent("", [])
            committed.setCommitString("日")
            QApplication.sendEvent(edit, committed)
            over = asyncio.ensure_future(heard(chat.ended))
            await asyncio.sleep(0)
            QTest.keyClick(edit, Qt.Key.Key_Return)
            assert "日" in chat.turns[0].text
            await over

    run(qapp, scenario)


def test_the_composer_grows_to_eight_lines(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            edit = desk.page.composer.edit
            heights = []
            for _ in range(12):
                await drawn()
                heights.append(edit.height())
                type_in(desk, "line\n")
            assert heights == sorted(heights)
            assert heights[3] > heights[0]
            assert heights[8] == heights[11]

    run(qapp, scenario)


def test_up_in_an_empty_composer_edits_the_last_message_as_a_new_version(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "first wording")
            edit, chat = desk.page.composer.edit, desk.page.chat
            assert chat is not None
            old = chat.turns[0].message
            QTest.keyClick(edit, Qt.Key.Key_Up)
            assert edit.toPlainText() == "first wording"
            edit.selectAll()
            await ask(desk, "second wording")
            assert [turn.text for turn in chat.turns] == ["second wording", "Yes."]
            assert old is not None
            assert chat.turns[0].message is not None
            assert await desk.services.history.versions(old) == (old, chat.turns[0].message)

    run(qapp, scenario)


def test_an_old_version_of_an_answer_can_be_shown_again_and_talked_on_from(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "hello")
            chat = desk.page.chat
            assert chat is not None
            first = chat.turns[-1].message
            known = asyncio.ensure_future(heard(chat.changed, lambda turn: len(turn.versions) == 2))
            await asyncio.sleep(0)
            click(view_of(desk)._again)
            await known
            second = chat.turns[-1].message
            assert chat.turns[-1].versions == (first, second)
            row = view_of(desk)._row
            assert row.accessibleName() == "Version 2 of 2"
            assert not row._later.isEnabled()
            click(row._earlier)
            await desk.tasks.settled()
            assert chat.turns[-1].message == first
            assert view_of(desk)._row.accessibleName() == "Version 1 of 2"
            await ask(desk, "and on")
            messages = await desk.services.history.messages(chat.conversation.id if chat.conversation else 0)
            assert [message.id for message in messages][:2] == [chat.turns[0].message, first]

    run(qapp, scenario)


def test_escape_leaves_an_edit_before_it_stops_anything(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "hello")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Up)
            QTest.keyClick(desk.window, Qt.Key.Key_Escape)
            assert desk.page.composer.text == ""
            chat = desk.page.chat
            assert chat is not None
            assert chat.editing is None

    run(qapp, scenario)


def test_a_message_that_is_refused_comes_back_into_the_composer(
    qapp: QApplication, tmp_path: Path, allow_log: object
) -> None:
    allow_log("shown:")  # type: ignore[operator]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:

            def missing(_model: str = "builtin") -> object:
                raise DeskError("model.missing", path="/nowhere.gguf")

            desk.services.resolve_model = missing  # type: ignore[method-assign, assignment]
            chat = desk.page.chat
            assert chat is not None
            over = asyncio.ensure_future(heard(chat.refused))
            await asyncio.sleep(0)
            type_in(desk, "precious words")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            await over
            await drawn()
            assert desk.page.composer.text == "precious words"
            assert chat.turns == []
            (banner,) = desk.window.banners.banners
            assert banner.notice.words.title == "The model file is not there"

    run(qapp, scenario)


def test_a_megabyte_is_pasted_sent_and_folded(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Long.")) as desk:
            text = "Zeile mit Wörtern 🙂\n" * 50_000
            turn = await ask(desk, text)
            chat = desk.page.chat
            assert chat is not None
            assert chat.turns[0].text == text
            assert turn.text == "Long."
            view = desk.page.transcript.view(chat.turns[0])
            assert view is not None
            assert view.height() < 600

    run(qapp, scenario)
