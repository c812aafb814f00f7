"""What somebody needs who sees models for the first time: words explained, boxes to tick, what cards are sorted by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from mistral_desk.catalog.search import Wishes
from mistral_desk.catalog.store import PUBLISHER, Catalogue
from mistral_desk.core import amounts
from mistral_desk.ui.fit import meaning
from mistral_desk.ui.fit.widget import WillItRun
from mistral_desk.ui.models.about.said import date, whence
from mistral_desk.ui.models.browse import grid as grids
from mistral_desk.ui.models.compare.page import ComparePage
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.explained import Word
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.popup import inside
from tests.ui import about_ground
from tests.ui.browser import Browser
from tests.ui.heard import settled, whole
from tools.gallery.fit_states import verdict_of
from tools.gallery.fitting import pc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QImage


@pytest.fixture
def browser(qapp: QApplication) -> Iterator[Browser]:
    made = Browser(qapp)
    yield made
    made.window.hide()
    made.window.deleteLater()


@pytest.fixture
def ground(qapp: QApplication) -> Iterator[QWidget]:
    made = QWidget()
    made.resize(760, 900)
    yield made
    made.hide()
    made.deleteLater()


# --- words ------------------------------------------------------------------------------------------------


def test_the_words_of_a_verdict_are_explained_to_eye_and_ear(qapp: QApplication, ground: QWidget) -> None:
    shown = WillItRun(Theme(qapp, "light"), ground)
    shown.resize(740, 900)
    shown.show_verdict(verdict_of("mistral-small-4", pc(32, 8)))
    ground.show()
    settled()
    words = {one.accessibleName(): one for one in shown.findChildren(Word)}
    assert {"Too slow for chat", "Slightly reduced"} <= set(words)
    for word in words.values():
        assert word.toolTip(), word.accessibleName()
        assert word.accessibleDescription()
    assert "a little less exact" in words["Slightly reduced"].accessibleDescription()
    closest = next(label for label in shown.findChildren(Label) if label.text() == "Closest")
    assert closest.accessibleDescription() == closest.toolTip() == meaning.place("closest")
    assert shown.meaning is not None
    assert shown.meaning.button.text() == "What does this mean?"
    assert "graphics card" not in whole(shown)
    shown.meaning.button.click()
    settled()
    told = whole(shown)
    for part in ("GPU memory (VRAM): ", "Experts: ", "Tokens per second: "):
        assert part in told
    assert told.count("own memory: much faster than the computer's") == 1, "each is heard once"


@pytest.mark.parametrize("word", ["near_original", "slightly_reduced", "noticeably_reduced", "damaged"])
def test_every_word_for_quality_has_its_meaning(word: str) -> None:
    assert meaning.QUALITIES[word]  # type: ignore[index]


def test_a_card_says_what_its_words_mean(browser: Browser) -> None:
    model = browser.page.model
    row = next(row for row in range(model.count) if model.card(row).quality)
    index = model.index(row)
    assert "bits a number" in index.data(Qt.ItemDataRole.ToolTipRole) or "Source" in index.data(
        Qt.ItemDataRole.ToolTipRole
    )
    assert index.data(Qt.ItemDataRole.AccessibleDescriptionRole) == model.means(row)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.0, "less than 0.1 s"),
        (0.04, "less than 0.1 s"),
        (0.4, "0.4 s"),
        (12.3, "12 s"),
        (200, "3 min"),
    ],
)
def test_times_that_were_measured(seconds: float, told: str) -> None:
    assert amounts.took(seconds) == told


def test_one_function_for_rough_times() -> None:
    assert amounts.about(10_800) == amounts.roughly(10_800) == "about 3 h"
    assert amounts.about(1) == ""
    assert amounts.roughly(1) == "about a second"


def test_whose_data_it_is_is_true_of_each_record() -> None:
    fetched, theirs = about_ground.record(), Catalogue((), attribution=PUBLISHER)
    mirror = Catalogue((), attribution="127.0.0.1:8000")
    assert whence(fetched, theirs) == "Catalog data by ai-future-ready.com."
    assert "127.0.0.1:8000" in whence(fetched, mirror)
    assert "not ai-future-ready.com itself" in whence(fetched, mirror)
    bundled = about_ground.bundled()
    assert whence(bundled, mirror) == "Catalog data by ai-future-ready.com, as it came with Mistral Desk."


# --- cards ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["date", "size", "benchmark:coding"])
def test_cards_show_what_they_are_sorted_by(browser: Browser, sort: str) -> None:
    page, records = browser.page, {one.id: one for one in browser.catalogue.records}
    page.show_wishes(Wishes(sort=sort))
    unknown = 0
    for row in range(page.model.count):
        card = page.model.card(row)
        record = records[card.id]
        if sort == "date":
            wanted = f"Released {date(record.release_date)}" if record.release_date else "Release date unknown"
            assert card.facts.startswith(wanted)
        elif sort == "size":
            offer = browser.offers.get(card.id)
            assert card.facts.startswith("Size unknown" if offer is None else "")
            unknown += offer is None
        else:
            score = next((one.value for one in record.benchmarks if one.name == "coding"), None)
            assert card.facts.startswith("Coding: unknown") == (score is None)
            assert score is None or (card.bars[0].name, card.bars[0].value) == ("Coding", score)
        assert card.facts in card.spoken
    page.show_wishes(Wishes(sort="name"))
    assert not any(page.model.card(row).facts.startswith("Released") for row in range(page.model.count))


def test_boxes_to_tick_are_seen_once_one_is_ticked_and_where_fingers_touch(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid, page = browser.page.grid, browser.page

    def box_of(row: int) -> QImage:
        browser.settle()
        place = grid._painter.mark_box(QRectF(grid.cell(row)), grid.wider(row)).toAlignedRect()
        return grid.viewport().grab(place).toImage()

    browser.settle()
    QTest.mouseMove(grid.viewport(), grid.cell(5).center())
    browser.settle()
    assert grid._over == 5
    bare = box_of(1)
    page.mark_model(page.model.id_at(0))
    assert box_of(1) != bare, "another one is ticked"
    page.mark_model(page.model.id_at(0))
    assert box_of(1) == bare
    grid.setFocus(Qt.FocusReason.MouseFocusReason)
    grid.go_to(1)
    assert box_of(1) != bare, "the card where the keyboard would be"
    assert box_of(2) == box_of(3)
    grid.go_to(0)
    assert box_of(1) == bare
    monkeypatch.setattr(grids, "touched", lambda: True)
    grid._forget()
    assert box_of(1) != bare, "a finger does not hover"


# --- places -----------------------------------------------------------------------------------------------


def test_a_menu_stays_inside_the_window() -> None:
    room = QRect(100, 100, 400, 300)
    assert inside(120, 200, room) == 120
    assert inside(480, 200, room) == 300, "it ends where the window ends"
    assert inside(480, 900, room) == 100, "what is wider begins where the window begins"


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a menu
@pytest.mark.parametrize("mirrored", [False, True])
def test_the_sort_menu_ends_within_the_window(qapp: QApplication, mirrored: bool) -> None:
    made = Browser(qapp, width=430)
    try:
        if mirrored:
            made.window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        made.page.resize(430, 800)
        made.settle()
        order = made.page.head.order
        for button in (order, made.page.head.filters.bytes, made.page.head.filters.context):
            button.click()
            menu = next(one for one in button.findChildren(QMenu) if one.isVisible())
            frame = QRect(made.window.mapToGlobal(made.window.rect().topLeft()), made.window.size())
            assert frame.left() <= menu.x()
            assert menu.x() + menu.width() <= frame.right() + 1
            menu.close()
    finally:
        made.window.hide()
        made.window.deleteLater()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_corner_of_a_comparison_has_another_ground(qapp: QApplication, ground: QWidget, scheme: str) -> None:
    theme = Theme(qapp, scheme)  # type: ignore[arg-type]
    ground.resize(460, 420)
    page = ComparePage(theme, ground)
    page.resize(460, 420)
    ground.show()
    others = [about_ground.record(id=f"m{n}", slug=f"m{n}", title=f"Model {n}") for n in range(3)]
    page.show_records((about_ground.record(), *others), {})
    settled()
    table = page.table
    assert table.horizontalScrollBar().maximum() > 0
    assert table.verticalScrollBar().maximum() > 0
    canvas = theme.colour("canvas").rgb()
    picture = table.grab().toImage()
    corners = [(2, 2), (table.width() - 3, 2), (2, table.height() - 3), (table.width() - 3, table.height() - 3)]
    for value in (0, table.horizontalScrollBar().maximum()):
        table.horizontalScrollBar().setValue(value)
        settled(3)
        picture = table.grab().toImage()
        assert {picture.pixel(x, y) for x, y in corners} == {canvas}
        right, low = table.verticalScrollBar().geometry(), table.horizontalScrollBar().geometry()
        wide, high = right.width(), low.height()
        end = [(table.width() - 1 - x, table.height() - 1 - y) for x in range(wide) for y in range(high)]
        assert {picture.pixel(x, y) for x, y in end} == {canvas}, "where both bars end"
    theme.choose("light")
