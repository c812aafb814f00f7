"""The context in the real window, on the built-in model: the meter's numbers, the question, and the way back."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Final, TypeVar

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from mistral_desk.chat.context import Budget
from mistral_desk.core import amounts
from mistral_desk.core import settings as declared
from mistral_desk.services import Services
from mistral_desk.ui.context.choice import FullSheet
from mistral_desk.ui.context.details import DetailsSheet
from mistral_desk.ui.context.gone import GoneSheet
from mistral_desk.ui.context.meter import Meter
from mistral_desk.ui.context.shares import parts
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.text_box import TextBox
from tests.fixtures import fake_worker
from tests.ui.window import ask, click, drawn, heard, opened, run, type_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.chat.message import ConversationSettings
    from mistral_desk.inference.protocol import Counted
    from mistral_desk.ui.widgets.overlay import Overlay

CONTEXT: Final = 512
WORDS: Final = "And what else can you do with a picture? " * 2

T = TypeVar("T", bound="Overlay")


@contextlib.asynccontextmanager
async def guide(qapp: QApplication, folder: Path) -> AsyncIterator[Desk]:
    """The window on the built-in model, with the smallest context that the settings know."""
    services = await Services.open(str(folder / "home"))
    services.settings.set(declared.CONTEXT, CONTEXT)
    desk = Desk(services, Theme(qapp, "light"))
    try:
        desk.window.resize(1180, 800)
        desk.window.show()
        desk.start()
        await desk.tasks.settled()
        assert services.engine.model is not None
        assert services.engine.model.context == CONTEXT
        yield desk
    finally:
        desk.window.hide()
        await services.close(desk.close())
        desk.window.deleteLater()


def overlay(desk: Desk, kind: type[T]) -> T:
    found = desk.window.overlay
    assert isinstance(found, kind)
    return found


async def own(desk: Desk) -> ConversationSettings:
    await desk.tasks.settled()
    assert desk.page.chat is not None
    assert desk.page.chat.conversation is not None
    return await desk.services.history.settings(desk.page.chat.conversation.id)


async def measured(desk: Desk) -> Budget | None:
    (budget,) = await heard(desk.context.measuring.measured)
    assert budget is None or isinstance(budget, Budget)
    return budget


async def until_full(desk: Desk) -> tuple[FullSheet, list[Budget]]:
    """Talk until the question comes; what the meter said on the way."""
    chat = desk.page.chat
    assert chat is not None
    seen: list[Budget] = []
    for number in range(40):
        coming = asyncio.ensure_future(measured(desk))
        await asyncio.sleep(0)
        over = asyncio.ensure_future(heard(chat.busy_changed, lambda busy: not busy))
        full = asyncio.ensure_future(heard(chat.told))
        await asyncio.sleep(0)
        type_in(desk, f"{number}. {WORDS}")
        desk.page.composer.submit()
        done, waiting = await asyncio.wait({over, full}, return_when=asyncio.FIRST_COMPLETED)
        for one in waiting:
            one.cancel()
        if full in done:
            coming.cancel()
            return overlay(desk, FullSheet), seen
        if budget := await coming:
            seen.append(budget)
            answer = chat.turns[-1]
            assert answer.figures is not None
            held = answer.figures.prompt_tokens + answer.figures.generated_tokens
            assert 0 <= budget.used - held <= 4, "what the last answer said, and the end mark of it"
            assert desk.context.meter.isVisible() == (budget.share >= 0.6 or budget.full)
    raise AssertionError("it never became full")


def test_a_full_chat_asks_and_what_is_dropped_can_be_sent_again(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with guide(qapp, tmp_path) as desk:
            sheet, seen = await until_full(desk)
            assert [one.used for one in seen] == sorted(one.used for one in seen)
            chat = desk.page.chat
            assert chat is not None
            assert chat.turns[-1].phase == "full"
            over = asyncio.ensure_future(heard(chat.busy_changed, lambda busy: not busy))
            await asyncio.sleep(0)
            sheet.remember.setChecked(True)
            button = sheet.drop.control
            assert button is not None
            click(button)
            await over
            kept = await own(desk)
            assert (kept.when_full, kept.summary) == ("drop", "")
            assert kept.dropped is not None
            line = desk.page.transcript._quiet
            assert line is not None
            assert "Not sent any more" in line.accessibleName()

            desk.context.show_gone()
            await desk.tasks.settled()
            gone = overlay(desk, GoneSheet)
            gone.box.set_text("They spoke of pictures.")
            gone.accept()
            assert (await own(desk)).summary == "They spoke of pictures."

            desk.context.show_gone()
            await desk.tasks.settled()
            undo = asyncio.ensure_future(heard(desk.notices.shown))
            await asyncio.sleep(0)
            click(overlay(desk, GoneSheet).back)
            (notice,) = await undo
            kept = await own(desk)
            assert (kept.dropped, kept.summary) == (None, "")
            await desk.tasks.settled()
            assert desk.page.transcript._quiet is None
            notice.act()
            kept = await own(desk)
            assert kept.summary == "They spoke of pictures."
            assert kept.dropped is not None

    run(qapp, scenario)


def test_a_summary_is_shown_and_can_be_changed(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with guide(qapp, tmp_path) as desk:
            sheet, _ = await until_full(desk)
            chat = desk.page.chat
            assert chat is not None
            over = asyncio.ensure_future(heard(chat.busy_changed, lambda busy: not busy))
            await asyncio.sleep(0)
            button = sheet.sum_up.control
            assert button is not None
            click(button)
            await over
            kept = await own(desk)
            assert kept.summary
            assert kept.when_full == "ask", "nobody said that it is to be remembered"
            desk.context.show_gone()
            await desk.tasks.settled()
            assert overlay(desk, GoneSheet).box.text == kept.summary

    run(qapp, scenario)


def test_closing_the_question_stops_and_keeps_the_words(qapp: QApplication, tmp_path: Path, allow_log: object) -> None:
    assert callable(allow_log)
    allow_log("prompt.too_long")

    async def scenario() -> None:
        async with guide(qapp, tmp_path) as desk:
            sheet, _ = await until_full(desk)
            chat = desk.page.chat
            assert chat is not None
            over = asyncio.ensure_future(heard(chat.busy_changed, lambda busy: not busy))
            await asyncio.sleep(0)
            sheet.reject()
            await over
            assert chat.turns[-1].problem is not None
            assert chat.turns[-1].problem.id == "prompt.too_long"
            assert WORDS.strip() in chat.turns[-2].text
            assert (await own(desk)).dropped is None

    run(qapp, scenario)


def test_room_is_made_by_hand_before_it_is_full(qapp: QApplication, tmp_path: Path) -> None:
    said = ("Two rooms in Lisbon cost 1,400 euros.", "The agency is open on Tuesday.")
    summary = "Lisbon: two rooms, 1,400 euros."
    answers = [step for text in (*said, summary) for step in ({"await": "generate"}, *fake_worker.answer(text))]
    script = [fake_worker.HELLO, {"await": "load"}, *fake_worker.loading(), *answers, {"serve": {}}]

    async def scenario() -> None:
        async with opened(qapp, tmp_path, script) as desk:
            where = "I look for a flat in Lisbon, quiet and with a view, near a tram and a park. " * 2
            for question in (where + "What do two rooms cost?", where + "When is the agency open?"):
                await ask(desk, question)
            desk.context.show()
            await desk.tasks.settled()
            sheet = overlay(desk, DetailsSheet)
            assert sheet.sum_up.isVisible()
            click(sheet.sum_up)
            await desk.tasks.settled()
            gone = overlay(desk, GoneSheet)
            assert gone.box.text == (await own(desk)).summary == summary

    run(qapp, scenario)


def test_the_details_open_at_once_and_count_while_they_are_open(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            await ask(desk, "Hi")
            await desk.tasks.settled()
            count, may = desk.services.engine.count, asyncio.Event()

            async def slow(*asked: Any, **more: Any) -> Counted:
                await may.wait()
                return await count(*asked, **more)

            desk.services.engine.count = slow  # type: ignore[method-assign]
            sheet = await details(desk)
            assert "Counting…" in said(sheet)
            assert not sheet.drop.isVisible()
            sheet.reject()
            sheet = await details(desk)
            may.set()
            await desk.tasks.settled()
            assert "Counting…" not in said(sheet)
            assert any("sees at once" in one for one in said(sheet))

    run(qapp, scenario)


async def details(desk: Desk) -> DetailsSheet:
    """As soon as they are open."""
    desk.context.show()
    while desk.window.overlay is None:
        await drawn()
    return overlay(desk, DetailsSheet)


def said(sheet: DetailsSheet) -> list[str]:
    return [label.text() for label in sheet.area.findChildren(Label) if label.isVisible()]


@pytest.mark.allow_log("shown: The summary is of no use")
def test_what_the_guide_writes_for_a_summary_is_thrown_away_with_a_word(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with guide(qapp, tmp_path) as desk:
            for question in ("What can this app do?", "What can you do with a picture?", "How do I delete a chat?"):
                await ask(desk, question)
            desk.context.show()
            await desk.tasks.settled()
            sheet = overlay(desk, DetailsSheet)
            told = asyncio.ensure_future(heard(desk.notices.shown))
            await asyncio.sleep(0)
            click(sheet.sum_up)
            (notice,) = await told
            assert notice.words.title == "The summary is of no use"
            await desk.tasks.settled()
            assert overlay(desk, DetailsSheet) is sheet
            assert sheet.drop.isVisible(), "what helps is still offered"
            kept = await own(desk)
            assert (kept.dropped, kept.summary) == (None, "")

    run(qapp, scenario)


def test_the_meter_says_how_bad_it_is(qapp: QApplication) -> None:
    ground = QWidget()
    meter = Meter(Theme(qapp, "light"), ground)
    for used, shown, words in ((590, False, ""), (600, True, "60 %"), (860, True, "86 %"), (1000, True, "100 %")):
        meter.show_budget(Budget(1000, used, wanted=100))
        assert meter.isVisibleTo(ground) == shown
        if shown:
            assert meter.text().replace("\u00a0", " ") == words
            assert amounts.number(1000) in meter.accessibleName()
    assert "enough room" in meter.accessibleName()
    meter.show_budget(None)
    assert not meter.isVisibleTo(ground), "what is not known is not shown"


def test_the_lines_of_the_details_are_the_whole_context() -> None:
    budget = Budget(1000, 700, system=50, pictures=200, message=100)
    assert sum(part.tokens for part in parts(budget)) == 1000
    assert [part.tokens for part in parts(budget)] == [50, 350, 200, 100, 300]


def test_a_text_is_as_tall_as_its_lines_at_every_width(qapp: QApplication) -> None:
    ground = QWidget()
    box = TextBox(Theme(qapp, "light"), "Summary", ground, least=2, most=12)
    box.set_text("word " * 80)
    ground.show()
    qapp.processEvents()
    line = box.edit.fontMetrics().lineSpacing()
    for width in (200, 900, 300, 4000):
        box.setGeometry(0, 0, width, 400)
        qapp.processEvents()
        lines = min(12, max(2, round(box.edit.document().size().height())))
        assert box.edit.height() // line == lines, width
    ground.hide()


def test_while_room_is_made_the_details_say_what_is_done_and_cancel_has_the_keyboard(qapp: QApplication) -> None:
    ground = QWidget()
    ground.resize(900, 700)
    ground.show()
    sheet = DetailsSheet(Theme(qapp, "light"), "Guide", ground)
    sheet.show_budget(Budget(1000, 860, wanted=100), gone=0, summed_up=False, droppable=True, when="ask")
    sheet.open_over()
    assert QTest.qWaitForWindowActive(ground, 60_000)
    sheet.sum_up.setFocus()
    sheet.show_working(0.4, "Summing up")
    assert sheet.progress is not None
    assert sheet.progress.isVisible()
    assert sheet.progress.told.text() == "Summing up"
    assert sheet.cancel.hasFocus()
    sheet.show_working(None)
    assert sheet.close_button.hasFocus()
    assert not sheet.progress.isVisible()
    ground.hide()
