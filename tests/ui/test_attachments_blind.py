"""Models that do not see: the drop is refused with the reason, and the window offers what helps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mistral_desk.inference.model_ids import model_spec
from tests.fixtures import fake_worker
from tests.fixtures.gguf_models import mistral4
from tests.fixtures.gguf_projector import ProjectorShape, projector
from tests.fixtures.seeing import seeing as seeing_model
from tests.ui.test_attachments import attachments, draw, drop, files, names, read
from tests.ui.window import heard, opened, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.widgets.banners import Banner


@pytest.fixture(autouse=True)
def expected(allow_log: Callable[..., None]) -> None:
    """Refusals are shown, and what is shown is logged."""
    allow_log("shown: ")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no other model saw, the built-in one neither."""
    monkeypatch.setattr("mistral_desk.ui.attaching.door.that_see", lambda _models, _place: ())


def use(desk: Desk, model: Path) -> None:
    """Have this model chosen, as files tell of it; nothing is loaded yet."""
    services = desk.services
    services.resolve_model = lambda name="builtin": model_spec(name, services.settings)  # type: ignore[method-assign, assignment]
    desk.model.choose(str(model))


def told(desk: Desk) -> Banner:
    """The notice on top."""
    return desk.window.banners.banners[0]


def test_a_blind_model_refuses_and_another_one_is_offered(qapp: QApplication, tmp_path: Path) -> None:
    picture = draw(tmp_path / "a.png")

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.looking(text="I see."), warm=False) as desk:
            blind = mistral4(tmp_path / "Textmodell.gguf")
            sees = seeing_model(desk.services.models_folder / "Augen")
            for file in tuple(sees.parent.iterdir()):
                file.rename(desk.services.models_folder / file.name)
            use(desk, blind)
            drop(desk, files(picture))
            await read(desk)
            assert names(desk) == []
            words = told(desk).notice.words
            assert "Textmodell.gguf reads text only" in words.message
            assert sees.name in words.message
            action = told(desk).action
            assert action is not None
            assert action.text() == f"Use {sees.name}"
            action.click()
            await read(desk)
            assert (names(desk), Path(desk.model.id).name) == (["a.png"], sees.name)

    run(qapp, scenario)


def test_eyes_can_be_chosen_wrong_ones_are_explained(qapp: QApplication, tmp_path: Path, alone: None) -> None:
    picture = draw(tmp_path / "a.png")
    (tmp_path / "Augen").mkdir()
    right = projector(tmp_path / "Augen" / "mmproj-right.gguf")
    wrong = projector(tmp_path / "Augen" / "mmproj-wrong.gguf", ProjectorShape(text_width=96))

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.looking(text="I see."), warm=False) as desk:
            use(desk, mistral4(tmp_path / "Modell.gguf"))
            drop(desk, files(picture))
            await read(desk)
            action = told(desk).action
            assert action is not None
            assert (names(desk), action.text()) == ([], "Choose the eyes file…")

            def again() -> None:
                drop(desk, files(picture))

            await desk.attaching.use_eyes(str(wrong), again)
            await read(desk)
            assert told(desk).notice.words.title == "These eyes belong to another model"
            assert desk.model.eyes is None
            await desk.attaching.use_eyes(str(right), again)
            await read(desk)
            assert (names(desk), desk.model.spec().projector) == (["a.png"], str(right))

    run(qapp, scenario)


def test_a_model_that_turns_out_blind_gives_words_and_pictures_back(
    qapp: QApplication, tmp_path: Path, alone: None
) -> None:
    picture = draw(tmp_path / "a.png")

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.looking(text="I see.")) as desk:
            drop(desk, files(picture))
            await read(desk)
            assert names(desk) == ["a.png"]
            use(desk, mistral4(tmp_path / "Modell.gguf"))
            composer, chat = desk.page.composer, desk.page.chat
            assert chat is not None
            composer.edit.insertPlainText("What is this?")
            QTest.keyClick(composer.edit, Qt.Key.Key_Return)
            await heard(chat.refused)
            await read(desk)
            assert (composer.text, names(desk), chat.turns) == ("What is this?", ["a.png"], [])
            assert "A small random model reads text only" in told(desk).notice.words.message
            assert attachments(desk).items[0].sha256 in desk.services.pictures.all()

    run(qapp, scenario)
