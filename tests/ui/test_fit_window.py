"""Will it run here? in the window: what is clicked reaches the plan, in another thread, and the latest wish wins."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from mistral_desk.catalog import facts
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.paths import resource
from mistral_desk.fit import advice
from mistral_desk.fit.plan import Wishes, server_command
from mistral_desk.inference.client import ModelSpec
from mistral_desk.ui.fit.advanced import Advanced
from mistral_desk.ui.fit.planner import Planner, planned
from mistral_desk.ui.fit.sheet import FitSheet
from mistral_desk.ui.fit.verdict import Verdict
from mistral_desk.ui.fit.widget import WillItRun
from mistral_desk.ui.notify import Notices
from mistral_desk.ui.tasks import Tasks
from mistral_desk.ui.theme.theme import Theme
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.note import Note
from mistral_desk.ui.widgets.segmented import Segmented
from tests.fixtures import fake_worker
from tests.fixtures.machines import pc
from tests.ui import window
from tools.gallery.fitting import StillFitting
from tools.gallery.fitting import pc as described

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from PySide6.QtWidgets import QApplication

    from mistral_desk.fit.advice import Variant
    from mistral_desk.inference.fitting import Fitting
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.models.page import ModelsPage

SCRIPT = fake_worker.answering("Yes.")
SMALL_4 = facts.find("mistral-small-4")[0]


@pytest.fixture
def ground(qapp: QApplication) -> Iterator[QWidget]:
    made = QWidget()
    made.resize(700, 900)
    yield made
    made.hide()
    made.deleteLater()


def told(widget: QWidget) -> str:
    return " | ".join(label.text() for label in widget.findChildren(Label) if not label.isHidden())


# --- the widget -----------------------------------------------------------------------------------------


def test_what_is_chosen_and_tried_goes_up(qapp: QApplication, ground: QWidget) -> None:
    where = pc(32, 8)
    found = advice.variants(SMALL_4, where)
    others = tuple(one for one in advice.ranking(where) if one.role)
    shown = WillItRun(Theme(qapp, "light"), ground, get="Get it")
    tried: list[Variant] = []
    instead: list[str] = []
    shown.tried.connect(tried.append)
    shown.alternative.connect(instead.append)
    shown.show_verdict(Verdict(found, where, others, "8GB VRAM (Q4)"))
    assert shown.rows[0].action is not None
    assert "about 14 min" in shown.rows[0].action.text(), "it says what trying costs"
    shown.rows[0].action.click()
    shown.alternatives[0].click()
    assert tried == [found[0]]
    assert instead == ["gemma-4-26b-a4b"]
    chosen: list[Variant] = []
    shown.chosen.connect(chosen.append)
    fits = advice.variants(facts.find("ministral-3-8b")[0], where)
    shown.show_verdict(Verdict(fits, where))
    assert shown.rows[0].action is not None
    shown.rows[0].action.click()
    assert chosen == [fits[0]]


def test_where_nothing_can_be_got_no_button_says_so(qapp: QApplication, ground: QWidget) -> None:
    where = pc(32, 8)
    shown = WillItRun(Theme(qapp, "light"), ground)
    shown.show_verdict(Verdict(advice.variants(SMALL_4, where), where))
    assert [row.action for row in shown.rows] == [None] * len(shown.rows)


def test_a_model_of_which_nothing_is_known_gets_no_verdict(qapp: QApplication, ground: QWidget) -> None:
    shown = WillItRun(Theme(qapp, "light"), ground)
    shown.show_verdict(Verdict((), pc(32, 8)))
    assert shown.rows == []
    assert "Nothing is guessed" in told(shown)


# --- by hand --------------------------------------------------------------------------------------------


def advanced(qapp: QApplication, ground: QWidget, **more: str) -> Advanced:
    where = pc(96, 8)
    return Advanced(Theme(qapp, "light"), advice.variants(SMALL_4, where)[0], where, ground, **more)


def test_what_is_set_by_hand_is_planned_and_taken_back(qapp: QApplication, ground: QWidget) -> None:
    async def scenario() -> None:
        tasks = Tasks(Notices())
        shown = advanced(qapp, ground)
        one, where = shown.variant, shown.machine
        Planner(shown, tasks, lambda wishes: planned(one, where, wishes))
        shown.by_hand.numbers["context"].spin.setValue(4096)
        kv = shown.by_hand.choices["kv"]
        assert isinstance(kv, Segmented)
        kv.buttons["q8_0"].click()
        await tasks.settled()
        assert shown.by_hand.wishes == Wishes(context=4096, kv="q8_0")
        assert (shown.variant.plan.context, shown.variant.plan.kv) == (4096, "q8_0")
        shown.by_hand.numbers["experts_on_gpu"].spin.setValue(30)
        await tasks.settled()
        assert shown.variant.word == "does_not_fit", "8 GB do not hold the experts of 30 layers"
        assert not shown.copy_command.isEnabled()
        assert "Does not fit" in told(shown)
        shown.back.click()
        await tasks.settled()
        assert shown.by_hand.wishes == Wishes()
        assert shown.variant.plan == one.plan
        assert not shown.back.isEnabled()

    window.run(qapp, scenario)


def test_only_the_latest_wish_is_answered(qapp: QApplication, ground: QWidget) -> None:
    async def scenario() -> None:
        tasks, shown, free = Tasks(Notices()), advanced(qapp, ground), asyncio.Event()
        one, where = shown.variant, shown.machine
        asked: list[int | None] = []

        async def judge(wishes: Wishes) -> Variant:
            asked.append(wishes.threads)
            await free.wait()
            return await planned(one, where, wishes)

        Planner(shown, tasks, judge)
        for threads in (1, 2, 3, 4):
            shown.by_hand.numbers["threads"].spin.setValue(threads)
            await asyncio.sleep(0)  # the first one is being planned
        free.set()
        await tasks.settled()
        assert asked == [1, 4]
        assert shown.variant.plan.threads == 4

    window.run(qapp, scenario)


def test_the_command_is_that_of_the_plan_that_is_shown(qapp: QApplication, ground: QWidget) -> None:
    shown = advanced(qapp, ground, path="/Modelle für alle/model.gguf")
    shown.copy_command.click()
    text = server_command(shown.variant.plan, shown.machine, "/Modelle für alle/model.gguf")
    assert QGuiApplication.clipboard().text() == text


def test_only_what_makes_sense_can_be_set(qapp: QApplication, ground: QWidget) -> None:
    shown = advanced(qapp, ground)
    kv = shown.by_hand.choices["kv"]
    assert isinstance(kv, Segmented)
    assert "q4_0" not in kv.buttons, "latent attention has no such cache"
    where = pc(32)
    dense = advice.variants(facts.find("ministral-3-8b")[0], where)[0]
    other = Advanced(Theme(qapp, "light"), dense, where, ground)
    assert set(other.by_hand.numbers) == {"context", "threads"}, "there is no GPU, and there are no experts"
    assert other.by_hand.numbers["threads"].spin.maximum() == where.cores


# --- the sheet ------------------------------------------------------------------------------------------


def sheet_of(desk: Desk) -> FitSheet:
    assert isinstance(desk.window.overlay, FitSheet)
    return desk.window.overlay


def test_the_loaded_model_s_plan_is_shown_and_set_by_hand(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            there = ModelSpec(str(resource("model", "guide.gguf")))
            desk.services.resolve_model = lambda _model="builtin": there  # type: ignore[method-assign, assignment]
            desk.window.commands.run("fit")
            await desk.tasks.settled()
            shown = sheet_of(desk).advanced
            assert shown is not None
            assert not shown.use.isEnabled(), "nothing was changed yet"
            shown.by_hand.numbers["threads"].spin.setValue(1)
            await desk.tasks.settled()
            assert shown.variant.plan.threads == 1
            shown.use.click()
            await desk.tasks.settled()
            fitting = desk.services.fitting
            assert fitting.wishes(await fitting.key(there.path)) == Wishes(threads=1)
            assert desk.window.overlay is None

    window.run(qapp, scenario)


def test_a_file_that_is_gone_is_told_in_the_sheet(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.fits.show()
            await desk.tasks.settled()
            assert sheet_of(desk).advanced is None
            assert "/models/fake.gguf" in told(sheet_of(desk))

    window.run(qapp, scenario)


@pytest.mark.allow_log("shown:")
def test_what_was_made_smaller_is_told_once(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            assert desk.model.info is not None
            params: dict[str, str | int | float] = {"context": 8192, "before": 16384, "reason": "memory was short"}
            shorter = Problem("load.shorter_context", params)
            desk.model.info = msgspec.structs.replace(desk.model.info, changes=(shorter,))
            desk.model.changed.emit()
            desk.model.changed.emit()
            (banner,) = desk.window.banners.banners
            assert "8192" in banner.notice.words.message.replace("\N{NARROW NO-BREAK SPACE}", "")
            assert banner.notice.kind == "info"
            assert banner.action is not None
            banner.action.click()
            await desk.tasks.settled()
            assert sheet_of(desk).isVisible()

    window.run(qapp, scenario)


@pytest.mark.allow_log("shown:")
def test_a_model_that_is_too_slow_can_be_tried_anyway(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            fitting = Refusing()
            desk.services.fitting = cast("Fitting", fitting)
            warm = desk.model.warm

            async def refused() -> None:
                if not fitting.allowed:
                    raise DeskError("model.from_disk", name="Mistral Small 4", minutes=14, thinking=49)
                await warm()

            desk.model.warm = refused  # type: ignore[method-assign]
            desk.warm()
            await desk.tasks.settled()
            (banner,) = desk.window.banners.banners
            assert banner.action is not None
            assert banner.action.text() == "Try anyway"
            assert "14" in " ".join((banner.notice.words.title, banner.notice.words.message, banner.notice.words.hint))
            banner.action.click()
            await desk.tasks.settled()
            assert fitting.allowed == ["/models/fake.gguf"]
            assert desk.window.banners.banners == []

    window.run(qapp, scenario)


def said(widget: QWidget) -> str:
    """What its labels and notes say."""
    notes = [f"{note.words.title} {note.words.message}" for note in widget.findChildren(Note)]
    return " | ".join([told(widget), *notes])


def verdict_on(page: ModelsPage) -> str:
    """The model whose verdict is shown."""
    assert page.about.here is not None
    return page.about.here.widget.rows[0].variant.model


class Refusing(StillFitting):
    """Remembers what was allowed."""

    def __init__(self) -> None:
        super().__init__(described(32, 8))
        self.allowed: list[str] = []

    def allow(self, key: str) -> None:
        self.allowed.append(key)


# --- the models page ------------------------------------------------------------------------------------


def test_the_models_page_ranks_and_judges(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with window.opened(qapp, tmp_path, SCRIPT) as desk:
            desk.services.fitting = cast("Fitting", StillFitting(described(32, 8)))
            desk.window.show_page("models")
            page, browse = desk.models, desk.models.browse
            await desk.tasks.settled()
            assert browse.model.id_at(0) == "gemma-4", "the ranking for this computer is the order of the list"
            assert browse.model.card(0).role == "Best here"
            assert browse.model.row_of("mistral-small-4") >= 0, "the namesake is shown wherever it ranks"
            assert "GeForce RTX 4060 with 8 GB" in browse.head.computer.text()
            browse.opened.emit("mistral-small-4")
            await desk.tasks.settled()
            here = page.about.here
            assert here is not None
            assert "this computer has 8 + 32 GB" in said(here.widget)
            here.widget.alternatives[1].click()
            await desk.tasks.settled()
            assert verdict_on(page) == "ministral-3-8b"
            listed = {browse.model.id_at(row) for row in range(browse.model.rowCount())}
            assert listed >= {one.catalog for one in facts.models()}
            unknown = next(one.id for one in facts.models() if not advice.variants(one, described(32, 8)))
            page.show_model(unknown)
            await desk.tasks.settled()
            assert page.about.here is not None
            assert "Nothing is guessed" in told(page.about.here.widget)
            page.show_list()
            again = browse.head.measure_button
            again.click()
            assert not again.isEnabled()
            await desk.tasks.settled()
            assert again.isEnabled()

    window.run(qapp, scenario)
