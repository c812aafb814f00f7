"""The window's side of the pages' measurement: the real page of a model, opened for one record after the other."""

from __future__ import annotations

import os
import statistics
import sys
import time
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget

from benchmarks.window_child import percentile, report
from mistral_desk.catalog.claims import claims
from mistral_desk.catalog.record import read
from mistral_desk.catalog.search import facts_of
from mistral_desk.catalog.store import Catalogue
from mistral_desk.core.paths import resource
from mistral_desk.ui.models.about.page import AboutPage
from mistral_desk.ui.theme.theme import Theme
from tests.fixtures.catalog_records import published
from tools.gallery.fit_states import verdict_of
from tools.gallery.fitting import pc

if TYPE_CHECKING:
    from mistral_desk.catalog.record import Record

RECORDS: Final = 2000
PAGES: Final = 120
GIVEN: Final = "mistral-small-4"
SIZE: Final = (1020, 800)
"""What a window of 1,280 px leaves beside the sidebar."""


class Painted(QObject):
    """Whether the title of the page was painted."""

    def __init__(self) -> None:
        super().__init__()
        self.done = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 Qt's name
        """The page paints after this; the time is taken when the loop comes back."""
        if event.type() == QEvent.Type.Paint:
            self.done = True
        return super().eventFilter(watched, event)


def opened(page: AboutPage, record: Record, catalogue: Catalogue) -> tuple[float, float]:
    """Show a record; milliseconds until its title is painted, and of CPU in this thread. Claims are found in it too."""
    began, work = time.perf_counter(), time.thread_time()
    page.show_record(record, catalogue, claims(record, facts_of(record.id)), catalogue.verified(record.id))
    painted = Painted()
    assert page.header is not None
    page.header.title.installEventFilter(painted)
    while not painted.done:
        QApplication.processEvents()
    return (time.perf_counter() - began) * 1e3, (time.thread_time() - work) * 1e3


def main() -> int:
    """Open the given record's page first and often, then those of others; each record is read anew from its bytes."""
    app = QApplication.instance() or QApplication(["mistral-desk"])
    body = resource("catalog", "records", f"{GIVEN}.json").read_bytes()
    bodies = {one.id: one.body for one in published(RECORDS)}
    catalogue = Catalogue(tuple(read(one, "fetched") for one in (body, *bodies.values())))
    ground = QWidget()
    ground.resize(*SIZE)
    page = AboutPage(Theme(app, "light"), ground)  # type: ignore[arg-type]
    page.resize(*SIZE)
    ground.show()
    QApplication.processEvents()
    opened(page, read(body, "bundled"), catalogue)  # fonts and icons are there from now on
    given = [opened(page, read(body, "bundled"), catalogue) for _ in range(PAGES // 4)]
    others = list(bodies.values())[:: RECORDS // PAGES][: PAGES - len(given)]
    times = given + [opened(page, read(one, "fetched"), catalogue) for one in others]
    page.show_record(read(body, "bundled"), catalogue)
    verdicts = [verdict_of(GIVEN, pc(memory, 8)) for memory in (96, 32)]  # one that says the same would change nothing
    shown = []
    for turn in range(9):
        work = time.thread_time()
        page.show_verdict(verdicts[turn % 2])
        for _round in range(3):
            QApplication.processEvents()
        shown.append((time.thread_time() - work) * 1e3)
    wall, cpu = sorted(one for one, _ in times), sorted(one for _, one in times)
    report(
        pages=len(times),
        records=len(catalogue.records),
        median_ms=statistics.median(wall),
        p95_ms=percentile(wall, 0.95),
        worst_ms=wall[-1],
        median_work_ms=statistics.median(cpu),
        p95_work_ms=percentile(cpu, 0.95),
        worst_work_ms=cpu[-1],
        given_ms=statistics.median(one for one, _ in given),
        verdict_work_ms=statistics.median(shown),
    )
    ground.hide()
    return 0


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    sys.exit(main())
