"""The browser's side of the measurements: two thousand models in a window of its own, typed at and scrolled.

`keystroke` types words into the search field and reports how long each letter took until the cards were painted;
`scroll` goes through all of them in steps of a wheel.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from benchmarks.window_child import percentile
from mistral_desk.catalog.search import Index
from mistral_desk.ui.models.browse.page import BrowsePage
from mistral_desk.ui.models.browse.source import Source
from mistral_desk.ui.theme.theme import Theme
from tests.fixtures.catalogues import FETCHED, catalogue_of, standing
from tools.gallery.fitting import pc

if TYPE_CHECKING:
    from collections.abc import Callable

COUNT: Final = 2_000
WORDS: Final = ("alder", "grove labs", "wald 30b", "coding", "tidewater long", "maple 7", "zz", "open-source image")
ROUNDS: Final = 3
STEP: Final = 120
"""Pixels: a notch of a common mouse wheel."""


class Painted(QObject):
    """Counts the paints of a widget."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """One more."""
        self.count += event.type() == QEvent.Type.Paint
        return super().eventFilter(watched, event)


class Browser:
    """The page with its models, painted once."""

    def __init__(self, app: QApplication) -> None:
        self._app = app
        self.window = QWidget()
        layout = QVBoxLayout(self.window)
        layout.setContentsMargins(0, 0, 0, 0)
        self.page = BrowsePage(Theme(app, "light"), self.window)
        layout.addWidget(self.page)
        self.window.resize(1280, 800)
        catalogue = catalogue_of(COUNT)
        self.page.show_source(Source("example.org", "example.org", FETCHED))
        self.page.show_catalogue(catalogue, Index(catalogue))
        self.page.show_offers(*standing(catalogue, pc(32, 8)))
        self.window.show()
        self._painted = Painted(self.page.area.viewport())
        self._cards = Painted(self.page.grid.viewport())
        self.settle()

    def settle(self) -> None:
        """Until nothing is due any more; then Python collects, as `ui.loop` has it: never in the midst of an event."""
        for _ in range(20):
            self._app.processEvents()
        gc.collect()

    def timed(self, act: Callable[[], object]) -> tuple[float, float]:
        """Milliseconds, by the wall's clock and of this thread's CPU, until what was done is painted."""
        before = self._painted.count + self._cards.count
        wall, work = time.perf_counter(), time.thread_time()
        act()
        while self._painted.count + self._cards.count == before and time.perf_counter() - wall < 1:
            self._app.processEvents()
        self._app.processEvents()
        return (time.perf_counter() - wall) * 1e3, (time.thread_time() - work) * 1e3


def keystroke(browser: Browser) -> list[tuple[float, float]]:
    """Every letter of some words, and taking them back."""
    search = browser.page.head.search
    search.setFocus()
    taken: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        for words in WORDS:
            taken += [browser.timed(partial(QTest.keyClicks, search, letter)) for letter in words]
            back = partial(QTest.keyClick, search, Qt.Key.Key_Backspace)
            taken += [browser.timed(back) for _letter in words]
            browser.settle()
    return taken


def scroll(browser: Browser) -> list[tuple[float, float]]:
    """From the first model to the last."""
    bar = browser.page.area.verticalScrollBar()
    taken: list[tuple[float, float]] = []
    while bar.value() < bar.maximum():
        if len(taken) % 50 == 0:
            browser.settle()
        taken.append(browser.timed(lambda: bar.setValue(bar.value() + STEP)))
    return taken


def main(what: str) -> int:
    """Measure, and report one line of JSON."""
    gc.disable()
    app = QApplication(["mistral-desk"])
    browser = Browser(app)
    taken = (keystroke if what == "keystroke" else scroll)(browser)
    wall, work = sorted(one for one, _ in taken), sorted(one for _, one in taken)
    found = {"samples": float(len(taken)), "models": float(COUNT)}
    for name, values in (("wall", wall), ("work", work)):
        for share, label in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"), (1.0, "worst")):
            found[f"{name}_{label}"] = percentile(values, share)
    print(json.dumps(found), flush=True)
    browser.window.hide()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
