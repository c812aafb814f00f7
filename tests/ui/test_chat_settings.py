"""*This chat's settings* in the real window: each change holds at once, explains itself, and has its way back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from mistral_desk.chat.message import ConversationSettings, Part
from mistral_desk.chat.presets import Preset
from mistral_desk.core.sampling_bounds import BOUNDS
from mistral_desk.inference.protocol import Sampling
from mistral_desk.ui.presets.fields import NUMBERS
from mistral_desk.ui.presets.sheet import ChatSettingsSheet
from tests.fixtures import fake_worker
from tests.ui.turning import open_new
from tests.ui.window import ask, click, drawn, heard, opened, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QMenu

    from mistral_desk.ui.desk import Desk


async def shown(desk: Desk) -> ChatSettingsSheet:
    desk.chat_settings.show()
    await desk.tasks.settled()
    sheet = desk.window.overlay
    assert isinstance(sheet, ChatSettingsSheet)
    return sheet


def test_the_window_has_the_bounds_that_everything_else_has() -> None:
    assert {one.field: (one.low, one.high) for one in NUMBERS if one.field in BOUNDS} == BOUNDS


def test_without_a_change_the_models_own_holds(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            sheet = await shown(desk)
            row = sheet.numbers["temperature"]
            assert row.box.spin.text() == "0.7"
            assert "0.7" in row.note.text()
            assert not row.reset.isVisible()
            row.box.more.click()
            assert row.box.spin.text() == "0.75", "a step begins at the model's own"
            assert row.reset.isVisible()
            row.reset.click()
            assert (row.box.spin.text(), row.reset.isVisible()) == ("0.7", False)
            desk.window.overlay.reject()  # type: ignore[union-attr]
            await ask(desk, "Hi")
            assert desk.page.chat is not None
            assert desk.page.chat.conversation is not None
            kept = await desk.services.history.settings(desk.page.chat.conversation.id)
            assert kept == ConversationSettings()

    run(qapp, scenario)


def distance(one: QColor, other: QColor) -> int:
    return abs(one.red() - other.red()) + abs(one.green() - other.green()) + abs(one.blue() - other.blue())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_holds_by_itself_does_not_look_like_what_was_chosen(
    qapp: QApplication, tmp_path: Path, scheme: str
) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes."), scheme=scheme) as desk:
            sheet = await shown(desk)
            row = sheet.numbers["temperature"]
            colours = desk.theme.colours

            def ink() -> str:
                box = row.box.spin
                place = box.mapTo(desk.window, box.rect().topLeft())
                picture = desk.window.grab(QRect(place, box.size())).toImage()
                ground = picture.pixelColor(0, 0)
                pixels = [picture.pixelColor(x, y) for x in range(picture.width()) for y in range(picture.height())]
                farthest = max(pixels, key=lambda one: distance(one, ground))
                return min((colours.muted, colours.text), key=lambda one: distance(QColor(one), farthest))

            assert ink() == colours.muted
            assert row.box.spin.accessibleDescription() == "holds by itself"
            sheet.own.say("temperature", 0.4)
            await drawn()
            assert ink() == colours.text
            assert row.box.spin.accessibleDescription() == ""
            row.reset.click()
            sheet.close_button.setFocus()  # else the caret is painted, too
            await drawn()
            assert ink() == colours.muted

    run(qapp, scenario)


def test_a_number_takes_the_keyboard_with_a_click_on_its_buttons(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            sheet = await shown(desk)
            sheet.numbers["temperature"].box.spin.setFocus()
            longest = sheet.numbers["longest"].box
            click(longest.more)
            assert longest.spin.text() == "1024", "where there is no limit, a step leads to a usual one"
            focus = QApplication.focusWidget()
            assert focus is not None
            QTest.keyClicks(focus, "12")
            QTest.keyClick(longest.spin, Qt.Key.Key_Tab)
            assert longest.spin.text() == "12"
            assert sheet.numbers["temperature"].box.spin.text() == "0.7", "what is typed goes where was clicked"

    run(qapp, scenario)


def test_what_is_chosen_before_the_first_message_is_the_chats(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            sheet = await shown(desk)
            sheet.system.box.set_text("Answer in verse.")
            sheet.numbers["seed"].box.spin.setValue(7)
            sheet.think.picker.chosen.emit("yes")
            sheet.full.picker.chosen.emit("drop")
            sheet.accept()
            assert desk.page.composer.think.isChecked()
            await ask(desk, "Hi")
            assert desk.page.chat is not None
            assert desk.page.chat.conversation is not None
            history = desk.services.history
            key = desk.page.chat.conversation.id
            kept = await history.settings(key)
            assert kept == ConversationSettings(
                system="Answer in verse.", think=True, sampling=Sampling(seed=7), when_full="drop"
            )
            sheet = await shown(desk)
            assert sheet.system.cost.isVisible(), "another system prompt has the chat read anew"
            sheet.numbers["seed"].reset.click()
            await desk.tasks.settled()
            assert (await history.settings(key)).sampling == Sampling()

    run(qapp, scenario)


def test_presets_are_saved_chosen_renamed_and_deleted_with_undo(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            sheet = await shown(desk)
            part = sheet.presets
            sheet.numbers["temperature"].box.spin.setValue(1.2)
            _act(part.menu(), "Save as a new preset…")
            part.name.setText("Poet")
            QTest.keyClick(part.name, Qt.Key.Key_Return)
            await desk.tasks.settled()
            assert part.picker.text() == "Poet"
            assert not part.back.isVisible()
            sheet.numbers["top_k"].box.spin.setValue(5)
            assert part.back.isVisible()
            assert "Top-k" in part.row.note.text()
            part.back.setFocus()
            part.back.click()
            assert sheet.own.beyond == ()
            assert part.picker.hasFocus(), "the button is gone"
            _act(part.menu(), "For new chats")
            await desk.tasks.settled()
            _act(part.menu(), "Rename…")
            part.name.setText("Bard")
            part.save_name.click()
            await desk.tasks.settled()
            presets = await desk.services.history.presets()
            assert [(one.name, one.default) for one in presets] == [("Bard", True)]
            assert presets[0].settings.sampling == Sampling(temperature=1.2)
            coming = asyncio.ensure_future(heard(desk.notices.shown))
            await asyncio.sleep(0)
            _act(part.menu(), "Delete the preset")
            await desk.tasks.settled()
            assert await desk.services.history.presets() == ()
            (notice,) = await coming
            assert (notice.words.title, notice.action) == ("Preset deleted", "Undo")
            notice.act()
            await desk.tasks.settled()
            assert part.picker.text() == "Bard"
            assert desk.page.chat is not None
            assert desk.page.chat.own.sampling == Sampling(temperature=1.2), "the chat keeps what the preset said"

    run(qapp, scenario)


def test_new_chats_begin_with_the_preset_that_is_meant_for_them(qapp: QApplication, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            held = ConversationSettings(system="Be dry.", think=True, sampling=Sampling(min_p=0.2))
            preset = await desk.services.history.save_preset(Preset(0, "Clerk", held, default=True))
            desk.new_chat()
            await desk.tasks.settled()
            assert desk.page.composer.think.isChecked()
            await ask(desk, "Hi")
            assert desk.page.chat is not None
            assert desk.page.chat.conversation is not None
            kept = await desk.services.history.settings(desk.page.chat.conversation.id)
            assert (kept.system, kept.sampling, kept.preset) == ("Be dry.", Sampling(min_p=0.2), str(preset.id))

    run(qapp, scenario)


def _act(menu: QMenu, words: str) -> None:
    next(action for action in menu.actions() if action.text() == words).trigger()


@pytest.mark.parametrize("harder", [True, False])
def test_a_chat_goes_on_as_its_last_answer_was_asked_for(qapp: QApplication, tmp_path: Path, harder: bool) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            history = desk.services.history
            head, _, answer = await history.begin_turn(None, "one", effort="none" if harder else "high")
            await history.update_answer(answer.id, [Part("text", "A")], ending="stop")
            _, _, answer = await history.begin_turn(head.id, "two", effort="high" if harder else "none")
            await history.update_answer(answer.id, [Part("text", "B")], ending="stop")
            await open_new(desk, head.id)
            assert desk.page.composer.think.isChecked() is harder
            desk.chats.begin()
            assert not desk.page.composer.think.isChecked(), "a new chat begins as the settings say"

    run(qapp, scenario)
