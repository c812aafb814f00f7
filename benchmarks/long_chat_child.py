"""The window's side of the long conversation: the real window over a history with hundreds of turns.

`stream` writes an answer into it at 200 tokens/s, `open` opens it by a click as often as asked, `idle SECONDS` leaves
it alone. Each reports one line of JSON.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from benchmarks.window_child import Pulse, percentile, pieces, report
from tests.fixtures import fake_worker, long_chat
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk
    from tests.fixtures.fake_worker import Step

QUESTIONS: Final = 500
"""Each with its answer: a thousand messages."""
HUGE_QUESTIONS: Final = 2500
HUGE_LETTERS: Final = 5_000
"""Of each answer at least: five thousand messages of 15 MB."""
SCROLLS: Final = 60
WHEEL: Final = 120
PER_SECOND: Final = 200
PIECES: Final = 2000
OPENINGS: Final = 7
SAMPLES: Final = 20
"""How often memory is looked at while nothing happens."""
SETTLE_S: Final = 3.0


class LastTurn(QObject):
    """Waits until the last turn of the conversation that comes next was painted."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.page.transcript)
        self.painted: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._page = desk.page
        self._page.transcript.shown.connect(self._made)

    def _made(self, turn: Turn) -> None:
        chat = self._page.chat
        view = self._page.transcript.view(turn)
        if chat is not None and view is not None and turn is chat.turns[-1]:
            self._page.transcript.shown.disconnect(self._made)
            view.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """The filter is asked before the paint, so the time is taken when the loop comes back."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            asyncio.get_running_loop().call_soon(lambda: self.painted.set_result(time.perf_counter()))
        return super().eventFilter(watched, event)


async def open_by_click(desk: Desk, title: str) -> tuple[float, float]:
    """Click on a conversation in the sidebar; milliseconds until its end is painted, and of CPU in the process."""
    chats = desk.window.sidebar.chats
    model = chats.model()
    index = next(model.index(row, 0) for row in range(model.rowCount()) if model.index(row, 0).data() == title)
    chats.scrollTo(index)
    await window.drawn()
    place = chats.visualRect(index).center()
    last = LastTurn(desk)
    begun, cpu = time.perf_counter(), time.process_time()
    QTest.mouseClick(chats.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(place))
    painted = await last.painted
    return (painted - begun) * 1e3, (time.process_time() - cpu) * 1e3


async def whole(desk: Desk) -> None:
    """Wait until the older messages are there, too."""
    if desk.page.chat is not None:
        await desk.page.chat.older.whole()
    await window.drawn()


async def opening(desk: Desk) -> None:
    """How long a click takes until the end of the long conversation is painted; it is read anew each time."""
    live = turns = 0
    walls: list[float] = []
    works: list[float] = []
    wholes: list[float] = []
    steps: list[float] = []
    for _ in range(OPENINGS):
        pulse = Pulse()
        begun = time.perf_counter()
        wall, work = await open_by_click(desk, LONG)
        walls.append(wall)
        live = max(live, desk.page.transcript.live)
        works.append(work)
        pulse.start()
        await whole(desk)
        wholes.append((time.perf_counter() - begun) * 1e3)
        steps.append(pulse.work_ms()[-1])
        pulse.stop()
        turns = len(desk.page.transcript.turns)
        for title in (SHORT, OTHER):  # the one before stays at hand: the long one is let go of, and read anew
            await open_by_click(desk, title)
            await window.drawn()
    report(
        whole_ms=statistics.median(wholes),
        step_ms=max(steps),
        first_ms=walls[0],
        first_work_ms=works[0],
        median_ms=statistics.median(walls),
        worst_ms=max(walls),
        work_ms=statistics.median(works),
        turns=turns,
        live=live,
    )


async def scrolling(desk: Desk) -> None:
    """How long each step takes when a person turns the wheel through the conversation, and jumps about in it."""
    await open_by_click(desk, LONG)
    await whole(desk)
    bar = desk.page.transcript.verticalScrollBar()
    walls: list[float] = []
    works: list[float] = []
    for jump in range(4):
        bar.setValue(bar.maximum() * jump // 4)
        await window.drawn()
        for _ in range(SCROLLS):
            begun, cpu = time.perf_counter(), time.thread_time()
            bar.setValue(bar.value() + WHEEL)
            desk.window.grab(desk.page.rect().adjusted(0, 0, 0, 1 - desk.page.height()))  # what was placed is laid out
            walls.append((time.perf_counter() - begun) * 1e3)
            works.append((time.thread_time() - cpu) * 1e3)
            await window.drawn()
    walls.sort()
    works.sort()
    report(
        p99_ms=percentile(walls, 0.99),
        work_p99_ms=percentile(works, 0.99),
        work_worst_ms=works[-1],
        work_p50_ms=percentile(works, 0.5),
        samples=len(works),
        turns=len(desk.page.transcript.turns),
    )


async def weighing(desk: Desk) -> None:
    """How much heavier the window is with the conversation open and looked through."""
    await open_by_click(desk, SHORT)
    await window.drawn()
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    await open_by_click(desk, LONG)
    await whole(desk)
    bar = desk.page.transcript.verticalScrollBar()
    for place in range(20):
        bar.setValue(bar.maximum() * place // 20)
        await window.drawn()
    gc.collect()
    report(grown_mb=(process.memory_info().rss - before) / 1e6, weight_mb=before / 1e6)


async def streaming(desk: Desk) -> None:
    """How long the loop lets others wait while an answer grows at the end of the long conversation."""
    await open_by_click(desk, LONG)
    await whole(desk)
    pulse = Pulse()
    pulse.start()
    begun = time.perf_counter()
    await window.ask(desk, "And now tell me everything about sorting.")
    seconds = time.perf_counter() - begun
    report(**pulse.figures(), tokens_per_s=PIECES / seconds, turns=len(desk.page.transcript.turns))


async def idling(desk: Desk, seconds: float) -> None:
    """What a window costs that nobody touches: CPU in percent of one core, and how its memory grows."""
    await open_by_click(desk, LONG)
    await whole(desk)
    await asyncio.sleep(SETTLE_S)
    gc.collect()
    process = psutil.Process()
    begun, cpu = time.perf_counter(), time.process_time()
    weights = [process.memory_info().rss]
    for _ in range(SAMPLES):
        await asyncio.sleep(seconds / SAMPLES)
        weights.append(process.memory_info().rss)
    passed, busy = time.perf_counter() - begun, time.process_time() - cpu
    report(
        cpu_percent=busy / passed * 100,
        # Resident memory: what is shared with nobody grows whenever another program with the same libraries ends.
        grown_mb=(weights[-1] - weights[0]) / 1e6,
        highest_mb=(max(weights) - weights[0]) / 1e6,
        weight_mb=weights[-1] / 1e6,
        seconds=passed,
    )


LONG: Final = "A long conversation"
SHORT: Final = "A short conversation"
OTHER: Final = "Another short conversation"


def _script() -> Sequence[Step]:
    steps: list[Step] = []
    for piece in fake_worker.answer(pieces(PIECES)):
        steps += [piece, {"pause": 1 / PER_SECOND}]
    return [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": steps}}]


def run(work: Callable[[Desk], Coroutine[object, object, None]], *, huge: bool = False) -> int:
    """Open the window over both conversations and do the work; `huge` for five thousand messages, 15 MB of text."""
    questions, letters = (HUGE_QUESTIONS, HUGE_LETTERS) if huge else (QUESTIONS, 0)
    app = QApplication(["mistral-desk"])

    async def scenario(folder: Path) -> None:
        async with window.opened(app, folder, _script()) as desk:
            await long_chat.stored(desk.services.history, questions, LONG, letters)
            for title in (SHORT, OTHER):
                await long_chat.stored(desk.services.history, 1, title)
            await desk.refresh()
            await window.drawn()
            await work(desk)

    with tempfile.TemporaryDirectory() as folder:
        window.run(app, lambda: scenario(Path(folder)), limit_s=None)
    return 0


def main(arguments: Sequence[str]) -> int:
    """`stream`, `open`, `scroll`, `weigh`, each with `huge` before it or not; or `idle SECONDS`."""
    works = {"stream": streaming, "open": opening, "scroll": scrolling, "weigh": weighing}
    match arguments:
        case [name] if name in works:
            return run(works[name])
        case ["huge", name] if name in works:
            return run(works[name], huge=True)
        case ["idle", seconds]:
            return run(lambda desk: idling(desk, float(seconds)))
    return 2


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main(sys.argv[1:]))
