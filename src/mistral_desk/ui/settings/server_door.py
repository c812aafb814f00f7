"""What the window does about our own server: on and off with its setting, shown in Settings, off while offline."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from mistral_desk.core.errors import DeskError, Problem, Words, in_words
from mistral_desk.core.settings import OFFLINE, SERVER, SERVER_PORT
from mistral_desk.core.words import tr
from mistral_desk.server import keys
from mistral_desk.ui.notify import Notice

if TYPE_CHECKING:
    from mistral_desk.server.ground import Ground
    from mistral_desk.server.serving import Serving
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.settings.server_row import ServerRow

_OFTEN_MS: Final = 100
_SAID_SECONDS: Final = 5


class ServerDoor(QObject):
    """Belongs to the desk. The server is not even imported before somebody wants it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self.serving: Serving | None = None
        self._token = ""
        self._lasts = True
        self._trouble: Words | None = None
        self._turns = asyncio.Lock()
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_OFTEN_MS)
        self._later.timeout.connect(self._show)
        settings = desk.services.settings
        self._endings = (
            settings.listen(SERVER, lambda _: self.follow()),
            settings.listen(SERVER_PORT, lambda _: self.follow()),
            settings.listen(OFFLINE, lambda _: self.follow()),
        )
        desk.settings.made.connect(self._wire)

    def begin(self) -> None:
        """The window is open: listen, where that is wanted."""
        if self._desk.services.settings.get(SERVER):
            self.follow()

    def follow(self) -> None:
        """Do as the settings say now."""
        self._desk.tasks.spawn(self._follow(), "our own server")

    async def close(self) -> None:
        """Listen no more."""
        for end in self._endings:
            end()
        async with self._turns:
            if self.serving is not None:
                await self.serving.stop()

    async def _follow(self) -> None:
        settings = self._desk.services.settings
        async with self._turns:
            self._trouble = None
            if self.serving is not None:
                await self.serving.stop()
            if settings.get(SERVER) and not settings.get(OFFLINE):
                self._show()
                await self._start(settings.get(SERVER_PORT))
            if self._trouble is None:
                self._desk.notices.over.emit(SERVER.name)
            self._show()

    async def _start(self, port: int) -> None:
        try:
            serving = self.serving or await self._made()
            self._token, self._lasts = await asyncio.to_thread(self._known)
            await serving.start(port, self._token)
        except DeskError as error:
            self._failed(error.problem)

    def _failed(self, problem: Problem) -> None:
        self._trouble = in_words(problem, tr)
        self._desk.notices.problem(problem, "warning", about=SERVER.name)
        self._show()

    def _known(self) -> tuple[str, bool]:
        """The token, and whether it is the same one after a restart; in a thread."""
        vault = self._desk.services.secrets
        token, _ = keys.token(vault)
        return token, vault.where(keys.NAME) != "session"

    async def _made(self) -> Serving:
        """Its libraries take a moment to import, which the window does not wait for."""
        kind, ground = await asyncio.to_thread(_kinds)
        serving = kind(ground.of(self._desk.services))
        serving.line.changed = self._changed
        serving.fell = lambda: self._failed(Problem("server.ended"))
        self.serving = serving
        return serving

    # --- the row --------------------------------------------------------------------------------------

    @property
    def _row(self) -> ServerRow | None:
        return self._desk.settings.server

    def _wire(self) -> None:
        """The page has its rows now."""
        if (row := self._row) is not None:
            row.again.connect(self.follow)
            row.address_copied.connect(lambda: self._copy(self.serving.address if self.serving else ""))
            row.token_copied.connect(lambda: self._copy(self._token))
            row.renewed.connect(lambda: self._desk.tasks.spawn(self._renew(), "another token", may_fail=True))
        self._show()

    def _changed(self) -> None:
        """A request came or is over: shown, but not a thousand times a second."""
        self._desk.model.elsewhere = bool(self.serving and self.serving.line.answering)
        if not self._later.isActive():
            self._later.start()

    def _show(self) -> None:
        row, serving = self._row, self.serving
        if row is None:
            return
        settings = self._desk.services.settings
        if not settings.get(SERVER):
            row.show_off()
        elif settings.get(OFFLINE):
            row.show_offline()
        elif self._trouble is not None:
            row.show_trouble(self._trouble)
        elif serving is None or not serving.address:
            row.show_starting()
        else:
            row.show_on(serving.address, serving.line.answering, serving.line.waiting, lasts=self._lasts)

    def _copy(self, text: str) -> None:
        if text:
            QGuiApplication.clipboard().setText(text)
            words = Words(tr("Copied"), tr("It is in the clipboard now."), "")
            self._desk.notices.show(Notice("success", words, seconds=_SAID_SECONDS, about=keys.NAME))

    async def _renew(self) -> None:
        async with self._turns:
            await asyncio.to_thread(keys.renewed, self._desk.services.secrets)
        await self._follow()
        words = Words(tr("There is a new token"), tr("Give it to the programs that may ask."), "")
        self._desk.notices.show(Notice("success", words, seconds=_SAID_SECONDS, about=keys.NAME))


def _kinds() -> tuple[type[Serving], type[Ground]]:
    """What the server is made of. The first call imports it, in any thread."""
    from mistral_desk.server.ground import Ground  # noqa: PLC0415
    from mistral_desk.server.serving import Serving  # noqa: PLC0415

    return Serving, Ground
