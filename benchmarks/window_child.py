"""The window's side of the measurements: the real application in a process of its own, with a clock beside it.

`start SPAWNED` opens it as a double-click does and reports when it could be used, then waits for the end of stdin.
`stream` lets it show a long answer at full speed and reports how long the event loop let others wait.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

from mistral_desk.__main__ import main
from mistral_desk.ui.desk import Desk
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.fixtures.fake_worker import Step

TICK_MS: Final = 2
PIECES: Final = 4000
PER_SECOND: Final = 1000
"""Tokens a second that the scripted worker writes at most: more than any model on any home computer."""


def report(**values: float) -> None:
    """One line of JSON on stdout, at once."""
    print(json.dumps(values), flush=True)


class FirstPaint(QObject):
    """Tells when the window was painted and its composer took the focus, seconds after `spawned`."""

    def __init__(self, desk: Desk, spawned: float) -> None:
        super().__init__(desk.window)
        self._desk, self._spawned, self._told = desk, spawned, False
        desk.window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """After the first paint, when the loop is idle again."""
        if event.type() == QEvent.Type.Paint and not self._told:
            self._told = True
            QTimer.singleShot(0, self._painted)
        return super().eventFilter(watched, event)

    def _painted(self) -> None:
        if not self._desk.page.composer.edit.isEnabled():
            raise RuntimeError("painted, but nothing can be typed")
        report(usable_s=time.time() - self._spawned, cpu_s=time.process_time())


def start(spawned: float) -> int:
    """Open the application through its own door."""
    begin = Desk.start

    def begin_and_watch(desk: Desk) -> None:
        FirstPaint(desk, spawned)
        desk.window.update()
        begin(desk)

    Desk.start = begin_and_watch  # type: ignore[method-assign, assignment]
    threading.Thread(target=_quit_at_end_of_stdin, daemon=True).start()
    return main([])


def _quit_at_end_of_stdin() -> None:
    sys.stdin.read()
    app = QApplication.instance()
    if app is not None:
        QApplication.postEvent(app, QEvent(QEvent.Type.Quit))


class Pulse(QObject):
    """A timer that should fire every `TICK_MS`; what is late shows how long the loop was busy.

    Two clocks: the wall's, which other programs on this computer disturb, and the CPU time of this thread, which
    is what the loop itself spent between two ticks.
    """

    def __init__(self) -> None:
        super().__init__()
        self._wall: list[float] = []
        self._work: list[float] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self) -> None:
        """Begin to count."""
        self._timer.start(TICK_MS)

    def stop(self) -> None:
        """Count no more."""
        self._timer.stop()

    def _tick(self) -> None:
        self._wall.append(time.perf_counter())
        self._work.append(time.thread_time())

    def late_ms(self) -> list[float]:
        """How long events would have waited, by the wall's clock."""
        return delays_ms(self._wall)

    def work_ms(self) -> list[float]:
        """How long they would have waited with a CPU for this thread alone."""
        return delays_ms(self._work)

    def figures(self) -> dict[str, float]:
        """Both, as a report has them."""
        delays, work = self.late_ms(), self.work_ms()
        return {
            "p99_ms": percentile(delays, 0.99),
            "p50_ms": percentile(delays, 0.5),
            "worst_ms": delays[-1],
            "work_p99_ms": percentile(work, 0.99),
            "work_worst_ms": work[-1],
            "samples": len(delays),
        }


def delays_ms(times: Sequence[float]) -> list[float]:
    """For an event due every tick, sorted: one long wait counts for all who would have waited meanwhile."""
    delays: list[float] = []
    for before, after in pairwise(times):
        late = (after - before) * 1e3 - TICK_MS
        delays.append(max(late, 0.0))
        while (late := late - TICK_MS) > 0:
            delays.append(late)
    return sorted(delays)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the sorted values lies."""
    return values[math.ceil(len(values) * share) - 1]


def stream() -> int:
    """Show an answer of several thousand tokens and report the loop's delays meanwhile."""
    app = QApplication(["mistral-desk"])
    pulse = Pulse()

    async def scenario(folder: Path) -> None:
        async with window.opened(app, folder, _script()) as desk:
            pulse.start()
            began, cpu = time.perf_counter(), time.process_time()
            await window.ask(desk, "Tell me everything about sorting.")
            seconds, busy = time.perf_counter() - began, time.process_time() - cpu
            report(**pulse.figures(), tokens_per_s=PIECES / seconds, cpu_ms_a_token=busy / PIECES * 1e3)

    def _script() -> Sequence[Step]:
        steps: list[Step] = []
        for piece in fake_worker.answer(pieces(PIECES)):
            steps += [piece, {"pause": 1 / PER_SECOND}]
        return [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": steps}}]

    with tempfile.TemporaryDirectory() as folder:
        window.run(app, lambda: scenario(Path(folder)))
    return 0


def pieces(count: int) -> str:
    """So many words of prose, lists, code and tables over and over, as a long answer has them."""
    part = (Path(__file__).parent.parent / "tests" / "ui" / "answer.md").read_text(encoding="utf-8")
    words = part.replace(" ", "\0 ").split("\0")
    return "".join((words * (count // len(words) + 1))[:count])


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(start(float(sys.argv[2])) if sys.argv[1] == "start" else stream())
