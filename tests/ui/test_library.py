"""The library and the models page: what is on this computer, truly read, and talked to with one press."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.core.paths import resource
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.model_ids import model_spec
from mistral_desk.ui.library.known import look
from mistral_desk.ui.library.recent import FILE, KEPT, Recent
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.ui.desk import Desk
    from tests.fixtures.small_models import SmallModels

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


def real_files(desk: Desk) -> None:
    """Model ids stand for files again; the worker stays the scripted one."""
    settings = desk.services.settings
    desk.services.resolve_model = lambda model="builtin": model_spec(model, settings)  # type: ignore[method-assign]


def words_of(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(Label))


async def at_the_library(desk: Desk) -> None:
    desk.window.show_page("chat")
    desk.window.show_page("library")
    await desk.tasks.settled()
    await window.drawn()


def test_a_header_is_read_without_running_the_model(small_models: SmallModels) -> None:
    path = small_models["mistral4_q8"]
    known = look(str(path), lambda _model: ModelSpec(str(path)))
    assert known.problem is None
    assert known.bytes == path.stat().st_size
    assert known.title == path.name
    assert look("builtin", lambda _model: ModelSpec(str(resource("model", "guide.gguf")))).quantization == "Q8_0"


def test_all_parts_of_a_model_are_counted(small_models: SmallModels) -> None:
    first = small_models["mistral4_split"]
    parts = list(first.parent.glob(f"{first.name[: -len('00001-of-00002.gguf')]}*.gguf"))
    assert len(parts) > 1
    assert look(str(first), lambda _model: ModelSpec(str(first))).bytes == sum(part.stat().st_size for part in parts)


def test_what_was_opened_is_known_again(tmp_path: Path) -> None:
    file = tmp_path / "Müllers Rechner" / FILE
    file.parent.mkdir()
    recent = Recent(file)
    for number in range(KEPT + 3):
        recent.add(f"/models/{number}.gguf")
    recent.add("/models/20.gguf")
    again = Recent(file)
    assert again.paths[:2] == ["/models/20.gguf", f"/models/{KEPT + 2}.gguf"]
    assert len(again.paths) == len(set(again.paths)) == KEPT
    again.forget("/models/20.gguf")
    assert "/models/20.gguf" not in Recent(file).paths
    file.write_text(json.dumps({"not": "a list"}), encoding="utf-8")
    assert Recent(file).paths == []


def test_the_library_shows_what_is_there_and_what_is_not(
    qapp: QApplication, tmp_path: Path, small_models: SmallModels
) -> None:
    kept = Path(shutil.copy(small_models["dense"], tmp_path / "Größe 1.gguf"))

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            real_files(desk)
            gone = tmp_path / "gone.gguf"
            desk.shelf.opened(str(gone))
            desk.shelf.opened(str(kept))
            await at_the_library(desk)
            library = desk.library
            assert [card.accessibleName() for card in library.cards] == ["Guide (demonstration)", kept.name, gone.name]
            assert "In use" in words_of(library.cards[0])
            assert "Q8_0" in words_of(library.cards[0])
            assert str(kept) in words_of(library.cards[1])
            assert "The model file is not there" in words_of(library.cards[2])
            assert len(library.chats) == 2, "nobody can talk to a file that is gone"
            (away,) = library.cards[2].findChildren(Button)
            window.click(away)
            await desk.tasks.settled()
            assert [card.accessibleName() for card in library.cards] == ["Guide (demonstration)", kept.name]
            gone.touch()
            await at_the_library(desk)
            assert len(library.cards) == 2

    window.run(qapp, scenario)


def test_one_press_starts_a_chat_with_it(qapp: QApplication, tmp_path: Path, small_models: SmallModels) -> None:
    path = small_models["dense"]

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            real_files(desk)
            desk.shelf.opened(str(path))
            await window.ask(desk, "Is it so?")
            await at_the_library(desk)
            window.click(desk.library.chats[1])
            assert desk.window.page == "chat"
            assert desk.model.title == path.name
            assert desk.page.chat is not None
            assert desk.page.chat.turns == []
            await at_the_library(desk)
            assert "In use" in words_of(desk.library.cards[1])
            assert "In use" not in words_of(desk.library.cards[0])

    window.run(qapp, scenario)


def test_the_models_page_offers_what_works_today(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.commands.run("models")
            assert desk.window.page == "models"
            assert desk.window.sidebar.ways["models"].isChecked()
            talk, open_, see = desk.models.browse.head.buttons
            asked: list[bool] = []
            desk.models.open_file.disconnect(desk.ask_file)  # a file dialog would wait for somebody
            desk.models.open_file.connect(lambda: asked.append(True))
            window.click(open_)
            assert asked == [True]
            window.click(see)
            assert desk.window.page == "library"
            desk.window.commands.run("library")
            assert desk.window.page == "chat", "a second time leads back"
            desk.window.show_page("models")
            window.click(talk)
            assert desk.window.page == "chat"
            assert not desk.window.sidebar.ways["models"].isChecked()

    window.run(qapp, scenario)


def test_deleting_all_data_forgets_what_was_opened(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.shelf.opened(str(tmp_path / "one.gguf"))
            file = desk.services.folders.data / FILE
            assert file.exists()
            desk.settings.erase_asked.emit()
            await desk.tasks.settled()
            sheet = desk.window.overlay
            assert sheet is not None
            sheet.go.click()  # type: ignore[attr-defined]
            sheet.go.click()  # type: ignore[attr-defined]
            await desk.tasks.settled()
            assert not file.exists()
            assert desk.shelf.recent.paths == []

    window.run(qapp, scenario)
