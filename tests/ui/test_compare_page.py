"""The comparison: what differs is marked, only that can be shown, and it is read with the keyboard and by ear."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from mistral_desk.catalog.record import read
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.ui.models.browse.card import card_of
from mistral_desk.ui.models.compare.page import ComparePage
from mistral_desk.ui.models.compare.rows import rows, spoken
from mistral_desk.ui.theme.theme import Theme
from tests.ui import about_ground
from tests.ui.heard import settled, whole
from tools.gallery import checks
from tools.gallery.fit_states import verdict_of
from tools.gallery.fitting import pc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.catalog.record import Record

SMALL = about_ground.record()
OTHER = about_ground.record(
    id="gemma-4",
    slug="gemma-4",
    title="Gemma 4",
    provider="Google",
    context_window="256K tokens",
    benchmarks={"reasoning": 76, "coding": 81, "math": None, "speed": "fast", "new one": 5},
)
BARE = read({"id": "bare", "metadata": {}})


@contextlib.contextmanager
def opened(app: QApplication, width: int = 900, size: int = 100) -> Iterator[ComparePage]:
    ground = QWidget()
    ground.resize(width, 800)
    theme = Theme(app, "light", size)
    page = ComparePage(theme, ground)
    page.resize(width, 800)
    ground.show()
    try:
        yield page
    finally:
        ground.hide()
        ground.deleteLater()
        theme.choose("light", 100)


def faults(page: ComparePage) -> list[str]:
    settled()
    return [str(fault) for fault in checks.examine(page)]


# --- rows -----------------------------------------------------------------------------------------------


def test_rows_say_what_differs() -> None:
    found = {row.name: row for row in rows((SMALL, OTHER), {})}
    assert [found[name].differs for name in ("Provider", "Context", "Coding")] == [True] * 3
    assert [found[name].differs for name in ("Licence", "Reasoning", "Released", "Understands")] == [False] * 4
    assert [cell.words for cell in found["Context"].cells] == ["128K tokens", "256K tokens"]
    assert [cell.known for cell in found["On this computer"].cells] == [False, False], "no verdict, none guessed"


def test_scores_are_compared_as_numbers_and_what_is_none_is_unknown() -> None:
    found = {row.name: row for row in rows((SMALL, OTHER), {})}
    assert [cell.best for cell in found["Coding"].cells] == [False, True]
    assert [cell.best for cell in found["Reasoning"].cells] == [False, False], "equal scores have no best"
    assert [cell.words for cell in found["Math"].cells] == ["74", "unknown"]
    assert not any(cell.best for cell in found["Math"].cells), "one score alone is not the highest of two"
    assert [cell.words for cell in found["Speed"].cells] == ["92", "fast"]
    assert [cell.words for cell in found["New one"].cells] == ["unknown", "5"]
    assert spoken(found["Coding"], 1, "Gemma 4") == "Coding, Gemma 4: 81 of 100, the highest"
    assert spoken(found["Math"], 1, "Gemma 4") == "Math, Gemma 4: unknown"


def test_what_a_card_says_of_a_model_known_by_name_the_comparison_says_too(tmp_path: Path) -> None:
    named = open_catalogue(tmp_path).get("mistral-3")
    assert named is not None
    assert named.license is None
    card, found = card_of(named, None, None), {row.name: row.cells[1].words for row in rows((SMALL, named), {})}
    assert found["Licence"] in card.by
    assert found["Understands"] in card.facts


def test_a_verdict_has_its_rows() -> None:
    verdicts = {"mistral-small-4": verdict_of("mistral-small-4", pc(96, 8))}
    found = {row.name: row for row in rows((SMALL, OTHER), verdicts)}
    assert [cell.words for cell in found["On this computer"].cells] == ["Comfortable", "unknown"]
    assert found["On this computer"].cells[0].sign is not None
    assert "74.2 GB" in found["Size"].cells[0].words


# --- the page -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "size"), [(640, 100), (900, 100), (620, 200), (1400, 100)])
@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_it_is_whole_at_every_width(qapp: QApplication, count: int, width: int, size: int) -> None:
    long = about_ground.record(id="long", title="Modell" * 40, provider="Anbieter" * 30, best_for=["Zweck" * 50])
    with opened(qapp, width, size) as page:
        page.show_records((SMALL, OTHER, BARE, long)[:count], {})
        assert faults(page) == []
        assert page.table.isVisible() == bool(count)
        assert page.table.comparison.columnCount() == count
        if count:
            narrowest = min(page.table.columnWidth(number) for number in range(count))
            assert narrowest >= 150, "it scrolls before it becomes too narrow to read"


def test_four_at_640_scroll_inside_and_their_heads_stay(qapp: QApplication) -> None:
    with opened(qapp, 640) as page:
        page.show_records((SMALL, OTHER, BARE, about_ground.record(id="fourth")), {})
        settled()
        assert page.table.horizontalScrollBar().maximum() > 0
        page.table.horizontalScrollBar().setValue(10_000)
        page.table.verticalScrollBar().setValue(10_000)
        settled()
        assert page.table.verticalHeader().isVisible()
        assert page.table.verticalHeader().x() == 0
        assert page.table.horizontalHeader().y() == 0


def test_a_fifth_is_left_out_and_cannot_be_added(qapp: QApplication) -> None:
    with opened(qapp) as page:
        page.show_records([about_ground.record(id=f"m-{number}") for number in range(5)], {})
        assert len(page.records) == 4
        assert not page.add_button.isEnabled()
        assert page.add_button.accessibleDescription() == "4 models are the most."
        page.show_records((SMALL, OTHER), {})
        assert page.add_button.isEnabled()


def test_only_differences_hides_what_is_the_same(qapp: QApplication) -> None:
    with opened(qapp) as page:
        page.show_records((SMALL, OTHER), {})
        comparison = page.table.comparison
        QTest.mouseClick(page.only, Qt.MouseButton.LeftButton)
        seen = [row.name for number, row in enumerate(comparison.rows) if not page.table.isRowHidden(number)]
        assert "Provider" in seen
        assert "Licence" not in seen
        assert seen == [row.name for row in comparison.rows if row.differs]
        page.show_records((SMALL, BARE), {})
        assert page.only.isChecked(), "it stays chosen for the next ones"
        shown = [
            row.differs for number, row in enumerate(page.table.comparison.rows) if not page.table.isRowHidden(number)
        ]
        assert all(shown)
        QTest.mouseClick(page.only, Qt.MouseButton.LeftButton)
        assert not any(page.table.isRowHidden(number) for number in range(len(page.table.comparison.rows)))


def test_two_that_say_the_same_are_told_to(qapp: QApplication) -> None:
    with opened(qapp) as page:
        page.show_records((SMALL, about_ground.record(id="twin")), {})
        assert "the same in everything" in whole(page)


def test_names_open_crosses_remove_and_another_is_asked_for(qapp: QApplication) -> None:
    with opened(qapp) as page:
        heard: list[str] = []
        page.open_model.connect(lambda model: heard.append(f"open {model}"))
        page.remove.connect(lambda model: heard.append(f"remove {model}"))
        page.add.connect(lambda: heard.append("add"))
        page.back.connect(lambda: heard.append("back"))
        page.show_records((SMALL, OTHER), {})
        page.opens["gemma-4"].click()
        page.removes["mistral-small-4"].click()
        page.add_button.click()
        page.back_button.click()
        assert heard == ["open gemma-4", "remove mistral-small-4", "add", "back"]


def test_the_keyboard_is_not_lost_when_a_column_goes(qapp: QApplication) -> None:
    with opened(qapp) as page:
        page.show_records((SMALL, OTHER, BARE), {})
        settled()
        page.window().activateWindow()
        page.removes["bare"].setFocus()
        page.remove.connect(lambda _model: page.show_records((SMALL, OTHER), {}))
        QTest.keyClick(page.removes["bare"], Qt.Key.Key_Return)
        settled()
        assert page.add_button.hasFocus()


def test_arrows_go_through_the_cells_and_tab_leaves(qapp: QApplication) -> None:
    with opened(qapp) as page:
        page.show_records((SMALL, OTHER), {})
        settled()
        page.window().activateWindow()
        page.table.setFocus(Qt.FocusReason.TabFocusReason)
        for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right):
            QTest.keyClick(page.table, key)
        here = page.table.currentIndex()
        assert (here.row(), here.column()) == (2, 1)
        assert page.table.ringed(here, True)
        QTest.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert QGuiApplication.clipboard().text() == page.table.comparison.cell(here).words
        QTest.keyClick(page.table, Qt.Key.Key_Tab)
        assert not page.table.hasFocus()


def test_a_screen_reader_gets_cells_and_heads(qapp: QApplication) -> None:
    with opened(qapp) as page:
        page.show_records((SMALL, OTHER), {})
        settled()
        interface = QAccessible.queryAccessibleInterface(page.table)
        assert interface.role() == QAccessible.Role.Table
        assert interface.text(QAccessible.Text.Name) == "Comparison"
        comparison = page.table.comparison
        number = next(place for place, row in enumerate(comparison.rows) if row.name == "Coding")
        told = comparison.index(number, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        assert told == "Coding, Mistral Small 4: 78 of 100"
        names = [
            comparison.headerData(place, Qt.Orientation.Vertical, Qt.ItemDataRole.AccessibleTextRole)
            for place in range(comparison.rowCount())
        ]
        assert "Provider, differs" in names
        assert "Licence, the same" in names
        assert comparison.rowCount(comparison.index(0, 0)) == 0
        assert comparison.rowCount(QModelIndex()) == len(names)


def test_words_and_rows_fit_their_cells(qapp: QApplication) -> None:
    """A row is as tall as the tallest of its cells: the longest words are seen to their end."""
    words = "a rather long recommendation, " * 12
    long: Record = about_ground.record(id="wordy", best_for=[words.strip(" ,")])
    with opened(qapp, 640) as page:
        page.show_records((SMALL, long), {})
        settled()
        number = next(place for place, row in enumerate(page.table.comparison.rows) if row.name == "Best for")
        narrow = page.table.rowHeight(number)
        page.resize(1400, 800)
        settled()
        assert narrow > page.table.rowHeight(number) > 2 * page.table.fontMetrics().height()
