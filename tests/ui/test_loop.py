"""The loop's end: what threads still say to one that is closed disturbs nobody."""

from __future__ import annotations

import gc
import threading
import weakref
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


def test_what_was_there_before_the_loop_is_not_looked_through_until_its_end(qapp: QApplication) -> None:
    """Thousands of modules, classes and functions: they made each full collection a pause that a person sees."""

    class Thing:
        """Garbage that only the collector finds."""

        def __init__(self) -> None:
            self.myself = self

    def left() -> weakref.ref[Thing]:
        return weakref.ref(Thing())

    gc.disable()  # a collection that happens to be due would take it before the loop is there
    before = left()

    async def turn() -> weakref.ref[Thing]:
        within = left()
        gc.collect()
        assert before() is not None
        return within

    try:
        assert loop.run(qapp, turn)() is None
        gc.collect()
        assert before() is None
    finally:
        gc.enable()
