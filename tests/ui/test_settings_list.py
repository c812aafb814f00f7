"""The sections of the settings: beside them where there is room, else above them in columns of one width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget

from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.theme.theme import Theme
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.ui.desk import Desk


def _places(desk: Desk) -> list[tuple[int, int]]:
    tabs = desk.settings.tabs.values()
    return [(at.x(), at.y()) for at in (tab.mapTo(desk.window, QPoint()) for tab in tabs)]


def test_the_list_stands_beside_the_sections_or_above_them_in_columns(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, fake_worker.answering("Yes."), size=(1280, 800)) as desk:
            desk.window.open_settings("chat")
            await window.drawn()
            page, places = desk.settings, _places(desk)
            assert len({x for x, _y in places}) == 1, "one below the other"
            section = page.sections["chat"].mapTo(desk.window, QPoint()).x()
            tab = page.tabs["chat"]
            assert places[0][0] + tab.width() < section, "beside what they lead to"
            QTest.keyClick(tab, Qt.Key.Key_Down)
            assert page.page == "data"
            assert QApplication.focusWidget() is page.tabs["data"]
            desk.window.resize(880, 800)
            await window.drawn()
            places = _places(desk)
            columns = sorted({x for x, _y in places})
            assert len(columns) > 1
            assert {x for x, _y in places[len(columns) :]} <= set(columns), "the lines stand below each other"
            widths = {tab.width() for tab in page.tabs.values()}
            assert len(widths) == 1
            assert QApplication.focusWidget() is page.tabs["data"], "the keyboard stays where it was"
            desk.window.resize(1280, 800)
            await window.drawn()
            assert len({x for x, _y in _places(desk)}) == 1

    window.run(qapp, scenario)


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen has no sizes to hint at
def test_a_line_parts_two_rows_and_none_stands_below_the_last(qapp: QApplication) -> None:
    theme, ground = Theme(qapp, "light"), QWidget()
    column = QVBoxLayout(ground)
    rows = [Row(theme, name, parent=ground) for name in ("First", "Second", "Third")]
    for row in rows:
        column.addWidget(row)
    ground.show()

    def lines() -> list[bool]:
        qapp.processEvents()
        found = [row.grab().toImage() for row in rows if row.isVisible()]
        return [image.pixelColor(2, image.height() - 1) == theme.colour("hairline") for image in found]

    assert lines() == [True, True, False]
    rows[2].hide()
    assert lines() == [True, False]
    rows[2].show()
    assert lines() == [True, True, False]
    ground.deleteLater()
