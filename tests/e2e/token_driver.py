"""The window with an access token: typed into Settings or brought by the environment, then used for a gated download.

Started with a JSON object on stdin: `home`, `repository` and `token` (empty: the environment brings it). Says on stdout
`{"at": "fetching"}` while the download is on its way and all kinds of children run, and waits for a line; then it fails
inside, finishes the download, and says `{"at": "done", "words": …}`: all that stands in the window. Then it waits to be
killed.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QTextEdit, QWidget

from mistral_desk.ui import app, loop
from mistral_desk.ui.chat.formulas import Wanted, formulas
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.settings.token import STATES
from tests.ui import window

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> int:
    """Open the real window."""
    order = json.loads(sys.stdin.readline())
    begin = Desk.start

    def started(desk: Desk) -> None:
        begin(desk)
        desk.tasks.spawn(Owner(desk, order).all(), "the test")

    Desk.start = started  # type: ignore[method-assign, assignment]
    return app.run(home=order["home"])


class Owner:
    """Somebody with a token."""

    def __init__(self, desk: Desk, order: dict[str, Any]) -> None:
        self.desk, self.order = desk, order

    async def all(self) -> None:
        desk = self.desk
        await desk.services.tokens.state()
        desk.window.open_settings("downloads")
        row = desk.settings.token
        if self.order["token"]:
            await self.until(row.field.edit.isVisible)
            row.field.edit.setFocus()
            QTest.keyClicks(row.field.edit, self.order["token"])
            window.click(row.field.take)
            await self.until(lambda: STATES["session"] in row.note.text())
        else:
            await self.until(lambda: STATES["environment"] in row.note.text())
        formulas().get(Wanted("x^2", display=False))
        before = await desk.services.ordering.before(self.order["repository"], "Q4_K_M")
        await desk.services.ordering.order(before)
        await self.until(lambda: any(one.state == "fetching" for one in desk.services.downloads.downloads()))
        self.tell(at="fetching")
        await asyncio.to_thread(sys.stdin.readline)
        desk.tasks.spawn(self.fail(), "what fails")
        await desk.services.downloads.pause(before.order.id)
        await desk.services.downloads.resume(before.order.id)
        await self.until(lambda: any(one.files for one in desk.services.library.models if one.origin == "download"))
        self.tell(at="done", words=self.words())
        await asyncio.to_thread(sys.stdin.readline)

    async def fail(self) -> None:
        """An error of the program while the token is in its hands."""
        secret = self.order["token"] or self.desk.services.secrets.get()
        await self.desk.services.tokens.take(str(secret) + "\N{SNOWMAN}")

    def words(self) -> list[str]:
        """All that any widget says, to eyes or to a screen reader, and the clipboard."""
        found = [QGuiApplication.clipboard().text()]
        for widget in self.desk.window.findChildren(QWidget):
            found += [widget.accessibleName(), widget.accessibleDescription(), widget.toolTip(), widget.windowTitle()]
            if isinstance(widget, QLabel | QLineEdit):
                found.append(widget.text())
            if isinstance(widget, QTextEdit):
                found.append(widget.toPlainText())
        return found

    def tell(self, **what: object) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await loop.idle()


if __name__ == "__main__":
    sys.exit(main())
