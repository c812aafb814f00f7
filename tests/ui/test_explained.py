"""What looks as if it explained itself does so: to a click, to Enter and to a pointer, and Escape closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.explained import Word

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")
_windows: dict[int, QWidget] = {}
"""Held: Qt deletes what nobody holds."""
MEANS = "It writes more slowly than people read, but one can chat with it."


def _word(qtbot: QtBot, means: str = MEANS) -> Word:
    theme = Theme(QApplication.instance())  # type: ignore[arg-type]
    window = _windows[0] = QWidget()
    qtbot.addWidget(window)
    window.resize(420, 120)
    made = Word(theme, "Slow", window, sign=("info", "muted"), means=means)
    made.adjustSize()
    made.move(300, 80)
    window.show()
    return made


def test_a_click_opens_the_explanation_inside_of_the_window_and_escape_closes_it(qtbot: QtBot) -> None:
    word = _word(qtbot)
    QTest.mouseClick(word, Qt.MouseButton.LeftButton)
    opened = word.open
    assert opened is not None
    assert opened.isVisible()
    assert opened.label.text() == MEANS
    assert MEANS in opened.accessibleName()
    window = word.window()
    left = window.mapToGlobal(QPoint(0, 0)).x()
    assert left <= opened.x()
    assert opened.geometry().right() <= left + window.width()
    assert opened.geometry().bottom() < word.mapToGlobal(QPoint(0, 0)).y(), "there is no room below it"
    assert opened.label.heightForWidth(opened.label.width()) <= opened.label.height()
    QTest.keyClick(opened, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: word.open is None, timeout=60_000)


def test_enter_opens_it_and_enter_closes_it(qtbot: QtBot) -> None:
    word = _word(qtbot)
    word.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(word, Qt.Key.Key_Return)
    assert word.open is not None
    QTest.keyClick(word.open, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: word.open is None, timeout=60_000)
    assert word.toolTip() == MEANS, "and to a pointer that rests on it"


def test_a_word_that_explains_nothing_is_no_stop_for_the_keyboard(qtbot: QtBot) -> None:
    word = _word(qtbot, means="")
    assert word.focusPolicy() == Qt.FocusPolicy.NoFocus
    QTest.mouseClick(word, Qt.MouseButton.LeftButton)
    assert word.open is None
