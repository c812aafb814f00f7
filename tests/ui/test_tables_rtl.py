"""A table from right to left begins at the right, its first column too; it is heard and copied as it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QAccessible, QColor, QHelpEvent, QImage, QRegion, QTextCharFormat
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTextEdit, QToolTip, QWidget

from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import Table, blocks_of
from mistral_desk.ui.chat.positions import clean_text
from mistral_desk.ui.chat.prose import TableView
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAMES = (0xFDD0, 0xFDD1)
"""What Qt has in the place of a cell's edges."""
ARABIC = "| الاسم | القيمة |\n|---|---|\n| أحمد | 12 |\n| `a b` | x |\n"
LINKED = "| الاسم | الصفحة |\n|---|---|\n| أحمد | [هنا](https://example.org/a) |\n"
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
    assert clean_text(view.document(), first.selectionStart(), last.selectionEnd()) == "12\na b"


@pytest.mark.parametrize(
    ("source", "words"), [(ARABIC, "الاسم القيمة أحمد 12 a b x"), (ENGLISH, "Name القيمة أحمد 12 a b x")]
)
def test_who_hears_it_hears_each_row_from_its_begin(place: tuple[Theme, QWidget], source: str, words: str) -> None:
    view = table(place, source, 600)
    interface = QAccessible.queryAccessibleInterface(view).textInterface()
    told = interface.text(0, interface.characterCount()).translate(dict.fromkeys(FRAMES, " "))
    assert " ".join(told.split()) == words


def test_what_is_seen_is_what_is_pressed_and_marked(place: tuple[Theme, QWidget]) -> None:
    """The columns are turned for the eye and for the mouse alike."""
    view = table(place, LINKED, 600)
    for words in ("الاسم", "الصفحة", "أحمد", "هنا"):
        left, right = box(view, words)
        found = view.document().find(words)
        row = view.cursorRect(found).center().y()
        place_of = view.cursorForPosition(QPoint((left + right) // 2, row)).position()
        assert found.selectionStart() <= place_of <= found.selectionEnd(), words
    followed: list[str] = []
    view.link.connect(followed.append)
    left, right = box(view, "هنا")
    row = view.cursorRect(view.document().find("هنا")).center().y()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint((left + right) // 2, row))
    assert followed == ["https://example.org/a"]
    whole = QRect(0, 0, view.width(), view.height())
    for words in ("الاسم", "الصفحة", "أحمد"):
        bare = view.grab(whole).toImage()
        found = view.document().find(words)
        mark = QTextEdit.ExtraSelection()
        red = QTextCharFormat()
        red.setBackground(QColor("red"))
        mark.cursor, mark.format = found, red
        view.setExtraSelections([mark])
        other = view.grab(whole).toImage()
        view.setExtraSelections([])
        left, right = box(view, words)
        columns = [x for x in range(bare.width()) if any(differs(bare, other, x, y) for y in range(bare.height()))]
        assert abs(columns[0] - left) <= 2, words
        assert abs(columns[-1] - right) <= 2, words


@pytest.mark.parametrize("part", [QRect(0, 20, 120, 30), QRect(130, 0, 90, 200), QRect(299, 0, 1, 60)], ids=repr)
def test_a_part_that_is_painted_alone_is_that_part_of_the_whole(
    qapp: QApplication, place: tuple[Theme, QWidget], part: QRect
) -> None:
    heads = " | ".join(f"عمود رقم {number}" for number in range(12))
    view = table(place, f"| {heads} |\n|{'---|' * 12}\n| {heads} |\n", 300)
    qapp.processEvents()
    view.horizontalScrollBar().setValue(view.horizontalScrollBar().maximum() // 2)
    whole, alone = (QImage(300, 200, QImage.Format.Format_RGB32) for _ in range(2))
    for image, region in ((whole, QRect(0, 0, 300, 200)), (alone, part)):
        image.fill(QColor("white"))
        view.viewport().render(image, region.topLeft(), QRegion(region))
    part &= view.viewport().rect()
    assert part.isValid()
    assert alone.copy(part) == whole.copy(part)
    blank = QImage(whole.size(), whole.format())
    blank.fill(QColor("white"))
    assert whole != blank, "else the test sees nothing"


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a tip
def test_a_tip_tells_where_the_link_leads_that_is_under_the_pointer(place: tuple[Theme, QWidget]) -> None:
    two = "| [الاسم](https://example.org/a) | [الصفحة](https://example.org/b) |\n|---|---|\n| أحمد | x |\n"
    view = table(place, two, 600)
    for words, address in (("الاسم", "https://example.org/a"), ("الصفحة", "https://example.org/b")):
        left, right = box(view, words)
        here = QPoint((left + right) // 2, view.cursorRect(view.document().find(words)).center().y())
        asks = QHelpEvent(QEvent.Type.ToolTip, here, view.viewport().mapToGlobal(here))
        QApplication.sendEvent(view.viewport(), asks)
        assert address in QToolTip.text(), words
    QToolTip.hideText()


def differs(one: QImage, other: QImage, x: int, y: int) -> bool:
    return one.pixel(x, y) != other.pixel(x, y)


def test_tab_brings_a_link_into_sight_where_it_is_shown(qapp: QApplication, place: tuple[Theme, QWidget]) -> None:
    heads = " | ".join(f"عمود رقم {number}" for number in range(11))
    view = table(place, f"| {heads} | [هنا](https://example.org/a) |\n|{'---|' * 12}\n| {heads} | x |\n", 300)
    qapp.processEvents()
    view.activateWindow()
    view.setFocus(Qt.FocusReason.TabFocusReason)
    qapp.processEvents()
    link = view.focused_link()
    assert link is not None
    assert 0 <= link.left() < link.right() <= view.viewport().width()
    assert view.horizontalScrollBar().value() < view.horizontalScrollBar().maximum() / 2, (
        "the last column is at the left"
    )


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
