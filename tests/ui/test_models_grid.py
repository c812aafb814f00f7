"""The grid of cards: where they stand, the keyboard, marks for the comparison, and words for those who listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from mistral_desk.catalog.record import Record
from mistral_desk.catalog.search import Index, Wishes, open_weights
from mistral_desk.catalog.store import Catalogue
from mistral_desk.fit.advice import ranking
from mistral_desk.ui.models.browse.card import CONTENT, card_of
from mistral_desk.ui.models.browse.marked import MarkedBar
from mistral_desk.ui.models.browse.source import Progress, Source, ago, state_words
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.theme.tokens import SPACE
from tests.ui.browser import SIXTY, Browser, K
from tests.ui.heard import announced
from tools.gallery.fitting import pc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication


@pytest.fixture
def browser(qapp: QApplication) -> Iterator[Browser]:
    made = Browser(qapp)
    yield made
    made.window.hide()
    made.window.deleteLater()


# --- the grid -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "columns"), [(360, 1), (420, 1), (760, 2), (1100, 3), (1900, 3)])
@pytest.mark.parametrize("mirrored", [False, True])
def test_cards_stand_where_qt_thinks_they_do(width: int, columns: int, mirrored: bool, qapp: QApplication) -> None:
    made = Browser(qapp, width=width)
    if mirrored:
        made.window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    made.settle()
    grid = made.page.grid
    assert grid.columns == columns
    for row in (0, 1, columns, columns + 1, made.page.model.count - 1):
        assert grid.visualRect(made.page.model.index(row)) == grid.cell(row)
        assert grid.indexAt(grid.cell(row).center()).row() == row
    assert made.page.area.horizontalScrollBar().maximum() == 0
    made.window.hide()
    made.window.deleteLater()


def test_the_keyboard_alone_goes_through_the_cards(browser: Browser) -> None:
    grid, opened = browser.page.grid, list[str]()
    browser.page.opened.connect(opened.append)
    QTest.keyClick(browser.page.head.search, K.Key_Return)
    assert grid.hasFocus(), "Enter in the search goes to what was found"
    assert grid.currentIndex().row() == 0
    for key, row in (
        (K.Key_Right, 1), (K.Key_Down, 4), (K.Key_Left, 3), (K.Key_Up, 0), (K.Key_Up, 0), (K.Key_Left, 0),
        (K.Key_End, browser.page.model.count - 1), (K.Key_Right, browser.page.model.count - 1), (K.Key_Home, 0),
    ):  # fmt: skip
        browser.key(key)
        assert grid.currentIndex().row() == row, key
    seen = grid.viewport().visibleRegion().boundingRect().height() // grid.gridSize().height()
    browser.key(K.Key_PageDown)
    assert grid.currentIndex().row() == 3 * seen
    browser.key(K.Key_PageUp)
    assert grid.currentIndex().row() == 0
    browser.key(K.Key_Down)
    browser.key(K.Key_Return)
    assert opened == [browser.shown[3]]
    QTest.keyClicks(grid, "ma")
    assert browser.page.head.search.hasFocus()
    assert browser.page.wishes.text == "ma"


def test_arrows_follow_the_eye_where_lines_run_the_other_way(browser: Browser) -> None:
    browser.window.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    browser.settle()
    browser.page.grid.setFocus(Qt.FocusReason.TabFocusReason)
    before = browser.page.grid.cell(0)
    browser.key(K.Key_Left)
    assert browser.page.grid.currentIndex().row() == 1
    assert browser.page.grid.cell(1).right() < before.left() + 2


def test_a_click_opens_and_the_box_marks(browser: Browser) -> None:
    grid, opened = browser.page.grid, list[str]()
    browser.page.opened.connect(opened.append)
    cell = grid.cell(1)
    QTest.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=cell.center())
    assert opened == [browser.shown[1]]
    assert not grid.property("ring"), "a click needs no ring"


def test_up_to_four_are_marked_and_a_fifth_says_why_not(browser: Browser) -> None:
    compared: list[list[str]] = []
    browser.page.compare.connect(compared.append)
    browser.page.grid.setFocus(Qt.FocusReason.TabFocusReason)
    bar = browser.page.bar
    assert not bar.isVisible()
    browser.key(K.Key_Space)
    assert bar.isVisible()
    assert not bar.go.isEnabled(), "one alone is not compared"
    assert "second" in bar.go.accessibleDescription()
    assert bar._names.toolTip().endswith("Mark a second model to compare them."), "and it can be read without pointing"
    for _ in range(3):
        browser.key(K.Key_Right)
        browser.key(K.Key_Space)
    assert browser.page.model.marked == browser.shown[:4]
    browser.key(K.Key_Down)
    browser.key(K.Key_Space)
    assert len(browser.page.model.marked) == 4
    marked = browser.page.model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Marked to compare" in marked
    bar.go.click()
    assert compared == [browser.shown[:4]]
    bar.none.click()
    assert browser.page.model.marked == []
    assert not bar.isVisible()


# --- what is said ---------------------------------------------------------------------------------------


def test_a_card_says_all_that_it_shows_and_unknown_for_what_is_not_known(browser: Browser) -> None:
    model = browser.page.model
    for row in range(model.count):
        card = model.card(row)
        said = str(model.index(row).data(Qt.ItemDataRole.AccessibleTextRole))
        for part in (card.title, card.verdict[2], card.quality, *(bar.said for bar in card.bars)):
            assert part in said
        assert card.quiet or CONTENT[card.content][2].rstrip(".") in said
    unknown = next(record for record in SIXTY.records if record.id not in browser.offers and open_weights(record))
    assert card_of(unknown, None, None).verdict[2] == "Speed not known yet"
    closed = next(record for record in SIXTY.records if open_weights(record) is False)
    assert card_of(closed, None, None).verdict[2] == "Only online"
    assert any(bar.said.endswith(" of 100") for bar in model.card(0).bars)


def test_a_card_of_several_models_names_the_one_that_it_speaks_of(browser: Browser) -> None:
    """By the name that the recommendation has for it, which the search finds, too."""
    offer = next(one for one in ranking(pc(32, 8)) if one.variant.model == "ministral-3-8b")
    family = Record(id="mistral-3", title="Mistral 3", origin="known", whole=False, source=b"{}")
    assert card_of(family, offer, None).facts.startswith("Ministral 3 8B, about 5.2 GB")
    assert [hit.record for hit in Index(Catalogue((family,), ())).find(Wishes("ministral 3 8b"))] == [family]
    alone = next(record for record in SIXTY.records if record.id in browser.offers)
    named = browser.offers[alone.id]
    assert named.variant.name == alone.title
    assert alone.title not in card_of(alone, named, None).facts


def test_a_card_says_of_the_one_that_it_names_what_this_one_takes() -> None:
    """Mistral Small 3 of January 2025 sees nothing, the two that came after it do."""
    family = Record(id="mistral-small-3", title="Mistral Small 3 24B", origin="known", whole=False, source=b"{}")
    offers = {one.variant.model: one for one in ranking(pc(64, 24))}
    assert card_of(family, None, None).facts == "Text, Images"
    assert card_of(family, offers["mistral-small-3-24b-2501"], None).facts.endswith(" GB · Text")
    assert card_of(family, offers["mistral-small-3.2-2506"], None).facts.endswith(" GB · Text, Images")


def test_a_screen_reader_finds_every_card_and_hears_the_count(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    interface = QAccessible.queryAccessibleInterface(browser.page.grid)
    assert interface.text(QAccessible.Text.Name) == "Models found"
    assert interface.childCount() == browser.page.model.count
    spoken = announced(monkeypatch)
    QTest.keyClicks(browser.page.head.search, "alder")
    assert spoken == []
    assert browser.page._say.isActive()
    browser.page._say.timeout.emit()
    assert spoken == [browser.page.count.text()], "once, when the letters have settled"
    browser.page.mark_model(browser.page.grid.current(), on=True)
    browser.page.mark_model(browser.page.grid.current(), on=True)
    browser.page.mark_model(browser.page.grid.current(), on=False)
    assert spoken[1:] == ["1 marked", "0 marked"]


def test_buttons_below_what_is_marked_stand_at_the_end_of_the_line(qapp: QApplication) -> None:
    ground = QWidget()
    bar = MarkedBar(Theme(qapp, "light"), ground)
    ground.show()
    bar.show_marked(["Alder 1 27B"])
    bar.resize(300, bar.sizeHint().height() * 2)
    bar._row.activate()
    assert bar.go.y() > bar._words.geometry().bottom(), "below"
    assert bar.go.x() - (bar.none.x() + bar.none.width()) == SPACE[1]
    assert bar.go.x() + bar.go.width() == bar.width() - SPACE[4]


def test_what_is_missing_for_a_comparison_is_read_where_the_name_has_no_room_beside_it(qapp: QApplication) -> None:
    ground = QWidget()
    bar = MarkedBar(Theme(qapp, "light"), ground)
    ground.show()
    bar.resize(1200, 60)
    bar.show_marked(["Alder 1 27B"])
    missing = "Mark a second model to compare them."
    assert bar._names.text() == f"Alder 1 27B · {missing}"
    alone = bar._names.fontMetrics().horizontalAdvance(missing)
    bar.resize(2 * SPACE[4] + bar._words.sizeHint().width() + SPACE[2] + alone, 120)
    bar._row.activate()
    assert (bar._names.text(), bar._names.width()) == (missing, alone), "in full"
    bar.show_marked(["Alder 1 27B", "Birch 3 14B"])
    assert bar._names.text() == "Alder 1 27B, Birch 3 14B"


def test_the_state_of_the_list_in_words() -> None:
    now, host = 1_000_000.0, "example.org"
    assert state_words(Source(host, host, now - 3 * 86_400), now).endswith("updated 3 days ago.")
    assert "not fetched yet" in state_words(Source(host, host))
    assert "Work offline" in state_words(Source(host, host, now, offline=True), now)
    assert state_words(Source(host, host, progress=Progress(3, 60))) == "Fetching from example.org: 3 of 60"
    assert [ago(seconds) for seconds in (5, 61, 7_300, 90_000)] == [
        "just now", "1 minute ago", "2 hours ago", "1 day ago",
    ]  # fmt: skip


def test_verdicts_that_come_later_move_nothing(qapp: QApplication) -> None:
    made = Browser(qapp)
    made.page.show_wishes(Wishes(sort="name"))
    made.settle()
    made.page.area.verticalScrollBar().setValue(500)
    made.page.grid.go_to(7)
    made.settle()
    before = (made.page.grid.geometry(), made.page.area.verticalScrollBar().value(), made.page.grid.current())
    made.page.show_offers({}, {})
    made.settle()
    assert made.page.model.card(0).verdict[2] in ("Speed not known yet", "Only online")
    made.page.show_offers(made.offers, made.fits)
    made.settle()
    assert (made.page.grid.geometry(), made.page.area.verticalScrollBar().value(), made.page.grid.current()) == before
    made.window.hide()
    made.window.deleteLater()
