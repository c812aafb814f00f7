"""A sheet that is asked for while one of its kind is open closes that one, and its maker lets go of the second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.ui.shortcuts import ShortcutSheet
from tests.fixtures import fake_worker
from tests.ui.window import drawn, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


def test_both_are_over(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes."), warm=False) as desk:
            sheets = [ShortcutSheet(desk.theme, desk.window) for _ in range(2)]
            over: list[int] = []
            for number, sheet in enumerate(sheets):
                sheet.finished.connect(lambda _result, number=number: over.append(number))
                desk.window.show_overlay(sheet)
            await drawn()
            assert over == [0, 1]
            assert desk.window.overlay is None

    run(qapp, scenario)


def test_nothing_follows_the_model_for_chat_settings_that_are_gone(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            for _ in range(2):
                desk.chat_settings.show()
                await desk.tasks.settled()
            await drawn()
            desk.model.changed.emit()

    run(qapp, scenario)
