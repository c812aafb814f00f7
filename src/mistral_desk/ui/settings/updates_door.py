"""What the window does about newer versions: it asks when a person does, or once a day where that is switched on."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.core.errors import DeskError, Words, in_words
from mistral_desk.core.settings import OFFLINE
from mistral_desk.core.words import tr
from mistral_desk.net.addresses import address
from mistral_desk.net.updates import Updates
from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.notify import Notice

if TYPE_CHECKING:
    from mistral_desk.net.updates import Release
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.settings.updates_row import UpdatesRow

log = logging.getLogger(__name__)
_ABOUT: Final = "updates"


class UpdatesDoor(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        services = desk.services
        self.updates = Updates(services.net, services.settings, services.folders.cache)
        self.found: Release | None = None
        self._trouble: Words | None = None
        self._looked = self._looking = False
        self._ending = services.settings.listen(OFFLINE, lambda _: self._show())
        desk.settings.made.connect(self._wire)

    def start(self) -> None:
        """The window is open: look, where that is switched on."""
        self._desk.tasks.spawn(self._by_itself(), "look for a new version by itself")

    def close(self) -> None:
        """The window closes."""
        self._ending()

    def look(self) -> None:
        """Ask now; one question at a time."""
        if self.updates.possible and not self._looking:
            self._looking = True
            self._show()
            self._desk.tasks.spawn(self._look(), "look for a new version")

    async def _look(self) -> None:
        try:
            self._note(await self.updates.newest())
        except DeskError as error:
            self._trouble = in_words(error.problem, tr)
        finally:
            self._looking = False
            self._show()

    async def _by_itself(self) -> None:
        try:
            release = await self.updates.newest_if_due()
        except DeskError as error:
            log.info("whether there is a newer version is not known: %s", error)
            return
        if release is not None:
            self._note(release)
            self._show()
            if self.found is not None:
                title = tr("Mistral Desk {version} is there", version=self.found.version)
                words = Words(title, tr("What is new stands in Settings, About."), "")
                self._desk.notices.show(Notice("info", words, tr("Show"), self._open, about=_ABOUT))

    def _note(self, release: Release | None) -> None:
        self._trouble, self._looked = None, True
        self.found = release if release is not None and release.newer else None

    def _open(self) -> None:
        self._desk.window.open_settings("about")

    # --- the row --------------------------------------------------------------------------------------

    @property
    def _row(self) -> UpdatesRow | None:
        return self._desk.settings.updates

    def _wire(self) -> None:
        """The page has its rows now."""
        if (row := self._row) is not None:
            row.asked.connect(self.look)
            row.page_asked.connect(self._show_page)
        self._desk.tasks.spawn(self._show_first(), "see where this build was published")

    async def _show_first(self) -> None:
        await asyncio.to_thread(lambda: self.updates.base)
        self._show()

    def _show(self) -> None:
        row = self._row
        if row is None:
            return
        if not self.updates.base:
            row.show_no_address()
        elif self._looking:
            row.show_looking(address(self.updates.base).name)
        elif self.found is not None:
            row.show_found(self.found)
        elif self._desk.services.net.offline:
            row.show_offline()
        elif self._trouble is not None:
            row.show_trouble(self._trouble)
        elif self._looked:
            row.show_newest()
        else:
            row.show_nothing()

    def _show_page(self) -> None:
        if self.found is not None:
            self._desk.window.show_overlay(LinkSheet(self._desk.theme, self.found.page, self._desk.window))
