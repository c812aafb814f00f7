"""The application from its first start to its first own model: `python -m tests.e2e.first_model_driver`.

One JSON object on stdin: `home`, `facts` (a file in the form of `resources/catalog/downloads.json` whose one model lies
on the hub of HF_ENDPOINT) and `question`. The engine, the hub's connections, the files: all real. On stdout comes one
JSON object: what was seen at each step.
"""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest

from mistral_desk.catalog import facts
from mistral_desk.core import paths
from mistral_desk.ui import app, loop
from mistral_desk.ui.chat.turn_view import AnswerView
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.downloads.get_sheet import GetSheet
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.chat.chat import Chat

END_OF_WORLD_S: Final = 300.0
"""Less than the test waits for this process."""


def main() -> int:
    """Open the window as a stranger does, and go through it."""
    order = json.loads(sys.stdin.readline())
    usual, begin = paths.resource, Desk.start

    def stated(*parts: str) -> Path:
        return Path(order["facts"]) if parts == facts.FILE else usual(*parts)

    def started(desk: Desk) -> None:
        begin(desk)
        desk.tasks.spawn(told_whole(Stranger(desk, order)), "the test")

    vars(facts)["resource"] = stated
    Desk.start = started  # type: ignore[method-assign, assignment]
    return app.run(home=order["home"])


async def told_whole(stranger: Stranger) -> None:
    """What failed is told, and where it stood when it took too long; the application ends either way."""
    try:
        async with asyncio.timeout(END_OF_WORLD_S):
            await stranger.all()
    except Exception:  # noqa: BLE001 - whatever it is, the test that started this shows it
        traceback.print_exc()
    QCoreApplication.postEvent(app_of(), QEvent(QEvent.Type.Quit))


def app_of() -> QCoreApplication:
    running = QCoreApplication.instance()
    assert running is not None
    return running


class Stranger:
    """Presses what is in sight."""

    def __init__(self, desk: Desk, order: dict[str, Any]) -> None:
        self.desk, self.order = desk, order
        self.told: dict[str, Any] = {}

    @property
    def chat(self) -> Chat:
        assert self.desk.page.chat is not None
        return self.desk.page.chat

    async def all(self) -> None:
        desk, told = self.desk, self.told
        desk.window.resize(1180, 1100)
        welcome = desk.page.welcome
        assert welcome is not None
        await self.until(lambda: welcome.recommendation.get is not None and desk.model.info is not None)
        get = welcome.recommendation.get
        assert get is not None
        await self.until(get.isVisible)
        told["welcome"] = texts(welcome)
        told["button"] = get.text()
        await self.press(get)
        sheet = desk.window.overlay
        assert isinstance(sheet, GetSheet)
        await self.until(lambda: sheet.get is not None and sheet.get.isVisible())
        told["sheet"] = texts(sheet)
        model = get.ware.key
        assert sheet.get is not None
        await self.press(sheet.get)
        await self.until(lambda: desk.window.overlay is None)
        await self.ask()
        told["guide"] = (self.chat.turns[1].model, bool(self.chat.turns[1].text))
        await self.until(lambda: any(one.id.casefold() == model for one in desk.services.library.models))
        first = self.chat.turns[1]
        await self.until(lambda: bool(first.offer))
        told["notices"] = [banner.note.words.title for banner in desk.window.banners.banners]
        await self.verify(model)
        await self.ask_that_again()
        await self.chat_with(model)
        told["downloads left"] = len(desk.services.downloads.downloads())
        desk.services.ledger.look_again()
        told["hosts"] = sorted({entry.host for entry in desk.services.ledger.entries()})
        json.dump(told, sys.stdout)
        sys.stdout.flush()

    async def ask(self) -> None:
        """Type the question and press Enter; wait for the answer."""
        chat, edit = self.chat, self.desk.page.composer.edit
        count = len(chat.turns)
        edit.setFocus()
        QTest.keyClicks(edit, self.order["question"])
        QTest.keyClick(edit, Qt.Key.Key_Return)
        await self.until(lambda: len(chat.turns) >= count + 2 and not chat.busy)

    async def verify(self, model: str) -> None:
        """In the library, by its button."""
        await self.press(self.desk.window.sidebar.ways["library"])
        await self.until(lambda: len(self.desk.library.cards) == 2)
        card = self.desk.library.cards[1]
        await self.until(card.isVisible)
        self.told["card"] = texts(card)
        await self.press(next(one for one in card.findChildren(Button) if one.accessibleName().startswith("Verify")))
        await self.until(
            lambda: any(one.note.words.title.endswith("is whole") for one in self.desk.window.banners.banners)
        )
        await self.until(lambda: "Verified" in texts(self.desk.library.cards[1]))
        self.told["verified"] = texts(self.desk.library.cards[1])
        assert self.desk.library.cards[1].model.id.casefold() == model

    async def ask_that_again(self) -> None:
        """Beside the Guide's answer."""
        desk, chat = self.desk, self.chat
        desk.window.show_chat()
        await loop.idle()
        view = desk.page.transcript.view(chat.turns[1])
        assert isinstance(view, AnswerView)
        await self.until(view.anew.isVisible)
        await self.press(view.anew)
        await self.until(lambda: len(chat.turns) == 2 and not chat.busy and len(chat.turns[1].versions) == 2)
        answer = chat.turns[1]
        self.told["again"] = {
            "model": answer.model,
            "answered": bool(answer.text),
            "problem": answer.problem.id if answer.problem else "",
            "offer": answer.offer,
            "in force": desk.model.id,
        }

    async def chat_with(self, model: str) -> None:
        """A new chat with it, from the library."""
        before = self.chat
        await self.press(self.desk.window.sidebar.ways["library"])
        await self.until(lambda: "In use" in texts(self.desk.library.cards[1]))
        button = self.desk.library.cards[1].chat_button
        assert button is not None
        await self.press(button)
        await self.until(lambda: self.chat is not before)
        await self.ask()
        answer = self.chat.turns[1]
        self.told["chat"] = {"model": answer.model, "answered": bool(answer.text), "in force": self.desk.model.id}
        assert self.desk.model.id.casefold() == model

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await loop.idle()

    async def press(self, button: QWidget) -> None:
        """With the mouse, as soon as it is in sight."""
        await self.until(lambda: button.isVisible() and not button.visibleRegion().isEmpty())
        QTest.mouseClick(
            button, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(button.rect().center())
        )


def texts(widget: QWidget) -> str:
    """What it says."""
    return "\n".join(label.text() for label in widget.findChildren(Label) if label.isVisible())


if __name__ == "__main__":
    sys.exit(main())
