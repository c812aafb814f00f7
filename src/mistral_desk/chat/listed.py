"""The list of conversations as the rest of the program sees it: order, bin, archive, search, settings.

The part of `History` that does not look into a conversation.
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final

from mistral_desk.chat import rows, search
from mistral_desk.chat.backups import now as the_time
from mistral_desk.chat.message import Conversation, ConversationSettings
from mistral_desk.chat.row_values import clean

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from mistral_desk.chat.search import Found
    from mistral_desk.chat.store import Store


_SURELY_OVER_S: Final = 24 * 3600.0
"""No copy of a conversation takes so long: the program that made it was killed."""


class Listed:
    """What `History` knows of whole conversations."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rarity = search.Rarity()
        self._titles = search.Titles()

    async def create(self, title: str = "", settings: ConversationSettings | None = None) -> Conversation:
        """A new, empty conversation."""
        now = the_time()
        chosen = settings or ConversationSettings()

        def work(connection: sqlite3.Connection) -> Conversation:
            return rows.conversation(connection, rows.insert_conversation(connection, clean(title), now, chosen))

        return await self._store.write(work)

    async def conversation(self, conversation_id: int) -> Conversation:
        """One conversation's head."""
        return await self._store.read(lambda c: rows.conversation(c, conversation_id))

    async def conversations(
        self, limit: int = 100, offset: int = 0, *, archived: bool = False
    ) -> tuple[Conversation, ...]:
        """A page of the list: pinned ones first, then the latest change first."""
        return await self._store.read(lambda c: rows.conversations(c, limit, offset, archived=archived))

    async def deleted(self, limit: int = 100, offset: int = 0) -> tuple[Conversation, ...]:
        """What was deleted and can be brought back, the latest first."""
        return await self._store.read(lambda c: rows.deleted(c, limit, offset))

    async def rename(self, conversation_id: int, title: str) -> Conversation:
        """Give a conversation another title; its place in the list stays."""
        return await self._change(conversation_id, "title", clean(title))

    async def pin(self, conversation_id: int, pinned: bool = True) -> Conversation:
        """Keep a conversation at the top of the list."""
        return await self._change(conversation_id, "pinned", int(pinned))

    async def archive(self, conversation_id: int, archived: bool = True) -> Conversation:
        """Move a conversation out of the list into the archive, or back."""
        return await self._change(conversation_id, "archived", int(archived))

    async def delete(self, conversation_id: int) -> Conversation:
        """Take a conversation out of every list; `restore` brings it back until it is purged."""
        return await self._change(conversation_id, "deleted_at", the_time())

    async def restore(self, conversation_id: int) -> Conversation:
        """Undo `delete`."""
        return await self._change(conversation_id, "deleted_at", None)

    async def change(
        self,
        conversation_ids: Sequence[int],
        *,
        pinned: bool | None = None,
        archived: bool | None = None,
        deleted: bool | None = None,
    ) -> tuple[Conversation, ...]:
        """Pin, archive or delete several at once, or take that back; all of them or none. None leaves it as it is."""
        wanted: list[tuple[str, object]] = []
        if pinned is not None:
            wanted.append(("pinned", int(pinned)))
        if archived is not None:
            wanted.append(("archived", int(archived)))
        if deleted is not None:
            wanted.append(("deleted_at", the_time() if deleted else None))

        def work(connection: sqlite3.Connection) -> tuple[Conversation, ...]:
            for key in conversation_ids:
                for column, value in wanted:
                    rows.update_conversation(connection, key, column, value)
            return tuple(rows.conversation(connection, key, deleted=True) for key in conversation_ids)

        return await self._store.write(work)

    async def search(self, text: str, *, limit: int = 50, archived: bool = True, thorough: bool = False) -> Found:
        """Where all words of `text` stand, in messages and titles, the newest first.

        Case and diacritics count for nothing, a word is found inside others, and what stands in "quotes" is found as
        it stands there. Never what was deleted, never the thinking. `archived` False leaves the archive out. A search
        that would have to read very many messages ends early and says that there may be `more`; one that is
        `thorough` goes through all of them. Cancelled, it ends soon.
        """
        wanted = threading.Event()
        wanted.set()

        def work(connection: sqlite3.Connection) -> Found:
            return search.Search(
                connection,
                text,
                limit,
                archived=archived,
                thorough=thorough,
                rarity=self._rarity,
                titles=self._titles,
                wanted=wanted.is_set,
            ).run()

        try:
            return await self._store.look(work)
        except asyncio.CancelledError:
            wanted.clear()
            raise

    async def purge(self, conversation_id: int) -> None:
        """Delete a conversation for good; the copies of the history keep it until they are made anew."""
        await self._store.write(lambda c: rows.purge(c, [conversation_id]))

    async def purge_many(self, conversation_ids: Sequence[int]) -> None:
        """As `purge`, of several in one transaction. `Services.tidy` then deletes the pictures that only they used."""
        await self._store.write(lambda c: rows.purge(c, conversation_ids))

    async def purge_deleted(self, older_than_s: float) -> int:
        """Purge what was deleted more than `older_than_s` seconds ago; how many conversations that were."""
        now = the_time()

        def work(connection: sqlite3.Connection) -> int:
            gone = rows.deleted_before(connection, now - older_than_s, now - _SURELY_OVER_S)
            rows.purge(connection, gone)
            return len(gone)

        return await self._store.write(work)

    async def picture_bodies(self) -> tuple[str, ...]:
        """The bodies of all parts that are pictures: whatever they name is in use, also in what was only deleted."""
        return await self._store.read(rows.picture_bodies)

    async def loose_pictures(self) -> tuple[str, ...]:
        """The bodies of pictures of purged conversations, until `forget_loose`: their files may still be there."""
        return await self._store.read(rows.loose_pictures)

    async def forget_loose(self, bodies: Sequence[str]) -> None:
        """The files of these pictures are deleted, or needed by another conversation."""
        await self._store.write(lambda c: rows.forget_loose(c, bodies))

    async def settings(self, conversation_id: int) -> ConversationSettings:
        """A conversation's own settings."""
        return await self._store.read(lambda c: rows.settings(c, conversation_id))

    async def set_settings(self, conversation_id: int, settings: ConversationSettings) -> None:
        """Keep a conversation's own settings."""
        await self._store.write(lambda c: rows.set_settings(c, conversation_id, settings))

    async def _change(self, conversation_id: int, column: str, value: object) -> Conversation:
        def work(connection: sqlite3.Connection) -> Conversation:
            rows.update_conversation(connection, conversation_id, column, value)
            return rows.conversation(connection, conversation_id, deleted=True)

        return await self._store.write(work)
