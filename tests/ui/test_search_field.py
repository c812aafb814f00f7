"""What an empty search field says: all of its name where there is room, else a word, and never half of a word."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QWidget

from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.search import SearchField
from tools.gallery import checks

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

NAME = "Chercher dans la discussion"


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.show()
    return holder


def test_its_name_is_said_where_there_is_room(window: QWidget, qapp: QApplication) -> None:
    field = SearchField(Theme(qapp), NAME, window, short="Chercher")
    field.show()
    said = []
    for width in (600, 140, 600):
        field.resize(width, field.height())
        said.append((field.placeholderText(), field.accessibleName()))
        assert list(checks.clipped([field])) == []
    assert said == [(NAME, NAME), ("Chercher", NAME), (NAME, NAME)]


def test_without_a_word_of_its_own_it_says_search(window: QWidget, qapp: QApplication) -> None:
    field = SearchField(Theme(qapp), NAME, window)
    field.resize(140, field.height())
    assert field.placeholderText() == "Search"


def test_the_name_has_the_room_of_a_button_that_is_not_there(window: QWidget, qapp: QApplication) -> None:
    field = SearchField(Theme(qapp), NAME, window)
    field.resize(600, field.height())
    empty = field.textMargins().right()
    field.put("rice")
    assert field.textMargins().right() > empty, "the words stay beside the button"
    field.clear()
    assert field.textMargins().right() == empty
