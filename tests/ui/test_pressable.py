"""What can be turned on and off does the same whoever turns it: the mouse, this program, or a screen reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.segmented import Segmented
from mistral_desk.ui.widgets.switch import Switch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QAbstractButton, QApplication


@pytest.fixture
def window(qapp: QApplication) -> Iterator[QWidget]:
    made = QWidget()
    yield made
    made.hide()
    made.deleteLater()


def turn(button: QAbstractButton) -> None:
    """As assistive technology does, on all three systems."""
    QAccessible.queryAccessibleInterface(button).actionInterface().doAction("Toggle")


def test_a_switch_turned_by_a_screen_reader_is_clicked_and_one_turned_by_the_program_is_not(
    qapp: QApplication, window: QWidget
) -> None:
    heard: list[bool] = []
    switch = Switch(Theme(qapp, "light"), "Any", window)

    def pressed(on: bool) -> None:  # a method of C's own is asked for its arguments in vain
        heard.append(on)

    switch.clicked.connect(pressed)
    turn(switch)
    assert heard == [True]
    switch.setChecked(False)
    assert heard == [True], "nobody pressed it"
    switch.click()
    assert heard == [True, True], "once"


def test_of_several_the_one_that_a_screen_reader_chose_is_told_alone(qapp: QApplication, window: QWidget) -> None:
    chosen: list[str] = []
    several = Segmented(Theme(qapp, "light"), "Any", {"a": "One", "b": "Other"}, window)
    several.chosen.connect(chosen.append)
    several.set_value("a")
    role = QAccessible.queryAccessibleInterface(several.buttons["b"]).role()
    assert role == QAccessible.Role.RadioButton
    turn(several.buttons["b"])
    assert chosen == ["b"]
    assert not several.buttons["a"].isChecked()
