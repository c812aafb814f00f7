"""The command palette: what fits, in which order, and that the keyboard alone is enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.ui.palette.match import best, folded, rank
from mistral_desk.ui.palette.panel import Palette
from mistral_desk.ui.sharing.backups import BackupsSheet
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.ui.desk import Desk

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


def test_case_and_diacritics_do_not_matter() -> None:
    assert folded("Ärger in ÎLE") == "arger in ile"
    assert rank("Café au lait", "cafe") == 0


def test_the_best_comes_first_and_equals_keep_their_order() -> None:
    titles = ["unsettled", "Open settings", "Settings", "settle"]
    assert best(titles, "sett", str, 10) == ["Settings", "settle", "Open settings", "unsettled"]
    assert best(titles, "sett", str, 2) == ["Settings", "settle"]
    assert best(titles, "", str, 10) == titles
    assert best(titles, "open set", str, 10) == ["Open settings"]
    assert best(titles, "nothing like that", str, 10) == []


def test_just_what_was_typed_stands_before_what_begins_like_it() -> None:
    titles = ["Archive or unarchive this chat", "Archive"]
    assert best(titles, "archive", str, 10) == ["Archive", "Archive or unarchive this chat"]
    assert best(titles, "archive ", str, 1) == ["Archive"]
    assert best(titles, "archi", str, 1) == ["Archive or unarchive this chat"], "equal ones keep their order"


def test_what_takes_something_away_stands_behind_what_fits_as_well() -> None:
    titles = ["Archive or unarchive this chat", "Archive", "Arch Linux"]
    assert best(titles, "arch", str, 10, titles[0].__eq__) == ["Archive", "Arch Linux", titles[0]]
    assert best(titles, "archive or", str, 10, titles[0].__eq__) == [titles[0]], "and is found by its own words"


def test_who_looks_for_the_archive_archives_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, "Is it so?")
            await desk.tasks.settled()
            for typed in ("ar", "arch"):
                _run(desk, typed)
                await desk.tasks.settled()
                assert len(await desk.services.history.conversations()) == 1, typed
                assert desk.window.page == "archive"
                desk.window.show_chat()

    window.run(qapp, scenario)


def _open(desk: Desk) -> Palette:
    QTest.keyClick(desk.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = desk.window.overlay
    assert isinstance(palette, Palette)
    assert QApplication.focusWidget() is palette.field
    return palette


def _run(desk: Desk, typed: str) -> None:
    """Whatever stands first for these letters."""
    palette = _open(desk)
    QTest.keyClicks(palette.field, typed)
    QTest.keyClick(palette.field, Qt.Key.Key_Return)


def test_a_command_by_keyboard(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            _run(desk, "settings")
            assert desk.window.page == "settings"
            assert desk.window.overlay is None

    window.run(qapp, scenario)


def test_backups_are_found_by_their_name(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            _run(desk, "backup")
            assert isinstance(desk.window.overlay, BackupsSheet)
            await desk.tasks.settled()

    window.run(qapp, scenario)


def test_arrows_go_round_and_escape_leaves(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            palette = _open(desk)
            rows = palette.model.rowCount()
            QTest.keyClick(palette.field, Qt.Key.Key_Up)
            assert palette.list.currentIndex().row() == rows - 1
            QTest.keyClick(palette.field, Qt.Key.Key_Down)
            assert palette.list.currentIndex().row() == 0
            QTest.keyClicks(palette.field, "no command has this name")
            assert [entry.icon for entry in palette.model.entries] == ["search"], "only the way to look elsewhere"
            QTest.keyClick(desk.window, Qt.Key.Key_Escape)
            assert desk.window.overlay is None
            assert QApplication.focusWidget() is desk.page.composer.edit

    window.run(qapp, scenario)


def test_the_same_keys_close_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            _open(desk)
            QTest.keyClick(desk.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
            assert desk.window.overlay is None

    window.run(qapp, scenario)


def test_a_chat_by_its_title(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, "Wie backt man Brötchen")
            await desk.tasks.settled()
            desk.new_chat()
            palette = _open(desk)
            QTest.keyClicks(palette.field, "brotchen")
            found = [entry.title for entry in palette.model.entries]
            assert found == [desk.listed[0].title, "Search all chats for “brotchen”"]
            QTest.keyClick(palette.field, Qt.Key.Key_Return)
            await desk.tasks.settled()
            chat = desk.page.chat
            assert chat is not None
            assert chat.conversation is not None
            assert chat.conversation.id == desk.listed[0].id

    window.run(qapp, scenario)


def test_what_no_entry_has_is_looked_for_in_all_chats(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.ask(desk, "Wie backt man Brötchen")
            await desk.tasks.settled()
            desk.new_chat()
            palette = _open(desk)
            QTest.keyClicks(palette.field, "backt brot")
            QTest.keyClick(palette.field, Qt.Key.Key_Up)
            QTest.keyClick(palette.field, Qt.Key.Key_Return)
            await desk.tasks.settled()
            assert desk.window.overlay is None
            assert desk.window.sidebar.search.text() == "backt brot"
            assert desk.window.sidebar.found.results.rowCount() == 2, "its title and its question"

    window.run(qapp, scenario)


def test_a_screen_reader_hears_names(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            palette = _open(desk)
            await window.drawn()
            spoken = QAccessible.queryAccessibleInterface(palette)
            assert spoken.role() == QAccessible.Role.Dialog
            assert spoken.text(QAccessible.Text.Name)
            listed = QAccessible.queryAccessibleInterface(palette.list)
            assert listed.text(QAccessible.Text.Name)
            assert listed.childCount() == palette.model.rowCount()
            names = [listed.child(row).text(QAccessible.Text.Name) for row in range(listed.childCount())]
            assert names[0].startswith(palette.model.entries[0].title)
            assert all(names)

    window.run(qapp, scenario)


def test_two_hundred_percent_text_stays_inside_a_small_window(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(600, 480)) as desk:
            desk.theme.choose("light", 200)
            palette = _open(desk)
            await window.drawn()
            assert palette.rect().contains(palette.card.geometry())
            assert palette.card.rect().contains(palette.list.geometry())

    window.run(qapp, scenario)
