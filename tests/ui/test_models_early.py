"""The list of models stands there before this computer was looked at; what is found out then moves nothing."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt

from mistral_desk.catalog.search import Wishes
from mistral_desk.ui.models.browse.head import LOOKING
from tests.fixtures import fake_worker
from tests.ui import window
from tests.ui.late import MACHINES, at_models

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.models.browse.page import BrowsePage
    from tests.ui.late import Late

SCRIPT = fake_worker.answering("Yes.")


async def listed(page: BrowsePage) -> list[str]:
    """The cards, by their records' ids, as soon as there are any."""
    async with asyncio.timeout(window.END_OF_WORLD_S):
        while not page.model.count:
            await window.drawn()
    return order(page)


async def taken_for_less(desk: Desk) -> tuple[Late, BrowsePage, list[str]]:
    """A rich computer that is taken for a poor one until it is looked at, and the cards as they stand before."""
    late = await at_models(desk, MACHINES["rich"], MACHINES["poor"])
    page = desk.models.browse
    before = await listed(page)
    await window.drawn()
    return late, page, before


def order(page: BrowsePage) -> list[str]:
    return [page.model.id_at(row) for row in range(page.model.count)]


@pytest.mark.parametrize("wishes", [Wishes(), Wishes(fits_here=True), Wishes(sort="name")], ids=repr)
def test_the_cards_are_there_before_this_computer_was_looked_at_and_then_say_more_where_they_stand(
    qapp: QApplication, tmp_path: Path, wishes: Wishes
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            late = await at_models(desk)
            page = desk.models.browse
            page.show_wishes(wishes)
            before = await listed(page)
            await window.drawn()
            said = {page.model.card(row).verdict[2] for row in range(page.model.count)}
            assert "Looking at this computer…" in said
            assert said <= {"Looking at this computer…", "Speed not known yet", "Only online"}
            where = page.grid.geometry()
            late.told.set()
            await desk.tasks.settled()
            await window.drawn()
            said = {page.model.card(row).verdict[2] for row in range(page.model.count)}
            assert "Looking at this computer…" not in said
            assert said & {"Fast", "Comfortable", "Slow"}
            assert page.grid.geometry() == where
            assert order(page) == before

    window.run(qapp, scenario)


@pytest.mark.parametrize("how", ["eyes", "keyboard", "scrolled", "marked"])
def test_what_was_found_out_leaves_the_cards_that_somebody_sees_where_they_are(
    qapp: QApplication, tmp_path: Path, how: str
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(700, 600)) as desk:
            late, page, before = await taken_for_less(desk)
            if how == "keyboard":
                page.grid.setFocus(Qt.FocusReason.TabFocusReason)
                page.grid.go_to(2)
            elif how == "scrolled":
                page.area.verticalScrollBar().setValue(200)
            elif how == "marked":
                page.mark_model(before[1])
            late.told.set()
            await desk.tasks.settled()
            await window.drawn()
            fits = page._fits
            assert fits is not None
            best = sorted(fits, key=lambda key: fits[key].rank)
            assert best[0] != before[0], "else the test sees nothing"
            assert order(page)[: len(best)] != best
            assert order(page) == before
            page.show_wishes(Wishes(text="mistral"))
            page.show_wishes(Wishes())
            assert order(page)[: len(best)] == best, "whoever looks anew finds the order that holds"

    window.run(qapp, scenario)


def test_whoever_comes_back_to_the_list_finds_the_order_that_holds(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            late, page, before = await taken_for_less(desk)
            late.told.set()
            await desk.tasks.settled()
            assert order(page) == before
            desk.window.show_page("library")
            desk.window.show_page("models")
            assert order(page) != before

    window.run(qapp, scenario)


def test_nobody_is_held_in_a_list_that_is_not_looked_at(qapp: QApplication, tmp_path: Path) -> None:
    """It was scrolled and left while this computer was still looked at."""

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(700, 600)) as desk:
            late, page, before = await taken_for_less(desk)
            page.area.verticalScrollBar().setValue(200)
            desk.window.show_page("library")
            late.told.set()
            await desk.tasks.settled()
            desk.window.show_page("models")
            await desk.tasks.settled()
            assert order(page) != before

    window.run(qapp, scenario)


async def at_rest() -> None:
    """Let the layouts come to rest."""
    for _ in range(4):
        await window.drawn()


def top(page: BrowsePage) -> int:
    """Where the cards begin."""
    return page.grid.mapTo(page.area.holder, QPoint(0, 0)).y()


@pytest.mark.parametrize("computer", MACHINES)
@pytest.mark.parametrize(("width", "size"), [(420, 100), (880, 100), (1180, 100), (420, 200), (880, 200), (1180, 200)])
def test_what_is_said_of_this_computer_moves_no_card(
    qapp: QApplication, tmp_path: Path, computer: str, width: int, size: int
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(width, 800)) as desk:
            desk.theme.choose("light", size)
            late = await at_models(desk, MACHINES[computer])
            page = desk.models.browse
            await listed(page)
            await at_rest()
            before = top(page)
            late.told.set()
            await desk.tasks.settled()
            await at_rest()
            known = page.head.computer.text()
            assert known.startswith("This computer")
            assert top(page) == before
            late.told.clear()
            page.head.measure_button.click()
            await at_rest()
            assert page.head.computer.text() == LOOKING
            assert top(page) == before, "nor while it is measured again"
            late.told.set()
            await desk.tasks.settled()
            await at_rest()
            assert (page.head.computer.text(), top(page)) == (known, before)
            desk.theme.choose("light", 100)

    window.run(qapp, scenario)
