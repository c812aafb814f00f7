"""The window as a newcomer uses it, from the first start on: `python -m tests.campaigns.offline_driver`.

One JSON object on stdin: `home`, `question`, `picture` (a file), `about` (a question on it) and `word` (of the first
question). On stdout comes one JSON object: what was there after each step. What only a person who wants to connect
does comes last, and has a part of its own in the record of system calls.
"""

from __future__ import annotations

import json
import sys
import traceback
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEvent, QMimeData, Qt, QUrl
from PySide6.QtTest import QTest

from mistral_desk.ui import app, loop
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.settings.diagnostic_sheet import DiagnosticSheet
from mistral_desk.ui.tasks import Tasks
from tests.e2e.browsing_driver import GIVEN, mark_place
from tests.e2e.drop_driver import let_go
from tests.ui.heard import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.ui.chat.chat import Chat


class Newcomer:
    """Uses what is there, by keys and by the window's own commands."""

    def __init__(self, desk: Desk, order: dict[str, str]) -> None:
        self.desk, self.order = desk, order
        self.told: dict[str, Any] = {}

    async def run(self) -> None:
        """From the start to the end; whatever goes wrong ends the program too."""
        try:
            await self.all()
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            QCoreApplication.postEvent(self.desk.window, QEvent(QEvent.Type.Close))

    async def all(self) -> None:
        desk, told = self.desk, self.told
        await self.until(lambda: desk.window.isVisible() and desk.model.info is not None)
        told["welcome"] = desk.page.welcome is not None
        told["answer"] = await self.ask(self.order["question"])
        desk.window.commands.run("new_chat")
        await self.settled()
        mime = QMimeData()
        mime.setUrls([QUrl.fromLocalFile(self.order["picture"])])
        let_go(desk, mime)
        await self.until(lambda: not self.chat.attachments.reading)
        told["pictures"] = len(self.chat.attachments.items)
        told["seen"] = await self.ask(self.order["about"])
        desk.window.commands.run("models")
        await self.settled()
        told["models"] = desk.models.browse.model.rowCount()
        desk.models.show_model(GIVEN)
        await self.settled()
        told["page"] = GIVEN in whole(desk.models.about).casefold().replace(" ", "-")
        await desk.services.history.indexed()
        desk.window.search_chats(self.order["word"])
        await self.settled()
        told["found"] = len(desk.window.sidebar.found.results.hits)
        desk.window.sidebar.search.clear()
        desk.window.commands.run("library")
        await self.settled()
        told["library"] = len(desk.library.cards)
        await self.settings()
        mark_place("asked")
        await self.connect()
        mark_place("end")
        desk.services.ledger.look_again()
        told["ledger"] = [[one.host, one.problem] for one in desk.services.ledger.entries()]
        json.dump(told, sys.stdout)
        sys.stdout.flush()

    async def settings(self) -> None:
        """Every page of them, and the diagnostic report."""
        desk = self.desk
        desk.window.commands.run("settings")
        await self.settled()
        for page in desk.settings.tabs:
            desk.window.open_settings(page)
            await self.settled()
        self.told["settings"] = len(desk.settings.tabs)
        desk.settings.report_asked.emit()
        await self.settled()
        sheet = desk.window.overlay
        assert isinstance(sheet, DiagnosticSheet)
        self.told["report"] = [file.name for file in sheet.files]
        sheet.reject()

    async def connect(self) -> None:
        """A person asks for what needs a network, and is told so."""
        desk, models = self.desk, self.desk.models
        desk.window.commands.run("models")
        models.show_list()
        models.browse.head.hub_button.click()
        await self.settled()
        models.hub.search.setText("mistral")
        models.hub.go.click()
        await self.settled()
        self.told["said"] = whole(models.hub)

    async def ask(self, question: str) -> str:
        """Type it and press Enter; the answer when it is over."""
        edit = self.desk.page.composer.edit
        count = len(self.chat.turns) if self.desk.page.chat is not None else 0
        edit.setFocus()
        QTest.keyClicks(edit, question)
        QTest.keyClick(edit, Qt.Key.Key_Return)
        await self.until(lambda: len(self.chat.turns) >= count + 2 and not self.chat.busy)
        turn = self.chat.turns[-1]
        return turn.text if turn.problem is None else f"!{turn.problem.id}"

    @property
    def chat(self) -> Chat:
        """The chat that is shown."""
        assert self.desk.page.chat is not None
        return self.desk.page.chat

    async def settled(self) -> None:
        """Nothing runs any more, and all is drawn."""
        await self.desk.tasks.settled()
        await loop.idle()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for it."""
        while not condition():
            await loop.idle()


def main() -> int:
    """Open the window as a stranger does."""
    order = json.loads(sys.stdin.readline())
    begin = Desk.start
    apart: list[Tasks] = []

    def started(desk: Desk) -> None:
        begin(desk)
        apart.append(Tasks(desk.notices))  # the window's own are waited for in it
        apart[0].spawn(Newcomer(desk, order).run(), "the test")

    Desk.start = started  # type: ignore[method-assign, assignment]
    return app.run(home=order["home"])


if __name__ == "__main__":
    raise SystemExit(main())
