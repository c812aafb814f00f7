"""The window's side of `downloads`: four downloads with their rows in sight, and a clock beside the loop.

Started with a JSON object, `{"hub", "size"}`; answers with one: how long events waited, in ms, by two clocks.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtWidgets import QApplication

from benchmarks.window_child import Pulse, percentile
from mistral_desk.core.settings import DOWNLOADS_AT_ONCE
from mistral_desk.library.orders import Order
from mistral_desk.library.wanted import Wanted
from mistral_desk.ui import loop
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from mistral_desk.ui.desk import Desk

COUNT: Final = 4
_LOOK_S: Final = 0.02
_IDLE_S: Final = 2.0
"""So long the same clock runs before the first order: what other programs cost it here."""
SCRIPT: Final = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


def main(given: dict[str, Any]) -> None:
    """Measure and say so."""
    os.environ["HF_ENDPOINT"] = given["hub"]
    app = QApplication(["mistral-desk"])

    async def scenario(folder: Path) -> None:
        async with window.opened(app, folder, SCRIPT) as desk:
            print(json.dumps(await measured(desk, given["size"])), flush=True)

    with tempfile.TemporaryDirectory() as folder:
        window.run(app, lambda: scenario(Path(folder)), limit_s=None)


async def measured(desk: Desk, size: int) -> dict[str, float]:
    """Order four files of this size, which come at once, while the Library page shows their rows."""
    downloads = desk.services.downloads
    desk.services.settings.set(DOWNLOADS_AT_ONCE, COUNT)
    window.click(desk.window.sidebar.ways["library"])
    await loop.idle()
    rows, most = desk.library.downloads, 0
    idle = Pulse()
    idle.start()
    await asyncio.sleep(_IDLE_S)
    idle.stop()
    pulse = Pulse()
    pulse.start()
    for number in range(COUNT):
        file = Wanted(f"acme/m{number}-GGUF", "main", f"m{number}.gguf", size)
        name = f"acme/m{number}-GGUF:Q4_K_M"
        await downloads.add(Order(name, f"m{number} Q4_K_M", (file,)))
        # As a person orders: one, and when it is on its way the next.
        while not _comes(desk, name):  # noqa: ASYNC110 - what is looked at is what a person sees
            await asyncio.sleep(_LOOK_S)
    while any(one.state != "done" for one in downloads.downloads()):
        if bad := [one.problem for one in downloads.downloads() if one.state in ("paused", "waiting")]:
            raise RuntimeError(bad)
        most = max(most, sum(row.isVisible() and not row.visibleRegion().isEmpty() for row in rows.rows.values()))
        await asyncio.sleep(_LOOK_S)
    if most < COUNT:
        raise RuntimeError(f"only {most} rows were in sight")
    late, work = pulse.late_ms(), pulse.work_ms()
    return {
        "late_p99_ms": percentile(late, 0.99),
        "late_p50_ms": percentile(late, 0.5),
        "idle_p99_ms": percentile(idle.late_ms(), 0.99),
        "work_p99_ms": percentile(work, 0.99),
        "work_worst_ms": work[-1],
        "samples": len(work),
    }


def _comes(desk: Desk, name: str) -> bool:
    """Whether its row says that bytes come."""
    row = desk.library.downloads.rows.get(name)
    return row is not None and row.isVisible() and row.download.state == "fetching"


if __name__ == "__main__":
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    main(json.loads(sys.argv[1]))
