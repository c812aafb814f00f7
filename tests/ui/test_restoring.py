"""What is asked while a backup takes the place of the chats: it is said why it has to wait, and no word is lost."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mistral_desk.chat import copies
from mistral_desk.ui.drafts import NEW
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

SCRIPT = fake_worker.answering("Yes.")
HELD = "A backup of your chats is being restored"


def said(desk: Desk) -> list[str]:
    return [one.notice.words.title for one in desk.window.banners.banners]


@contextlib.asynccontextmanager
async def restoring(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """While a backup is being checked, as a large one is for long; at the end it has taken the place of the chats."""
    loop, reached, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    ready = copies._ready

    def slow(*places: object) -> None:
        loop.call_soon_threadsafe(reached.set)
        assert go_on.wait(window.END_OF_WORLD_S)
        ready(*places)  # type: ignore[arg-type]

    (backup, *_) = await desk.services.backups.list()
    with monkeypatch.context() as patch:
        patch.setattr(copies, "_ready", slow)
        desk.tasks.spawn(desk.sharing.backups._restore(backup), "restore a backup")
        try:
            await reached.wait()
            yield
        finally:
            go_on.set()
        await desk.tasks.settled()


@pytest.mark.parametrize("draft", ["", "An older thought"])
def test_a_question_waits_where_it_was_written_and_goes_along_into_what_is_restored(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, draft: str
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, "Before")
            await desk.tasks.settled()
            await desk.services.backups.make()
            desk.new_chat()
            await window.ask(desk, "After")
            await desk.tasks.settled()
            if draft:
                desk._drafts.keep(NEW, draft)
            page = desk.page
            async with restoring(desk, monkeypatch):
                chat = page.chat
                assert chat is not None
                turns = list(chat.turns)
                window.type_in(desk, "And then?")
                for _ in range(2):
                    QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
                page.turning.again(turns[-1])
                chat.course.more(turns[-1])
                await window.drawn()
                assert said(desk) == [HELD], "once, however often it is asked"
                assert chat.turns == turns
                assert page.composer.text == "And then?"
                assert not chat.busy
            assert HELD not in said(desk)
            assert page.chat is not chat
            words = "\n\n".join(one for one in (draft, "And then?") if one)
            assert page.composer.text == words
            assert desk._drafts.get(NEW) == words, "it would outlive the program, too"
            assert page.chat is not None
            key = asyncio.ensure_future(window.heard(page.chat.busy_changed, lambda busy: not busy))
            await asyncio.sleep(0)
            QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
            await key
            await desk.tasks.settled()
            assert [turn.text for turn in page.chat.turns] == [words, "Yes."]
            assert len(desk.chats.listed) == 2, "it stands in the history that was restored"

    window.run(qapp, scenario)


def test_an_edit_that_was_not_sent_goes_along_with_what_was_written_before_it(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await desk.services.backups.make()
            await window.ask(desk, "After")
            page = desk.page
            async with restoring(desk, monkeypatch):
                assert page.chat is not None
                window.type_in(desk, "A thought")
                page.turning.edit(page.chat.turns[0])
                window.type_in(desk, " all")
                QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
                await window.drawn()
                assert said(desk) == [HELD]
                assert (page.composer.text, page.chat.editing) == ("After all", page.chat.turns[0])
            assert page.composer.text == "A thought\n\nAfter all"
            assert page.chat is not None
            assert page.chat.editing is None
            assert not page.chat.turns

    window.run(qapp, scenario)


def test_a_message_that_is_only_looked_at_for_an_edit_is_no_draft(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await desk.services.backups.make()
            await window.ask(desk, "After")
            page = desk.page
            async with restoring(desk, monkeypatch):
                assert page.chat is not None
                page.turning.edit(page.chat.turns[0])
            assert page.composer.text == ""

    window.run(qapp, scenario)


def test_what_gets_past_the_window_meanwhile_is_handed_back(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent just before the backup was chosen: who answers is still looked for."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await desk.services.backups.make()
            page = desk.page
            async with restoring(desk, monkeypatch):
                chat = page.chat
                assert chat is not None
                over = asyncio.ensure_future(window.heard(chat.busy_changed, lambda busy: not busy))
                await asyncio.sleep(0)
                chat.send("Slipped through")
                await over
                await window.drawn()
                assert said(desk) == [HELD]
                assert page.composer.text == "Slipped through"
                assert not chat.turns
            assert page.composer.text == "Slipped through"
            assert HELD not in said(desk)

    window.run(qapp, scenario)
