"""Documents and texts in the window: dropped, pasted and chosen, counted, read before they are sent, and refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from mistral_desk.chat.attachments import TextFile
from mistral_desk.chat.parts import file_part, read_file
from mistral_desk.ui.attaching.reading import AT_ONCE, Reading
from mistral_desk.ui.attaching.shown import Sheet
from tests.fixtures import fake_worker
from tests.fixtures.odd_documents import paper
from tests.ui.test_attachments import attachments, drop, files, names, notices, read
from tests.ui.window import ask, click, drawn, opened, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.ui.desk import Desk


SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("On Friday.")}}]
NAME = "Schiffsmiete für Jürgen.pdf"


@pytest.fixture(autouse=True)
def expected(allow_log: Callable[..., None]) -> None:
    """Refusals are shown, and what is shown is logged."""
    allow_log("shown: ")


def lease(folder: Path) -> Path:
    """A document of three pages, the second of them a picture."""
    path = folder / NAME
    path.write_bytes(paper(["The boat is painted.", "", "Rope is bought on Friday."]))
    return path


def reading(desk: Desk) -> Reading:
    """What is open over the window."""
    assert isinstance(desk.window.overlay, Reading)
    return desk.window.overlay


def test_a_dropped_document_is_counted_read_sent_and_read_again(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            drop(desk, files(lease(tmp_path)))
            await read(desk)
            (item,) = attachments(desk).items
            tile = desk.page.composer.tray.tiles[item]
            words = (item.file or pytest.fail("no file")).text
            assert item.counted, "the model that is ready has counted"
            assert tile.detail == f"3 pages, {item.tokens} tokens"
            assert NAME in tile.accessibleName()
            tile.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(tile, Qt.Key.Key_Return)
            await drawn()
            assert reading(desk).edit.toPlainText() == words
            assert "[Page 3 of 3]\nRope is bought on Friday." in words
            assert not reading(desk).more.isVisible()
            QTest.keyClick(reading(desk).edit, Qt.Key.Key_Escape)
            await drawn()
            assert desk.window.overlay is None
            turn = await ask(desk, "When is the rope bought?")
            assert turn.text == "On Friday."
            assert names(desk) == []
            chat = desk.page.chat
            assert chat is not None
            body = read_file(chat.turns[0].attached[0])
            assert body is not None
            assert (body.name, body.pages, body.blank, body.text) == (NAME, 3, 1, words)
            await drawn()
            sheet = next(one for one in desk.page.findChildren(Sheet) if one.isVisible())
            assert sheet.detail == f"3 pages, {item.tokens} tokens", "the figure that stood there before it was sent"
            assert sheet.detail in sheet.accessibleName()
            click(sheet)
            await drawn()
            assert reading(desk).edit.toPlainText() == words

    run(qapp, scenario)


def test_documents_are_pasted_and_chosen_like_pictures(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "open", lambda _self: None)  # the system's own, which is not here

    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            path = lease(tmp_path)
            clipboard = QApplication.clipboard()
            clipboard.setMimeData(files(path))
            desk.page.composer.edit.paste()
            await read(desk)
            desk.attaching.choose()
            dialog = desk.window.findChild(QFileDialog)
            assert isinstance(dialog, QFileDialog)
            assert any("*.pdf" in one for one in dialog.nameFilters())
            assert Path(dialog.directory().absolutePath()) == Path.home()
            dialog.filesSelected.emit([str(path)])
            dialog.close()
            await read(desk)
            assert names(desk) == [NAME, NAME]
            desk.attaching.choose()
            again = desk.window.findChildren(QFileDialog)[-1]
            assert Path(again.directory().absolutePath()) == path.parent, "where the last one lay"
            again.close()

    run(qapp, scenario)


def test_why_a_document_cannot_come_is_told(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            scan, locked, broken = (tmp_path / name for name in ("scan.pdf", "locked.pdf", "broken.pdf"))
            scan.write_bytes(paper(["", ""]))
            locked.write_bytes(paper(["x"], lock=("RC4-128", "secret")))
            broken.write_bytes(b"%PDF-1.7")
            for path, told in ((scan, "The document has no text"), (locked, "is locked"), (broken, "cannot be read")):
                drop(desk, files(path))
                await read(desk)
                assert names(desk) == []
                assert told in notices(desk)[0]

    run(qapp, scenario)


def test_a_text_of_one_endless_line_is_shown_a_part_at_a_time(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            long = "word " * (AT_ONCE // 5) + "end"
            attachments(desk).set_parts((file_part(TextFile("log.txt", long)),))
            await drawn()
            (item,) = attachments(desk).items
            click(desk.page.composer.tray.tiles[item])
            await drawn()
            sheet = reading(desk)
            assert len(sheet.edit.toPlainText()) == AT_ONCE
            assert sheet.more.isVisible()
            click(sheet.more)
            await drawn()
            assert sheet.edit.toPlainText() == long
            assert not sheet.more.isVisible()

    run(qapp, scenario)
