"""What tests of turning back do with the window: find a turn's buttons, stop, and read what is stored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from tests.ui.window import END_OF_WORLD_S, click, drawn, heard, phase, type_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.chat.message import Message
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.chat.turn_base import TurnView
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.widgets.button import Button


def chat_of(desk: Desk) -> Chat:
    chat = desk.page.chat
    assert chat is not None
    return chat


def view_of(desk: Desk, place: int = -1) -> TurnView:
    view = desk.page.transcript.view(chat_of(desk).turns[place])
    assert view is not None
    return view


def button(desk: Desk, name: str, place: int = -1) -> Button | None:
    """The button with this name below a turn, if it is shown."""
    found = (one for one in view_of(desk, place)._row.buttons if one.accessibleName() == name and not one.isHidden())
    return next(found, None)


def press(desk: Desk, name: str, place: int = -1, times: int = 1) -> None:
    found = button(desk, name, place)
    assert found is not None, f"no {name}"
    for _ in range(times):
        click(found)


async def press_when_there(desk: Desk, name: str, place: int, times: int = 1) -> None:
    """Press a button that the next frame may have yet to show."""
    async with asyncio.timeout(END_OF_WORLD_S):
        while button(desk, name, place) is None:  # noqa: ASYNC110 - nothing tells that a row was drawn
            await asyncio.sleep(0.01)
    press(desk, name, place, times)


def send(desk: Desk, text: str) -> None:
    """Type a message and press Enter."""
    type_in(desk, text)
    QTest.keyClick(desk.page.composer.edit, Qt.Key.Key_Return)


async def over(desk: Desk, act: Callable[[], object]) -> None:
    """Do something that is answered, and wait for the end."""
    ended = asyncio.ensure_future(heard(chat_of(desk).busy_changed, lambda busy: not busy))
    await asyncio.sleep(0)
    act()
    await ended
    await desk.tasks.settled()


async def stop(desk: Desk) -> Turn:
    turn = await phase(desk, "writing")
    await over(desk, desk.page.stop)
    return turn


async def stored(desk: Desk) -> tuple[Message, ...]:
    conversation = chat_of(desk).conversation
    assert conversation is not None
    return await chat_of(desk).room.history.messages(conversation.id)


async def open_new(desk: Desk, key: int) -> Chat:
    """Open a stored chat as after a start."""
    desk.chats.open(key)
    await desk.tasks.settled()
    await drawn()
    return chat_of(desk)
