"""Pictures and texts in the window: dropped, pasted, moved, taken out, sent, kept with the draft, and shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.attachments.intake import take_in
from mistral_desk.chat.parts import picture_part, pictures_in
from mistral_desk.inference.projector_file import LONG_SIDE
from mistral_desk.ui.attaching.items import MOST
from tests.fixtures import fake_worker
from tests.ui.window import ask, drawn, opened, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.ui.attaching.items import Attachments
    from mistral_desk.ui.desk import Desk


@pytest.fixture(autouse=True)
def expected(allow_log: Callable[..., None]) -> None:
    """Refusals are shown, and what is shown is logged."""
    allow_log("shown: ")


def draw(path: Path, colour: str = "red", size: tuple[int, int] = (120, 80)) -> Path:
    """A picture of a disc."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((20, 10, 80, 70), fill=colour)
    image.save(path)
    return path


def files(*paths: Path) -> QMimeData:
    """What a file manager gives."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drop(desk: Desk, mime: QMimeData, at: QPoint | None = None) -> None:
    """What the system does when something is let go over the window: events of the window itself, from outside."""
    handle = desk.window.windowHandle()
    where = QPointF(at or desk.page.mapTo(desk.window, desk.page.rect().center()))
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    QApplication.sendEvent(handle, QDragEnterEvent(where, actions, mime, left, none))
    QApplication.sendEvent(handle, QDropEvent(where, actions, mime, left, none))


def attachments(desk: Desk) -> Attachments:
    """Those of the chat that is shown."""
    assert desk.page.chat is not None
    return desk.page.chat.attachments


def names(desk: Desk) -> list[str]:
    """What stands in the composer."""
    return [item.name for item in attachments(desk).items]


async def read(desk: Desk) -> None:
    """Wait until every attached file is read or refused."""
    await desk.tasks.settled()
    await drawn()


async def fingerprint_of(path: Path) -> str:
    """The name that the picture has in the store."""
    pixels = await take_in(path, path.name, LONG_SIDE)
    assert isinstance(pixels, Pixels)
    return pixels.sha256


def seeing() -> list[Any]:
    """A worker that sees, and asks for no picture."""
    return fake_worker.looking(text="I see.")


def notices(desk: Desk) -> list[str]:
    """Titles and messages of what the window tells."""
    return [f"{one.notice.words.title} {one.notice.words.message}" for one in desk.window.banners.banners]


# --- in ------------------------------------------------------------------------------------------------


def test_a_dropped_picture_is_sent_and_shown_and_answered(qapp: QApplication, tmp_path: Path) -> None:
    picture = draw(tmp_path / "rote Scheibe.png")

    async def scenario() -> None:
        name = await fingerprint_of(picture)
        async with opened(qapp, tmp_path, fake_worker.looking(name, text="A red disc.")) as desk:
            drop(desk, files(picture))
            assert not desk.page.composer.action.isEnabled(), "it waits for what is still being read"
            await read(desk)
            [item] = attachments(desk).items
            assert (item.name, item.size, item.sha256) == ("rote Scheibe.png", (120, 80), name)
            assert desk.page.composer.action.isEnabled()
            answer = await ask(desk, "What is this?")
            assert answer.text == "A red disc."
            assert names(desk) == []
            assert desk.page.chat is not None
            question = desk.page.chat.turns[0]
            assert [one.sha256 for one in pictures_in(question.attached)] == [name]
            await drawn()
            view = desk.page.transcript.view(question)
            assert view is not None
            assert view.stops()[0].accessibleName() == "rote Scheibe.png, 120 × 80"

    run(qapp, scenario)


def test_the_sign_is_seen_while_files_are_held_over_the_chat_and_only_then(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            sign, handle = desk.attaching.drops.sign, desk.window.windowHandle()
            at = QPointF(desk.page.mapTo(desk.window, QPoint(40, 40)))
            held = files(tmp_path / "x.png")
            words = QMimeData()
            words.setText("Words")
            actions, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
            for mime, seen in ((held, True), (words, False)):
                event = QDragEnterEvent(at, actions, mime, left, none)
                QApplication.sendEvent(handle, event)
                assert (sign.isVisible(), event.isAccepted()) == (seen, seen)
                QApplication.sendEvent(handle, QDragLeaveEvent())
                while sign.isVisible():
                    await drawn()
            desk.window.show_settings()
            QApplication.sendEvent(handle, QDragEnterEvent(at, actions, held, left, none))
            assert not sign.isVisible(), "the settings take no files"

    run(qapp, scenario)


def test_a_drop_on_the_text_attaches_and_writes_no_address(qapp: QApplication, tmp_path: Path) -> None:
    picture = draw(tmp_path / "a.png")

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            edit = desk.page.composer.edit
            drop(desk, files(picture), edit.mapTo(desk.window, edit.rect().center()))
            await read(desk)
            assert (names(desk), desk.page.composer.text) == (["a.png"], "")

    run(qapp, scenario)


def test_files_a_bitmap_and_words_are_pasted_each_in_its_way(qapp: QApplication, tmp_path: Path) -> None:
    picture = draw(tmp_path / "a.png")

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            clipboard = QApplication.clipboard()
            clipboard.setMimeData(files(picture))
            desk.page.composer.edit.paste()
            bitmap = QImage(33, 22, QImage.Format.Format_RGB32)
            bitmap.fill(QColor("blue"))
            clipboard.setImage(bitmap)
            desk.page.composer.edit.paste()
            clipboard.setText("plain words")
            desk.page.composer.edit.paste()
            await read(desk)
            assert names(desk) == ["a.png", "Pasted picture.png"]
            assert attachments(desk).items[1].size == (33, 22)
            assert desk.page.composer.text == "plain words"
            clipboard.clear()

    run(qapp, scenario)


def test_of_many_files_the_good_ones_stay_and_each_bad_one_is_told(qapp: QApplication, tmp_path: Path) -> None:
    good = [draw(tmp_path / f"{number}.png", size=(100 + number, 80)) for number in range(2)]
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "half.jpg").write_bytes(b"\xff\xd8\xff\xe0 and no more")
    (tmp_path / "notes.txt").write_text("Grüße " * 40, encoding="utf-8")
    (tmp_path / "folder").mkdir()
    bad = [tmp_path / name for name in ("empty.png", "half.jpg", "folder", "gone.png")]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(good[0], *bad, tmp_path / "notes.txt", good[1]))
            await read(desk)
            assert names(desk) == ["0.png", "notes.txt", "1.png"]
            [told] = notices(desk)
            assert told.startswith("4 files could not be attached")
            assert all(path.name in told for path in bad)
            tile = desk.page.composer.tray.in_order()[1]
            assert tile.item.counted, "the model that is ready has counted"
            assert tile.accessibleName() == f"notes.txt, {tile.item.tokens} tokens"

    run(qapp, scenario)


def test_more_files_than_a_message_takes_are_left_out_and_counted(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            held = attachments(desk)
            stored = await desk.attaching.album.put(Pixels(2, 2, bytes(12)))
            held.set_parts([picture_part(stored, f"{number}.png") for number in range(MOST - 1)])
            drop(desk, files(draw(tmp_path / "last.png"), tmp_path / "one.png", tmp_path / "two.png"))
            await read(desk)
            assert len(held.items) == MOST
            assert notices(desk) == [f"2 files were left out At most {MOST} files go with one message."]

    run(qapp, scenario)


# --- before sending ------------------------------------------------------------------------------------


def test_the_keyboard_moves_and_removes_and_goes_on(qapp: QApplication, tmp_path: Path) -> None:
    pictures = [draw(tmp_path / f"{name}.png", colour) for name, colour in (("a", "red"), ("b", "blue"), ("c", "gold"))]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(*pictures))
            await read(desk)
            tray = desk.page.composer.tray
            first = tray.in_order()[0]
            first.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(first, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
            assert names(desk) == ["b.png", "a.png", "c.png"]
            assert first.hasFocus()
            QTest.keyClick(first, Qt.Key.Key_End, Qt.KeyboardModifier.ControlModifier)
            assert names(desk) == ["b.png", "c.png", "a.png"]
            gone = attachments(desk).items[2].sha256
            QTest.keyClick(first, Qt.Key.Key_Delete)
            assert names(desk) == ["b.png", "c.png"]
            assert tray.in_order()[1].hasFocus(), "the next one has the keyboard"
            await read(desk)
            assert gone not in desk.services.pictures.all(), "nothing of it stays on the disk"
            tray.in_order()[1].out.click()
            tray.in_order()[0].out.click()
            assert (names(desk), desk.page.composer.edit.hasFocus()) == ([], True)

    run(qapp, scenario)


def test_the_mouse_pulls_a_picture_to_another_place(qapp: QApplication, tmp_path: Path) -> None:
    pictures = [draw(tmp_path / f"{name}.png", colour) for name, colour in (("a", "red"), ("b", "blue"))]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(*pictures))
            await read(desk)
            first, second = desk.page.composer.tray.in_order()
            start = first.rect().center()
            there = first.mapFromGlobal(second.mapToGlobal(second.rect().center()))
            QTest.mousePress(first, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
            QTest.mouseMove(first, there)
            QTest.mouseRelease(first, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, there)
            await drawn()
            assert names(desk) == ["b.png", "a.png"]
            assert desk.window.overlay is None, "pulling is no click"

    run(qapp, scenario)


def test_a_file_that_is_taken_out_while_it_is_read_leaves_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(draw(tmp_path / "a.png")))
            desk.page.composer.tray.in_order()[0].out.click()
            await read(desk)
            assert (names(desk), notices(desk)) == ([], [])
            assert not desk.services.pictures.all()

    run(qapp, scenario)


def test_pictures_stay_with_the_draft_of_their_chat_and_over_a_restart(qapp: QApplication, tmp_path: Path) -> None:
    picture = draw(tmp_path / "a.png")

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            await ask(desk, "First")
            drop(desk, files(picture))
            await read(desk)
            desk.new_chat()
            assert names(desk) == []
            assert desk.services.about_to_send == set(desk.services.pictures.all())
            [chat] = desk.listed
            desk.open_chat(chat.id)
            await read(desk)
            assert names(desk) == ["a.png"]
        async with opened(qapp, tmp_path, seeing()) as desk:
            [chat] = desk.listed
            desk.open_chat(chat.id)
            await read(desk)
            assert names(desk) == ["a.png"]
            assert len(desk.services.about_to_send) == 1

    run(qapp, scenario)


def test_a_temporary_chat_keeps_its_pictures_off_the_disk(qapp: QApplication, tmp_path: Path) -> None:
    picture = draw(tmp_path / "a.png")

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            desk.temporary_chat()
            await read(desk)
            drop(desk, files(picture))
            await read(desk)
            assert names(desk) == ["a.png"]
            answer = await ask(desk, "What is this?")
            assert answer.text == "I see."
            assert not desk.services.pictures.all()

    run(qapp, scenario)
