"""The loop's end: what threads still say to one that is closed disturbs nobody."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import qasync

from mistral_desk.ui import loop

if TYPE_CHECKING:
    import pytest
    from PySide6.QtWidgets import QApplication


def test_what_a_thread_says_between_the_last_turn_and_the_end_is_dropped(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was delivered to the closed loop, whose timer is gone, while the next test ran."""
    close = qasync.QEventLoop.close
    late: list[str] = []

    def slow(self: qasync.QEventLoop) -> None:
        said = threading.Thread(target=lambda: self.call_soon_threadsafe(late.append, "late"))
        said.start()
        said.join()
        close(self)

    async def nothing() -> None:
        """One turn."""

    monkeypatch.setattr(qasync.QEventLoop, "close", slow)
    loop.run(qapp, nothing)
    monkeypatch.undo()
    loop.run(qapp, lambda: loop.idle(4))
    assert late == []
