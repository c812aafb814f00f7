"""The room that a bar takes is kept free while there is none, on the side where the bar comes, and kept once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea

from mistral_desk.ui.theme.tokens import BAR
from mistral_desk.ui.widgets.column import BarRoom

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


def test_a_bar_that_comes_and_goes_by_the_room_it_gives_up_ends(qtbot: QtBot) -> None:
    area = QScrollArea()
    qtbot.addWidget(area)
    bar = area.verticalScrollBar()
    given: list[tuple[int, int, int, int]] = []

    def margins(left: int, top: int, right: int, bottom: int) -> None:
        given.append((left, top, right, bottom))
        bar.setRange(0, 0 if bar.maximum() else 10)

    BarRoom(area, margins)
    assert given == [(0, 0, BAR, 0)]
    given.clear()
    bar.setRange(0, 20)
    assert given == [(0, 0, 0, 0)]
    given.clear()
    area.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    assert given == [(BAR, 0, 0, 0)]
