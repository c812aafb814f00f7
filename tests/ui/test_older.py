"""A long conversation opens with its end; what stands above comes a moment later and moves nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.ui.chat.older import FIRST
from mistral_desk.ui.chat.selection import END
from mistral_desk.ui.chat.whereabouts import Place
from tests.fixtures import fake_worker, long_chat
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


async def opened_at_its_end(desk: Desk, questions: int) -> None:
    """Open a conversation, and stop where its end is shown."""
    conversation = await long_chat.stored(desk.services.history, questions)
    chat = desk.chats._make()
    await chat.load(conversation)
    desk.chats._show(chat)


def test_what_is_above_comes_later_and_moves_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await opened_at_its_end(desk, 100)
            chat, transcript = desk.page.chat, desk.page.transcript
            assert chat is not None
            assert chat.older.coming
            assert len(transcript.turns) == FIRST
            transcript.verticalScrollBar().setValue(transcript.verticalScrollBar().maximum() // 2)
            turn = transcript.turns[transcript.first_seen]
            seen = transcript.view(turn)
            assert seen is not None
            block, _below = seen.place_at(-seen.y())  # the first that is seen
            place, last = seen.y() + seen.top_of(block), transcript.turns[-1]
            transcript.selection._anchor = Place(FIRST - 1, 0, 0)
            transcript.selection._head = Place(FIRST - 1, END, END)
            transcript.selection._across = True
            await chat.older.whole()
            assert len(transcript.turns) == len(chat.turns) == 200
            assert transcript.view(turn) is seen
            assert seen.y() + seen.top_of(block) == place
            assert transcript.selection.markdown() == last.text, "the same is selected"
            ids = [one.message for one in chat.turns]
            stored = await desk.services.history.messages(chat.conversation.id)  # type: ignore[union-attr]
            assert ids == [one.id for one in stored]
            transcript.verticalScrollBar().setValue(0)
            assert transcript.view(chat.turns[0]) is not None

    window.run(qapp, scenario)


def test_who_sends_at_once_gets_an_answer_and_all_that_is_older(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await opened_at_its_end(desk, 100)
            assert desk.page.chat is not None
            assert desk.page.chat.older.coming
            await window.ask(desk, "And now?")
            await desk.page.chat.older.whole()
            turns = desk.page.transcript.turns
            assert len(turns) == 202
            assert (turns[0].message, turns[-2].text, turns[-1].text) == (1, "And now?", "Yes.")

    window.run(qapp, scenario)


def test_a_short_one_is_there_at_once(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await opened_at_its_end(desk, FIRST // 2)
            assert desk.page.chat is not None
            assert not desk.page.chat.older.coming
            assert len(desk.page.transcript.turns) == FIRST

    window.run(qapp, scenario)
