"""Large words in a narrow window: buttons give way to words, lines are shared out, and the program's name is whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QLabel, QWidget

from mistral_desk.core.components import components
from mistral_desk.core.errors import Words
from mistral_desk.ui.chat.empty import PROMISE, EmptyState
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.settings.connections import ConnectionsSheet
from mistral_desk.ui.settings.facts import LicenceSheet
from mistral_desk.ui.theme.palette import bar_sheet
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.flow import FlowLayout
from tests.fixtures import fake_worker
from tests.ui import window

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("Yes.")}}]


@pytest.mark.parametrize(
    ("room", "lines"),
    [(900, [9]), (899, [5, 4]), (820, [5, 4]), (400, [3, 3, 3]), (90, [1] * 9)],
)
def test_lines_are_shared_out(qapp: QApplication, room: int, lines: list[int]) -> None:
    holder = QWidget()
    flow = FlowLayout(holder, spacing=0, even=True)
    for _ in range(9):
        widget = QWidget(holder)
        widget.setFixedSize(100, 20)
        flow.addWidget(widget)
        widget.show()
    flow.setGeometry(QRect(0, 0, room, 20 * len(lines)))
    tops = [flow.itemAt(number).geometry().top() for number in range(9)]  # type: ignore[union-attr]
    assert [tops.count(top) for top in sorted(set(tops))] == lines
    assert flow.heightForWidth(room) == 20 * len(lines)
    holder.deleteLater()


@pytest.mark.parametrize("width", [300, 520, 832, 1100])
def test_the_lock_stays_before_its_words_however_they_wrap(qapp: QApplication, width: int) -> None:
    theme = Theme(qapp, "light", 200)
    holder = QWidget()
    state = EmptyState(theme, holder)
    promise = next(one for one in state.findChildren(QLabel) if one.accessibleName() == PROMISE)
    promise.resize(width, promise.heightForWidth(width))
    lock = theme.pixmap("lock", "muted", 32, 1.0).toImage()
    inked = [x for x in range(lock.width()) if any(lock.pixelColor(x, y).alpha() for y in range(lock.height()))]
    drawn = promise.grab().toImage()
    paper = drawn.pixel(0, 0)
    columns = [x for x in range(drawn.width()) if any(drawn.pixel(x, y) != paper for y in range(drawn.height()))]
    first = next(number for number, x in enumerate(columns) if columns[number + 1] != x + 1)
    assert abs(first + 1 - len(inked)) <= 1
    assert columns[-1] < width - 1
    holder.deleteLater()
    theme.choose("system", 100)


@pytest.mark.parametrize("direction", [Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft])
def test_buttons_of_a_notice_give_way_to_its_words(
    qapp: QApplication, tmp_path: Path, direction: Qt.LayoutDirection
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.window.setLayoutDirection(direction)
            words = Words("The engine keeps stopping", "It ended three times without an answer in between.", "")
            desk.notices.show(
                Notice("info", words, "Try once more", lambda: None, second="Verify the file", act_second=lambda: None)
            )
            await window.drawn()
            banner = desk.window.banners.banners[0]
            assert banner.action is not None
            assert banner.second is not None
            plain = banner.height()
            assert banner.action.y() < plain / 2, "there is room beside the words"
            desk.theme.choose("light", 200)
            desk.window.resize(880, 800)
            await window.drawn()
            buttons = [banner.action.geometry(), banner.second.geometry()]
            assert all(one.top() >= banner.note.height_for(banner.width()) for one in buttons)
            assert all(banner.rect().contains(one) for one in (*buttons, banner.close_button.geometry()))
            assert not buttons[0].intersects(buttons[1])
            desk.theme.choose("light", 100)
            await window.drawn()

    window.run(qapp, scenario)


def test_the_name_of_the_program_is_whole(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            for size in (100, 150, 200):
                desk.theme.choose("light", size)
                desk.window.resize(1920, 800)
                await window.drawn()
                name = desk.window.sidebar.name
                assert name.isVisible()
                assert name.width() >= name.sizeHint().width()
            desk.theme.choose("light", 100)
            await window.drawn()

    window.run(qapp, scenario)


def test_texts_in_sheets_follow_the_theme(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            licence = LicenceSheet(desk.theme, components()[0], desk.window)
            connections = ConnectionsSheet(desk.theme, desk.services.ledger, desk.window)
            await connections.whole()
            desk.theme.choose("dark", 150)
            for edit, font in (
                (licence.edit, desk.theme.font("small", code=True)),
                (connections.edit, desk.theme.font("small")),
            ):
                assert edit.font() == font
                assert edit.verticalScrollBar().styleSheet() == bar_sheet(desk.theme.colours)
            desk.theme.choose("light", 100)
            licence.deleteLater()
            connections.done(0)
            connections.deleteLater()
            await window.drawn()

    window.run(qapp, scenario)
