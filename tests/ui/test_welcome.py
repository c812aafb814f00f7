"""The first start: shown once, tells what this computer has, and the Guide answers at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from mistral_desk.core import settings as declared
from mistral_desk.core import words
from mistral_desk.core.machine import this_machine
from mistral_desk.services import Services
from mistral_desk.ui.chat.empty import GENERAL, EmptyState, examples
from mistral_desk.ui.library.add_sheet import AddSheet
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.welcome.page import Welcome, is_first_start
from mistral_desk.ui.widgets.label import Label
from tests.fixtures import fake_worker
from tests.fixtures.engines import run
from tests.ui import window
from tools.gallery.fitting import StillFitting, pc

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.inference.fitting import Fitting
    from mistral_desk.ui.desk import Desk

SCRIPT = [fake_worker.HELLO, {"serve": {"load": fake_worker.loading(), "generate": fake_worker.answer("I can chat.")}}]


def _shown(desk: Desk) -> Welcome:
    welcome = desk.page.welcome
    assert welcome is not None
    return welcome


def test_only_the_first_start_is_the_first(tmp_path: Path) -> None:
    async def test() -> None:
        services = await Services.open(str(tmp_path / "home"))
        assert await is_first_start(services)
        assert not await is_first_start(services)
        await services.close()
        again = await Services.open(str(tmp_path / "home"))
        assert not await is_first_start(again)
        await again.close()

    run(test())


def test_somebody_with_chats_is_no_stranger(tmp_path: Path) -> None:
    async def test() -> None:
        services = await Services.open(str(tmp_path / "home"))
        await services.history.create("from before there was a first start")
        assert not await is_first_start(services)
        await services.close()

    run(test())


def test_the_questions_of_a_new_chat_are_for_the_model_that_answers(qapp: QApplication) -> None:
    def told(empty: EmptyState) -> list[str]:
        return [button.text() for button in empty.buttons]

    words.use("de")
    try:
        parent = QWidget()
        empty = EmptyState(Theme(qapp, "light"), parent)
        assert told(empty) == [one.text for one in examples()]
        assert not empty._english.isHidden(), "said where the window speaks another language than the Guide"
        empty.show_questions(guide=False)
        assert told(empty) == [words.tr(text) for text in GENERAL]
        assert not set(told(empty)) & set(GENERAL), "in the language of the window"
        assert empty._english.isHidden()
        words.use("en")
        empty.show_questions(guide=True)
        assert empty._english.isHidden()
    finally:
        words.use("en")


def test_it_tells_and_a_question_is_answered_at_once(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.welcome()
            await window.drawn()
            welcome = _shown(desk)
            assert welcome.isVisible()
            told = " ".join(label.text() for label in welcome.findChildren(Label))
            assert this_machine().processor in told
            assert "GiB" not in told, "room and memory are told in the unit that a download and a verdict tell them in"
            assert "Nothing you write leaves it" in told
            assert "processor" in welcome.facts["graphics"].text(), "the worker has no other device"
            chat = desk.page.chat
            assert chat is not None
            window.click(welcome.buttons[0])
            await window.heard(chat.ended)
            assert chat.turns[-1].text == "I can chat."
            assert not welcome.isVisible()
            desk.new_chat()
            assert desk.page.welcome is None
            assert desk.page.empty.isVisible(), "afterwards a new chat is greeted as usual"

    window.run(qapp, scenario)


def test_before_the_worker_has_started_it_promises_nothing(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT, warm=False) as desk:
            desk.welcome()
            assert _shown(desk).facts["graphics"].text() == "Looking…"
            desk.start()
            await desk.tasks.settled()
            assert "Looking" not in _shown(desk).facts["graphics"].text()

    window.run(qapp, scenario)


def test_no_control_is_dead(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.welcome()
            welcome = _shown(desk)
            window.click(welcome.have)
            sheet = desk.window.overlay
            assert isinstance(sheet, AddSheet)
            await desk.tasks.settled()
            sheet.reject()

    window.run(qapp, scenario)


def test_a_smaller_model_takes_the_place_of_the_best(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.services.fitting = cast("Fitting", StillFitting(pc(32, 8)))
            desk.welcome()
            await desk.tasks.settled()
            shown = _shown(desk).recommendation
            sizes = []
            while shown.smaller is not None:
                assert shown.get is not None
                sizes.append(shown.get.ware.title)
                window.click(shown.smaller)
                await window.drawn()
            assert len(set(sizes)) == len(sizes) >= 1
            desk.services.settings.set(declared.OFFLINE, True)
            assert shown.get is not None
            assert not shown.get.isEnabled()
            assert "Work offline" in shown.get.accessibleDescription()
            desk.services.settings.set(declared.OFFLINE, False)
            assert shown.get.isEnabled()

    window.run(qapp, scenario)


def test_where_nothing_runs_well_the_quickest_can_be_got_and_all_be_seen(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.services.fitting = cast("Fitting", StillFitting(pc(8, gbps=4)))
            desk.welcome()
            await desk.tasks.settled()
            shown = _shown(desk).recommendation
            told = " ".join(label.text() for label in shown.findChildren(Label) if label.isVisible())
            assert "No known model runs well on this computer" in told
            assert "The quickest known one here: Ministral 3 3B, Q4_K_M" in told
            assert "A typical answer takes about 4 min" in told
            assert shown.get is not None
            assert shown.get.text().startswith("Get Ministral 3 3B, 2")
            window.click(shown.buttons[-1])
            await desk.tasks.settled()
            assert desk.window.page == "models"
            assert desk.models.browse.isVisible(), "all of them, not the page of one that does not run"

    window.run(qapp, scenario)


def test_nothing_moves_when_it_is_said_what_runs_best(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            fitting = StillFitting(pc(32, 8))
            machine, offers = await fitting.machine(), await fitting.ranking()
            for width in (880, 1180, 1920):
                desk.window.resize(width, 800)
                welcome = Welcome(desk.theme, desk.services, desk.page)
                welcome.recommendation.make = desk.getting.for_welcome
                desk.page.set_welcome(welcome)
                await window.drawn()
                asked, above = welcome.buttons[0], welcome.facts["memory"]
                before = [one.mapTo(desk.window, QPoint()).y() for one in (asked, above)]
                welcome.recommend(machine, offers)
                await window.drawn()
                assert len(welcome.recommendation.buttons) == 3
                assert [one.mapTo(desk.window, QPoint()).y() for one in (asked, above)] == before, width

    window.run(qapp, scenario)


def test_it_says_what_runs_best_here_and_leads_to_the_models(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.services.fitting = cast("Fitting", StillFitting(pc(32, 8)))
            desk.welcome()
            welcome = _shown(desk)
            await desk.tasks.settled()
            told = " ".join(label.text() for label in welcome.recommendation.findChildren(Label))
            assert "Gemma 4 26B-A4B" in told
            assert "all 74 GB must be within reach; this computer has 8 + 32 GB" in told
            assert "last download" not in told, "no line was measured yet, so no time is told"
            get = welcome.recommendation.get
            assert get is not None
            assert get.text().startswith("Get Gemma 4 26B-A4B, 1")
            window.click(welcome.recommendation.buttons[-1])
            await desk.tasks.settled()
            assert desk.window.page == "models"
            about = desk.models.about
            assert about.isVisible()
            assert about.record is not None
            assert about.record.id == "gemma-4", "the page of the record that this model belongs to"
            assert about.here is not None
            assert about.here.widget.rows[0].variant.model == "gemma-4-26b-a4b", "and its verdict is there"

    window.run(qapp, scenario)
