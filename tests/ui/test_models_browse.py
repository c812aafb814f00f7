"""The model browser on generated records: search, each filter, their combination, order, and what is remembered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from mistral_desk.catalog.search import Fit, Wishes, licensed, modalities, open_weights
from mistral_desk.core import words
from mistral_desk.ui.models.browse.filters import MANY, each_filter, without_filters
from mistral_desk.ui.models.browse.remembered import Remembered
from mistral_desk.ui.widgets.button import Button
from tests.ui.browser import MANY_MODELS, SIXTY, Browser, K

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mistral_desk.catalog.record import Record
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.ui.models.browse.choose import ChooseSheet


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


def test_the_cross_in_the_search_field_is_there_while_there_is_something_to_empty(browser: Browser) -> None:
    search = browser.page.head.search
    cross = search.findChild(Button)
    assert cross is not None
    browser.page.show_wishes(Wishes(text="alder"))
    assert not cross.isHidden()
    browser.page.show_wishes(Wishes(tags=frozenset(("coding",))))
    assert cross.isHidden()


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
    kept.save()
    assert not file.exists(), "nobody has chosen anything"
    wishes = Wishes(
        text="a secret", tags=frozenset(("coding",)), size=(None, 16.0), sort="benchmark:math", reverse=True
    )
    kept.keep(wishes)
    kept.save()
    assert b"secret" not in file.read_bytes()
    again = Remembered(file, owner)
    again.save()
    assert file.stat().st_size > 2, "what was not read yet is not written over"
    assert asyncio.run(again.load())
    assert again.wishes == msgspec.structs.replace(wishes, text="")
    for damage in (b"", b"[]", b'{"size": "large"}', b"\xff" * 100, b"[" * 70_000):
        file.write_bytes(damage)
        fresh = Remembered(file, owner)
        assert not asyncio.run(fresh.load())
        assert fresh.wishes == Wishes()
    owner.deleteLater()


def test_a_choice_made_while_the_old_ones_are_read_stays(qapp: QApplication, tmp_path: Path) -> None:
    owner = QWidget()
    file = tmp_path / "browsing.json"
    file.write_bytes(msgspec.json.encode(Wishes(sort="name")))
    kept = Remembered(file, owner)

    async def test() -> None:
        reading = asyncio.create_task(kept.load())
        kept.keep(Wishes(sort="date"))
        assert not await reading
        assert kept.wishes == Wishes(sort="date")
        kept.forget()
        kept.keep(Wishes(sort="size"))  # the last word counts, whatever the threads do first
        kept.save()
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(test())
    assert msgspec.json.decode(file.read_bytes(), type=Wishes) == Wishes(sort="size")

    async def erased() -> None:
        kept.keep(Wishes(sort="name"))
        kept._in_thread()
        kept.forget()
        await asyncio.get_running_loop().shutdown_default_executor()

    asyncio.run(erased())
    assert not file.exists(), "what was just being written when all was deleted is deleted too"
    owner.deleteLater()


@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a menu
def test_where_there_is_no_room_the_other_ways_are_a_menu(browser: Browser) -> None:
    head, asked = browser.page.head, []
    head.library.connect(lambda: asked.append("library"))
    browser.page.resize(1280, 800)
    QApplication.processEvents()
    assert (head.more.isVisible(), head.hub_button.isVisible()) == (False, True)
    head.hub_button.setFocus(Qt.FocusReason.TabFocusReason)
    browser.page.resize(480, 800)
    QApplication.processEvents()
    assert (head.more.isVisible(), head.hub_button.isVisible()) == (True, False)
    assert QApplication.focusWidget() is head.more, "the keyboard stays where it was"
    head.more.click()
    (menu,) = (one for one in head.findChildren(QMenu) if one.isVisible())
    assert len(menu.actions()) == len(head.buttons) + 1
    next(one for one in menu.actions() if one.text() == "Show the library").trigger()
    menu.close()
    assert asked == ["library"]
