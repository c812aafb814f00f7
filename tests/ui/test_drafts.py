"""Drafts reach the disk while somebody types without a pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QObject, QTimer

from mistral_desk.ui.drafts import NEW, SETTLE_MS, Drafts

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication


def test_who_types_without_a_pause_has_it_on_the_disk(qapp: QApplication, tmp_path: Path) -> None:
    parent = QObject(qapp)
    file = tmp_path / "drafts.json"
    drafts = Drafts(file, parent)
    loop, keys = QEventLoop(), QTimer(parent)
    written = ""

    def key() -> None:
        nonlocal written
        written += "x"
        drafts.keep(NEW, written)
        if file.exists():
            loop.quit()

    keys.setInterval(SETTLE_MS // 20)
    keys.timeout.connect(key)
    giving_up = QTimer(parent)
    giving_up.setSingleShot(True)
    giving_up.timeout.connect(loop.quit)
    giving_up.start(60_000)
    keys.start()
    loop.exec()
    keys.stop()
    giving_up.stop()
    assert file.exists()
    assert Drafts(file, parent).get(NEW) in {written, written[:-1]}
    parent.deleteLater()
