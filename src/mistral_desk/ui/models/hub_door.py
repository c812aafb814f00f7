"""What the window does about the hub: searches it, lists a repository and reads headers, when a person asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import tr
from mistral_desk.net.addresses import address
from mistral_desk.ui.models.browse.refreshing import OFFLINE_REASON

if TYPE_CHECKING:
    from mistral_desk.catalog.hub_files import Listing
    from mistral_desk.ui.desk import Desk


class HubDoor(QObject):
    """Belongs to the models' door. Of several questions only the latest is answered on the page."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._page = desk.models
        self._asked = 0
        self._listing: Listing | None = None
        page = self._page
        page.searched.connect(lambda words: desk.tasks.spawn(self._search(words), "search the hub"))
        page.listed.connect(lambda name: desk.tasks.spawn(self._list(name), "list a repository"))
        page.when_made(self._page_made)

    def _page_made(self) -> None:
        spawn = self._desk.tasks.spawn
        self._page.repository.asked.connect(lambda name: spawn(self._judge(name), "read a header on the hub"))

    @property
    def host(self) -> str:
        """Who is asked, as people read it."""
        try:
            return address(self._desk.services.hub.base).name
        except DeskError:
            return ""

    def tell(self) -> None:
        """To whom words go, and why they cannot where they cannot."""
        offline = self._desk.services.settings.get(declared.OFFLINE)
        self._page.hub.show_host(self.host, tr(OFFLINE_REASON) if offline else "")

    async def _search(self, words: str) -> None:
        self._asked += 1
        mine = self._asked
        self._page.hub.show_searching(self.host)
        try:
            found = await self._desk.services.hub.search(words)
        except DeskError as error:
            if mine == self._asked:
                self._page.hub.show_problem(error.problem)
            return
        if mine == self._asked:
            self._page.hub.show_found(found)

    async def _list(self, name: str) -> None:
        page = self._page.repository
        self._listing = None
        page.show_reading(name, self.host)
        try:
            listing = await self._desk.services.hub.files(name)
        except DeskError as error:
            if page.repository == name:
                page.show_problem(name, error.problem)
            return
        if page.repository == name:
            self._listing = listing
            page.show_listing(listing, self.host)

    async def _judge(self, name: str) -> None:
        listing, card = self._listing, self._page.repository.cards.get(name)
        if listing is None or card is None:
            return
        card.show_reading()
        try:
            found, read, requests = await self._desk.services.remote_verdict(listing, card.variant)
        except DeskError as error:
            if self._page.repository.cards.get(name) is card:
                card.show_problem(error.problem)
            return
        if self._page.repository.cards.get(name) is card:
            card.show_verdict(found, read, requests)
