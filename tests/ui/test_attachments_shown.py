"""Pictures in the conversation: edited with their message, enlarged, told when they are gone, left out of a copy."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.chat.message import Part
from mistral_desk.chat.parts import pictures_in
from mistral_desk.core.errors import DeskError
from tests.ui.test_attachments import draw, drop, files, names, read, seeing
from tests.ui.window import ask, drawn, heard, opened, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def expected(allow_log: Callable[..., None]) -> None:
    """What is shown is logged."""
    allow_log("shown: ")


def test_editing_has_the_pictures_again_and_cancelling_brings_the_draft_back(
    qapp: QApplication, tmp_path: Path
) -> None:
    first, other = draw(tmp_path / "a.png"), draw(tmp_path / "b.png", "blue")

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(first))
            await read(desk)
            await ask(desk, "What is this?")
            drop(desk, files(other))
            await read(desk)
            desk.page.composer.edit.setFocus()
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Up)
            assert (names(desk), desk.page.composer.text) == (["a.png"], "What is this?")
            desk.page.turning.cancel()
            await read(desk)
            assert names(desk) == ["b.png"]
            assert len(desk.services.pictures.all()) == 2, "what a message has is not deleted"
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Up)
            chat = desk.page.chat
            assert chat is not None
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            await heard(chat.busy_changed, lambda busy: not busy)
            assert len(pictures_in(chat.turns[0].attached)) == 1
            assert names(desk) == ["b.png"]

    run(qapp, scenario)


def test_a_refused_edit_has_its_pictures_again_and_the_draft_keeps_its_own(qapp: QApplication, tmp_path: Path) -> None:
    first, other = draw(tmp_path / "a.png"), draw(tmp_path / "b.png", "blue")

    def missing(_model: str = "builtin") -> object:
        raise DeskError("model.missing", path="/nowhere.gguf")

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(first))
            await read(desk)
            await ask(desk, "What is this?")
            drop(desk, files(other))
            await read(desk)
            chat, right = desk.page.chat, desk.services.resolve_model
            assert chat is not None
            desk.page.composer.edit.setFocus()
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Up)
            desk.services.resolve_model = missing  # type: ignore[method-assign, assignment]
            refused = asyncio.ensure_future(heard(chat.refused))
            await asyncio.sleep(0)
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            assert names(desk) == ["b.png"]
            await refused
            await drawn()
            assert (names(desk), desk.page.composer.text) == (["a.png"], "What is this?")
            assert chat.editing is chat.turns[0]
            desk.services.resolve_model = right  # type: ignore[method-assign]
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            await heard(chat.busy_changed, lambda busy: not busy)
            assert len(pictures_in(chat.turns[0].attached)) == 1
            assert names(desk) == ["b.png"]
            assert not desk.page.turning.strip.isVisible()
            assert len(desk.services.pictures.all()) == 2

    run(qapp, scenario)


def test_a_picture_that_another_programs_model_drew_is_seen_below_its_words(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(draw(tmp_path / "a.png")))
            await read(desk)
            await ask(desk, "Draw me something")
            chat = desk.page.chat
            assert chat is not None
            answer = chat.turns[1].message
            assert answer is not None
            parts = [Part("text", "Here it is."), *chat.turns[0].attached]
            await desk.services.history.update_answer(answer, parts, ending="stop")
            assert chat.conversation is not None
            await chat.load(chat.conversation)
            desk.page.show_chat(chat)
            await drawn()
            view = desk.page.transcript.view(chat.turns[1])
            assert view is not None
            tiles = [stop for stop in view.stops() if stop.accessibleName().startswith("a.png")]
            assert len(tiles) == 1
            below = tiles[0].mapTo(view, tiles[0].rect().topLeft()).y()
            assert below > view.texts()[0][1].geometry().bottom()
            assert view._row.y() >= below + tiles[0].height()
            tiles[0].setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(tiles[0], Qt.Key.Key_Return)
            await read(desk)
            assert desk.window.overlay is not None

    run(qapp, scenario)


def test_a_picture_is_enlarged_by_keys_and_esc_leads_back(qapp: QApplication, tmp_path: Path) -> None:
    pictures = [draw(tmp_path / "a.png"), draw(tmp_path / "b.png", "blue", (60, 80))]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(*pictures))
            await read(desk)
            await ask(desk, "")
            chat = desk.page.chat
            assert chat is not None
            await drawn()
            view = desk.page.transcript.view(chat.turns[0])
            assert view is not None
            thumbnail = view.stops()[0]
            thumbnail.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(thumbnail, Qt.Key.Key_Return)
            await read(desk)
            shown: Any = desk.window.overlay
            assert shown.accessibleDescription() == "a.png, 120 × 80 · 1 of 2"
            assert shown.canvas.image.size().toTuple() == (120, 80)
            assert shown.canvas.rect().contains(shown.canvas.shown)
            QTest.keyClick(shown.close_button, Qt.Key.Key_Right)
            await read(desk)
            assert shown.accessibleDescription() == "b.png, 60 × 80 · 2 of 2"
            QTest.keyClick(shown.close_button, Qt.Key.Key_Escape)
            assert desk.window.overlay is None
            assert thumbnail.hasFocus()

    run(qapp, scenario)


def test_a_picture_that_is_gone_says_so_and_copying_leaves_pictures_out(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, seeing()) as desk:
            drop(desk, files(draw(tmp_path / "a.png")))
            await read(desk)
            await ask(desk, "What is this?")
            desk.services.pictures.delete(desk.services.pictures.all())
        async with opened(qapp, tmp_path, seeing()) as desk:
            desk.open_chat(desk.listed[0].id)
            await read(desk)
            chat = desk.page.chat
            assert chat is not None
            view: Any = desk.page.transcript.view(chat.turns[0])
            assert view.stops()[0].accessibleName() == "a.png, 120 × 80: it is no longer there"
            view._copy.click()
            assert QApplication.clipboard().text() == "What is this?"

    run(qapp, scenario)
