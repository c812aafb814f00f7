"""Pins, archives and deletes chats, one or many at once, and takes that back while it is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from PySide6.QtCore import QObject, Qt

from mistral_desk.chat.history import BIN_DAYS
from mistral_desk.chat.titles import called
from mistral_desk.core.errors import Words
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.widgets.focus import has_keyboard

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.chats.door import Chats
    from mistral_desk.ui.desk import Desk

UNDO_SECONDS: Final = 10


class Order(QObject):
    """Belongs to `Chats`. What is called here is begun at once; failures are told as notices."""

    def __init__(self, desk: Desk, chats: Chats) -> None:
        super().__init__(chats)
        self._desk = desk
        self._chats = chats
        sidebar = desk.window.sidebar
        sidebar.renamed.connect(self.rename)
        desk.window.top.title.renamed.connect(self.rename)
        sidebar.pin_asked.connect(self.pin)
        sidebar.archive_asked.connect(self.archive)
        sidebar.delete_asked.connect(self.delete)

    def rename(self, key: int, title: str) -> None:
        """Another title."""
        self._desk.tasks.spawn(self._rename(key, title), "rename")

    def pin(self, keys: Sequence[int], on: bool = True) -> None:
        """Keep them at the top, or no more."""
        self._desk.tasks.spawn(self._pin(keys, on), "pin")

    def archive(self, keys: Sequence[int]) -> None:
        """Out of the list, into the archive."""
        self._desk.tasks.spawn(self._archive(keys), "archive")

    def unarchive(self, keys: Sequence[int]) -> None:
        """Back into the list."""
        self._desk.tasks.spawn(self._back(keys, archived=False), "unarchive")

    def delete(self, keys: Sequence[int]) -> None:
        """Into the bin."""
        self._desk.tasks.spawn(self._delete(keys), "delete")

    def restore(self, keys: Sequence[int]) -> None:
        """Out of the bin."""
        self._desk.tasks.spawn(self._back(keys, deleted=False), "bring chats back")

    def toggle(self, what: Literal["pinned", "archived"]) -> None:
        """Pin or archive the chat that is shown; where it is so already, take that back."""
        key = self._chats.current
        if key is not None:
            self._desk.tasks.spawn(self._toggle(key, what), "pin or archive")

    async def _toggle(self, key: int, what: Literal["pinned", "archived"]) -> None:
        now = await self._desk.services.history.conversation(key)
        if what == "pinned":
            await self._pin([key], not now.pinned)
        elif now.archived:
            await self._back([key], archived=False)
        else:
            await self._archive([key])

    async def _rename(self, key: int, title: str) -> None:
        conversation = await self._desk.services.history.rename(key, title)
        self._chats.changed(conversation)
        await self._chats.refresh()

    async def _pin(self, keys: Sequence[int], on: bool) -> None:
        self._chats.changed(*await self._desk.services.history.change(keys, pinned=on))
        self._desk.window.sidebar.model.end_choosing()
        await self._chats.refresh()

    async def _archive(self, keys: Sequence[int]) -> None:
        moved = await self._desk.services.history.change(keys, archived=True)
        self._chats.changed(*moved)
        row = self._row()
        shown = self._chats.leave_behind(keys, stop=False)
        await self._moved(row)
        title = trn("Chat archived", "{n} chats archived", len(keys))
        hint = tr("What is archived is found by a search, and stands under Archive.")
        self._tell(title, moved, hint, lambda: self._back(keys, archived=False, shown=shown))

    async def _delete(self, keys: Sequence[int]) -> None:
        gone = await self._desk.services.history.change(keys, deleted=True)
        row = self._row()
        shown = self._chats.leave_behind(keys, stop=True)
        await self._moved(row)
        title = trn("Chat deleted", "{n} chats deleted", len(keys))
        hint = trn("The bin keeps it for {n} day.", "The bin keeps it for {n} days.", BIN_DAYS)
        if len(keys) > 1:
            hint = trn("The bin keeps them for {n} day.", "The bin keeps them for {n} days.", BIN_DAYS)
        self._tell(title, gone, hint, lambda: self._back(keys, deleted=False, shown=shown))

    async def _back(
        self,
        keys: Sequence[int],
        *,
        archived: bool | None = None,
        deleted: bool | None = None,
        shown: int | None = None,
    ) -> None:
        self._chats.changed(*await self._desk.services.history.change(keys, archived=archived, deleted=deleted))
        await self._moved()
        if shown is not None:
            self._chats.open(shown)

    def _row(self) -> int:
        """Where in the list the keyboard is; -1 where it is elsewhere."""
        chats = self._desk.window.sidebar.chats
        return chats.currentIndex().row() if has_keyboard(chats) else -1

    async def _moved(self, row: int = -1) -> None:
        """The keyboard stays at this row of the list, and goes to the page where none is left; who takes it elsewhere
        while the list is read anew stays there.
        """
        sidebar = self._desk.window.sidebar
        if row >= 0 and sidebar.isVisible():
            sidebar.chats.setFocus(Qt.FocusReason.OtherFocusReason)
        sidebar.model.end_choosing()
        await self._chats.refresh()
        if row < 0 or not sidebar.in_list:
            return
        if sidebar.model.rowCount():
            sidebar.chats.go_near(row)
        else:
            self._desk.window.to_page()

    def _tell(
        self, title: str, what: Sequence[Conversation], hint: str, undo: Callable[[], Coroutine[object, object, None]]
    ) -> None:
        name = called(what[0].title) if len(what) == 1 else ""
        words = Words(title, name, hint)
        spawn = self._desk.tasks.spawn

        def act() -> None:
            spawn(undo(), "undo")

        self._desk.notices.show(Notice("info", words, tr("Undo"), act, UNDO_SECONDS, undoes=True))
