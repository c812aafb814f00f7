"""Nothing moves under the eye: a verdict that comes late has its room already, a refresh leaves an open page alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk.fit import advice
from mistral_desk.ui.fit.verdict import Verdict
from mistral_desk.ui.fit.waiting import Waiting
from mistral_desk.ui.fit.widget import WillItRun
from mistral_desk.ui.models.compare.rows import rows
from mistral_desk.ui.theme.theme import Theme
from tests.fixtures import fake_worker
from tests.fixtures.catalog_records import published, with_text
from tests.fixtures.catalog_site import CatalogSite
from tests.ui import about_ground, window
from tests.ui.heard import settled, whole
from tests.ui.late import MACHINES, at_models
from tools.gallery.fit_states import verdict_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.models.about.page import AboutPage
    from mistral_desk.ui.models.compare.table import Table

SCRIPT = fake_worker.answering("Yes.")
TALL = (1180, 3000)
"""A window in which all of a verdict is in sight, and what stands below it."""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogSite]:
    with CatalogSite(published(12)) as one:
        monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", one.url)
        yield one


async def at_page(desk: Desk, model: str) -> AboutPage:
    desk.models.show_model(model)
    desk.models.about.finish()
    for _ in range(4):
        await window.drawn()
    return desk.models.about


def place(page: AboutPage, part: QWidget | None) -> int:
    """Where a part begins, in the whole page."""
    assert part is not None
    return part.mapTo(page.area.holder, QPoint(0, 0)).y()


def heights(table: Table) -> dict[str, int]:
    """Where each row of a comparison begins, by its name."""
    return {row.name: table.rowViewportPosition(number) for number, row in enumerate(table.comparison.rows)}


# --- a model's page ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("computer", MACHINES)
@pytest.mark.parametrize(("model", "below"), [("mistral-small-4", "truth"), ("mistral-3", "links")])
def test_nothing_below_moves_when_a_verdict_comes(
    qapp: QApplication, tmp_path: Path, model: str, below: str, computer: str
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=TALL) as desk:
            late = await at_models(desk, MACHINES[computer])
            page = await at_page(desk, model)
            assert page.here is not None
            assert page.here.findChildren(Waiting)
            assert "Looking at this computer…" in whole(page.here)
            waiting = place(page, getattr(page, below))
            late.told.set()
            await desk.tasks.settled()
            for _ in range(4):
                await window.drawn()
            assert page.here.widget.rows, "the verdict is there"
            assert place(page, getattr(page, below)) == waiting

    window.run(qapp, scenario)


def spare(page: AboutPage) -> int:
    """Pixels below a verdict that it does not need."""
    assert page.here is not None
    widget = page.here.widget
    return widget.height() - widget._column.totalHeightForWidth(widget.width())


def test_room_to_spare_goes_where_nobody_sees_what_it_moves(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(1180, 700)) as desk:
            late = await at_models(desk, MACHINES["rich"])
            page = await at_page(desk, "mistral-small-4")
            late.told.set()
            await desk.tasks.settled()
            for _ in range(4):
                await window.drawn()
            assert page.here is not None
            assert page.here.widget.rows, "the verdict is there"
            assert spare(page) == 0, "what stands below it was not in sight"

    window.run(qapp, scenario)


def test_room_to_spare_goes_once_it_is_scrolled_out_of_sight(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(1180, 700)) as desk:
            late = await at_models(desk, MACHINES["rich"])
            page = await at_page(desk, "mistral-small-4")
            bar = page.area.verticalScrollBar()
            bar.setValue(place(page, page.truth) - 300)
            await window.drawn()
            seen = place(page, page.truth)
            late.told.set()
            await desk.tasks.settled()
            for _ in range(4):
                await window.drawn()
            assert place(page, page.truth) == seen, "it is in sight"
            assert spare(page) > 0, "so there is room to spare"
            bar.setValue(0)
            for _ in range(4):
                await window.drawn()
            assert spare(page) == 0
            assert place(page, page.truth) < seen

    window.run(qapp, scenario)


def test_a_verdict_that_is_known_has_no_room_to_spare(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            late = await at_models(desk)
            late.told.set()
            await desk.tasks.settled()
            page = await at_page(desk, "mistral-small-4")
            assert page.here is not None
            widget = page.here.widget
            assert widget.rows, "it stands there before it was found out anew"
            assert widget.height() == widget._column.totalHeightForWidth(widget.width())
            before, rows = place(page, page.truth), list(widget.rows)
            await desk.tasks.settled()
            await window.drawn()
            assert place(page, page.truth) == before
            assert widget.rows == rows, "what says the same is not built anew"

    window.run(qapp, scenario)


def test_nothing_below_moves_while_another_of_its_models_is_judged(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=TALL) as desk:
            late = await at_models(desk)
            page = await at_page(desk, "mistral-3")
            late.told.set()
            await desk.tasks.settled()
            await window.drawn()
            assert page.here is not None
            desk.catalog._standing = {}
            desk.catalog._offers = ()
            late.told.clear()
            for member in tuple(page.here.members):
                page.here.members[member].click()
                await window.drawn()
                waiting = place(page, page.links)
                late.told.set()
                await desk.tasks.settled()
                for _ in range(4):
                    await window.drawn()
                assert page.here.widget.rows[0].variant.model == member
                assert place(page, page.links) == waiting
                late.told.clear()

    window.run(qapp, scenario)


@pytest.mark.parametrize(("width", "size"), [(360, 100), (720, 100), (1100, 100), (360, 200), (720, 200)])
@pytest.mark.parametrize("computer", MACHINES)
def test_the_room_is_large_enough_for_every_known_model(
    qapp: QApplication, computer: str, width: int, size: int
) -> None:
    where = MACHINES[computer]
    standing = advice.standing(where)
    offers = tuple(one for one in advice.ranked(standing.values()) if one.role)
    theme, ground = Theme(qapp, "light", size), QWidget()
    ground.resize(width, 600)
    ground.show()
    try:
        for model, found in standing.items():
            if not found:
                continue
            shown = WillItRun(theme, ground, titled=False)
            shown.resize(width, 600)
            shown.show_measuring(len(found))
            shown.show()
            settled(2)
            room = shown._column.totalHeightForWidth(width)
            others = tuple(one for one in offers if one.variant.model != model)
            shown.show_verdict(Verdict(found, where, others))
            settled(4)
            shown.setMinimumHeight(0)
            assert shown._column.totalHeightForWidth(width) <= room, model
            shown.hide()
            shown.deleteLater()
    finally:
        ground.hide()
        ground.deleteLater()
        theme.choose("light", 100)


# --- the comparison ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("computer", MACHINES)
@pytest.mark.parametrize("width", [620, 1180])
def test_no_row_of_a_comparison_moves_when_verdicts_come(
    qapp: QApplication, tmp_path: Path, computer: str, width: int
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(width, 800)) as desk:
            late = await at_models(desk, MACHINES[computer])
            desk.models.show_comparison(["mistral-small-4", "gemma-4", "mistral-3"])
            await window.drawn()
            table = desk.models.compare.table
            waiting = heights(table)
            assert list(waiting)[:4] == ["On this computer", "Quality", "Size", "A typical answer"]
            first = table.comparison.index(0, 0)
            told = str(first.data(Qt.ItemDataRole.AccessibleTextRole))
            assert told.endswith("Looking at this computer…")
            table.setCurrentIndex(table.comparison.index(6, 1))
            late.told.set()
            await desk.tasks.settled()
            await window.drawn()
            assert not any(cell.waits for row in table.comparison.rows for cell in row.cells)
            assert first.data()
            assert heights(table) == waiting
            assert (table.currentIndex().row(), table.currentIndex().column()) == (6, 1), "the keyboard stays"

    window.run(qapp, scenario)


def test_a_model_that_does_not_fit_has_no_time_for_an_answer() -> None:
    one = about_ground.record()
    found = {row.name: row for row in rows((one,), {one.id: verdict_of("mistral-large-3-675b", MACHINES["common"])})}
    assert found["On this computer"].cells[0].words == "Does not fit"
    assert found["A typical answer"].cells[0].words == "none, it does not fit"


# --- a refresh --------------------------------------------------------------------------------------------


def test_a_refresh_behind_an_open_page_leaves_its_place_and_the_keyboard(
    qapp: QApplication, tmp_path: Path, site: CatalogSite
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(1000, 600)) as desk:
            late = await at_models(desk)
            late.told.set()
            desk.models.browse.begin.get.click()
            await desk.tasks.settled()
            changed = next(iter(site.models.values()))
            page = await at_page(desk, str(changed.record["id"]))
            await desk.tasks.settled()
            assert page.details is not None
            page.details.set_open(open_=True)
            page.details.button.setFocus(Qt.FocusReason.TabFocusReason)
            for _ in range(4):
                await window.drawn()
            bar = page.area.verticalScrollBar()
            bar.setValue(bar.maximum() // 2)
            place_, body = bar.value(), page._body
            assert place_ > 0
            desk.models.refresh.emit()
            await desk.tasks.settled()
            await window.drawn()
            assert page._body is body, "the same record is not shown anew"
            assert (bar.value(), QApplication.focusWidget()) == (place_, page.details.button)
            record = {**changed.record, "description": "Another description of this model."}
            metadata = {**record.get("metadata", {}), "description": record["description"]}
            site.put(with_text({**record, "metadata": metadata}, str(changed.record["content_text"])))
            desk.models.refresh.emit()
            await desk.tasks.settled()
            for _ in range(4):
                await window.drawn()
            assert page._body is not body
            assert "Another description of this model." in whole(page)
            assert page.details.is_open, "what was unfolded is unfolded"
            assert QApplication.focusWidget() is page.details.button
            assert bar.value() == place_

    window.run(qapp, scenario)


def test_a_screen_reader_hears_what_is_waited_for(qapp: QApplication) -> None:
    ground = QWidget()
    shown = WillItRun(Theme(qapp, "light"), ground)
    shown.show_measuring(3)
    waiting = shown._body
    assert isinstance(waiting, Waiting)
    interface = QAccessible.queryAccessibleInterface(waiting)
    assert interface is not None
    assert interface.text(QAccessible.Text.Name) == "Looking at this computer…"
    ground.deleteLater()
