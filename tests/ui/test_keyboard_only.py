"""Everything on the page by keys alone, from the start: after each key the keyboard is somewhere, and it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QFileDialog

from mistral_desk.core import settings as declared
from mistral_desk.core.paths import resource
from mistral_desk.inference.client import ModelSpec
from mistral_desk.ui.palette.panel import Palette
from mistral_desk.ui.shortcuts import ShortcutSheet
from mistral_desk.ui.sidebar.chats import ChatsView
from tests.fixtures import fake_worker
from tests.ui.keyboard import CTRL, SHIFT, Keys, focused
from tests.ui.window import drawn, heard, opened, phase, run

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtWidgets import QApplication as App

    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.desk import Desk

K = Qt.Key
CODE = "x = 1"
ANSWER = f"Here it is.\n\n```python\n{CODE}\n```\n\nSee [the page](https://example.org/page)."


def chat_of(desk: Desk) -> Chat:
    assert desk.page.chat is not None
    return desk.page.chat


async def answered(desk: Desk, keys: Keys, key: Qt.Key = K.Key_Return) -> None:
    """Press the key that asks, and wait for the end of the answer."""
    await keys.press(key)
    if chat_of(desk).busy:
        await heard(chat_of(desk).busy_changed, lambda busy: not busy)
    await desk.tasks.settled()
    keys.look("after the answer")


def at_end(desk: Desk) -> bool:
    return desk.page.transcript.at_end


def sheet(desk: Desk) -> type | None:
    """The kind of sheet that is open."""
    return None if desk.window.overlay is None else type(desk.window.overlay)


def clipboard() -> str:
    return QGuiApplication.clipboard().text()


def test_a_conversation(qapp: App, tmp_path: Path) -> None:
    """Ask, think, read the thought, copy, edit, try again, change versions, follow a link, jump."""

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering(ANSWER, "Let me see.")) as desk:
            keys = Keys(desk)
            assert focused() is desk.page.composer.edit, "a person can write at once"
            await keys.write("hello there")
            await answered(desk, keys)
            assert [turn.role for turn in chat_of(desk).turns] == ["user", "assistant"]
            await keys.press(K.Key_T, CTRL)
            assert desk.page.composer.think.isChecked()
            await keys.to("Think harder")
            await keys.press(K.Key_Space)
            assert not desk.page.composer.think.isChecked()
            await keys.to("Thought")
            await keys.press(K.Key_Return)
            assert chat_of(desk).turns[-1].thought_open
            await keys.to("Copy code")
            await keys.press(K.Key_Space)
            assert clipboard() == CODE
            await keys.to("Copy")
            await keys.press(K.Key_Return)
            assert clipboard() == ANSWER
            await keys.to("Try again")
            await answered(desk, keys)
            assert len(chat_of(desk).turns[-1].versions) == 2
            await keys.to("Previous version")
            await keys.press(K.Key_Return)
            await desk.tasks.settled()
            keys.look("after another version")
            turn = chat_of(desk).turns[-1]
            assert turn.versions[0] == turn.message
            await keys.to("Edit")
            await keys.press(K.Key_Return)
            assert focused() is desk.page.composer.edit
            await keys.write(" again")
            await answered(desk, keys)
            assert chat_of(desk).turns[0].text == "hello there again"
            await keys.press(K.Key_Up)
            assert chat_of(desk).editing is not None
            await keys.press(K.Key_Escape)
            assert chat_of(desk).editing is None

    run(qapp, scenario)


def test_a_link_a_long_chat_and_stop(qapp: App, tmp_path: Path) -> None:
    async def scenario() -> None:
        script = fake_worker.endless("word\n\nSee [it](https://example.org/x).\n\n", 0.002)
        async with opened(qapp, tmp_path, script) as desk:
            keys = Keys(desk)
            await keys.write("go on")
            await keys.press(K.Key_Return)
            turn = await phase(desk, "writing")
            await heard(chat_of(desk).changed, lambda one: len(one.text) > 4000)
            await keys.press(K.Key_Escape)
            if chat_of(desk).busy:
                await heard(chat_of(desk).busy_changed, lambda busy: not busy)
            await desk.tasks.settled()
            keys.look("stopped")
            assert turn.ending == "stopped"
            await keys.to("Transcript")
            await keys.press(K.Key_Home)
            assert not at_end(desk)
            await keys.to("Jump to latest", back=True)
            await keys.press(K.Key_Return)
            assert at_end(desk)
            await keys.to("Message")
            await keys.write("again")
            await keys.press(K.Key_Return)
            await phase(desk, "writing")
            await keys.to("Stop")
            await keys.press(K.Key_Space)
            if chat_of(desk).busy:
                await heard(chat_of(desk).busy_changed, lambda busy: not busy)
            await desk.tasks.settled()
            keys.look("stopped with the button")

    run(qapp, scenario)


def test_chats(qapp: App, tmp_path: Path) -> None:
    """New, temporary, search, another, rename, delete and undo."""

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            keys = Keys(desk)
            history = desk.services.history
            for text in ("about cats", "about dogs"):
                await keys.write(text)
                await answered(desk, keys)
                await keys.press(K.Key_N, CTRL)
                assert chat_of(desk).turns == []
            await keys.press(K.Key_N, CTRL | SHIFT)
            await desk.tasks.settled()
            assert chat_of(desk).temporary
            await keys.write("a secret")
            await answered(desk, keys)
            await keys.press(K.Key_N, CTRL)
            assert desk.window.overlay is not None, "it asks before it is lost"
            await keys.to("Close the chat")
            await keys.press(K.Key_Return)
            await desk.tasks.settled()
            assert not chat_of(desk).temporary
            await keys.press(K.Key_F, CTRL | SHIFT)
            await keys.write("cats")
            await desk.tasks.settled()
            assert desk.window.sidebar.found.results.rowCount() == 2, "a title and a message"
            await keys.press(K.Key_Down, times=2)
            keys.look("found")
            await keys.press(K.Key_Return)
            await desk.tasks.settled()
            assert chat_of(desk).turns[0].text == "about cats"
            await keys.press(K.Key_F, CTRL | SHIFT)
            await keys.press(K.Key_Escape)
            assert desk.window.sidebar.search.text() == ""
            chats = await keys.to("Chats")
            assert isinstance(chats, ChatsView)
            await keys.press(K.Key_F2)
            await keys.press(K.Key_A, CTRL)
            await keys.write("felines")
            await keys.press(K.Key_Return)
            await desk.tasks.settled()
            assert sorted(one.title for one in await history.conversations()) == ["about dogs", "felines"]
            keys.look("renamed")
            await keys.press(K.Key_Delete)
            await desk.tasks.settled()
            keys.look("deleted")
            assert [one.title for one in await history.conversations()] == ["about dogs"]
            await keys.to("Undo")
            await keys.press(K.Key_Return)
            await desk.tasks.settled()
            keys.look("brought back")
            assert len(await history.conversations()) == 2
            assert chat_of(desk).turns[0].text == "about cats"

    run(qapp, scenario)


def test_settings(qapp: App, tmp_path: Path) -> None:
    """Each page, a choice, a number, reset, search, a sheet, and back."""

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            keys, settings, page = Keys(desk), desk.services.settings, desk.settings
            await keys.press(K.Key_Comma, CTRL)
            assert desk.window.page == "settings"
            names = list(page.tabs)
            for name in names[1:]:
                await keys.press(K.Key_Right)
                assert page.page == name, "the arrows go from page to page"
                await keys.press(K.Key_Tab)
                await keys.press(K.Key_Tab, SHIFT)
            await keys.press(K.Key_Left, times=len(names) - 1)
            assert page.page == names[0]
            await keys.to("Theme")
            await keys.press(K.Key_Right, times=2)
            assert settings.get(declared.THEME) == "dark"
            await keys.to("Reset Theme", back=True)
            await keys.press(K.Key_Return)
            assert settings.get(declared.THEME) == declared.THEME.default
            await keys.to("Text size")
            await keys.press(K.Key_Up, times=2)
            if settings.get(declared.TEXT_SCALE) != 120:
                await heard(desk.theme.changed, lambda: settings.get(declared.TEXT_SCALE) == 120)
            keys.look("larger text")
            await keys.press(K.Key_0, CTRL)
            assert settings.get(declared.TEXT_SCALE) == 100
            await keys.to("Search settings", back=True)
            await keys.write("think")
            switch = await keys.to(declared.THINK_BY_DEFAULT.label)
            await keys.press(K.Key_Space)
            assert settings.get(declared.THINK_BY_DEFAULT) is True
            assert switch.isVisible()
            await keys.press(K.Key_Escape)
            assert desk.window.page == "chat"
            await keys.press(K.Key_Comma, CTRL)
            await keys.press(K.Key_Comma, CTRL)
            assert desk.window.page == "chat", "the same keys lead back"

    run(qapp, scenario)


@pytest.mark.allow_log("shown:")
@pytest.mark.qt_log_ignore("does not support")  # the platform without a screen cannot raise a menu
def test_menus_sheets_and_rooms(qapp: App, tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            keys, window = Keys(desk), desk.window
            there = ModelSpec(str(resource("model", "guide.gguf")))
            desk.services.resolve_model = lambda _model="builtin": there  # type: ignore[method-assign, assignment]
            await keys.press(K.Key_M, CTRL)
            assert QApplication.activePopupWidget() is not None
            await keys.press(K.Key_Down)
            await keys.press(K.Key_Return)
            assert QApplication.activePopupWidget() is None
            await keys.press(K.Key_O, CTRL)
            dialog = next(iter(window.findChildren(QFileDialog)))
            assert dialog.isVisible()
            await keys.tap(K.Key_Escape)
            assert QApplication.activeModalWidget() is None
            window.activateWindow()  # a window manager's part, of which there is none here
            await drawn()
            keys.look("after the dialog")
            await keys.press(K.Key_K, CTRL)
            assert sheet(desk) is Palette
            await keys.write("sidebar")
            await keys.press(K.Key_Return)
            assert not window.sidebar.isVisible()
            await keys.press(K.Key_B, CTRL)
            assert window.sidebar.isVisible()
            await keys.press(K.Key_Slash, CTRL)
            assert sheet(desk) is ShortcutSheet
            await keys.press(K.Key_Tab)
            await keys.press(K.Key_Escape)
            assert sheet(desk) is None
            await keys.to("Mistral Desk menu")
            await keys.press(K.Key_Return)
            assert QApplication.activePopupWidget() is not None
            await keys.press(K.Key_Escape)
            assert QApplication.activePopupWidget() is None
            for key, room in ((K.Key_L, "library"), (K.Key_L, "chat")):
                await keys.press(key, CTRL)
                await desk.tasks.settled()
                keys.look(room)
                assert window.page == room
            await keys.press(K.Key_L, CTRL | SHIFT)
            assert window.page == "models"
            assert focused() is desk.models.browse.head.search, "a person can search at once"
            await keys.to("Show the library")
            await keys.press(K.Key_Return)
            await desk.tasks.settled()
            keys.look("library")
            await keys.to("Chat with it")
            await keys.press(K.Key_Return)
            assert window.page == "chat"
            regions = [await _region(keys) for _ in range(4)]
            assert set(regions) == {"New chat", "Message"}, "the parts of an empty chat"

    run(qapp, scenario)


async def _region(keys: Keys) -> str:
    await keys.press(K.Key_F6)
    return focused().accessibleName()


def test_the_mouse_leaves_no_ring(qapp: App, tmp_path: Path) -> None:
    """The counter-check: what is looked for everywhere above is not simply always there."""

    async def scenario() -> None:
        async with opened(qapp, tmp_path, fake_worker.answering("Yes.")) as desk:
            keys = Keys(desk)
            desk.window.open_settings("chat")
            await drawn()
            for control in (desk.window.sidebar.new, desk.settings.controls[declared.THINK_BY_DEFAULT.name]):
                control.setFocus(Qt.FocusReason.MouseFocusReason)
                assert not keys.seen(control)
                control.clearFocus()
                control.setFocus(Qt.FocusReason.TabFocusReason)
                assert keys.seen(control)

    run(qapp, scenario)
