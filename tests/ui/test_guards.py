"""What the window says and offers where a model was held back, and where its process says nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest
from msgspec.structs import replace

from mistral_desk.inference import silence
from mistral_desk.inference.protocol import LoadProgress
from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.ui.chat import stillness
from mistral_desk.ui.chat.turn_view import AnswerView
from mistral_desk.ui.widgets.button import Button
from tests.fixtures import fake_worker
from tests.ui.window import ask, click, heard, opened, phase, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication, QWidget

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.widgets.banners import Banner

DIES: Final = [{"stderr": "ggml.c:1: fatal error"}, {"exit": 134}]
AT_LOAD: Final = [fake_worker.HELLO, {"serve": {"load": DIES}}]
AT_ANSWER: Final = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": DIES}}]


def view_of(desk: Desk) -> AnswerView:
    assert desk.page.chat
    view = desk.page.transcript.view(desk.page.chat.turns[-1])
    assert isinstance(view, AnswerView)
    return view


def button(within: QWidget, name: str) -> Button:
    found = [one for one in within.findChildren(Button) if one.accessibleName() == name and not one.isHidden()]
    assert len(found) == 1, name
    return found[0]


def known(desk: Desk) -> None:
    """It is known what the model's file should be."""
    file = LibraryFile("/models/fake.gguf", 5, "0" * 64, proven=1.0)
    desk.services.library.models = (Installed(desk.model.id, file.path, "Fake", "fake", "/models", (file,)),)


def newest(desk: Desk) -> Banner:
    return desk.window.banners.banners[0]


@pytest.mark.allow_log("answer|engine", "mistral_desk")
def test_after_three_deaths_an_answer_offers_one_more_try_and_a_look_at_the_file(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, AT_ANSWER) as desk:
            for _ in range(3):
                turn = await ask(desk, "Hello")
                assert turn.problem
                assert turn.problem.id == "engine.died"
            turn = await ask(desk, "Hello")
            assert turn.problem
            assert turn.problem.id == "engine.keeps_stopping"
            assert desk.services.engine.pid is None, "nothing was started"
            assert desk.page.chat
            over = asyncio.ensure_future(heard(desk.page.chat.busy_changed, lambda busy: not busy))
            click(button(view_of(desk), "Try once more"))
            await over
            assert desk.page.chat.turns[-1].problem
            assert desk.page.chat.turns[-1].problem.id == "engine.died"

            asked: list[str] = []
            desk.library.verified.connect(asked.append)
            turn = await ask(desk, "Hello")
            hidden = [one for one in view_of(desk).findChildren(Button) if one.accessibleName() == "Verify the file"]
            assert [one.isHidden() for one in hidden] == [True], "nobody knows what this file should be"
            known(desk)
            desk.model.changed.emit()
            click(button(view_of(desk), "Verify the file"))
            assert asked == [desk.model.id]
            assert desk.window.page == "library"
            assert len(desk.page.chat.turns) == 10, "to verify asks nothing again"

    run(qapp, scenario)


@pytest.mark.allow_log("shown|reported|engine", "mistral_desk")
def test_a_model_that_stops_the_engine_at_each_load_is_left_alone_with_a_notice(
    qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, AT_LOAD, warm=False) as desk:
            for _ in range(4):
                desk.warm()
                await desk.tasks.settled()
            assert newest(desk).second is None, "nobody knows what this file should be"
            known(desk)
            desk.warm()
            await desk.tasks.settled()
            banner = newest(desk)
            assert banner.notice.words.title == "The engine keeps stopping with this model"
            assert "exit status 134" in banner.notice.words.message
            assert banner.action
            assert banner.second
            assert (banner.action.text(), banner.second.text()) == ("Try once more", "Verify the file")
            click(banner.action)
            await desk.tasks.settled()
            assert newest(desk).notice.words.title == "The engine stopped unexpectedly"
            desk.warm()
            await desk.tasks.settled()
            second = newest(desk).second
            assert second
            asked: list[str] = []
            desk.library.verified.connect(asked.append)
            click(second)
            assert asked == [desk.model.id]

    run(qapp, scenario)


def test_a_silent_engine_is_said_with_its_time_and_the_words_go_when_it_speaks(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "TICK_S", 0.02)
    monkeypatch.setattr(silence, "TELL_S", 0.1)
    monkeypatch.setattr(stillness, "LOOK_MS", 20)
    served = [
        *fake_worker.pieces("One "),
        {"until": "answer_now", "do": [{"pause": 0.02}]},
        *fake_worker.answer("two."),
    ]
    script = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": served}}]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            asking = asyncio.ensure_future(ask(desk, "Hello"))
            turn = await phase(desk, "writing")
            chat = desk.page.chat
            assert chat
            if turn.quiet is None:
                await heard(chat.changed, lambda one: one.quiet is not None)
            assert turn.status().startswith("Writing. Nothing new for ")
            desk.services.engine.answer_now()
            await asking
            assert turn.text == "One two."
            assert turn.status() == ""

    run(qapp, scenario)


def test_the_first_look_at_weights_is_called_so(qapp: QApplication, tmp_path: Path) -> None:
    looking = [
        fake_worker.event(LoadProgress(0, 0.4, looks=True)),
        {"until": "stop", "do": [{"pause": 0.02}]},
        {
            "send": {
                "type": "failed",
                "request": "$request",
                "problem": {"id": "load.cancelled", "params": {"name": "x"}},
            }
        },
    ]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, [fake_worker.HELLO, {"serve": {"load": looking}}], warm=False) as desk:
            asking = asyncio.ensure_future(ask(desk, "Hello"))
            turn = await phase(desk, "loading")
            assert turn.status() == "Checking the weights once 40 %"
            assert desk.page.chat
            desk.page.chat.stop()
            await asking
            assert turn.ending == "stopped"

    run(qapp, scenario)


@pytest.mark.allow_log("shown", "mistral_desk")
@pytest.mark.parametrize(
    ("doubt", "title"),
    [
        ({"verified": (False, 5.0)}, "The model's file is damaged"),
        ({"changed": True}, "The model's file has changed"),
    ],
)
def test_a_doubtful_file_is_said_once_before_it_is_loaded(
    doubt: dict[str, object], title: str, qapp: QApplication, tmp_path: Path
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes."), warm=False) as desk:
            file = replace(LibraryFile("/models/one.gguf", 5, "0" * 64, proven=1.0), **doubt)
            model = Installed(desk.model.id, file.path, "One", "one", "/models", (file,))
            desk.services.library.models = (model,)
            told: list[str] = []
            desk.notices.shown.connect(lambda notice: told.append(notice.words.title))
            for _ in range(2):
                desk.warm()
                await desk.tasks.settled()
            assert told == [title]
            action = newest(desk).action
            assert action
            assert action.text() == "Verify the file"
            assert (await ask(desk, "Hello")).text == "Yes.", "it is said, and the person decides"

    run(qapp, scenario)
