"""Pictures and texts in the window: dropped, pasted, moved, taken out, sent, kept with the draft, and shown again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image, ImageDraw
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication

from mistral_desk.chat.attachments.intake import take_in
from mistral_desk.chat.parts import pictures_in
from mistral_desk.inference.projector_file import LONG_SIDE
from tests.fixtures import fake_worker
from tests.ui.window import ask, drawn, opened, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.ui.desk import Desk


@pytest.fixture(autouse=True)
def expected(allow_log: Callable[..., None]) -> None:
    """Refusals are shown, and what is shown is logged."""
    allow_log("shown: ")


def draw(path: Path, colour: str = "red", size: tuple[int, int] = (120, 80)) -> Path:
    """A picture of a circle."""
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).ellipse((20, 10, 80, 70), fill=colour)
    image.save(path)
    return path


def drop(desk: Desk, *paths: Path, at: QPoint | None = None) -> None:
    """What the system does when files are let go over the window: the window's own events, from outside."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    give(desk, mime, at)


def give(desk: Desk, mime: QMimeData, at: QPoint | None = None) -> None:
    """Enter and drop."""
    handle = desk.window.windowHandle()
    where = QPointF(at or desk.page.mapTo(desk.window, desk.page.rect().center()))
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    actions = Qt.DropAction.CopyAction | Qt.DropAction.MoveAction
    QApplication.sendEvent(handle, QDragEnterEvent(where, actions, mime, left, none))
    assert desk.attaching.drops.sign.isVisible()
    QApplication.sendEvent(handle, QDropEvent(where, actions, mime, left, none))
    assert not desk.attaching.drops.sign.isVisible()


async def read(desk: Desk) -> None:
    """Wait until every attached file is read or refused."""
    await desk.tasks.settled()
    await drawn()


def seeing(text: str = "A red circle.", *names: str) -> list[Any]:
    return fake_worker.looking(*names, text=text)


async def fingerprint_of(path: Path) -> str:
    pixels = await take_in(path, path.name, LONG_SIDE)
    return pixels.sha256  # type: ignore[union-attr]


def test_a_dropped_picture_is_sent_and_shown_and_answered(qapp: QApplication, tmp_path: Path) -> None:
    picture = draw(tmp_path / "rote Scheibe.png")

    async def scenario() -> None:
        name = await fingerprint_of(picture)
        async with opened(qapp, tmp_path, seeing("A red circle.", name)) as desk:
            drop(desk, picture)
            await read(desk)
            [item] = desk.page.chat.attachments.items  # type: ignore[union-attr]
            assert (item.name, item.size, item.sha256) == ("rote Scheibe.png", (120, 80), name)
            assert desk.page.composer.action.isEnabled()
            answer = await ask(desk, "What is this?")
            assert answer.text == "A red circle."
            chat = desk.page.chat
            assert chat is not None
            assert chat.attachments.items == []
            question = chat.turns[0]
            assert [one.sha256 for one in pictures_in(question.attached)] == [name]
            await drawn()
            view = desk.page.transcript.view(question)
            assert view is not None
            thumbnail = view.stops()[0]
            assert thumbnail.accessibleName() == "rote Scheibe.png, 120 × 80"

    run(qapp, scenario)


def test_words_alone_are_sent_as_before(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Fine.")) as desk:
            answer = await ask(desk, "How are you?")
            assert answer.text == "Fine."
            assert desk.page.chat is not None
            assert desk.page.chat.turns[0].attached == ()
            await asyncio.sleep(0)

    run(qapp, scenario)
