"""A walk over all controls with the Tab key: each has a name and a role, is reached, and comes where the eye looks."""

from __future__ import annotations

import tempfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import shiboken6
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSpinBox,
    QApplication,
    QLineEdit,
    QListView,
    QPlainTextEdit,
    QWidget,
)

from mistral_desk.core import words
from mistral_desk.ui import loop
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.widgets.explained import Word
from tools.gallery.checks import spoken_name, text_of, visible
from tools.gallery.stage import Look, idle, opened, qt_warnings
from tools.gallery.states import STATES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from tools.gallery.stage import Stage

MENUS: Final = ("menu", "chat-menu", "model-menu", "chats-menu", "endpoint-menu", "endpoint-menu-offline")
"""Qt's own: their lines are actions with words, and the arrow keys go through them."""
FLEETING: Final = ("title-written",)
"""A line that is there while somebody writes in it, and no longer when the keyboard is elsewhere."""
REPEATED: Final = ("context-line", "context-summing", "partner-changed")
"""The same question and answer stand there several times: turns are told apart by their words."""
LOOKED_AT: Final = tuple(state.name for state in STATES if state.name not in (*MENUS, *FLEETING))
Role = QAccessible.Role
ROLES: Final = {
    QAbstractButton: {Role.Button, Role.CheckBox, Role.RadioButton, Role.ButtonMenu, Role.PageTab},
    QLineEdit: {Role.EditableText},
    QPlainTextEdit: {Role.EditableText},
    QAbstractSpinBox: {Role.SpinBox},
    QListView: {Role.List},
}
MOST: Final = 200
"""More controls than any state has: a walk that is longer goes round in a part of the window."""
WALKS: Final = 3
"""What a state still builds may take the keyboard in the middle of a walk; a trap has it every time."""


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    words.use("en")


@pytest.fixture(autouse=True)
def expected(allow_log: Callable[..., None]) -> None:
    """States that show problems log them."""
    for what in ("answer .* failed", "shown: ", "an answer failed", "the model was not made ready"):
        allow_log(what)


def staged(
    app: QApplication, name: str, look_at: Callable[[Stage], Awaitable[None]], language: str = words.ENGLISH
) -> None:
    """Set a state up and look at it."""
    state = next(one for one in STATES if one.name == name)

    async def scenario(home: Path) -> None:
        async with opened(app, home, language) as stage:
            await state.set_up(stage)
            await stage.look(Look())
            await look_at(stage)

    with tempfile.TemporaryDirectory() as home, qt_warnings() as heard:
        loop.run(app, partial(scenario, Path(home)))
    assert heard == []


def controls(stage: Stage) -> list[QWidget]:
    """What the keyboard should reach: below an open sheet nothing, only what is in it."""
    ground: QWidget = stage.desk.window.overlay or stage.shown
    return [
        widget
        for widget in visible(ground)
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.isEnabled()
        and widget.focusProxy() is None
        and not isinstance(widget.parentWidget(), QAbstractSpinBox)
        and widget is not ground
        and not _another_of_its_group(widget)
    ]


def _another_of_its_group(widget: QWidget) -> bool:
    """Of buttons of which one is on, Tab reaches that one, and the arrow keys the others."""
    group = widget.group() if isinstance(widget, QAbstractButton) else None
    return group is not None and group.exclusive() and group.checkedButton() not in (None, widget)


async def tabbed(stage: Stage) -> list[QWidget]:
    """The controls in the order in which Tab reaches them, until the first comes again."""
    stage.shown.window().activateWindow()
    wanted = controls(stage)
    first = next((one for one in wanted if not isinstance(one, TextView)), wanted[0])  # one with links keeps it
    first.setFocus(Qt.FocusReason.TabFocusReason)
    await idle(2)
    order: list[QWidget] = []
    for _ in range(MOST):
        here = QApplication.focusWidget()
        assert here is not None
        if here in order[:-1] or (here in order and len(order) == 1):
            return from_a_border(order, stage)
        if here not in order:  # a text with links keeps the keyboard for each of them
            order.append(here)
        QTest.keyClick(here, Qt.Key.Key_Tab)
        await idle(1)
    raise AssertionError("the walk has no end")


@pytest.mark.parametrize("name", ["short-answer", "models", "settings", "library-add"])
def test_shift_tab_goes_back_the_way_that_tab_came(name: str, qapp: QApplication) -> None:
    async def look_at(stage: Stage) -> None:
        there = await tabbed(stage)
        back: list[QWidget] = []
        for _ in range(MOST):
            here = QApplication.focusWidget()
            assert here is not None
            if here in back and len(back) == len(there):
                break
            if here not in back:
                back.append(here)
            QTest.keyClick(here, Qt.Key.Key_Backtab)
            await idle(1)
        back = [back[0], *reversed(back[1:])]
        begin = there.index(back[0])
        assert [described(one) for one in back] == [described(one) for one in there[begin:] + there[:begin]]

    staged(qapp, name, look_at)


def from_a_border(ring: list[QWidget], stage: Stage) -> list[QWidget]:
    """The same round, begun where a part of the window begins."""
    parts = [region_of(one, stage) for one in ring]
    begin = next((number for number in range(len(ring)) if parts[number] != parts[number - 1]), 0)
    return ring[begin:] + ring[:begin]


def described(widget: QWidget) -> str:
    return f"{type(widget).__name__} {spoken_name(widget)!r}"


@pytest.mark.parametrize("name", LOOKED_AT)
def test_every_control_has_a_name_a_role_and_is_reached(name: str, qapp: QApplication) -> None:
    async def look_at(stage: Stage) -> None:
        wanted = controls(stage)
        assert wanted
        assert [described(one) for one in wanted if not spoken_name(one).strip()] == []
        for one in wanted:
            role = QAccessible.queryAccessibleInterface(one).role()
            for kind, roles in ROLES.items():
                if isinstance(one, kind):
                    assert role in roles, f"{described(one)}: {role}"
        assert misnamed(stage) == []
        assert passed_over(stage) == []
        assert name in REPEATED or confused(stage) == []
        missed = wanted
        for _ in range(WALKS):
            reached = await tabbed(stage)
            missed = [one for one in controls(stage) if one not in reached]  # some are made anew meanwhile
            if not missed:
                break
        assert [described(one) for one in missed] == []

    staged(qapp, name, look_at)


def passed_over(stage: Stage) -> list[str]:
    """What says something in a role that screen readers pass over: words painted by a plain widget."""
    told = [(one, QAccessible.queryAccessibleInterface(one)) for one in visible(stage.shown)]
    return [
        described(one)
        for one, interface in told
        if interface.role() == Role.Client and not interface.childCount() and spoken_name(one).strip()
    ]


def confused(stage: Stage) -> list[str]:
    """What somebody who only hears it cannot tell apart: the same role, name and description in the same place.

    Words that explain themselves say the same wherever they stand; a sheet may have two buttons that close it.
    """
    ground: QWidget = stage.desk.window.overlay or stage.shown
    said = Counter(
        (described(one), one.accessibleDescription(), place_of(one))
        for one in ground.findChildren(QAbstractButton)
        if one.isVisible() and one.isEnabled() and not isinstance(one, Word) and spoken_name(one) != "Close"
    )
    return [f"{name} in {place}: {count}" for (name, _, place), count in said.items() if count > 1]


def place_of(widget: QWidget) -> tuple[str, str]:
    """Name and description of the nearest thing around it that has a name; they are said when one comes into it."""
    around = widget.parentWidget()
    while around is not None and not around.isWindow() and not around.accessibleName():
        around = around.parentWidget()
    return (around.accessibleName(), around.accessibleDescription()) if around is not None else ("", "")


def misnamed(stage: Stage) -> list[str]:
    """WCAG 2.2, 2.5.3: who speaks to the computer says what is seen. The model's name is its chip's value."""
    buttons = [one for one in visible(stage.shown) if isinstance(one, QAbstractButton) and text_of(one)]
    chip = stage.desk.page.composer.model
    if chip in buttons:
        assert chip.text() in chip.accessibleDescription()
    other = [one for one in buttons if one is not chip and one.text().lower() not in spoken_name(one).lower()]
    return [f"{described(one)} shows {one.text()!r}" for one in other]


@pytest.mark.parametrize("language", [words.ENGLISH, words.PSEUDO_RTL])
@pytest.mark.parametrize(
    "name",
    [
        "empty",
        "short-answer",
        "thinking",
        "models",
        "models-open",
        "about",
        "about-details",
        "about-related",
        "compare-four",
        "fit-advanced",
        "library",
        "settings",
        "settings-hardware",
        "temporary",
    ],
)
def test_tab_goes_as_the_eye_does(name: str, language: str, qapp: QApplication) -> None:
    async def look_at(stage: Stage) -> None:
        window = stage.desk.window
        order = await tabbed(stage)
        settings = stage.desk.settings
        beside = bool(settings.sections) and settings._tabs.beside
        rooms = (stage.desk.models, stage.desk.library, settings.area if beside else settings)
        if beside:  # the list is a column of its own
            assert next(one for one in order if settings.isAncestorOf(one)) is settings.tabs[settings.page]
        for region in (window.sidebar, window.top, stage.desk.page.composer, *rooms):
            inside = [one for one in order if region.isAncestorOf(one)]
            assert [described(one) for one in inside] == [described(one) for one in by_eye(inside, window)]
        regions = [region_of(one, stage) for one in order]
        visits = [name for number, name in enumerate(regions) if number == 0 or regions[number - 1] != name]
        assert len(visits) <= len(set(visits)) + 1, f"back and forth between the parts: {visits}"

    staged(qapp, name, look_at, language)


def by_eye(found: Sequence[QWidget], window: QWidget) -> list[QWidget]:
    """Line by line from the top, each line from where its language begins."""
    places = {one: QRect(one.mapTo(window, QPoint(0, 0)), one.size()) for one in found}
    lines: list[list[QWidget]] = []
    for one in sorted(found, key=lambda widget: places[widget].top()):
        middle = places[one].center().y()
        for line in lines:
            if any(places[other].top() <= middle <= places[other].bottom() for other in line):
                line.append(one)
                break
        else:
            lines.append([one])
    mirrored = window.isRightToLeft()
    side = (lambda widget: -places[widget].right()) if mirrored else (lambda widget: places[widget].left())
    return [one for line in lines for one in sorted(line, key=side)]


def region_of(widget: QWidget, stage: Stage) -> str:
    window = stage.desk.window
    if not shiboken6.isValid(widget):
        return "chat"  # of a message that is far from sight by now; only those are let go of
    if window.sidebar.isAncestorOf(widget):
        return "sidebar"
    if window.top.isAncestorOf(widget):
        return "top"
    if window.overlay is not None and window.overlay.isAncestorOf(widget):
        return "sheet"
    if not window.isAncestorOf(widget):
        return "a window of its own"
    if window.banners.isAncestorOf(widget):
        return "notices"
    return next(name for name, room in window.rooms.items() if room.isAncestorOf(widget))


def test_the_names_are_the_words_that_are_promised(qapp: QApplication) -> None:
    """Help, tests and people who speak to the computer rely on these."""
    found: set[str] = set()

    async def look_at(stage: Stage) -> None:
        for one in visible(stage.shown):
            found.add(spoken_name(one))
            if isinstance(one, QAbstractScrollArea):
                found.add(one.accessibleName())

    for name in ("thinking", "thought-open"):
        staged(qapp, name, look_at)
    promised = {
        "Message", "Send", "Stop", "Think harder", "Answer now", "New chat", "Search chats", "Chats", "Models",
        "Library", "Settings", "Transcript", "Model", "Thought for 12 s", "Attach image or file",
    }  # fmt: skip
    assert promised - found == set()
