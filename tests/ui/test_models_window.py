"""Models in the window: read, refreshed from a real server, left and come back to, offline, broken, and the hub."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.catalog.search import Wishes
from mistral_desk.core import settings as declared
from mistral_desk.ui.commands import BY_ID
from mistral_desk.ui.models.browse.instead import AsideSheet
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.gguf_start import start
from tests.fixtures.hub_site import HubSite, Padded, Repo
from tests.ui import window
from tests.ui.keyboard import CTRL, Keys, focused
from tools.gallery.fitting import StillFitting, pc

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistral_desk.inference.fitting import Fitting
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.models.browse.page import BrowsePage
    from tests.fixtures.web_site import Body

SCRIPT = fake_worker.answering("Yes.")
K = Qt.Key
COUNT = 40


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogSite]:
    with CatalogSite(published(COUNT)) as one:
        monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", one.url)
        yield one


async def at_models(desk: Desk) -> BrowsePage:
    desk.services.fitting = cast("Fitting", StillFitting(pc(32, 8)))
    desk.window.show_page("models")
    await desk.tasks.settled()
    return desk.models.browse


def test_the_first_start_explains_and_fetches_only_when_told_to(
    qapp: QApplication, tmp_path: Path, site: CatalogSite
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = await at_models(desk)
            assert page.begin.isVisible()
            assert site.name in page.begin._words.text(), "it says to whom it connects"
            assert {page.model.card(row).quiet for row in range(page.model.count)} == {True, False}
            assert site.answered == [], "nothing was asked yet"
            before = page.model.count
            page.begin.get.setFocus(Qt.FocusReason.TabFocusReason)
            page.begin.get.click()
            await asyncio.sleep(0)
            assert page.head.again_button.text() == "Cancel"
            assert focused() is page.head.again_button, "the keyboard stays where it was, beside what is gone"
            await desk.tasks.settled()
            assert focused() is page.head.again_button
            assert site.answered
            assert not page.begin.isVisible()
            assert page.model.count > before
            assert "updated just now" in page.head.state.text()
            contents = {page.model.card(row).content for row in range(page.model.count)}
            assert {True, None} <= contents
            kept = page.model.count
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = await at_models(desk)
            assert page.model.count == kept, "the next start reads it from this computer"

    window.run(qapp, scenario)


@pytest.mark.allow_log("shown:")
def test_a_refresh_that_fails_or_is_cancelled_leaves_what_was_there(
    qapp: QApplication, tmp_path: Path, site: CatalogSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = await at_models(desk)
            page.begin.get.click()
            await desk.tasks.settled()
            shown = [page.model.id_at(row) for row in range(page.model.count)]
            site.breaks_after = 0
            page.head.again_button.click()
            await desk.tasks.settled()
            trouble = page._trouble
            assert trouble is not None
            assert trouble.isVisible()
            assert trouble.note.words.title
            assert [page.model.id_at(row) for row in range(page.model.count)] == shown
            site.breaks_after = None
            trouble.again_button.click()
            await desk.tasks.settled()
            assert page._trouble is None, "what was overcome is no more told"
            page.head.again_button.click()
            await asyncio.sleep(0)
            assert page.head.again_button.text() == "Cancel"
            monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: 60_000)
            page.head.again_button.click()
            assert desk.catalog._refreshing is not None
            assert not desk.catalog._refreshing.cancelling(), "the second click of a double one takes nothing back"
            monkeypatch.setattr(QApplication, "doubleClickInterval", lambda: 0)
            page.head.again_button.click()
            await desk.tasks.settled()
            assert page.head.again_button.text() == "Refresh"
            assert [page.model.id_at(row) for row in range(page.model.count)] == shown

    window.run(qapp, scenario)


def test_offline_says_why_and_asks_nobody(qapp: QApplication, tmp_path: Path, site: CatalogSite) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = await at_models(desk)
            desk.services.settings.set(declared.OFFLINE, True)
            assert not page.begin.get.isEnabled()
            assert "Work offline" in page.begin.get.accessibleDescription()
            assert "Work offline" in page.head.state.text()
            desk.models.show_hub("mistral")
            assert not desk.models.hub.go.isEnabled()
            assert "Work offline" in desk.models.hub.go.accessibleDescription()
            desk.services.settings.set(declared.OFFLINE, False)
            assert page.begin.get.isEnabled()
            assert site.answered == []

    window.run(qapp, scenario)


def test_back_and_forth_restores_place_keyboard_and_search(
    qapp: QApplication, tmp_path: Path, site: CatalogSite
) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, size=(1180, 640)) as desk:
            page = await at_models(desk)
            page.begin.get.click()
            await desk.tasks.settled()
            models, bar = desk.models, page.area.verticalScrollBar()
            page.show_wishes(Wishes(text="b", sort="name"))
            page.grid.setFocus(Qt.FocusReason.TabFocusReason)
            QTest.keyClick(page.grid, K.Key_Down)
            QTest.keyClick(page.grid, K.Key_Down)
            await window.drawn()
            place, current = bar.value(), page.grid.current()
            assert place > 0
            QTest.keyClick(page.grid, K.Key_Return)
            await desk.tasks.settled()
            assert models.about.isVisible()
            assert models.about.record is not None
            assert models.about.record.id == current
            related = next(one.id for one in models.about.record.related if one.id != current)
            models.about.open_model.emit(related)
            await desk.tasks.settled()
            assert models.about.record.id == related
            desk.window.commands.run("escape")
            await desk.tasks.settled()
            assert models.about.record.id == current, "one step back"
            desk.window.commands.run("escape")
            await window.drawn()
            assert page.isVisible()
            assert (bar.value(), page.grid.current(), page.wishes.text) == (place, current, "b")
            assert focused() is page.grid
            tag = models.about.record.tags[0]
            models.about.filter_tag.emit(tag)
            assert page.wishes.tags == {tag}
            desk.window.commands.run("escape")
            assert desk.window.page == "chat", "from the list Esc leads out"

    window.run(qapp, scenario)


def test_marked_models_are_compared_and_filters_are_remembered(
    qapp: QApplication, tmp_path: Path, site: CatalogSite
) -> None:
    wishes = Wishes(open_weights=True, sort="benchmark:coding", reverse=True)

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = await at_models(desk)
            page.begin.get.click()
            await desk.tasks.settled()
            for row in (0, 2, 3):
                page.mark_model(page.model.id_at(row))
            marked = list(page.model.marked)
            page.bar.go.click()
            await desk.tasks.settled()
            assert desk.models.compare.isVisible()
            desk.models.compare.remove.emit(marked[0])
            assert page.model.marked == marked[1:]
            desk.models.compare.remove.emit(marked[1])
            assert page.isVisible(), "one alone is not compared"
            page.show_wishes(wishes)
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = await at_models(desk)
            assert page.wishes == wishes
            assert page.head.order.text() == "Sort: Coding"

    window.run(qapp, scenario)


def test_models_in_the_sidebar_leads_to_the_list_first_and_then_to_the_chat(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page, way = await at_models(desk), desk.window.sidebar.ways["models"]
            desk.models.show_hub("mistral")
            desk.models.show_repository("acme/Tiny-GGUF")
            assert desk.models.repository.isVisible()
            window.click(way)
            assert page.isVisible()
            assert way.isChecked()
            assert desk.models.place.kind == "browse"
            desk.models.show_model("mistral-small-4")
            desk.window.commands.run("models")
            assert page.isVisible()
            window.click(way)
            assert desk.window.page == "chat"
            assert not way.isChecked()
            window.click(way)
            assert page.isVisible()

    window.run(qapp, scenario)


def test_records_that_cannot_be_read_are_told(qapp: QApplication, tmp_path: Path, site: CatalogSite) -> None:
    site.list_items = [{"title": "no id"}, *({"id": key, "title": key} for key in site.models)]

    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            page = await at_models(desk)
            page.begin.get.click()
            await desk.tasks.settled()
            assert page.aside.isVisible()
            assert "could not be read" in page.aside.text()
            page.aside.click()
            assert isinstance(desk.window.overlay, AsideSheet)

    window.run(qapp, scenario)


def test_by_keys_alone_to_a_model_and_back(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            keys = Keys(desk)
            desk.services.fitting = cast("Fitting", StillFitting(pc(32, 8)))
            assert BY_ID["find_models"].palette
            desk.window.commands.run("find_models")
            await desk.tasks.settled()
            page = desk.models.browse
            assert focused() is page.head.search
            await keys.write("small-4")
            await keys.press(K.Key_Return)
            assert focused() is page.grid
            await keys.press(K.Key_Space)
            assert page.model.marked == ["mistral-small-4"]
            await keys.press(K.Key_Return)
            await desk.tasks.settled()
            assert desk.models.about.isVisible()
            await keys.press(K.Key_Left, Qt.KeyboardModifier.AltModifier)
            assert page.isVisible()
            keys.look("back in the list")
            await keys.press(K.Key_F, CTRL)
            assert focused() is page.head.search
            await keys.press(K.Key_Escape)
            assert page.wishes.text == "", "Esc empties the search first"
            assert desk.window.page == "models"

    window.run(qapp, scenario)


def test_the_hub_is_asked_when_search_is_pressed_and_a_header_tells_whether_it_runs(
    qapp: QApplication, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, size = start(tokens=4_000, merges=2_000, layers=2, width=256, experts=8)
    files: dict[str, Body] = {"Tiny-Q4_K_M.gguf": Padded(begin, size), "mmproj-F16.gguf": Padded(b"GGUF", 857_000_000)}
    with HubSite(Repo("acme/Tiny-GGUF", files), Repo("acme/Other-GGUF", {"a-Q8_0.gguf": b"GGUF"}, downloads=1)) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)

        async def scenario() -> None:
            async with window.opened(qapp, tmp_path, SCRIPT) as desk:
                page = desk.models.browse
                desk.window.show_page("models")
                await desk.tasks.settled()
                page.head.hub_button.click()
                there = desk.models.hub
                assert there.isVisible()
                assert hub.api.name in there.note.text(), "it says to whom the words go"
                QTest.keyClicks(there.search, "tiny")
                await desk.tasks.settled()
                assert hub.api.asked == [], "typing sends nothing"
                there.go.click()
                await desk.tasks.settled()
                assert [button.accessibleName() for button in there.buttons] == ["Show the files: acme/Tiny-GGUF"]
                there.buttons[0].click()
                await desk.tasks.settled()
                shown = desk.models.repository
                assert shown.isVisible()
                (card,) = shown.cards.values()
                assert hub.cdn.served == 0, "no byte of a model before it is asked for"
                card.check.setFocus()
                card.check.click()
                await desk.tasks.settled()
                assert shown.back_button.hasFocus(), "the keyboard stays on the page when the button is gone"
                told = " ".join(label.text() for label in card.findChildren(Label))
                assert "of the file were read, in 2 requests" in told
                assert 0 < hub.cdn.served < size
                desk.window.commands.run("escape")
                assert there.isVisible()
                assert there.buttons, "what was found is still there"
                desk.window.commands.run("escape")
                assert page.isVisible()

        window.run(qapp, scenario)


def is_made(desk: Desk) -> bool:
    return desk.models.made


def test_what_is_inside_is_made_when_somebody_comes_to_see_it(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            assert not is_made(desk), "no start waits for it"
            desk.services.settings.set(declared.OFFLINE, True)
            desk.services.settings.set(declared.OFFLINE, False)
            assert not is_made(desk), "nor does anything that is told to it"
            desk.window.show_page("models")
            assert is_made(desk)
            assert desk.models.browse.isVisible()
            assert desk.models.about.control is not None
            first = desk.models.browse
            desk.window.show_chat()
            desk.window.show_page("models")
            assert desk.models.browse is first

    window.run(qapp, scenario)
