"""The model browser's page on generated records: search, filters, order, grid, marks, words for who listens."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from mistral_desk.catalog.search import Fit, Index, Wishes, licensed, modalities, open_weights
from mistral_desk.core import words
from mistral_desk.ui.models.browse import page as page_module
from mistral_desk.ui.models.browse.card import CONTENT, card_of
from mistral_desk.ui.models.browse.filters import MANY, each_filter, without_filters
from mistral_desk.ui.models.browse.page import BrowsePage
from mistral_desk.ui.models.browse.remembered import Remembered
from mistral_desk.ui.models.browse.source import Progress, Source, ago, state_words
from mistral_desk.ui.theme.theme import Theme
from tests.fixtures.catalogues import FETCHED, catalogue_of, standing
from tools.gallery.fitting import pc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mistral_desk.catalog.record import Record
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.fit.advice import Offer
    from mistral_desk.ui.models.browse.choose import ChooseSheet

K = Qt.Key
SIXTY: Final = catalogue_of(60)
MANY_MODELS: Final = catalogue_of(2_000)


@cache
def stands(sixty: bool) -> tuple[dict[str, Offer], dict[str, Fit]]:
    """How the models run on a computer; found out once."""
    return standing(SIXTY if sixty else MANY_MODELS, pc(32, 8))


class Browser:
    """The page in a window of its own."""

    def __init__(self, app: QApplication, catalogue: Catalogue = SIXTY, width: int = 1100) -> None:
        self._app = app
        self.window = QWidget()
        self.theme = Theme(app, "light")
        self.page = BrowsePage(self.theme, self.window)
        self.window.resize(width, 800)
        self.page.resize(width, 800)
        self.catalogue = catalogue
        self.index = Index(catalogue)
        self.offers, self.fits = stands(catalogue is SIXTY)
        self.page.show_source(Source("example.org", "example.org", FETCHED))
        self.page.show_catalogue(catalogue, self.index)
        self.page.show_offers(self.offers, self.fits)
        self.window.show()
        self.window.activateWindow()
        self.settle()

    def settle(self) -> None:
        for _ in range(5):
            self._app.processEvents()

    @property
    def shown(self) -> list[str]:
        model = self.page.model
        return [model.id_at(row) for row in range(model.count)]

    def expected(self, wishes: Wishes) -> list[str]:
        return [hit.record.id for hit in self.index.find(wishes, self.fits)]

    def key(self, key: Qt.Key, times: int = 1) -> None:
        for _ in range(times):
            QTest.keyClick(self.page.grid, key)
        self.settle()


@pytest.fixture
def browser(qapp: QApplication) -> Iterator[Browser]:
    made = Browser(qapp)
    yield made
    made.window.hide()
    made.window.deleteLater()


# --- searching ------------------------------------------------------------------------------------------


def test_each_letter_searches_anew_and_the_count_says_so(browser: Browser) -> None:
    search = browser.page.head.search
    search.setFocus()
    before = len(browser.shown)
    counts = []
    for letter in "alder":
        QTest.keyClicks(search, letter)
        counts.append(len(browser.shown))
        assert browser.shown == browser.expected(browser.page.wishes)
    assert browser.page.wishes.text == "alder"
    assert counts == sorted(counts, reverse=True)
    assert 0 < counts[-1] < before
    assert browser.page.count.text() == f"{counts[-1]} of {len(SIXTY.records)} models"
    search.clear()
    assert len(browser.shown) == before
    assert browser.page.count.text() == f"{before} models"


def test_two_thousand_models_are_searched_by_the_same_keys(qapp: QApplication) -> None:
    made = Browser(qapp, MANY_MODELS)
    search = made.page.head.search
    search.setFocus()
    QTest.keyClicks(search, "maple 7")
    assert made.shown == made.expected(made.page.wishes)
    assert 0 < len(made.shown) < 100
    search.clear()
    made.settle()
    assert made.page.grid.height() >= made.page.grid.gridSize().height() * len(MANY_MODELS.records) // 3
    made.page.grid.setFocus(Qt.FocusReason.TabFocusReason)
    made.key(K.Key_End)
    last = made.page.model.count - 1
    assert made.page.grid.currentIndex().row() == last
    assert not made.page.grid.viewport().visibleRegion().isEmpty()
    bottom = made.page.grid.cell(last).bottom()
    assert made.page.grid.viewport().visibleRegion().contains(QPoint(10, bottom - 20)), "the last card is in sight"
    made.window.hide()
    made.window.deleteLater()


# --- filters --------------------------------------------------------------------------------------------


def _some(catalogue: Catalogue, value: Callable[[Record], object]) -> object:
    return next(found for record in catalogue.records if (found := value(record)))


FILTERS: Final[dict[str, tuple[Wishes, Callable[[Record, dict[str, Fit]], bool]]]] = {
    "fits": (Wishes(fits_here=True), lambda one, fits: one.id in fits and fits[one.id].runs is True),
    "open": (Wishes(open_weights=True), lambda one, _fits: open_weights(one) is True),
    "licence": (Wishes(licenses=frozenset(("MIT",))), lambda one, _fits: licensed(one) == "MIT"),
    "modality": (Wishes(modality=frozenset(("image",))), lambda one, _fits: "image" in modalities(one)),
    "provider": (Wishes(providers=frozenset(("Grove Labs",))), lambda one, _fits: one.provider == "Grove Labs"),
    "tags": (Wishes(tags=frozenset(("coding",))), lambda one, _fits: "coding" in one.tags),
    "context": (
        Wishes(least_context=200_000),
        lambda one, _fits: one.context is not None and (one.context.largest or 0) >= 200_000,
    ),
    "size": (
        Wishes(size=(None, 8.0)),
        lambda one, fits: one.id in fits and (fits[one.id].bytes or 1e12) <= 8e9,
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_each_filter_shows_what_passes_it_and_says_that_it_is_on(name: str, browser: Browser) -> None:
    wishes, passes = FILTERS[name]
    browser.page.show_wishes(wishes)
    assert browser.shown
    assert len(browser.shown) < len(SIXTY.records)
    records = {record.id: record for record in SIXTY.records}
    assert all(passes(records[key], browser.fits) for key in browser.shown)
    filters = browser.page.head.filters
    chips = (filters.fits, filters.open, filters.context, filters.bytes, *filters.many.values())
    on = [chip for chip in chips if chip.isChecked()]
    assert len(on) == 1
    assert ": " in on[0].text(), "the chip says what is on"
    assert on[0].text() in on[0].accessibleName()
    assert filters.clear.isEnabled()
    filters.clear.click()
    assert len(browser.shown) == len(SIXTY.records)
    assert not any(chip.isChecked() for chip in chips)
    assert not filters.clear.isEnabled()


def test_filters_hold_together_with_words_and_order(browser: Browser) -> None:
    wishes = Wishes(text="o", open_weights=True, modality=frozenset(("text",)), sort="name", size=(None, 80.0))
    browser.page.show_wishes(wishes)
    assert browser.shown == browser.expected(wishes)
    assert browser.shown
    browser.page.head.filters.clear.click()
    assert browser.page.wishes == Wishes(text="o", sort="name"), "words and order stay"


@pytest.mark.parametrize("which", MANY)
def test_what_is_chosen_in_the_sheet_holds_at_once(which: str, browser: Browser) -> None:
    sheets: list[ChooseSheet] = []
    browser.page.sheet.connect(sheets.append)
    browser.page.head.filters.many[which].click()  # type: ignore[index]
    (sheet,) = sheets
    sheet.open_over()
    first = sheet.options.index(0)
    wanted = str(first.data())
    assert str(first.data(Qt.ItemDataRole.AccessibleTextRole)).startswith(wanted)
    sheet.view.setFocus()
    QTest.keyClick(sheet.view, K.Key_Space)
    assert len(getattr(browser.page.wishes, which)) == 1
    assert browser.shown == browser.expected(browser.page.wishes)
    if sheet.search is not None:
        QTest.keyClicks(sheet.search, "zzz")
        assert sheet.options.rowCount() == 0
        sheet.search.clear()
    sheet.none.click()
    assert getattr(browser.page.wishes, which) == frozenset()
    sheet.accept()


def pick(button: QWidget, words_: str) -> None:
    """Choose a line of the menu that a button opens."""
    button.click()  # type: ignore[attr-defined]
    menu = next(iter(button.findChildren(QMenu)))
    action = next(one for one in menu.actions() if one.text() == words_)
    action.trigger()
    menu.close()


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a menu
def test_order_context_and_size_are_chosen_in_menus(browser: Browser) -> None:
    head = browser.page.head
    assert head.order.text() == "Sort: Fits here"
    for said, key in (("Newest", "date"), ("Name", "name"), ("Smallest file", "size"), ("Coding", "benchmark:coding")):
        pick(head.order, said)
        assert browser.page.wishes.sort == key
        assert browser.shown == browser.expected(browser.page.wishes)
        assert head.order.text() == f"Sort: {said}"
    pick(head.order, "Reverse the order")
    assert browser.page.wishes.reverse
    assert "reversed" in head.order.accessibleName()
    assert browser.shown == browser.expected(browser.page.wishes)
    pick(head.filters.context, f"at least {words.number(128_000)} tokens")
    assert browser.page.wishes.least_context == 128_000
    pick(head.filters.bytes, "up to 16 GB")
    assert browser.page.wishes.size == (None, 16.0)
    pick(head.filters.bytes, "Any")
    assert browser.page.wishes.size is None


def test_where_nothing_is_found_each_wish_can_be_taken_back(browser: Browser) -> None:
    wishes = Wishes(text="alder", providers=frozenset(("nobody",)), fits_here=True)
    browser.page.show_wishes(wishes)
    browser.settle()
    nothing = browser.page.nothing
    assert nothing.isVisible()
    assert not browser.page.grid.isVisible()
    assert [button.text() for button in nothing.buttons] == [said for said, _ in each_filter(wishes)]
    nothing.buttons[-1].click()
    browser.settle()
    assert browser.page.wishes == Wishes(text="alder", fits_here=True)
    assert browser.page.head.search.hasFocus(), "the keyboard is never left in a button that is gone"
    browser.page.show_wishes(without_filters(browser.page.wishes))
    assert browser.shown
    assert not nothing.isVisible()


def test_filters_and_order_are_remembered_and_words_are_not(qapp: QApplication, tmp_path: Path) -> None:
    owner = QWidget()
    file = tmp_path / "browsing.json"
    kept = Remembered(file, owner)
    wishes = Wishes(
        text="a secret", tags=frozenset(("coding",)), size=(None, 16.0), sort="benchmark:math", reverse=True
    )
    kept.keep(wishes)
    kept.save()
    assert b"secret" not in file.read_bytes()
    assert Remembered(file, owner).wishes == msgspec.structs.replace(wishes, text="")
    for damage in (b"", b"[]", b'{"size": "large"}', b"\xff" * 100, b"[" * 70_000):
        file.write_bytes(damage)
        assert Remembered(file, owner).wishes == Wishes()
    owner.deleteLater()


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
    assert card_of(unknown, None, None).verdict[2] == "Not known yet"
    closed = next(record for record in SIXTY.records if open_weights(record) is False)
    assert card_of(closed, None, None).verdict[2] == "Only online"
    assert any(bar.said.endswith(" of 100") for bar in model.card(0).bars)


def test_a_screen_reader_finds_every_card_and_hears_the_count(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    interface = QAccessible.queryAccessibleInterface(browser.page.grid)
    assert interface.text(QAccessible.Text.Name) == "Models found"
    assert interface.childCount() == browser.page.model.count
    spoken: list[str] = []

    class Listening(QAccessible):
        @staticmethod
        def updateAccessibility(event: object) -> None:  # noqa: N802 - Qt's name
            assert isinstance(event, QAccessibleAnnouncementEvent)
            spoken.append(event.message())

    monkeypatch.setattr(page_module, "QAccessible", Listening)
    QTest.keyClicks(browser.page.head.search, "alder")
    assert spoken == []
    assert browser.page._say.isActive()
    browser.page._say.timeout.emit()
    assert spoken == [browser.page.count.text()], "once, when the letters have settled"


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
    assert made.page.model.card(0).verdict[2] in ("Not known yet", "Only online")
    made.page.show_offers(made.offers, made.fits)
    made.settle()
    assert (made.page.grid.geometry(), made.page.area.verticalScrollBar().value(), made.page.grid.current()) == before
    made.window.hide()
    made.window.deleteLater()
