"""The window's side of the list's measurement: the real window over a history of 10,000 conversations."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from benchmarks.window_child import percentile, report
from mistral_desk.chat import rows
from mistral_desk.chat.database import connect
from mistral_desk.chat.message import ConversationSettings
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from mistral_desk.ui.desk import Desk

CHATS: Final = 10_000
APART_S: Final = 9_000
ROUNDS: Final = 9


class Painted(QObject):
    """Done when the list was painted after `again`."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.done = asyncio.Event()
        desk.window.sidebar.chats.viewport().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """The filter is asked before the paint, so the time is taken when the loop comes back."""
        if event.type() == QEvent.Type.Paint:
            asyncio.get_running_loop().call_soon(self.done.set)
        return super().eventFilter(watched, event)


def fill(file: Path) -> None:
    """Conversations of three years, as a person has them."""
    now = time.time()
    with closing(connect(file)) as connection, connection:
        for number in range(CHATS):
            title, when = f"Conversation number {number} of many", now - APART_S * number
            rows.insert_conversation(connection, title, when, ConversationSettings())


async def measured(desk: Desk) -> None:
    """Open the list often, then scroll to its end, then read all of it anew."""
    sidebar, painted = desk.window.sidebar, Painted(desk)
    wall: list[float] = []
    work: list[float] = []
    for _ in range(ROUNDS):
        desk.chats.forget_list()
        await window.drawn()
        painted.done.clear()
        began, cpu = time.perf_counter(), time.process_time()
        await desk.refresh()
        await painted.done.wait()
        wall.append((time.perf_counter() - began) * 1e3)
        work.append((time.process_time() - cpu) * 1e3)
    bar, pages = sidebar.chats.verticalScrollBar(), []
    while len(desk.listed) < CHATS:
        before = len(desk.listed)
        cpu = time.thread_time()
        bar.setValue(bar.maximum())
        await desk.tasks.settled()
        await window.drawn()
        pages.append((time.thread_time() - cpu) * 1e3)
        assert len(desk.listed) > before
    cpu = time.thread_time()
    await desk.services.history.create("one more")
    await desk.refresh()
    await window.drawn()
    report(
        chats=CHATS,
        rounds=ROUNDS,
        open_ms=statistics.median(wall),
        open_work_ms=statistics.median(work),
        open_work_worst_ms=max(work),
        pages=len(pages),
        page_work_ms=percentile(pages, 0.99),
        page_work_worst_ms=max(pages),
        refresh_work_ms=(time.thread_time() - cpu) * 1e3,
    )


def main() -> int:
    """Measure and report."""
    app = QApplication.instance() or QApplication(["mistral-desk"])

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with window.opened(app, Path(folder), fake_worker.answering("Yes.")) as desk:  # type: ignore[arg-type]
                await asyncio.to_thread(fill, desk.services.folders.history)
                await measured(desk)

    window.run(app, scenario)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
