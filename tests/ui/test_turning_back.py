"""Turning back in the window: Branch from here, versions deep in a tree, editing, and thoughts as they were left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from mistral_desk.chat.message import Part
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.ui.chat.turn_view import AnswerView
from mistral_desk.ui.chat.versions import branch_title
from tests.fixtures import fake_worker
from tests.ui.turning import button, chat_of, open_new, over, press, press_when_there, send, stop, stored, view_of
from tests.ui.window import ask, click, drawn, heard, opened, phase, run, type_in

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.chat.history import History
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.desk import Desk

# --- branch -------------------------------------------------------------------------------------------


def test_a_branch_is_a_chat_of_its_own_that_says_so(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "one")
            await ask(desk, "two")
            chat = chat_of(desk)
            came: list[object] = []
            chat.branched.connect(came.append)
            press(desk, "Branch from here", 1, times=2)
            await desk.tasks.settled()
            assert len(came) == 1, "a double click is one"
            (branch,) = [one for one in await desk.services.history.conversations() if one.id != chat.conversation.id]  # type: ignore[union-attr]
            assert branch.title == "Branch · one"
            copies = await desk.services.history.messages(branch.id)
            assert [one.text for one in copies] == ["one", "Yes."]
            assert [one.text for one in chat.turns] == ["one", "Yes.", "two", "Yes."]
            await open_new(desk, branch.id)
            await ask(desk, "three")
            assert [one.text for one in await desk.services.history.messages(branch.id)] == [
                "one",
                "Yes.",
                "three",
                "Yes.",
            ]

            press(desk, "Branch from here", 0)
            await desk.tasks.settled()
            titles = sorted(one.title for one in await desk.services.history.conversations())
            assert titles == ["Branch · one", "Branch · one", "one"], "a branch of a branch is not called so twice"

    run(qapp, scenario)


def test_a_branch_that_ends_with_a_question_can_be_answered(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "one")
            await ask(desk, "two")
            message = chat_of(desk).turns[2].message
            assert message is not None
            assert button(desk, "Answer this", 2) is None
            branch = await desk.services.history.branch_off(message)
            await open_new(desk, branch.id)
            await over(desk, lambda: press(desk, "Answer this"))
            assert [one.text for one in chat_of(desk).turns] == ["one", "Yes.", "two", "Yes."]
            assert button(desk, "Answer this", 2) is None

    run(qapp, scenario)


def test_a_temporary_chat_has_no_branches(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            desk.chats.temporary()
            await desk.tasks.settled()
            await ask(desk, "one")
            assert button(desk, "Try again") is not None
            assert button(desk, "Branch from here") is None
            assert button(desk, "Branch from here", 0) is None

    run(qapp, scenario)


def test_titles_of_branches() -> None:
    assert branch_title("Sums") == "Branch · Sums"
    assert branch_title("Branch · Sums") == "Branch · Sums"
    assert branch_title("") == ""
    assert len(branch_title("word " * 50)) <= 60


# --- versions -----------------------------------------------------------------------------------------


async def tree(history: History) -> tuple[int, dict[str, int]]:
    """One → A → two → B (and C) ; one → D. The ids by text."""
    head, one, a = await history.begin_turn(None, "one", model="builtin")
    ids = {"one": one.id, "A": a.id}
    for name, after in (("A", a.id),):
        await history.update_answer(after, [Part("text", name)], ending="stop")
    _, two, b = await history.begin_turn(head.id, "two")
    _, _, c = await history.begin_version(two.id)
    _, three, e = await history.begin_turn(head.id, "three")
    _, _, d = await history.begin_version(one.id)
    ids |= {"two": two.id, "B": b.id, "C": c.id, "three": three.id, "E": e.id, "D": d.id}
    for name in "BCDE":
        await history.update_answer(ids[name], [Part("text", name)], ending="stop")
    return head.id, ids


def texts(chat: Chat) -> list[str]:
    return [turn.text for turn in chat.turns]


def test_a_version_shows_what_was_seen_behind_it(qapp: QApplication, tmp_path: Path) -> None:
    """Deep in the tree a version was chosen; going away above and coming back shows that one, not the newest."""

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            history = desk.services.history
            key, ids = await tree(history)
            chat = await open_new(desk, key)
            assert texts(chat) == ["one", "D"]
            await press_when_there(desk, "Previous version", 1)
            await desk.tasks.settled()
            assert texts(chat) == ["one", "A", "two", "C", "three", "E"]
            await press_when_there(desk, "Previous version", 3)
            await desk.tasks.settled()
            assert texts(chat) == ["one", "A", "two", "B"]
            await press_when_there(desk, "Next version", 1, times=2)
            await desk.tasks.settled()
            assert texts(chat) == ["one", "D"]
            await press_when_there(desk, "Previous version", 1)
            await desk.tasks.settled()
            assert texts(chat) == ["one", "A", "two", "B"], "as it was left"
            assert (await history.conversation(key)).leaf == ids["B"]
            await ask(desk, "and on")
            assert [one.text for one in await history.messages(key)] == ["one", "A", "two", "B", "and on", "Yes."]
            assert len(await history.tree(key)) == len(ids) + 2, "nothing of the tree is lost"

    run(qapp, scenario)


def test_a_message_follows_what_is_seen(qapp: QApplication, tmp_path: Path) -> None:
    """Enter right behind a click on a version, before that has come: the answer is to what stood there."""

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            history = desk.services.history
            key, ids = await tree(history)
            chat = await open_new(desk, key)
            press(desk, "Previous version", 1)
            assert texts(chat) == ["one", "D"]
            await ask(desk, "hello")
            await desk.tasks.settled()
            assert texts(chat) == ["one", "D", "hello", "Yes."]
            assert [one.text for one in await history.messages(key)] == ["one", "D", "hello", "Yes."]
            assert ids["D"] in [one.id for one in await history.messages(key)]

    run(qapp, scenario)


# --- editing ------------------------------------------------------------------------------------------


@pytest.mark.allow_log("shown:")
def test_an_edit_that_is_refused_is_an_edit_again(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "first wording")
            chat, right = chat_of(desk), desk.services.resolve_model
            before = await stored(desk)
            type_in(desk, "half a thought")
            press(desk, "Edit", 0)

            def missing(_model: str = "builtin") -> object:
                raise DeskError("model.missing", path="/nowhere.gguf")

            desk.services.resolve_model = missing  # type: ignore[method-assign, assignment]
            refused = asyncio.ensure_future(heard(chat.refused))
            desk.page.composer.edit.selectAll()
            await asyncio.sleep(0)
            send(desk, "second wording")
            assert desk.page.composer.text == "half a thought"
            await refused
            await drawn()
            assert desk.page.composer.text == "second wording"
            assert desk.page.turning.strip.isVisible()
            assert chat.editing is chat.turns[0]
            assert await stored(desk) == before
            desk.services.resolve_model = right  # type: ignore[method-assign]
            for banner in desk.window.banners.banners:
                banner.close()
            await over(desk, desk.page.composer.submit)
            assert texts(chat) == ["second wording", "Yes."]
            assert chat.turns[0].versions == (before[0].id, chat.turns[0].message)
            assert desk.page.composer.text == "half a thought"
            assert not desk.page.turning.strip.isVisible()

    run(qapp, scenario)


def test_editing_begins_while_an_answer_is_written_and_waits_for_its_end(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless()) as desk:
            send(desk, "go")
            turn = await phase(desk, "writing")
            press(desk, "Edit", 0)
            assert desk.page.composer.text == "go"
            type_in(desk, " on")
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            assert chat_of(desk).turns[-1] is turn
            assert desk.page.composer.text == "go on"
            desk.window.escape()
            assert desk.page.composer.text == ""
            assert chat_of(desk).busy, "the first Escape leaves the edit, the next one stops"
            await over(desk, desk.window.escape)
            assert turn.ending == "stopped"

    run(qapp, scenario)


def test_while_an_answer_is_written_no_other_is_asked_for(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless()) as desk:
            send(desk, "go")
            await stop(desk)
            send(desk, "go on")
            await phase(desk, "writing")
            again = button(desk, "Try again", 1)
            assert again is not None
            assert not again.isEnabled()
            assert again.accessibleDescription(), "it says why"
            branch = button(desk, "Branch from here", 1)
            assert branch is not None
            assert branch.isEnabled()
            await stop(desk)
            assert again.isEnabled()
            assert again.toolTip() == "Try again"

    run(qapp, scenario)


def test_an_edit_ends_when_its_message_leaves_the_branch(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            key, _ = await tree(desk.services.history)
            chat = await open_new(desk, key)
            await press_when_there(desk, "Previous version", 1)
            await desk.tasks.settled()
            type_in(desk, "a draft")
            await press_when_there(desk, "Edit", 4)
            assert desk.page.composer.text == "three"
            await press_when_there(desk, "Previous version", 3)
            await desk.tasks.settled()
            assert texts(chat) == ["one", "A", "two", "B"]
            assert chat.editing is None
            assert not desk.page.turning.strip.isVisible()
            assert desk.page.composer.text == "a draft"

    run(qapp, scenario)


# --- thoughts -----------------------------------------------------------------------------------------


def test_a_thought_stays_as_it_was_left(qapp: QApplication, tmp_path: Path) -> None:
    """When the chat is left and opened again, and after a restart; what nobody touched follows the settings."""
    keys: list[int] = []

    def toggle(desk: Desk, place: int) -> None:
        view = view_of(desk, place)
        assert isinstance(view, AnswerView)
        assert view.thinking is not None
        click(view.thinking._header)

    async def first() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.", "let me see")) as desk:
            await ask(desk, "one")
            await ask(desk, "two")
            chat = chat_of(desk)
            assert chat.conversation is not None
            keys.append(chat.conversation.id)
            assert not chat.turns[1].thought_open
            toggle(desk, 1)
            await desk.tasks.settled()
            desk.chats.new()
            desk.chats.open(keys[0])
            await desk.tasks.settled()
            assert [turn.thought_open for turn in chat_of(desk).turns] == [False, True, False, False]

    async def second() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.", "let me see")) as desk:
            chat = await open_new(desk, keys[0])
            assert [turn.thought_open for turn in chat.turns] == [False, True, False, False]
            toggle(desk, 1)
            await desk.tasks.settled()
            desk.services.settings.set(declared.SHOW_THINKING, True)

    async def third() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.", "let me see")) as desk:
            chat = await open_new(desk, keys[0])
            assert [turn.thought_open for turn in chat.turns if turn.role == "assistant"] == [False, True]

    for scenario in (first, second, third):
        run(qapp, scenario)


def test_copies_never_hold_the_thinking(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("The **answer**.", "SECRETTHOUGHT")) as desk:
            await ask(desk, "one")
            await ask(desk, "two")
            transcript = desk.page.transcript
            transcript.open_thoughts(chat_of(desk).turns)
            await drawn()
            clipboard = QGuiApplication.clipboard()
            copies: list[str] = []
            for place in (1, 3):
                press(desk, "Copy", place)
                copies += [clipboard.text(), clipboard.mimeData().html()]
            transcript.selection.select_all()
            transcript.selection.copy()
            copies += [clipboard.text(), clipboard.mimeData().html(), transcript.selection.markdown()]
            for copy in copies:
                assert "answer" in copy
                assert "SECRETTHOUGHT" not in copy
            assert "SECRETTHOUGHT" in chat_of(desk).turns[1].with_thinking(), "only where it is asked for by name"

    run(qapp, scenario)
