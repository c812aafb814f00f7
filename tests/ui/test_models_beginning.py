"""Before the catalog was ever fetched: what it is stands above the cards where there is room, else behind a button."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect, Qt

from mistral_desk.core import settings as declared
from mistral_desk.ui.models.browse.instead import EXPLAINED
from mistral_desk.ui.widgets.ask import Question
from tests.fixtures import fake_worker
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.ui import window
from tests.ui.heard import whole
from tests.ui.keyboard import focused
from tests.ui.late import at_models
from tests.ui.test_keyboard_behind import another_in_front

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.models.browse.page import BrowsePage

SCRIPT = fake_worker.answering("Yes.")
SMALL, LARGE = (880, 800), (1180, 900)
TAB = Qt.FocusReason.TabFocusReason


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogSite]:
    with CatalogSite(published(12)) as one:
        monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", one.url)
        yield one


async def at_rest() -> None:
    """Let the layouts come to rest."""
    for _ in range(6):
        await window.drawn()


async def looked_at(desk: Desk, size: int) -> BrowsePage:
    """The list, in letters of this size, with all that is found out of this computer."""
    desk.theme.choose("light", size)
    late = await at_models(desk)
    late.told.set()
    await desk.tasks.settled()
    await at_rest()
    return desk.models.browse


def in_sight(page: BrowsePage) -> int:
    """Pixels of the first card that are seen without scrolling."""
    area = page.area.viewport()
    cell = QRect(page.grid.mapTo(area, page.grid.cell(0).topLeft()), page.grid.cell(0).size())
    return cell.intersected(area.rect()).height()


@pytest.mark.parametrize(
    ("room", "size", "told"),
    [((1180, 800), 100, True), ((880, 800), 100, True), ((880, 800), 200, False), ((1280, 800), 200, False),
     ((1180, 480), 100, False), ((1280, 1200), 200, True)],
)  # fmt: skip
def test_a_model_is_in_sight_before_the_catalog_was_fetched(
    qapp: QApplication, tmp_path: Path, room: tuple[int, int], size: int, told: bool
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=room) as desk:
            page = await looked_at(desk, size)
            assert (page.begin.isVisible(), page.head.get_button.isVisible()) == (told, not told)
            assert in_sight(page) > page.grid.cell(0).height() / 2, "its name and how it runs"
            desk.theme.choose("light", 100)

    window.run(qapp, scenario)


def test_the_keyboard_goes_along_when_the_window_becomes_smaller_or_larger(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=LARGE) as desk:
            page = await looked_at(desk, 100)
            page.begin.get.setFocus(TAB)
            for size, here in ((480, page.head.get_button), (900, page.begin.get)):
                desk.window.resize(1180, size)
                await at_rest()
                assert focused() is here
            async with another_in_front(desk):
                desk.window.resize(1180, 480)
                await at_rest()
            assert focused() is page.head.get_button, "also behind another program"
            desk.window.resize(1180, 900)
            await at_rest()
            page.head.search.setFocus(TAB)
            desk.window.resize(1180, 480)
            await at_rest()
            assert page.head.get_button.isVisible()
            assert focused() is page.head.search, "who is elsewhere stays there"

    window.run(qapp, scenario)


def test_the_button_says_what_it_means_before_anything_is_fetched(
    qapp: QApplication, tmp_path: Path, site: CatalogSite
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=SMALL) as desk:
            page = await looked_at(desk, 200)
            get = page.head.get_button
            get.setFocus(TAB)
            get.click()
            question = desk.window.overlay
            assert isinstance(question, Question)
            assert EXPLAINED.format(host=desk.services.catalogue.host) in whole(question)
            question.no.click()
            await desk.tasks.settled()
            assert focused() is get
            assert not desk.services.ledger.entries(), "nothing went out"
            get.click()
            question = desk.window.overlay
            assert isinstance(question, Question)
            question.yes.click()
            await desk.tasks.settled()
            await at_rest()
            assert focused() is page.head.again_button, "where it could be called off"
            assert desk.catalog._catalogue is not None
            assert desk.catalog._catalogue.fetched is not None
            assert not get.isVisible()
            assert not page.begin.isVisible()
            desk.theme.choose("light", 100)

    window.run(qapp, scenario)


def test_offline_the_button_says_why_it_cannot(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=SMALL) as desk:
            page = await looked_at(desk, 200)
            desk.services.settings.set(declared.OFFLINE, value=True)
            await at_rest()
            assert not page.head.get_button.isEnabled()
            assert "Work offline" in page.head.get_button.toolTip()
            desk.services.settings.set(declared.OFFLINE, value=False)
            assert page.head.get_button.isEnabled()
            desk.theme.choose("light", 100)

    window.run(qapp, scenario)
