"""The application's real window, used by mouse and keys wherever it could connect; says what a screen reader found.

python -m tests.e2e.browsing_driver, told by one JSON object on stdin: `home`, `repository` (of the hub), `word` (to
search for), `downloads` (repositories; the last one never comes whole), `question`, and `switch` (Offline is switched
on in the settings, half way; then all is tried again). On stdout comes one JSON object: the texts after each step, and
the ledger. Each begin of a part is marked in the system calls, too.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import traceback
from typing import TYPE_CHECKING, Any, Final

import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest

from mistral_desk.core import settings as declared
from mistral_desk.ui import app, loop
from mistral_desk.ui.desk import Desk
from mistral_desk.ui.downloads.get_button import GetButton
from mistral_desk.ui.downloads.get_sheet import GetSheet
from mistral_desk.ui.downloads.row import DownloadRow
from mistral_desk.ui.settings.connections import ConnectionsSheet
from mistral_desk.ui.tasks import Tasks
from mistral_desk.ui.widgets.button import Button
from tests.e2e.traced import MARKS
from tests.ui.heard import whole

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

GIVEN: Final = "mistral-small-4"


def mark_place(name: str) -> None:
    """Leave a mark among the system calls that strace writes down."""
    with socket.socket(socket.AF_UNIX) as nobody, contextlib.suppress(OSError):
        nobody.connect(MARKS + name)


class Browser(QObject):
    """Stands where the system's browser does: an address that was let out ends here."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, address: QUrl) -> None:
        self.opened.append(address.toString())


class Person:
    """Presses what is there, and hears what is said. A button that cannot be pressed does nothing, as for everybody."""

    def __init__(self, desk: Desk, order: dict[str, Any]) -> None:
        self.desk, self.order = desk, order
        self.heard: dict[str, str] = {}
        self.pressed: dict[str, bool] = {}
        self.part = ""
        self.browser = Browser()
        self.at_switch: list[list[Any]] = []
        QDesktopServices.setUrlHandler("https", self.browser, "open")  # type: ignore[arg-type]  # the stub is wrong

    def begin(self, part: str) -> None:
        """What follows belongs to this part."""
        self.part = part
        mark_place(part)

    async def settled(self) -> None:
        """Nothing runs any more, and all is drawn."""
        await self.desk.tasks.settled()
        await loop.idle()

    async def press(self, what: str, button: QWidget) -> None:
        """By the mouse, then by the key: whichever works first."""
        able = button.isEnabled() and button.isVisible()
        self.pressed[f"{self.part}: {what}"] = able
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        if not able:
            button.setFocus()
            QTest.keyClick(button, Qt.Key.Key_Space)
            QTest.keyClick(button, Qt.Key.Key_Return)
        await self.settled()

    def hear(self, what: str, ground: QWidget) -> None:
        """Remember all that is said there."""
        self.heard[f"{self.part}: {what}"] = whole(ground)

    # --- the features -------------------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """By the button of the list, by that of a model that is only mentioned, and once again."""
        models = self.desk.models
        self.desk.window.commands.run("models")
        models.show_list()
        await self.settled()
        browse = models.browse
        self.hear("list", browse)
        await self.press("get", browse.begin.get if browse.begin.isVisible() else browse.head.again_button)
        self.hear("refreshed", browse)
        catalogue = self.desk.services.catalogue.current
        assert catalogue is not None
        stub = next((one.id for one in catalogue.records if not one.whole), "")
        if stub:
            models.show_model(stub)
            await self.settled()
            notes = models.about.notes
            assert notes is not None
            await self.press("stub", notes.buttons[-1])
            self.hear("stub", models.about)
            self.desk.window.commands.run("escape")
            await self.settled()
            self.hear("after stub", browse)
        if (trouble := browse._trouble) is not None:
            await self.press("again", trouble.again_button)
            self.hear("again", browse)

    async def hub(self) -> None:
        """Search, open a repository, read a header; what is there from before is used where nothing comes."""
        models = self.desk.models
        models.show_list()
        await self.press("hub", models.browse.head.hub_button)
        page = models.hub
        page.search.setFocus()
        page.search.selectAll()
        QTest.keyClicks(page.search, self.order["word"])
        await self.press("search", page.go)
        page.search.setFocus()
        QTest.keyClick(page.search, Qt.Key.Key_Return)
        await self.settled()
        self.hear("search", page)
        if page.buttons:
            await self.press("files", page.buttons[0])
        else:
            models.show_repository(self.order["repository"])
            await self.settled()
        self.hear("files", models.repository)
        if (trouble := models.repository.trouble) is not None:
            await self.press("files again", trouble.again_button)
            self.hear("files again", self.desk.settings)
            self.desk.window.commands.run("models")
        for card in tuple(models.repository.cards.values()):
            await self.press("header", card.check)
        self.hear("header", models.repository)

    async def downloads(self) -> None:
        """Of a model that our facts know, the sheet; of the hub's, the download; then what can be done in the list."""
        desk, models = self.desk, self.desk.models
        offers = await desk.services.fitting.ranking()
        models.show_list()
        models.show_model(next(one.variant.model for one in offers if one.variant.plan.fits))
        await self.settled()
        models.about.finish()
        await loop.idle()
        await self.press("get", get_buttons(models.about)[0])
        self.hear("get", models.about)
        if isinstance(sheet := desk.window.overlay, GetSheet):
            sheet.reject()
            await self.settled()
        for name in self.order["downloads"]:
            models.show_list()
            models.show_repository(name)
            await self.settled()
            for button in get_buttons(models.repository)[:1]:
                await self.press(f"download {name}", button)
                sheet = desk.window.overlay
                if isinstance(sheet, GetSheet) and sheet.get is not None:
                    self.hear(f"sheet {name}", sheet)
                    await self.press(f"begin {name}", sheet.get)
                    await self.until_it_comes(name)
        desk.show_downloads()
        await self.settled()
        for row in desk.library.findChildren(DownloadRow) if self.part == "switched" else ():
            for tool in row.stops():
                if tool is not row.cancel and shiboken6.isValid(tool):  # a press may take another one away
                    await self.press(f"tool {tool.accessibleName()}", tool)
        self.hear("downloads", desk.library)

    async def until_it_comes(self, name: str) -> None:
        """A whole one until it is in the library, the last one until its first bytes are there."""
        services = self.desk.services
        if name != self.order["downloads"][-1]:
            while not any(one.repository == name for one in services.library.models):
                await loop.idle()
        else:
            while not any(one.order.files[0].repository == name and one.done for one in services.downloads.downloads()):
                await loop.idle()
        await self.settled()

    async def links(self) -> None:
        """A link of a model's page: shown first, refused, then opened."""
        models = self.desk.models
        models.show_list()
        models.show_model(GIVEN)
        await self.settled()
        models.about.finish()
        await loop.idle()
        assert models.about.links is not None
        address, button = next(iter(models.about.links.buttons.items()))
        for answer in ("cancel", "go"):
            await self.press(f"link, {answer}", button)
            sheet = self.desk.window.overlay
            assert sheet is not None
            self.hear(f"link, {answer}", sheet)
            assert address in self.heard[f"{self.part}: link, {answer}"]
            await self.press(answer, getattr(sheet, answer))

    async def chat(self) -> None:
        """A question to the model that ships with the program, with an address in it."""
        self.desk.window.commands.run("new_chat")
        await self.settled()
        page = self.desk.page
        page.composer.edit.setFocus()
        QTest.keyClicks(page.composer.edit, self.order["question"])
        QTest.keyClick(page.composer.edit, Qt.Key.Key_Return)
        assert page.chat is not None
        while page.chat.busy or len(page.chat.turns) < 2:
            await loop.idle()
        await self.settled()
        self.heard[f"{self.part}: answer"] = page.chat.turns[-1].text

    async def settings(self, *, switch: bool) -> None:
        """The list of connections; the switch, where it is to be turned."""
        self.desk.window.commands.run("settings")
        page = self.desk.settings
        await self.press("privacy", page.tabs["privacy"])
        listed = next(one for one in page.findChildren(Button) if one.text() == "Show the connections…")
        await self.press("connections", listed)
        sheet = self.desk.window.overlay
        assert isinstance(sheet, ConnectionsSheet)
        await sheet.whole()
        self.hear("connections", sheet)
        sheet.reject()
        await self.settled()
        if switch:
            await self.press("offline", page.controls[declared.OFFLINE.name])
            self.at_switch = await self.ledger()
            self.hear("switched", page)

    async def everything(self, part: str, *, switch: bool) -> None:
        """All of it once."""
        self.begin(part)
        await self.refresh()
        await self.hub()
        await self.downloads()
        await self.links()
        await self.chat()
        await self.settings(switch=switch)

    async def ledger(self) -> list[list[Any]]:
        """Host, who, requests, connections begun and problem of each entry; what has ended is written down."""
        ledger = self.desk.services.ledger
        await asyncio.to_thread(ledger.look_again)
        return [[one.host, one.who, one.requests, one.opened, one.problem] for one in ledger.entries()]

    async def run(self) -> None:
        """From the start to the end; whatever goes wrong here ends the program too."""
        try:
            await self.use()
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            QCoreApplication.postEvent(self.desk.window, QEvent(QEvent.Type.Close))

    async def use(self) -> None:
        """All parts, then what is to be told."""
        while not self.desk.window.isVisible():
            await loop.idle()
        await self.settled()
        await self.everything("first", switch=self.order["switch"])
        if self.order["switch"]:
            await self.everything("switched", switch=False)
        self.begin("end")
        told = {
            "heard": self.heard,
            "pressed": self.pressed,
            "opened": self.browser.opened,
            "at switch": self.at_switch,
            "ledger": await self.ledger(),
        }
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def get_buttons(ground: QWidget) -> list[GetButton]:
    """The buttons that offer a download there."""
    return [one for one in ground.findChildren(GetButton) if one.isVisibleTo(ground)]


def main() -> int:
    """Open the window and use it."""
    order = json.loads(sys.stdin.readline())
    begin = Desk.start
    apart: list[Tasks] = []

    def started(desk: Desk) -> None:
        mark_place("start")
        begin(desk)
        apart.append(Tasks(desk.notices))  # the window's own are waited for in it
        apart[0].spawn(Person(desk, order).run(), "the test")

    Desk.start = started  # type: ignore[method-assign, assignment]
    return app.run(home=order["home"])


if __name__ == "__main__":
    raise SystemExit(main())
