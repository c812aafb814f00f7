"""Where the keyboard is when what had it goes away: at what stands in its place, never at whatever Qt comes to next."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest

from mistral_desk.core.errors import Words
from mistral_desk.ui.library.delete import DeleteSheet
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.ask import Question
from mistral_desk.ui.widgets.button import Button, explain
from tests.fixtures import fake_worker
from tests.ui import window
from tests.ui.heard import announced
from tests.ui.keyboard import CTRL, SHIFT, Keys, focused
from tests.ui.library_ground import library_shown
from tests.ui.test_heard_by_itself import FULL, download
from tests.ui.test_library import at_the_library, button, put, real_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.chat.message import Conversation
    from mistral_desk.core.errors import Problem
    from mistral_desk.library.orders import Download, State
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.library.page import LibraryPage
    from tests.fixtures.small_models import SmallModels

SCRIPT = fake_worker.answering("Yes.")
K = Qt.Key
TAB = Qt.FocusReason.TabFocusReason


@pytest.fixture
def library(qapp: QApplication) -> Iterator[LibraryPage]:
    with library_shown(qapp) as page:
        yield page


def coming(*names: str, state: State = "fetching", why: Problem | None = None) -> list[Download]:
    return [download(state, 10, why, title=name) for name in names]


def test_a_download_that_ends_leaves_the_keyboard_to_the_next(library: LibraryPage) -> None:
    rows = library.downloads
    rows.show_downloads(coming("one", "two", "three"))
    rows.rows["two"].cancel.setFocus(TAB)
    rows.show_downloads(coming("one", "three"))
    assert rows.rows["three"].pause.hasFocus()
    rows.show_downloads(coming("one"))
    assert rows.rows["one"].pause.hasFocus(), "behind the last one comes none"
    rows.show_downloads([])
    assert library.add_button.hasFocus()
    library.add_button.clearFocus()
    rows.show_downloads(coming("one"))
    rows.show_downloads([])
    assert not library.add_button.hasFocus(), "who is elsewhere stays there"


def test_the_way_out_of_a_trouble_leaves_the_keyboard_in_its_row(library: LibraryPage) -> None:
    rows = library.downloads
    rows.show_downloads(coming("one", state="paused", why=FULL))
    row = rows.rows["one"]
    assert row.remedy is not None
    row.remedy.setFocus(TAB)
    rows.show_downloads(coming("one"))
    assert row.pause.hasFocus()


def test_a_deleted_model_leaves_the_keyboard_to_what_stands_there(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            real_files(desk)
            for name in ("a.gguf", "b.gguf", "c.gguf"):
                put(desk, small_models, name)
            await at_the_library(desk)
            library = desk.library
            while len(library.cards) > 1:
                place = next(n for n, card in enumerate(library.cards) if card.model.deletes == "bin_or_good")
                card = library.cards[place]
                button(card, "Delete").setFocus(TAB)
                QTest.keyClick(button(card, "Delete"), K.Key_Return)
                sheet = desk.window.overlay
                assert isinstance(sheet, DeleteSheet)
                QTest.keyClick(sheet.for_good, K.Key_Return)
                await desk.tasks.settled()
                await window.drawn()
                assert card not in library.cards
                nearest = library.cards[min(place, len(library.cards) - 1)]
                assert nearest.isAncestorOf(focused()), "the card that stands there now"

    window.run(qapp, scenario)


def test_a_sidebar_that_goes_leaves_the_keyboard_to_the_page(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys = Keys(desk)
            for page in ("chat", "models", "library", "settings", "bin"):
                if desk.window.page != page:
                    desk.window.show_page(page)
                await desk.tasks.settled()
                desk.window.sidebar.new.setFocus(TAB)
                await keys.press(K.Key_B, CTRL)
                assert not desk.window.sidebar.isVisible()
                here = focused()
                assert desk.window.rooms[page].isAncestorOf(here), f"{page}: {here.accessibleName()!r}"
                await keys.press(K.Key_B, CTRL)
                assert focused() is here, "and it stays there when the sidebar comes back"

    window.run(qapp, scenario)


def test_a_page_that_is_left_leaves_no_keyboard_behind(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys = Keys(desk)
            await window.ask(desk, "Is it so?")
            await desk.tasks.settled()
            for page in ("models", "library", "settings", "archive", "bin", "chat"):
                desk.window.show_page(page)
                await desk.tasks.settled()
                keys.look(page)
                assert desk.window.rooms[page].isAncestorOf(focused()), page
                await keys.press(K.Key_Escape)
                await desk.tasks.settled()
                assert desk.window.page == "chat", "one step back"
                assert focused() is desk.page.composer.edit

    window.run(qapp, scenario)


# --- notices ----------------------------------------------------------------------------------------------------


def test_a_notice_is_reached_by_f6_and_gives_the_keyboard_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys, banners = Keys(desk), desk.window.banners
            done: list[str] = []
            for page in ("chat", "settings", "library"):
                desk.window.show_page(page)
                await desk.tasks.settled()
                done.clear()
                before = focused()
                for name in ("one", "two"):
                    said = Words(f"About {name}", "", "")
                    desk.notices.show(Notice("info", said, "Do it", partial(done.append, name)))
                await window.drawn()
                assert focused() is before, "a notice takes the keyboard from nobody"
                for _ in range(6):
                    if banners.isAncestorOf(focused()):
                        break
                    await keys.press(K.Key_F6)
                assert focused() is banners.banners[0].action, "the newest one's way out"
                await keys.press(K.Key_F6)
                assert not banners.isAncestorOf(focused()), "and on"
                await keys.press(K.Key_F6, SHIFT)
                assert focused() is banners.banners[0].action
                came_from = banners.before
                await keys.press(K.Key_Return)
                assert done == ["two"]
                assert banners.banners[0].isAncestorOf(focused()), "what stands there now"
                await keys.press(K.Key_Escape)
                assert banners.banners == []
                assert focused() is came_from, "where it had come from"

    window.run(qapp, scenario)


def test_a_notice_does_not_leave_from_under_the_keyboard(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            banners = desk.window.banners
            edit = desk.page.composer.edit
            for held in (True, False):
                desk.notices.show(Notice("info", Words("It is gone", "", ""), "Undo", lambda: None, 3600, undoes=True))
                await window.drawn()
                (banner,) = banners.banners
                assert banner.action is not None
                (banner.action if held else edit).setFocus(TAB)
                banner.time_is_up()
                assert bool(banners.banners) == held
                edit.setFocus(TAB)
                assert banners.banners == [], "as soon as the keyboard is elsewhere"

    window.run(qapp, scenario)


def test_a_sheet_that_a_notice_led_to_gives_the_keyboard_back_to_where_it_had_come_from(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys, new = Keys(desk), desk.window.sidebar.new

            def ask() -> None:
                desk.window.show_overlay(Question(desk.theme, "Really?", "It is so.", yes="Yes", parent=desk.window))

            desk.notices.show(Notice("info", Words("Told", "", ""), "Show it", ask))
            await window.drawn()
            (banner,) = desk.window.banners.banners
            new.setFocus(TAB)
            banner.first.setFocus(TAB)
            await keys.press(K.Key_Return)
            assert desk.window.banners.banners == []
            assert desk.window.overlay is not None
            assert desk.window.overlay.isAncestorOf(focused())
            await keys.press(K.Key_Escape)
            await window.drawn()
            assert focused() is new

    window.run(qapp, scenario)


def test_what_can_be_taken_back_is_said_with_its_key(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken = announced(monkeypatch)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            said = Words("It is gone", "The bin keeps it.", "")
            desk.notices.show(Notice("info", said, "Undo", lambda: None, undoes=True))
            desk.notices.show(Notice("info", Words("Told", "", ""), "Show it", lambda: None))
            assert spoken == ["It is gone. The bin keeps it. Undo: Ctrl+Z", "Told."]

    window.run(qapp, scenario)


# --- what Qt does by itself -------------------------------------------------------------------------------------


def test_a_page_that_is_turned_to_is_told_alone(qapp: QApplication, tmp_path: Path) -> None:
    """Qt would hand the keyboard from one control to the other, and each would be read out."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            came_to: list[QWidget] = []
            await window.ask(desk, "Is it so?")
            await desk.tasks.settled()

            def moved(_old: QWidget | None, now: QWidget | None) -> None:
                if now is not None:
                    came_to.append(now)

            for page in ("models", "library", "settings", "archive", "bin", "chat"):
                qapp.focusChanged.connect(moved)
                desk.window.show_page(page)
                qapp.focusChanged.disconnect(moved)
                assert came_to == [focused()], page
                came_to.clear()
                await desk.tasks.settled()

    window.run(qapp, scenario)


async def three_chats(desk: Desk) -> None:
    for text in ("One?", "Two?", "Three?"):
        desk.new_chat()
        await window.ask(desk, text)
        await desk.tasks.settled()


def test_who_deletes_in_the_list_of_chats_stays_in_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys, chats = Keys(desk), desk.window.sidebar.chats
            await three_chats(desk)
            chats.setFocus(TAB)
            for left in (2, 1):
                await keys.press(K.Key_Delete)
                await desk.tasks.settled()
                await window.drawn()
                assert len(await desk.services.history.conversations()) == left
                assert chats.hasFocus(), "the open one, too"
            await keys.press(K.Key_Delete)
            await desk.tasks.settled()
            assert focused() is desk.page.composer.edit, "there is nothing left in it"

    window.run(qapp, scenario)


def test_who_deletes_in_the_list_and_goes_on_elsewhere_stays_there(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys, sidebar = Keys(desk), desk.window.sidebar
            await three_chats(desk)
            reads, go_on = asyncio.Event(), asyncio.Event()
            conversations = desk.services.history.conversations

            async def late(count: int) -> tuple[Conversation, ...]:
                reads.set()
                await go_on.wait()
                return await conversations(count)

            monkeypatch.setattr(desk.services.history, "conversations", late)
            sidebar.chats.setFocus(TAB)
            await keys.press(K.Key_Delete)
            await reads.wait()
            assert sidebar.chats.hasFocus()
            sidebar.search.setFocus(TAB)
            go_on.set()
            await desk.tasks.settled()
            assert sidebar.search.hasFocus()

    window.run(qapp, scenario)


def test_the_line_of_downloads_leaves_the_keyboard_to_where_it_led(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            sidebar = desk.window.sidebar
            sidebar.downloads.show_downloads(coming("one"))
            await window.drawn()
            sidebar.downloads.setFocus(TAB)
            sidebar.downloads.show_downloads([])
            assert sidebar.ways["library"].hasFocus()

    window.run(qapp, scenario)


def test_what_a_control_was_explained_by_is_over_with_the_reason(qapp: QApplication) -> None:
    """Where it has no description Qt takes its tool tip, which was the reason."""
    button = Button(Theme(qapp, "light", 100), "Compare", text="Compare")
    explain(button, "Mark a second model.")
    explain(button, "")
    told = QAccessible.queryAccessibleInterface(button)
    assert told.text(QAccessible.Text.Description) == ""
    button.deleteLater()
