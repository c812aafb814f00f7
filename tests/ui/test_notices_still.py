"""A notice that is shown costs nothing: it is placed when something changes, and then the window rests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject

from mistral_desk.core.errors import Words
from mistral_desk.ui import loop
from mistral_desk.ui.notify import Notice
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


class Asked(QObject):
    """Counts how often a widget is asked to place what is in it, and to paint."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[QEvent.Type] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Paint):
            self.events.append(event.type())
        return super().eventFilter(watched, event)


def test_the_window_rests_while_notices_with_buttons_are_shown(qapp: QApplication, tmp_path: Path) -> None:
    """Once each turn of the loop placed them anew, which asked for the next turn: half of the window's work."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            for name in ("Tiny", "Small"):
                said = Words(f"{name} is here", "Whole.", "")
                desk.notices.show(Notice("success", said, "Chat with it", lambda: None))
                await window.drawn()
            asked = Asked()
            for banner in desk.window.banners.banners:
                banner.installEventFilter(asked)
            await loop.idle(50)
            assert asked.events == []

    window.run(qapp, scenario)
