"""*Add models* and the models folder in the settings, on real files: in place, as a copy, from others, and moved."""

from __future__ import annotations

import asyncio
import filecmp
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.core import settings as declared
from mistral_desk.core.paths import folders
from mistral_desk.library import relocating
from mistral_desk.library.relocating import Note
from mistral_desk.ui.attaching.drop import DropSign
from mistral_desk.ui.library.add_sheet import AddSheet, CandidateRow
from mistral_desk.ui.settings.folders import MoveSheet
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.desk import Desk
    from tests.fixtures.small_models import SmallModels

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


def words_of(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(Label))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await window.drawn()
        await asyncio.sleep(0.005)


def sheet_of(desk: Desk) -> AddSheet:
    sheet = desk.window.overlay
    assert isinstance(sheet, AddSheet)
    return sheet


async def dropped(desk: Desk, *paths: Path) -> AddSheet:
    """The sheet after these files were let go over the window."""
    desk.shelf.adding.dropped(paths)
    sheet = sheet_of(desk)
    await until(lambda: all(any(row.candidate.path == str(path) for row in sheet.rows.values()) for path in paths))
    return sheet


def row(sheet: AddSheet, path: Path) -> CandidateRow:
    return next(one for one in sheet.rows.values() if one.candidate.path == str(path))


def test_a_dropped_file_is_used_where_it_is_or_copied(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    mine, other = tmp_path / "Meine Größe.gguf", tmp_path / "zweite.gguf"
    shutil.copy(small_models["dense"], mine)
    shutil.copy(small_models["dense"], other)
    half = tmp_path / "half.gguf"
    half.write_bytes(mine.read_bytes()[:2000])

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            sheet = await dropped(desk, mine, other, half)
            assert row(sheet, half).take is None, "what is broken is named and cannot be taken"
            take, copy = row(sheet, mine).take, row(sheet, other).copy
            assert take is not None
            assert copy is not None
            window.click(take)
            await until(lambda: "In the library now" in words_of(row(sheet, mine)))
            copy.click()
            await until(lambda: "In the library now" in words_of(row(sheet, other)))
            sheet.accept()
            await desk.tasks.settled()
            models = {model.path: model for model in desk.services.library.models if model.origin != "guide"}
            assert models[str(mine)].origin == "own"
            assert models[str(mine)].deletes == "forgets"
            copied = next(path for path in models if Path(path).is_relative_to(desk.services.models_folder))
            assert filecmp.cmp(copied, other, shallow=False)
            assert len(desk.library.cards) == 3
            again = await dropped(desk, mine)
            assert "In the library already" in words_of(row(again, mine))
            again.reject()
            await desk.tasks.settled()

    window.run(qapp, scenario)


def test_what_was_chosen_does_not_vanish_with_done(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    mine, other = tmp_path / "mine.gguf", tmp_path / "other.gguf"
    shutil.copy(small_models["dense"], mine)
    shutil.copy(small_models["dense"], other)

    def foot(sheet: AddSheet) -> list[str]:
        return [one.text() for one in (sheet.cancel, sheet.use, sheet.done_button) if one.isVisible()]

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.shelf.adding.ask()
            assert foot(sheet_of(desk)) == ["Done"]
            sheet = await dropped(desk, mine)
            assert foot(sheet) == ["Cancel", "Use it where it is"]
            assert sheet.use.hasFocus(), "Enter does what the button says"
            take = row(sheet, mine).take
            assert take is not None
            assert not take.isVisible(), "no second button with the same words"
            QTest.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
            assert desk.window.overlay is sheet, "a click beside it loses nothing"
            sheet = await dropped(desk, other)
            assert foot(sheet) == ["Cancel", "Use all where they are"]
            assert take.isVisible()
            window.click(sheet.use)
            await until(lambda: all("In the library now" in words_of(row(sheet, path)) for path in (mine, other)))
            assert foot(sheet) == ["Done"]
            assert sheet.done_button.hasFocus()
            closed: list[int] = []
            sheet.finished.connect(closed.append)
            window.click(sheet.done_button)
            await desk.tasks.settled()
            assert len(closed) == 1
            assert {str(mine), str(other)} <= {model.path for model in desk.services.library.models}

    window.run(qapp, scenario)


def let_go(desk: Desk, over: QWidget, *paths: Path) -> bool:
    """Enter, move and drop as the platform tells the window; whether the library's sign was seen meanwhile."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    handle = desk.window.windowHandle()
    actions, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    place = QPointF(over.mapTo(desk.window, over.rect().center()))
    QApplication.sendEvent(handle, QDragEnterEvent(place, actions, mime, left, none))
    QApplication.sendEvent(handle, QDragMoveEvent(place, actions, mime, left, none))
    signs = [one.words for one in desk.window.findChildren(DropSign) if one.isVisible()]
    QApplication.sendEvent(handle, QDropEvent(place, actions, mime, left, none))
    return signs == ["Drop to add to the library"]


def test_a_model_may_be_dropped_anywhere_and_a_picture_goes_to_the_chat(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    mine = tmp_path / "mine.gguf"
    shutil.copy(small_models["dense"], mine)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await window.drawn()
            assert let_go(desk, desk.page.composer.edit.viewport(), mine)
            sheet = sheet_of(desk)
            await until(lambda: bool(sheet.rows))
            sheet.reject()
            desk.window.show_page("library")
            await window.drawn()
            assert let_go(desk, desk.library, mine)
            again = sheet_of(desk)
            assert again is not sheet
            await until(lambda: any(one.candidate.path == str(mine) for one in again.rows.values()))
            again.reject()
            desk.window.show_chat()
            await window.drawn()
            text = tmp_path / "note.txt"
            text.write_text("hello", encoding="utf-8")
            assert not let_go(desk, desk.page, text)
            assert desk.window.overlay is None
            await desk.tasks.settled()

    window.run(qapp, scenario)


def test_what_was_opened_by_hand_stays_in_the_library(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    mine = tmp_path / "opened.gguf"
    shutil.copy(small_models["dense"], mine)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            assert desk.open_model(str(mine))
            await desk.tasks.settled()
            found = desk.services.library.find(str(mine))
            assert found is not None
            assert found.origin == "own"
            assert str(mine) in desk.shelf.ids()

    window.run(qapp, scenario)


def test_another_models_folder_is_asked_about_and_moved_to(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            old = desk.services.models_folder
            old.mkdir(parents=True, exist_ok=True)
            shutil.copy(small_models["dense"], old / "dense.gguf")
            await desk.services.library.look()
            new = tmp_path / "Große Platte" / "Modelle"
            new.mkdir(parents=True)
            desk.settings.folder_chosen.emit(str(new))
            await until(lambda: isinstance(desk.window.overlay, MoveSheet))
            sheet = desk.window.overlay
            assert isinstance(sheet, MoveSheet)
            assert str(new) in words_of(sheet)
            sheet.no.click()
            assert (old / "dense.gguf").exists()
            assert desk.services.models_folder == old
            desk.settings.folder_chosen.emit(str(new))
            await until(lambda: isinstance(desk.window.overlay, MoveSheet))
            again = desk.window.overlay
            assert isinstance(again, MoveSheet)
            again.yes.click()
            await desk.tasks.settled()
            assert (new / "dense.gguf").exists()
            assert not (old / "dense.gguf").exists()
            assert desk.services.models_folder == new
            desk.window.open_settings("models")
            assert not desk.settings.moving.isVisible()
            assert "have moved" in desk.window.banners.banners[0].note.words.title

    window.run(qapp, scenario)


@pytest.mark.allow_log("shown: The models are not there now", "mistral_desk.ui.notify")
def test_a_move_that_cannot_be_taken_up_is_told_at_the_start(qapp: QApplication, tmp_path: Path) -> None:
    places, gone = folders(str(tmp_path / "home")).ensure(), tmp_path / "unplugged"
    note = Note(relocating.FORMAT, str(places.models), str(gone), "forward", ())
    relocating.write(places.data / relocating.FILE, note)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await desk.tasks.settled()
            (banner,) = desk.window.banners.banners
            assert str(gone) in banner.note.words.message

    window.run(qapp, scenario)


def test_models_that_are_left_stay_in_the_library(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            old = desk.services.models_folder
            old.mkdir(parents=True, exist_ok=True)
            shutil.copy(small_models["dense"], old / "dense.gguf")
            new = tmp_path / "new"
            new.mkdir()
            desk.settings.folder_chosen.emit(str(new))
            await until(lambda: isinstance(desk.window.overlay, MoveSheet))
            sheet = desk.window.overlay
            assert isinstance(sheet, MoveSheet)
            sheet.only.click()
            await desk.tasks.settled()
            assert desk.services.models_folder == new
            assert desk.services.settings.get(declared.MORE_FOLDERS) == (str(old),)
            assert any(model.path == str(old / "dense.gguf") for model in desk.services.library.models)

    window.run(qapp, scenario)
