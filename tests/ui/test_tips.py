"""Words that somebody else chose are shown as words: no tool tip becomes HTML, no ampersand becomes a shortcut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as GuiQt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QWidget

from mistral_desk.catalog.record import read
from mistral_desk.ui.models.browse.cards import CardsModel
from mistral_desk.ui.models.browse.choose import Option, _Options
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label, Shortened
from mistral_desk.ui.widgets.tag import Tag
from mistral_desk.ui.widgets.tip import plain_tip

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

SHARE = '<img src="file://elsewhere.example/share/x.png">Nice & small' + " model" * 30
"""As a picture this would be fetched from another computer, on Windows with the person's name."""


def seen(tip: str) -> str:
    """What Qt shows of a tool tip."""
    if not GuiQt.mightBeRichText(tip):
        return tip
    document = QTextDocument()
    document.setHtml(tip)
    assert "\N{OBJECT REPLACEMENT CHARACTER}" not in document.toPlainText(), "a picture is in it"
    return document.toPlainText()


@pytest.mark.parametrize("text", [SHARE, "<b>bold</b>", "a < b <br> c", "<a href='x'>y</a>"])
def test_what_looks_like_html_is_seen_as_it_stands(qapp: QApplication, text: str) -> None:
    assert seen(plain_tip(text)) == text


@pytest.mark.parametrize("text", ["Mistral Small 4", "R&D", "5 < 6 > 4", "two\nlines", ""])
def test_other_words_are_not_touched(qapp: QApplication, text: str) -> None:
    assert plain_tip(text) == text


def test_names_of_others_in_tool_tips_load_nothing(qapp: QApplication) -> None:
    theme, ground = Theme(qapp), QWidget()
    label = Label(theme, "", parent=ground)
    label.setToolTip(SHARE)
    button = Button(theme, SHARE, icon="close", parent=ground)
    for widget in (label, button, Shortened(theme, SHARE, parent=ground), Tag(theme, SHARE, SHARE, ground)):
        assert seen(widget.toolTip()) == SHARE, type(widget)
    cards = CardsModel()
    cards.show([read({"id": "x", "title": SHARE})])
    assert seen(cards.index(0).data(Qt.ItemDataRole.ToolTipRole)).startswith(SHARE)
    options = _Options([Option(SHARE, SHARE, 1)], frozenset())
    assert seen(options.index(0).data(Qt.ItemDataRole.ToolTipRole)) == SHARE
    assert options.index(0).data() == SHARE
    ground.deleteLater()


def test_an_ampersand_in_a_name_makes_no_shortcut(qapp: QApplication) -> None:
    theme, ground = Theme(qapp), QWidget()
    tag = Tag(theme, "R&D", "R&D", ground)
    assert tag.text() == "R&D"
    assert tag.shortcut().isEmpty()
    tag.set_label("A&B", "A&B")
    assert tag.shortcut().isEmpty()
    ground.deleteLater()
