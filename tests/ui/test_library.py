"""The library: what is on this computer, truly found on the disk, and talked to, verified or deleted with one press."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QMenu

from mistral_desk.core import settings as declared
from mistral_desk.inference.model_ids import model_spec
from mistral_desk.ui.library.delete import DeleteSheet
from mistral_desk.ui.library.drop import models_in
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.library.model_card import ModelCard
    from tests.fixtures.small_models import SmallModels

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


def real_files(desk: Desk) -> None:
    """Model ids stand for files again; the worker stays the scripted one."""
    services = desk.services

    def resolve(model: str = "builtin") -> object:
        return model_spec(services.place_of(model)[0], services.settings)

    services.resolve_model = resolve  # type: ignore[method-assign, assignment]


def words_of(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(Label))


def button(card: ModelCard, name: str) -> Button:
    """The one of this card whose name begins so."""
    return next(one for one in card.findChildren(Button) if one.accessibleName().startswith(name))


async def at_the_library(desk: Desk) -> None:
    desk.window.show_page("chat")
    desk.window.show_page("library")
    await desk.tasks.settled()
    await window.drawn()


def put(desk: Desk, small_models: SmallModels, name: str) -> Path:
    """A file in the models folder."""
    folder = desk.services.models_folder
    folder.mkdir(parents=True, exist_ok=True)
    return folder.joinpath(shutil.copy(small_models["dense"], folder / name))


def test_the_library_shows_what_is_there(qapp: QApplication, tmp_path: Path, small_models: SmallModels) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            real_files(desk)
            await at_the_library(desk)
            library = desk.library
            assert [card.accessibleName() for card in library.cards] == ["Guide (demonstration)"]
            assert library.empty.isVisible(), "nothing of one's own yet: two ways to a model"
            assert not [one for one in library.cards[0].findChildren(Button) if one.accessibleName().startswith("Del")]
            kept = put(desk, small_models, "Größe 1.gguf")
            await at_the_library(desk)
            assert len(library.cards) == 2
            assert not library.empty.isVisible()
            assert "In use" in words_of(library.cards[0])
            assert "never used" in words_of(library.cards[1])
            assert "Not verified" in words_of(library.cards[1])
            assert str(kept.parent) in words_of(library.cards[1])
            before = library.cards[1]
            await at_the_library(desk)
            assert library.cards[1] is before, "what did not change is not made anew"

    window.run(qapp, scenario)


def test_one_press_starts_a_chat_with_it(qapp: QApplication, tmp_path: Path, small_models: SmallModels) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            real_files(desk)
            path = put(desk, small_models, "dense.gguf")
            await window.ask(desk, "Is it so?")
            await at_the_library(desk)
            window.click(desk.library.chats[1])
            assert desk.window.page == "chat"
            assert desk.model.spec().path == str(path)
            assert desk.page.chat is not None
            assert desk.page.chat.turns == []
            await desk.tasks.settled()
            await at_the_library(desk)
            assert "In use" in words_of(desk.library.cards[1])

    window.run(qapp, scenario)


def test_deleting_asks_and_the_guide_takes_over(qapp: QApplication, tmp_path: Path, small_models: SmallModels) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            real_files(desk)
            path = put(desk, small_models, "dense.gguf")
            await at_the_library(desk)
            window.click(desk.library.chats[1])
            await desk.tasks.settled()
            await at_the_library(desk)
            window.click(button(desk.library.cards[1], "Delete"))
            sheet = desk.window.overlay
            assert isinstance(sheet, DeleteSheet)
            assert "the Guide takes its place" in words_of(sheet)
            sheet.no.click()
            await desk.tasks.settled()
            assert path.exists()
            window.click(button(desk.library.cards[1], "Delete"))
            again = desk.window.overlay
            assert isinstance(again, DeleteSheet)
            again.for_good.click()
            await desk.tasks.settled()
            assert not path.exists()
            assert len(desk.library.cards) == 1
            assert desk.model.id == "builtin"
            assert "are free now" in desk.window.banners.banners[0].note.words.message

    window.run(qapp, scenario)


def test_a_further_folder_brings_its_models_and_takes_them_away(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            drive = tmp_path / "Große Platte"
            drive.mkdir()
            shutil.copy(small_models["dense"], drive / "there.gguf")
            desk.services.settings.set(declared.MORE_FOLDERS, (str(drive),))
            desk.window.open_settings("models")
            assert [row.label.text() for row in desk.settings.further.rows] == [str(drive)]
            await at_the_library(desk)
            assert "there" in desk.library.cards[1].accessibleName()
            drive.rename(tmp_path / "unplugged")
            await at_the_library(desk)
            assert "Not there just now" in words_of(desk.library.cards[1])
            assert desk.library.cards[1].chat_button is None
            desk.window.open_settings("models")
            window.click(desk.settings.further.rows[0].findChildren(Button)[0])
            assert desk.settings.further.rows == []
            await at_the_library(desk)
            assert len(desk.library.cards) == 1

    window.run(qapp, scenario)


def test_only_model_files_are_taken_from_a_drop(tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path / name)) for name in ("a.GGUF", "b.png", "c.gguf.txt")])
    assert models_in(data) == (tmp_path / "a.GGUF",)
    data.setUrls([QUrl("https://example.org/a.gguf")])
    assert models_in(data) == ()


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a menu
def test_what_came_from_elsewhere_joins_the_menu_of_models_while_it_is_open(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    """The command line imports into the same library, and no window hears of it."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            real_files(desk)
            kept = put(desk, small_models, "Imported.gguf")
            assert str(kept) not in desk.shelf.ids(), "nobody has looked since"
            desk.page.model_menu.emit()
            (menu,) = (one for one in desk.window.findChildren(QMenu) if one.isVisible())
            await desk.tasks.settled()
            await window.drawn()
            words = [action.text() for action in menu.actions()]
            assert "Imported.gguf" in words
            next(action for action in menu.actions() if action.text() == "Imported.gguf").trigger()
            menu.close()
            await desk.tasks.settled()
            assert desk.model.title == "Imported.gguf"

    window.run(qapp, scenario)
