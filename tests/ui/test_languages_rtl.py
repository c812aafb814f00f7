"""A window from right to left: all stands on the other side, what points points back, and code does not turn."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeySequence, QTextCursor

from mistral_desk.core import words
from mistral_desk.ui import loop
from mistral_desk.ui.chat.code import CodeView
from mistral_desk.ui.chat.user_view import UserView
from mistral_desk.ui.language import speak
from mistral_desk.ui.shortcuts import ShortcutSheet
from mistral_desk.ui.theme import icons
from tests.campaigns.languages import faults
from tools.gallery import texts
from tools.gallery.declare import listed, whole
from tools.gallery.stage import Stage, idle, opened

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from PySide6.QtGui import QImage
    from PySide6.QtWidgets import QApplication, QWidget

CODE = "Look:\n\n```python\nprint(1.5)  # one\n```\n\nDone."


@pytest.fixture(autouse=True)
def english(qapp: QApplication) -> Iterator[None]:
    yield
    words.use("en")
    qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def in_window(app: QApplication, language: str, look: Callable[[Stage], Awaitable[None]]) -> None:
    """The window in a language, for this look at it."""

    async def scenario(home: Path) -> None:
        async with opened(app, home, language) as stage:
            await look(stage)

    with tempfile.TemporaryDirectory() as home:
        loop.run(app, partial(scenario, Path(home)))


def middle(widget: QWidget, window: QWidget) -> float:
    """Where the widget's middle stands, as a share of the window's width."""
    return widget.mapTo(window, QPoint(widget.width() // 2, 0)).x() / window.width()


def test_room_beside_a_scroll_bar_is_on_its_side(qapp: QApplication) -> None:
    seen: list[tuple[int, int]] = []

    async def look(stage: Stage) -> None:
        stage.desk.window.commands.run("shortcuts")
        await idle()
        (sheet,) = stage.desk.window.findChildren(ShortcutSheet)
        for shown in (sheet.list.widget(), sheet.card):
            layout = shown.layout() if shown is not None else None
            assert layout is not None
            seen.append((layout.contentsMargins().left(), layout.contentsMargins().right()))

    for language in (words.ENGLISH, words.PSEUDO_RTL):
        in_window(qapp, language, look)
    there, back = seen[:2], seen[2:]
    assert all(left != right for left, right in there)
    assert back == [(right, left) for left, right in there], "Qt does not mirror what a layout leaves free"


@pytest.mark.parametrize("language", [words.ENGLISH, words.PSEUDO_RTL])
def test_every_side_is_the_other_one(language: str, qapp: QApplication) -> None:
    mirrored = language == words.PSEUDO_RTL
    seen: dict[str, bool] = {}

    async def look(stage: Stage) -> None:
        await whole(stage, texts.SHORT_QUESTION, CODE)
        await listed(stage)
        window = stage.desk.window
        (message,) = window.findChildren(UserView)
        (code,) = window.findChildren(CodeView)
        seen["sidebar"] = middle(stage.desk.window.sidebar, window) > 0.5
        seen["send"] = middle(stage.desk.page.composer.action, window) < 0.5
        seen["code from left to right"] = code.layoutDirection() == Qt.LayoutDirection.LeftToRight
        bubble = message._bubble
        seen["the person's bubble"] = bubble.center().x() < message.width() / 2

    in_window(qapp, language, look)
    sides = {"sidebar": mirrored, "send": mirrored, "the person's bubble": mirrored}
    assert seen == {**sides, "code from left to right": True}


@pytest.mark.parametrize("text", ["السلام عليكم، كيف حالك؟", "שלום, מה שלומך?"])
def test_a_message_in_arabic_or_hebrew_begins_at_its_own_side_in_an_english_window(
    text: str, qapp: QApplication
) -> None:
    begins: dict[str, bool] = {}

    async def look(stage: Stage) -> None:
        field = stage.desk.page.composer.edit
        for name, written in (("own", f"\n{text} Mistral 3.5 (test)"), ("english", "Hello"), ("none", "42")):
            field.setPlainText(written)
            await idle()
            cursor = QTextCursor(field.document().lastBlock())
            begins[name] = field.cursorRect(cursor).x() > field.viewport().width() / 2
            if name == "own":
                assert field.document().lastBlock().textDirection() == Qt.LayoutDirection.RightToLeft

    in_window(qapp, words.ENGLISH, look)
    assert begins == {"own": True, "english": False, "none": False}, "whether it begins at the right"


def alike(one: QImage, other: QImage, *, turned: bool) -> bool:
    """Whether two pictures have the same ink, seen from the other side where one is turned; edges may be softer."""
    last, places = one.width() - 1, [(x, y) for x in range(one.width()) for y in range(one.height())]
    return all(
        abs(one.pixelColor(x, y).alpha() - other.pixelColor(last - x if turned else x, y).alpha()) < 40
        for x, y in places
    )


def test_what_points_points_back(qapp: QApplication) -> None:
    drawn = {}
    for direction in (Qt.LayoutDirection.LeftToRight, Qt.LayoutDirection.RightToLeft):
        qapp.setLayoutDirection(direction)
        drawn[direction] = {
            name: icons.pixmap(name, "#000000", 20, 1.0).toImage() for name in (*icons.POINTING, "send", "search")
        }
    there, back = drawn.values()
    for name in icons.POINTING:
        assert alike(back[name], there[name], turned=True), name
        assert not alike(back[name], there[name], turned=False), f"{name} needs no turning"
    assert back["send"] == there["send"]
    assert back["search"] == there["search"], "a magnifying glass is held in the right hand everywhere"


def test_a_value_that_runs_into_a_sentence_is_noticed_in_a_window(qapp: QApplication) -> None:
    found: list[str] = []

    async def look(stage: Stage) -> None:
        stage.desk.page.composer.edit.setAccessibleName(f"{words.tr('Message')} for guide.gguf")
        for widget in (stage.desk.page.composer.edit,):
            found.extend(faults(widget.accessibleName(), words.PSEUDO_RTL))

    in_window(qapp, words.PSEUDO_RTL, look)
    assert found == ["nothing keeps it apart"]


def test_a_language_leaves_none_of_qt_s_own_words_behind(qapp: QApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = QKeySequence("Ctrl+Shift+L")
    said = []
    for language in ("fr", "en"):
        monkeypatch.setenv(words.VARIABLE, language)
        speak(qapp, language)
        said.append(keys.toString(QKeySequence.SequenceFormat.NativeText))
    assert "Shift" in said[1] or "⇧" in said[1]
    assert said[0] != said[1] or "⇧" in said[1], "Qt speaks French where its words came along"
