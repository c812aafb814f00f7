"""The archive and the bin: shows what is there, brings chats back, and deletes for good what the person says."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.chat.titles import called
from mistral_desk.core.errors import Words
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.widgets.ask import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from mistral_desk.ui.chats.door import Chats
    from mistral_desk.ui.desk import Desk

PAGE: Final = 40
"""Cards that are made at once."""
_ALL: Final = 1_000_000_000
TOLD_SECONDS: Final = 10


class PutAway(QObject):
    """Belongs to `Chats`."""

    def __init__(self, desk: Desk, chats: Chats) -> None:
        super().__init__(chats)
        self._desk = desk
        self._chats = chats
        self._counts = {"archive": PAGE, "bin": PAGE}
        self._pages = {"archive": desk.window.archive, "bin": desk.window.bin}
        for name, page in self._pages.items():
            page.looked_for.connect(lambda name=name: self._look(name))
            page.more_asked.connect(lambda name=name: self._more(name))
            page.left.connect(desk.window.show_chat)
        self._pages["archive"].back_asked.connect(lambda key: self._bring_back(key, archived=False))
        self._pages["archive"].other_asked.connect(chats.open)
        self._pages["bin"].back_asked.connect(lambda key: self._bring_back(key, deleted=False))
        self._pages["bin"].other_asked.connect(self._ask_to_purge)
        self._pages["bin"].empty_asked.connect(self._ask_to_empty)

    def again(self) -> None:
        """Something has changed: what is on the screen is read anew."""
        for name, page in self._pages.items():
            if page.isVisible():
                self._look(name)

    def _look(self, name: str) -> None:
        self._desk.tasks.spawn(self._read(name), f"look into the {name}")

    def _more(self, name: str) -> None:
        self._counts[name] += PAGE
        self._look(name)

    async def _read(self, name: str) -> None:
        history, count = self._desk.services.history, self._counts[name]
        if name == "bin":
            found = await history.deleted(count + 1)
        else:
            found = await history.conversations(count + 1, archived=True)
        now = datetime.now().astimezone()
        self._pages[name].show_chats(found[:count], now, more=len(found) > count)

    def _bring_back(self, key: int, *, archived: bool | None = None, deleted: bool | None = None) -> None:
        async def work() -> None:
            (back,) = await self._desk.services.history.change([key], archived=archived, deleted=deleted)
            await self._chats.refresh()
            title = tr("The chat is in the list again")
            if back.archived:
                title = tr("The chat is in the archive again")
            words = Words(title, called(back.title), "")
            notice = Notice("info", words, tr("Open"), lambda: self._chats.open(key), TOLD_SECONDS)
            self._desk.notices.show(notice)

        self._desk.tasks.spawn(work(), "bring a chat back")

    # --- for good -----------------------------------------------------------------------------------

    def _ask_to_purge(self, key: int) -> None:
        async def ask() -> None:
            found = await self._desk.services.history.deleted(_ALL)
            one = next((one for one in found if one.id == key), None)
            if one is not None:
                title = tr("Delete “{title}” for good?", title=called(one.title))
                self._ask(title, tr("Delete for good"), lambda: self._purge([key]))

        self._desk.tasks.spawn(ask(), "ask before a chat is deleted")

    def _ask_to_empty(self) -> None:
        async def ask() -> None:
            keys = [one.id for one in await self._desk.services.history.deleted(_ALL)]
            if keys:
                title = trn("Delete {n} chat for good?", "Delete {n} chats for good?", len(keys))
                self._ask(title, tr("Empty the bin"), lambda: self._purge(keys))

        self._desk.tasks.spawn(ask(), "ask before the bin is emptied")

    def _ask(self, title: str, yes: str, work: Callable[[], Coroutine[object, object, None]]) -> None:
        desk = self._desk
        text = tr(
            "This cannot be undone. Backups that were made before still have what is deleted: the daily ones until "
            "newer ones take their place, those that you made until you delete them."
        )
        question = Question(desk.theme, title, text, yes=yes, final=True, parent=desk.window)
        question.accepted.connect(lambda: desk.tasks.spawn(work(), "delete for good"))
        desk.window.show_overlay(question)

    async def _purge(self, keys: Sequence[int]) -> None:
        services = self._desk.services
        await services.history.purge_many(keys)
        self._chats.gone(keys)
        await services.tidy()  # and the pictures that only they had
        self.again()
