"""A table from right to left begins at the right, its first column too, and is copied in the order of reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QWidget

from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import Table, blocks_of
from mistral_desk.ui.chat.positions import clean_text
from mistral_desk.ui.chat.prose import TableView
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

ARABIC = "| الاسم | القيمة |\n|---|---|\n| أحمد | 12 |\n| `a b` | x |\n"
ENGLISH = "| Name | القيمة |\n|---|---|\n| أحمد | 12 |\n| `a b` | x |\n"


@pytest.fixture
def place(qapp: QApplication) -> Iterator[tuple[Theme, QWidget]]:
    holder = QWidget()
    holder.resize(800, 300)
    holder.show()
    yield Theme(qapp, "light", 100), holder
    holder.deleteLater()


def table(place: tuple[Theme, QWidget], source: str, width: int) -> TableView:
    (block,) = blocks_of(source)
    assert isinstance(block, Table)
    view = TableView(block, Style(place[0], "lead"), "Table", place[1])
    view.resize(width, view.height_for(width))
    view.show()
    return view


def box(view: TableView, words: str) -> tuple[int, int]:
    found = view.document().find(words)
    shown = view.box_of(found.selectionStart(), found.selectionEnd())
    return shown.left(), shown.right()


def all_of(view: TableView) -> str:
    return clean_text(view.document(), 0, view.document().characterCount() - 1)


def test_its_columns_begin_at_the_right(place: tuple[Theme, QWidget]) -> None:
    view = table(place, ARABIC, 600)
    assert box(view, "الاسم")[1] > 590
    assert box(view, "القيمة")[1] < box(view, "الاسم")[0]
    assert abs(box(view, "a b")[1] - box(view, "أحمد")[1]) < 4, "one edge for both directions"
    assert all_of(view) == "الاسم\tالقيمة\nأحمد\t12\na b\tx"


def test_one_that_begins_in_english_stays_at_the_left(place: tuple[Theme, QWidget]) -> None:
    view = table(place, ENGLISH, 600)
    assert box(view, "Name")[0] < 10
    assert box(view, "Name")[1] < box(view, "القيمة")[0]
    assert all_of(view) == "Name\tالقيمة\nأحمد\t12\na b\tx"


def test_a_part_of_it_is_copied_in_the_order_of_reading(place: tuple[Theme, QWidget]) -> None:
    view = table(place, ARABIC, 600)
    first, last = view.document().find("12"), view.document().find("a b")
    assert clean_text(view.document(), first.selectionStart(), last.selectionEnd()) == "أحمد\t12\na b\tx"


def test_a_wide_one_shows_its_first_column(qapp: QApplication, place: tuple[Theme, QWidget]) -> None:
    heads = " | ".join(f"عمود رقم {number}" for number in range(12))
    view = table(place, f"| {heads} |\n|{'---|' * 12}\n| {heads} |\n", 300)
    qapp.processEvents()
    bar = view.horizontalScrollBar()
    assert bar.value() == bar.maximum() > 0
    bar.setValue(bar.maximum() - 40)
    view.restyle()
    qapp.processEvents()
    assert bar.maximum() - bar.value() == 40, "where somebody was reading"
