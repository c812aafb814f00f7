"""When the model is loaded and let go, in the real window on a scripted worker: by what the person does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from mistral_desk.core import settings as declared
from mistral_desk.inference.client import ModelSpec
from tests.fixtures import fake_worker
from tests.ui.window import ask, click, heard, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk

SCRIPT = fake_worker.answering("Yes.")
RESTS = "The model rests and leaves its memory to other programs. It loads when you type."


async def _rest(desk: Desk) -> None:
    """Let the model rest, as after half an hour."""
    engine = desk.services.engine
    engine._used -= 7200
    desk.warmth.resting._touched -= 7200
    rested = asyncio.ensure_future(heard(desk.model.changed))
    await asyncio.sleep(0)
    desk.warmth.resting._look()
    await rested
    assert engine.model is None


def _watches(desk: Desk) -> bool:
    return desk.warmth.resting._timer is not None


async def _there(desk: Desk) -> None:
    """Wait until the model is loaded."""
    while desk.services.engine.model is None:
        await heard(desk.model.changed)
    await desk.tasks.settled()


def test_a_model_that_rests_says_so_and_the_first_key_loads_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            await _rest(desk)
            chip, foot = desk.page.composer.model, desk.page._foot
            assert chip.accessibleDescription() == f"{desk.model.title}. Resting; loads again when you type"
            assert "Resting; loads again when you type" in chip.toolTip()
            assert foot.text() == RESTS
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_H)
            await _there(desk)
            assert chip.accessibleDescription() == desk.model.title
            assert foot.text() != RESTS
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Backspace)
            assert (await ask(desk, "Hello?")).text == "Yes."

    run(qapp, scenario)


def test_a_click_into_the_text_loads_it_too(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            await _rest(desk)
            click(desk.page.composer.edit.viewport())
            await _there(desk)

    run(qapp, scenario)


def test_a_message_that_is_sent_while_it_rests_is_answered(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            await _rest(desk)
            over = asyncio.ensure_future(heard(desk.page.chat.busy_changed, lambda busy: not busy))  # type: ignore[union-attr]
            await asyncio.sleep(0)
            desk.page.ask("Hello?")
            await over
            assert desk.page.chat is not None
            assert desk.page.chat.turns[-1].text == "Yes."
            assert not desk.model.resting

    run(qapp, scenario)


@pytest.mark.parametrize("names", [("large.gguf",), ("large-00001-of-00002.gguf", "large-00002-of-00002.gguf")])
def test_a_large_model_is_not_loaded_because_the_window_opened(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    """Its process waits; the first key loads it there."""
    large = tmp_path / names[0]
    for name in names:
        (tmp_path / name).write_bytes(b"GGUF")
    monkeypatch.setattr("mistral_desk.ui.warmth.CAREFUL", 4 * len(names))

    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            desk.services.resolve_model = lambda _model="builtin": ModelSpec(str(large))  # type: ignore[method-assign, assignment]
            desk.start()
            await desk.tasks.settled()
            engine = desk.services.engine
            assert engine.model is None
            await engine._spare._starting  # type: ignore[misc]
            waiting = engine.hello
            assert waiting is not None
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_H)
            await _there(desk)
            assert engine.pid == waiting.pid

    run(qapp, scenario)


@pytest.mark.allow_log("answer failed|answer 2 failed")
@pytest.mark.parametrize("problem", ["model.does_not_fit", "model.no_memory"])
def test_what_is_wrong_is_not_said_in_the_midst_of_writing_but_when_it_is_sent(
    qapp: QApplication, tmp_path: Path, problem: str
) -> None:
    failing = [
        fake_worker.HELLO,
        {"await": "load"},
        {"send": {"type": "failed", "request": "$request", "problem": {"id": problem, "params": PARAMS[problem]}}},
        {"await": "shutdown"},
    ]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, failing, warm=False) as desk:
            told: list[object] = []
            desk.notices.shown.connect(told.append)
            for key in (Qt.Key.Key_H, Qt.Key.Key_I):
                QTest.keyClick(desk.page.composer.edit, key)
                await desk.tasks.settled()
            assert told == []
            assert desk.warmth._gave_up == desk.model.id  # one try is enough
            QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)
            await desk.tasks.settled()
            assert desk.page.chat is not None
            answer = desk.page.chat.turns[-1]
            assert answer.problem is not None
            assert answer.problem.id == problem

    run(qapp, scenario)


PARAMS: dict[str, dict[str, object]] = {
    "model.does_not_fit": {"name": "Large", "lacking": "12.0"},
    "model.no_memory": {"name": "Large", "context": 4096},
}


def test_it_can_be_set_never_to_rest(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, SCRIPT) as desk:
            assert desk.services.settings.get(declared.REST_AFTER) == 30
            assert _watches(desk)
            desk.services.settings.set(declared.REST_AFTER, 0)
            assert not _watches(desk)
            desk.services.settings.set(declared.REST_AFTER, 5)
            assert _watches(desk)

    run(qapp, scenario)
