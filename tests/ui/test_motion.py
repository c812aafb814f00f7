"""Less motion: what moves stands still as soon as somebody wants that, and what it says stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QVariantAnimation

from mistral_desk.core import settings as declared
from mistral_desk.ui.chat.status import StatusLine
from tests.fixtures import fake_worker
from tests.ui.turning import over, send, view_of
from tests.ui.window import drawn, opened, phase, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

RUNNING, STILL = QVariantAnimation.State.Running, QVariantAnimation.State.Stopped


def test_what_moves_stands_still_at_once(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.endless("word ", 0.01)) as desk:
            settings = desk.services.settings
            settings.set(declared.MOTION, "on")
            send(desk, "Go on")
            await phase(desk, "writing")
            await drawn()
            (line,) = view_of(desk).findChildren(StatusLine)
            assert line.words
            assert line._pulse.state() == RUNNING
            for wish, state in (("off", STILL), ("on", RUNNING), ("off", STILL)):
                settings.set(declared.MOTION, wish)
                await drawn()
                assert line._pulse.state() == state, wish
            assert line.words, "what goes on is still said"
            await over(desk, desk.page.stop)

    run(qapp, scenario)
