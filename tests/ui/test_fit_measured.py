"""The real window with the real built-in model: its speed is measured, shown beside the prediction, and copied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication

from mistral_desk.core.paths import resource
from mistral_desk.services import Services
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.fit.sheet import FitSheet
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.label import Label
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


def test_its_speed_is_measured_with_the_real_model_and_copied(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        services = await Services.open(str(tmp_path / "home"))
        desk = Desk(services, Theme(qapp, "light"))
        try:
            desk.window.show()
            desk.fits.show()
            await desk.tasks.settled()
            shown = desk.window.overlay.advanced if isinstance(desk.window.overlay, FitSheet) else None
            assert shown is not None
            assert not shown.copy_benchmark.isVisible(), "there is no result yet"
            shown.measure.click()
            await desk.tasks.settled()
            assert shown.copy_benchmark.isVisible()
            shown.copy_benchmark.click()
            copied = QGuiApplication.clipboard().text()
            assert "tokens/s" in copied
            comparison = await services.fitting.comparison(await services.fitting.key(resource("model", "guide.gguf")))
            assert comparison.runs == 1
            told = [label.text() for label in shown.findChildren(Label)]
            assert "Memory in all" in told, "what was measured stands beside what was predicted, busy computer or not"
        finally:
            desk.window.hide()
            await services.close(desk.close())
            desk.window.deleteLater()

    window.run(qapp, scenario)
