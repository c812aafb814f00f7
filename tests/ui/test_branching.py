"""A long branch says how far it is, can be called off, and goes on when its sheet is closed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat.branching import STEP
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from mistral_desk.ui.chats import branching
from mistral_desk.ui.chats.branching import BranchSheet
from tests.fixtures import fake_worker
from tests.ui.window import click, heard, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.desk import Desk

COUNT = 3 * STEP


@pytest.fixture(autouse=True)
def _long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(branching, "LONG", COUNT)


async def begun(desk: Desk) -> tuple[Chat, BranchSheet]:
    """A chat that is just long enough, and the sheet of a branch that is being made of all of it."""
    said = [
        ImportedMessage(
            str(n), str(n - 1) if n else None, "assistant" if n % 2 else "user", 1.0, (Part("text", str(n)),)
        )
        for n in range(COUNT)
    ]
    made = await desk.services.history.put(Imported("long", 1.0, 1.0, tuple(said)))
    assert made is not None
    desk.open_chat(made.id)
    await desk.tasks.settled()
    chat = desk.page.chat
    assert chat is not None
    going = asyncio.ensure_future(heard(chat.versions.going))
    await asyncio.sleep(0)
    chat.versions.branch(chat.turns[-1])
    await going
    assert isinstance(desk.window.overlay, BranchSheet)
    return chat, desk.window.overlay


def test_it_says_how_far_it_is_and_shows_the_branch(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            _, sheet = await begun(desk)
            assert sheet.progress.told.text().endswith("3\N{NARROW NO-BREAK SPACE}000 messages")
            await desk.tasks.settled()
            assert desk.window.overlay is None
            assert desk.page.chat is not None
            assert desk.page.chat.conversation is not None
            assert desk.page.chat.conversation.title == "Branch · long"

    run(qapp, scenario)


def test_called_off_nothing_of_it_is_left(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            chat, sheet = await begun(desk)
            click(sheet.cancel)
            await desk.tasks.settled()
            assert desk.window.overlay is None
            assert desk.page.chat is chat
            assert [one.title for one in await desk.services.history.conversations()] == ["long"]
            chat.versions.branch(chat.turns[0])
            await desk.tasks.settled()
            assert len(await desk.services.history.conversations()) == 2, "and it can be made again"

    run(qapp, scenario)


def test_closed_it_goes_on_and_says_when_it_is_there(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            chat, sheet = await begun(desk)
            sheet.reject()
            (notice,) = await heard(desk.notices.shown)
            assert notice.words.message == "Branch · long"
            assert desk.page.chat is chat, "nobody is taken away from what they do now"
            notice.act()
            await desk.tasks.settled()
            assert desk.page.chat is not None
            assert desk.page.chat.conversation is not None
            assert desk.page.chat.conversation.title == "Branch · long"

    run(qapp, scenario)


def test_a_closed_one_that_came_to_nothing_does_not_hide_the_next(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            chat, sheet = await begun(desk)
            sheet.reject()
            chat.versions.stop()
            await desk.tasks.settled()
            assert desk.page.chat is chat
            chat.versions.branch(chat.turns[0])
            await desk.tasks.settled()
            assert desk.page.chat is not chat

    run(qapp, scenario)
