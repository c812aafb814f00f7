"""The archive and the bin: what is there, the ways back, and what asks before it deletes for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest

from mistral_desk.core.errors import DeskError, Words
from mistral_desk.ui.chats.put_away import PAGE
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.widgets.ask import Question
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.ui.heard import announced
from tests.ui.window import click, drawn, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.chats.kept_page import KeptPage
    from mistral_desk.ui.desk import Desk

SCRIPT = fake_worker.answering("Yes.")


async def show(desk: Desk, page: str) -> KeptPage:
    desk.window.commands.run(page)
    await desk.tasks.settled()
    await drawn()
    assert desk.window.page == page
    return desk.window.bin if page == "bin" else desk.window.archive


def names(page: KeptPage) -> list[str]:
    return [card.conversation.title for card in page.cards]


async def stored(desk: Desk, *titles: str) -> list[int]:
    keys = [(await desk.services.history.create(title)).id for title in titles]
    await desk.refresh()
    return keys


async def more_than_a_page(desk: Desk, more: int) -> tuple[KeptPage, list[int]]:
    """The bin with so many more chats than it shows at once; the keyboard is on the way to them."""
    keys = await stored(desk, *(f"chat {number}" for number in range(PAGE + more)))
    await desk.services.history.change(keys, deleted=True)
    page = await show(desk, "bin")
    page.more.setFocus(Qt.FocusReason.TabFocusReason)
    return page, keys


def question(desk: Desk) -> Question:
    shown = desk.window.overlay
    assert isinstance(shown, Question)
    return shown


def test_a_deleted_chat_is_in_the_bin_with_its_last_day_and_comes_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            page = await show(desk, "bin")
            assert page.nothing.isVisible()
            assert not page.empty_button.isVisible()
            keys = await stored(desk, "one", "two")
            desk.chats.order.delete(keys)
            await desk.tasks.settled()
            assert sorted(names(page)) == ["one", "two"], "the open page follows"
            said = " ".join(label.text() for label in page.cards[0].findChildren(Label))
            assert "Deleted on" in said
            assert "goes for good after" in said
            page.cards[0].back.setFocus(Qt.FocusReason.TabFocusReason)
            back = page.cards[0].conversation
            QTest.keyClick(page.cards[0].back, Qt.Key.Key_Return)
            await desk.tasks.settled()
            assert [one.id for one in desk.listed] == [back.id]
            assert len(page.cards) == 1
            assert page.cards[0].back.hasFocus(), "the keyboard goes to what took its place"
            assert desk.window.banners.banners[0].notice.words.title == "The chat is in the list again"

    run(qapp, scenario)


def test_a_notice_covers_neither_the_heading_nor_the_way_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await stored(desk, *(f"chat {number}" for number in range(30)))
            page = await show(desk, "bin")
            before = page.leave_button.mapTo(desk.window, page.leave_button.rect().topLeft())
            desk.chats.order.delete(keys)
            await desk.tasks.settled()
            await drawn()
            banners = desk.window.banners
            assert banners.isVisible()
            covered = QRect(banners.mapTo(desk.window, banners.rect().topLeft()), banners.size())
            for head in (page.leave_button, page.empty_button, *page.findChildren(Label)[:2]):
                place = QRect(head.mapTo(desk.window, head.rect().topLeft()), head.size())
                assert not covered.intersects(place), head.accessibleName()
            assert page.leave_button.mapTo(desk.window, page.leave_button.rect().topLeft()) == before, "nothing jumps"
            tall = page.height()
            desk.notices.show(Notice("info", Words("It stays.", "Until somebody closes it.", "")))
            await drawn()
            assert page.height() <= tall - banners.banners[0].height(), "what is last can be scrolled to"
            desk.window.show_chat()
            await drawn()
            assert banners.y() < desk.window.height() // 2, "in a chat, what is new stands below"

    run(qapp, scenario)


def test_for_good_asks_first_and_means_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await stored(desk, "one", "two", "three")
            desk.chats._drafts.keep(str(keys[0]), "a secret that was not sent")
            await desk.services.history.change(keys, deleted=True)
            page = await show(desk, "bin")
            gone = page.cards[1].conversation
            click(page.cards[1].other)
            await desk.tasks.settled()
            assert question(desk).accessibleName() == f"Delete “{gone.title}” for good?"
            assert question(desk).first() is question(desk).no
            click(question(desk).no)
            assert len(await desk.services.history.deleted()) == 3
            click(page.cards[1].other)
            await desk.tasks.settled()
            click(question(desk).yes)
            await desk.tasks.settled()
            assert gone.title not in names(page)
            with pytest.raises(DeskError, match=r"history\.missing"):
                await desk.services.history.restore(gone.id)
            click(page.empty_button)
            await desk.tasks.settled()
            assert question(desk).accessibleName() == "Delete 2 chats for good?"
            click(question(desk).yes)
            await desk.tasks.settled()
            assert await desk.services.history.deleted() == ()
            assert all(desk.chats._drafts.get(str(key)) == "" for key in keys), "nor is anything left unsent in them"
            assert page.nothing.isVisible()

    run(qapp, scenario)


def test_the_keyboard_stays_where_the_bin_changes(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = announced(monkeypatch)

    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            page, _ = await more_than_a_page(desk, 2)
            QTest.keyClick(page.more, Qt.Key.Key_Return)
            await desk.tasks.settled()
            assert not page.more.isVisible()
            assert page.cards[PAGE].back.hasFocus(), "where one reads on"
            page.cards[1].other.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(page.cards[1].other, Qt.Key.Key_Return)
            await desk.tasks.settled()
            QTest.keyClick(question(desk).yes, Qt.Key.Key_Return)
            await desk.tasks.settled()
            assert page.cards[1].other.hasFocus(), "the next one stands in its place"
            page.empty_button.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(page.empty_button, Qt.Key.Key_Return)
            await desk.tasks.settled()
            spoken.clear()
            QTest.keyClick(question(desk).yes, Qt.Key.Key_Return)
            await desk.tasks.settled()
            assert page.leave_button.hasFocus()
            assert spoken == ["The bin is empty"]

    run(qapp, scenario)


def test_the_way_to_more_leaves_the_keyboard_to_the_last_one_when_there_is_no_more(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            page, keys = await more_than_a_page(desk, 1)
            (behind,) = set(keys) - {card.conversation.id for card in page.cards}
            desk.chats.order.restore([behind])
            await desk.tasks.settled()
            assert not page.more.isVisible()
            assert page.cards[-1].back.hasFocus()

    run(qapp, scenario)


def test_the_archive_opens_and_gives_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            keys = await stored(desk, *(f"chat {number}" for number in range(PAGE + 3)))
            await desk.services.history.change(keys, archived=True)
            await desk.refresh()
            page = await show(desk, "archive")
            assert len(page.cards) == PAGE
            assert page.more.isVisible()
            click(page.more)
            await desk.tasks.settled()
            assert len(page.cards) == PAGE + 3
            assert not page.more.isVisible()
            one = page.cards[0].conversation
            click(page.cards[0].other)
            await desk.tasks.settled()
            assert desk.window.page == "chat"
            assert desk.chats.current == one.id
            assert desk.window.top.title.title == one.title
            desk.window.commands.run("put_away")
            await desk.tasks.settled()
            assert [one.id for one in desk.listed] == [one.id]
            page = await show(desk, "archive")
            click(page.leave_button)
            assert desk.window.page == "chat"

    run(qapp, scenario)
