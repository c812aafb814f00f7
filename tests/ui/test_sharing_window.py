"""Chats go out of the window and come into it: the sheets, drops on the list, and backups in the settings."""

from __future__ import annotations

import asyncio
import json
import threading
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QMimeData, QPointF, QStandardPaths, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.sharing.shared import Job, Shared, Wish
from mistral_desk.ui.attaching.drop import DropSign
from mistral_desk.ui.sharing import pdf
from mistral_desk.ui.sharing.backups import BackupsSheet
from mistral_desk.ui.sharing.drop import exports_in
from mistral_desk.ui.sharing.export_sheet import FORMATS, ExportSheet
from mistral_desk.ui.sharing.import_sheet import ImportSheet
from mistral_desk.ui.widgets.ask import Question
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.fixtures.chatgpt_exports import plain, save
from tests.ui import window

if TYPE_CHECKING:
    import pytest

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.notify import Notice

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]
BEGUN: Final = 1_700_000_000.0
DAY: Final = datetime.fromtimestamp(BEGUN, UTC).astimezone().date().isoformat()
"""Where whoever runs the tests is."""


async def put(desk: Desk, title: str, *parts: Part) -> int:
    """A stored chat: a question, and an answer with thoughts."""
    messages = (
        ImportedMessage("q", None, "user", BEGUN, (*parts, Part("text", f"About {title}?"))),
        ImportedMessage("a", "q", "assistant", 1_700_000_001.0, (Part("thinking", "SECRET"), Part("text", "**Yes.**"))),
    )
    made = await desk.services.history.put(Imported(title, BEGUN, 1_700_000_001.0, messages))
    assert made is not None
    await desk.refresh()
    return made.id


async def sheet_for(desk: Desk, *keys: int) -> ExportSheet:
    desk.sharing.export(keys)
    await desk.tasks.settled()
    assert isinstance(desk.window.overlay, ExportSheet)
    return desk.window.overlay


# ruff: noqa: ASYNC240 - tests look at small files


# --- out ------------------------------------------------------------------------------------------------------


def test_a_chat_goes_out_in_each_format_without_thoughts(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            picture = picture_part(await desk.services.pictures.put(Pixels(4, 3, bytes(36))), "dot")
            key = await put(desk, "Äpfel", picture)
            for name in FORMATS:
                sheet = await sheet_for(desk, key)
                assert not sheet.thinking.isChecked(), "it is not remembered"
                sheet.format.choose(name)
                target = tmp_path / f"out.{name}"
                desk.sharing.write(sheet, (key,), target, sheet.wish)
                await desk.tasks.settled()
                written = await asyncio.to_thread(target.read_bytes)
                assert b"SECRET" not in written
                assert not sheet.works
                desk.sharing.write(sheet, (key,), target, Wish(name, thinking=True))
                await desk.tasks.settled()
                if name != "pdf":
                    assert b"SECRET" in await asyncio.to_thread(target.read_bytes)
                desk.window.escape()
            assert (tmp_path / "out pictures" / "dot.png").exists()

    window.run(qapp, scenario)


def test_many_become_one_archive_and_it_asks_where(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "open", lambda _dialog: None)  # the person's part of it

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys = [await put(desk, f"Chat {number}") for number in range(3)]
            sheet = await sheet_for(desk, *keys)
            sheet.format.choose("json")
            button = sheet._primary
            assert button is not None
            window.click(button)
            dialog = desk.window.findChild(QFileDialog)
            assert dialog is not None
            assert dialog.selectedFiles()[0].endswith(".zip")
            target = tmp_path / "all.zip"
            dialog.fileSelected.emit(str(target))
            await desk.tasks.settled()
            dialog.reject()
            with zipfile.ZipFile(target) as archive:
                assert sorted(archive.namelist()) == [f"{DAY} Chat {number}.json" for number in range(3)]
                assert json.loads(archive.read(f"{DAY} Chat 0.json"))["title"] == "Chat 0"

    window.run(qapp, scenario)


def waiting(monkeypatch: pytest.MonkeyPatch) -> tuple[asyncio.Event, threading.Event]:
    """Have the PDF wait in the middle: it has begun, and may go on."""
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(_shared: Shared, job: Job) -> None:
        loop.call_soon_threadsafe(begun.set)
        while not go_on.wait(0.01):
            job.go_on()
        job.write("%PDF-")

    monkeypatch.setattr(pdf, "write", slow)
    return begun, go_on


def test_cancel_ends_the_work(qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        begun, _ = waiting(monkeypatch)
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            key = await put(desk, "Long")
            sheet = await sheet_for(desk, key)
            desk.sharing.write(sheet, (key,), tmp_path / "long.pdf", Wish("pdf"))
            await begun.wait()
            assert sheet.works
            (cancel,) = [one for one in sheet.findChildren(Button) if one.text() == "Cancel" and one.isVisible()]
            window.click(cancel)
            await desk.tasks.settled()
            assert desk.window.overlay is None
            assert not [path for path in tmp_path.iterdir() if "long" in path.name or path.suffix == ".part"]

    window.run(qapp, scenario)


def test_closed_it_goes_on_and_says_so_at_the_end(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        begun, go_on = waiting(monkeypatch)
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            told: list[Notice] = []
            desk.notices.shown.connect(told.append)
            key = await put(desk, "Long")
            desk.sharing.write(await sheet_for(desk, key), (key,), tmp_path / "long.pdf", Wish("pdf"))
            await begun.wait()
            desk.window.escape()
            assert desk.sharing.out.sheet is None
            desk.sharing.export((key,))
            again = desk.window.overlay
            assert isinstance(again, ExportSheet)
            assert again.works, "the work that is on its way is shown again"
            desk.window.escape()
            go_on.set()
            await desk.tasks.settled()
            assert (tmp_path / "long.pdf").exists()
            assert [one.action for one in told] == ["Show in folder"]

    window.run(qapp, scenario)


def test_a_place_that_cannot_be_written_to_is_told_and_can_be_chosen_anew(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            key = await put(desk, "A")
            sheet = await sheet_for(desk, key)
            desk.sharing.write(sheet, (key,), tmp_path / "nowhere" / "a.html", Wish("html"))
            await desk.tasks.settled()
            assert not sheet.works
            assert sheet.wish.format == "html"
            desk.sharing.write(sheet, (key,), tmp_path / "a.html", sheet.wish)
            await desk.tasks.settled()
            assert (tmp_path / "a.html").exists()

    window.run(qapp, scenario)


# --- in -------------------------------------------------------------------------------------------------------


def dropped(desk: Desk, *paths: Path) -> bool:
    """Drag files over the list and let go, as the platform tells the window; whether the list's sign was seen."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    left, none, copy = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    handle, over = desk.window.windowHandle(), desk.window.sidebar
    place = QPointF(over.mapTo(desk.window, over.rect().center()))
    QApplication.sendEvent(handle, QDragEnterEvent(place, copy, data, left, none))
    QApplication.sendEvent(handle, QDragMoveEvent(place, copy, data, left, none))
    signs = [one.words for one in desk.window.findChildren(DropSign) if one.isVisible()]
    QApplication.sendEvent(handle, QDropEvent(place, copy, data, left, none))
    return signs == ["Drop to import chats"]


def test_an_export_dropped_on_the_list_comes_in(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            path = save(tmp_path / "export.zip", plain("First"), {"bad": 1}, plain("Second"))
            assert dropped(desk, path)
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert isinstance(sheet, ImportSheet)
            assert not sheet.works
            assert {one.title for one in desk.chats.listed} == {"First", "Second"}
            desk.window.escape()
            assert dropped(desk, path)
            await desk.tasks.settled()
            assert len(desk.chats.listed) == 2

    window.run(qapp, scenario)


def test_where_documents_are_missing_the_dialogs_begin_at_home(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen: list[Path] = []
    monkeypatch.setattr(QFileDialog, "open", lambda self: chosen.append(Path(self.directory().absolutePath())))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    there, missing = tmp_path / "Papers", tmp_path / "Documents"
    there.mkdir()

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            for place, wanted in ((missing, tmp_path), (there, there)):
                monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _kind, place=place: str(place))
                desk.sharing.import_files()
                sheet = desk.window.overlay
                assert isinstance(sheet, ImportSheet)
                sheet.choose.emit()
                sheet.reject()
                assert chosen.pop() == wanted
            desk.sharing._folder = str(tmp_path / "a stick that is gone")
            desk.sharing.import_files()
            assert isinstance(desk.window.overlay, ImportSheet)
            desk.window.overlay.choose.emit()
            assert chosen.pop() == there

    window.run(qapp, scenario)


def test_other_files_are_not_the_lists(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            assert not dropped(desk, tmp_path / "picture.png")
            data = QMimeData()
            data.setUrls([QUrl("https://example.org/a.zip"), QUrl.fromLocalFile("/x/A.ZIP")])
            assert [path.name for path in exports_in(data)] == ["A.ZIP"]

    window.run(qapp, scenario)


def test_a_file_without_chats_is_told_in_the_sheet(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            (tmp_path / "x.json").write_text("{}", encoding="utf-8")
            desk.sharing.take([tmp_path / "x.json"])
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert isinstance(sheet, ImportSheet)
            assert not sheet.works
            assert any(name.startswith("There are no chats") for name in (one.accessibleName() for one in notes(sheet)))

    window.run(qapp, scenario)


def notes(sheet: ImportSheet) -> list[Any]:
    from mistral_desk.ui.widgets.note import Note

    return sheet.findChildren(Note)


# --- backups --------------------------------------------------------------------------------------------------


def test_a_backup_is_made_listed_and_restored(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await put(desk, "Before")
            desk.window.open_settings("data")
            await desk.tasks.settled()
            window.click(desk.settings.data.now)
            await desk.tasks.settled()
            await put(desk, "After")
            window.click(desk.settings.data.all)
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert isinstance(sheet, BackupsSheet)
            row = next(
                row for row in sheet.rows if any(one.text().startswith("1 chat ·") for one in row.findChildren(Label))
            )
            window.click(row.back)
            await desk.tasks.settled()
            question = desk.window.overlay
            assert isinstance(question, Question)
            window.click(question.yes)
            await desk.tasks.settled()
            assert [one.title for one in desk.chats.listed] == ["Before"]
            kept = await desk.services.backups.list()
            assert any(one.conversations == 2 for one in kept), "the chats of before are one of the backups"
            desk.window.show_chat()
            assert (await window.ask(desk, "Is anybody there?")).text == "Yes.", "it goes on with that history"

    window.run(qapp, scenario)


def test_no_restores_nothing_and_a_backup_can_be_deleted(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            await put(desk, "Only")
            await desk.services.backups.make()
            await desk.services.backups.make()
            count = len(await desk.services.backups.list())
            desk.sharing.backups.show()
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert isinstance(sheet, BackupsSheet)
            window.click(sheet.rows[0].back)
            question = desk.window.overlay
            assert isinstance(question, Question)
            window.click(question.no)
            assert desk.window.overlay is sheet
            sheet.rows[0].away.setFocus()
            window.click(sheet.rows[0].away)
            question = desk.window.overlay
            assert isinstance(question, Question)
            window.click(question.yes)
            await desk.tasks.settled()
            assert len(await desk.services.backups.list()) == count - 1
            assert len(sheet.rows) == count - 1
            assert sheet.rows[0].away.hasFocus(), "the keyboard is on what took its place"

    window.run(qapp, scenario)
