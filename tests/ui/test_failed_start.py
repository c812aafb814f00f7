"""A start in which something breaks that nobody foresaw: it is said in a window, and another try may work."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from mistral_desk.ui import app, loop
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.failure import FailureWindow
from mistral_desk.ui.main_window import MainWindow

if TYPE_CHECKING:
    from pathlib import Path


class _Asking(QObject):
    asked = Signal()


def _shown(kind: type[FailureWindow | MainWindow]) -> FailureWindow | MainWindow | None:
    return next((one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()), None)


async def _failure() -> FailureWindow:
    while not isinstance(found := _shown(FailureWindow), FailureWindow):
        await loop.idle()
    return found


@pytest.mark.qt_log_ignore("propagateSizeHints")  # this platform has no window manager
@pytest.mark.allow_log("the window did not begin", "mistral_desk.ui.app")
@pytest.mark.parametrize("where", ["__init__", "welcome", "start"])
@pytest.mark.parametrize("again", [True, False])
def test_a_window_that_does_not_begin_says_so(
    where: str,
    again: bool,
    qapp: QApplication,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = getattr(Desk, where)
    times: list[str] = []

    def breaks(desk: Desk, *given: object) -> None:
        times.append(where)
        if len(times) == 1:
            raise ZeroDivisionError("nobody foresaw it")
        whole(desk, *given)

    monkeypatch.setattr(Desk, where, breaks)

    async def scenario() -> int:
        begun = asyncio.create_task(app._main(qapp, None, str(tmp_path / "home"), None, ""))  # type: ignore[arg-type]
        failed = await _failure()
        assert "ZeroDivisionError" in failed.note.accessibleDescription()
        assert _shown(MainWindow) is None
        (failed.again if again else failed.leave).click()
        if again:
            while not isinstance(window := _shown(MainWindow), MainWindow):
                await loop.idle()
            QTimer.singleShot(0, window.close)
        return await begun

    asking = _Asking()
    monkeypatch.setattr(qapp, "quit_asked", asking.asked, raising=False)  # the suite's application has none
    assert loop.run(qapp, scenario) == (0 if again else 1)
    log = (tmp_path / "home" / "logs" / "desk.log").read_text(encoding="utf-8")
    assert "ZeroDivisionError" in log
