"""What the window does with conversations: opens and leaves them, and keeps the list of them true."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.chat.titles import called
from mistral_desk.core import settings as declared
from mistral_desk.core.words import tr
from mistral_desk.services import Room as TemporaryRoom
from mistral_desk.ui import weakly
from mistral_desk.ui.chats.branching import Branching
from mistral_desk.ui.chats.order import Order
from mistral_desk.ui.chats.put_away import PutAway
from mistral_desk.ui.chats.searching import Searching
from mistral_desk.ui.drafts import NEW
from mistral_desk.ui.widgets.ask import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.chat.message import Conversation
    from mistral_desk.ui.chat.chat import Chat
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.drafts import Drafts

PAGE: Final = 200
"""Conversations that are read at once; more come when somebody scrolls to them."""


class Chats(QObject):
    """Belongs to the desk, which shows its first chat with `begin`."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        super().__init__(desk)
        self._desk = desk
        self._drafts = drafts
        self._open: dict[int, Chat] = {}
        self._listed: tuple[Conversation, ...] = ()
        sidebar = desk.window.sidebar
        desk.window.new_chat.connect(self.new)
        sidebar.opened.connect(self.open)
        sidebar.model.more_wanted.connect(lambda: desk.tasks.spawn(self._more(), "list more chats"))
        self._reading = asyncio.Lock()
        self.order = Order(desk, self)
        self.put_away = PutAway(desk, self)
        self.searching = Searching(desk, self)
        self.branching = Branching(desk)
        desk.services.backups.listen(self._another_history)
        desk.page.leave.connect(self.new)
        desk.page.draft_changed.connect(self._keep_draft)

    @property
    def listed(self) -> tuple[Conversation, ...]:
        """The conversations as the sidebar has them."""
        return self._listed

    @property
    def current(self) -> int | None:
        """The stored conversation that is shown; None for a new or a temporary one."""
        return None if self._desk.page.chat is None else id_of(self._desk.page.chat)

    @property
    def shown(self) -> Conversation | None:
        """As `current`, with what is known of it."""
        chat = self._desk.page.chat
        return None if chat is None or chat.temporary else chat.conversation

    def begin(self) -> None:
        """The window's first chat, empty."""
        self._show(self._fresh())

    # --- opening and leaving ------------------------------------------------------------------------

    def new(self) -> None:
        """An empty conversation; it is stored with its first message."""
        self.leave(self._begin_anew)

    def temporary(self) -> None:
        """A conversation that is kept nowhere."""
        self.leave(self._begin_temporary)

    def _begin_anew(self) -> None:
        self._desk.window.sidebar.search.clear()  # whoever begins something else looks for nothing any more
        self.begin()

    def _begin_temporary(self) -> None:
        self._desk.window.sidebar.search.clear()
        self._desk.tasks.spawn(self._open_temporary(), "open a temporary chat")

    def open(self, key: int) -> None:
        """Show a stored conversation."""
        self.leave(lambda: self._desk.tasks.spawn(self._open_chat(key), "open a chat"))

    def open_at(self, key: int, message: int | None, words: str) -> None:
        """Show a message of a conversation with these words marked, on whatever branch it stands."""
        self.leave(lambda: self._desk.tasks.spawn(self._open_at(key, message, words), "open a chat"))

    def leave(self, then: Callable[[], None]) -> None:
        """Do it; where that ends a temporary chat with something in it, only if the person says so."""
        desk = self._desk
        chat = desk.page.chat
        if chat is None or not (chat.temporary and (chat.turns or chat.unsent or desk.page.composer.text.strip())):
            then()
            return
        if isinstance(desk.window.overlay, Question):
            return
        text = tr("It is kept nowhere. What was said in it cannot be brought back.")
        if chat.busy:
            text = tr("An answer is being written. The chat is kept nowhere and cannot be brought back.")
        title = tr("Close the temporary chat?")
        question = Question(desk.theme, title, text, yes=tr("Close the chat"), final=True, parent=desk.window)
        question.accepted.connect(then)
        desk.window.show_overlay(question)

    def forget(self) -> None:
        """All data goes: what is open and what was not sent, too."""
        self._drafts.forget()
        for chat in (*self._open.values(), self._desk.page.chat):
            if chat is not None:
                chat.forget_draft()
        self._desk.page.composer.set_text("")
        self._open.clear()

    async def show_empty(self) -> None:
        """All data is gone."""
        self._drafts.forget()
        self._desk.page.show_chat(self._make())
        await self.refresh()

    def _another_history(self) -> None:
        """A backup has taken the place of what was shown."""
        self._open.clear()
        self.forget_list()
        if self.current is not None:
            self._begin_with_unsent()
        self._desk.context.changed()
        self._desk.tasks.spawn(self.refresh(), "list the chats of a backup")

    def _begin_with_unsent(self) -> None:
        """A new chat, into which comes what was written and not sent: the chat where it stood may be no more."""
        page, chat = self._desk.page, self._desk.page.chat
        if chat is None:
            return
        key, edited = id_of(chat), chat.editing
        written = "" if edited is not None and page.composer.text == edited.text else page.composer.text
        known = () if edited is None else edited.attached
        files = (*chat.stashed_files, *(one for one in chat.attachments.parts if one not in known))
        self.begin()
        fresh = page.chat
        if fresh is None:
            return
        whole = [one for one in (page.composer.text, chat.stashed, written) if one.strip()]
        if len(whole) > bool(page.composer.text.strip()):
            page.composer.set_text("\n\n".join(whole))
        if files:
            fresh.attachments.set_parts((*fresh.attachments.parts, *files))
        self._drafts.keep(str(key), "")

    async def _open_temporary(self) -> None:
        self._show(self._make(await self._desk.services.temporary()))

    async def _open_chat(self, key: int) -> None:
        self._show(await self._ready(key))

    async def _open_at(self, key: int, message: int | None, words: str) -> None:
        chat = await self._ready(key)
        await chat.older.whole()
        if message is not None and not chat.busy and all(turn.message != message for turn in chat.turns):
            await self._desk.services.history.select(message)
            self._open.pop(key, None)
            chat = await self._ready(key)
            await chat.older.whole()
        self._show(chat)
        if message is not None:
            self._desk.page.show_hit(message, words)

    async def _ready(self, key: int) -> Chat:
        """The chat of a stored conversation, which is open afterwards."""
        chat = self._open.get(key)
        if chat is None:
            conversation = await self._desk.services.history.conversation(key)
            chat = self._make()
            await chat.load(conversation)
            chat.recall(self._drafts.get(str(key)), self._drafts.files(str(key)))
            chat = self._open.setdefault(key, chat)
        return chat

    def leave_behind(self, keys: Sequence[int], *, stop: bool) -> int | None:
        """These leave the list: one that is shown gives way to a new chat; its id comes back. With `stop`, answers
        that are on their way end.
        """
        shown = self.current
        for key in keys if stop else ():
            chat = self._open.pop(key, None)
            if chat is not None and chat.busy:
                chat.stop()
        if shown not in keys:
            return None
        self.begin()
        return shown

    def gone(self, keys: Sequence[int]) -> None:
        """They are deleted for good: so is what was not sent in them."""
        for key in keys:
            self._drafts.keep(str(key), "")

    def changed(self, *conversations: Conversation) -> None:
        """They have other titles, pins or places."""
        for conversation in conversations:
            chat = self._open.get(conversation.id)
            if chat is not None:
                chat.conversation = conversation

    def _fresh(self) -> Chat:
        chat = self._make()
        chat.think = self._desk.services.settings.get(declared.THINK_BY_DEFAULT)
        chat.recall(self._drafts.get(NEW), self._drafts.files(NEW))
        return chat

    def _make(self, room: TemporaryRoom | None = None) -> Chat:
        desk = self._desk
        chat = desk.attaching.chat(room)
        chat.thoughts.by_default = desk.services.settings.get(declared.SHOW_THINKING)
        # A model may have come while it was being written.
        chat.ended.connect(weakly.of(chat, lambda chat, _turn: desk.anew.offer(chat)))
        if chat.temporary:
            return chat
        chat.branched.connect(weakly.of(chat, self._show_branch))
        chat.versions.going.connect(weakly.of(chat, self.branching.show))
        chat.versions.over.connect(weakly.of(chat, self.branching.over))
        chat.begun.connect(weakly.of(chat, self._begun))
        chat.ended.connect(lambda _turn: desk.tasks.spawn(self.refresh(), "list the chats"))
        chat.busy_changed.connect(lambda _busy: self._mark())
        return chat

    def _show_branch(self, chat: Chat, conversation: Conversation) -> None:
        self._desk.tasks.spawn(self._branched(conversation, chat), "show a branch")

    async def _branched(self, conversation: Conversation, chat: Chat) -> None:
        await self.refresh()
        if self.branching.wanted(conversation, chat):
            self.open(conversation.id)

    def _begun(self, chat: Chat, conversation: Conversation) -> None:
        self._open[conversation.id] = chat
        self._drafts.keep(NEW, "")
        if chat is self._desk.page.chat:
            self._keep_draft()
        self._desk.tasks.spawn(self.refresh(), "list the chats")

    def _keep_draft(self) -> None:
        page = self._desk.page
        chat = page.chat
        if chat is not None and not chat.temporary and chat.editing is None:
            key = id_of(chat)
            self._drafts.keep(NEW if key is None else str(key), page.composer.text, chat.attachments.parts)

    def _show(self, chat: Chat) -> None:
        desk = self._desk
        before = desk.page.chat
        if before is not None and desk.page.welcome is not None:
            desk.page.set_welcome(None)
        for key, other in tuple(self._open.items()):
            if other is not chat and not other.busy and not other.unsent and other is not desk.page.chat:
                del self._open[key]
        desk.page.show_chat(chat)
        desk.window.show_chat()
        desk.anew.offer(chat)
        self._mark()
        if before is not None and before is not chat and isinstance(before.room, TemporaryRoom):
            desk.tasks.spawn(self._close(before, before.room), "close a temporary chat")

    async def _close(self, chat: Chat, room: TemporaryRoom) -> None:
        # Together: what is on its way for it ends at once, so that it does not find its history closed.
        await asyncio.gather(chat.tasks.cancel(), self._desk.services.leave(room))

    # --- the list -----------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Read the list of conversations anew, as much of it as there was."""
        async with self._reading:
            count = max(PAGE, len(self._listed) + 1)
            found = await self._desk.services.history.conversations(count)
            self._list(found, more=len(found) == count)
        self._mark()
        self.searching.again()
        self.put_away.again()

    def forget_list(self) -> None:
        """As at the start: what is listed next is the first page."""
        self._list((), more=False)

    async def _more(self) -> None:
        async with self._reading:
            known = {one.id for one in self._listed}
            found = await self._desk.services.history.conversations(PAGE, len(self._listed))
            new = tuple(one for one in found if one.id not in known)  # the order may have changed meanwhile
            self._list((*self._listed, *new), more=len(found) == PAGE)

    def _list(self, conversations: tuple[Conversation, ...], *, more: bool) -> None:
        self._listed = conversations
        self._desk.window.sidebar.show_chats(conversations, more=more)

    def _mark(self) -> None:
        window, chat = self._desk.window, self._desk.page.chat
        if chat is None:
            return
        window.sidebar.model.set_busy(frozenset(key for key, one in self._open.items() if one.busy))
        window.sidebar.set_current(id_of(chat))
        key = id_of(chat)
        listed = None if key is None else window.sidebar.model.conversation(key)
        title = tr("Temporary chat") if chat.temporary else ""
        if chat.conversation is not None and key is not None:
            title = called(chat.conversation.title if listed is None else listed.title)
        window.top.set_title(title, key)
        window.setWindowTitle(tr("{title} – Mistral Desk", title=title) if title else "Mistral Desk")


def id_of(chat: Chat) -> int | None:
    """Its number in the history; a temporary chat has one in another history only."""
    return chat.conversation.id if chat.conversation and not chat.temporary else None
