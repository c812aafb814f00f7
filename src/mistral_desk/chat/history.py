"""The conversations on this computer, as the rest of the program sees them: conversations, messages, versions.

What a call has changed is on the disk when it returns. `store` has the threads and the file, `rows` the SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from mistral_desk.chat import branching, copying, rows
from mistral_desk.chat.backups import now as the_time
from mistral_desk.chat.chosen import Chosen
from mistral_desk.chat.indexing import Indexing
from mistral_desk.chat.listed import Listed
from mistral_desk.chat.message import Conversation, ConversationSettings, Ending, Message, Part
from mistral_desk.chat.parts import names_of
from mistral_desk.chat.row_values import clean
from mistral_desk.chat.store import Store
from mistral_desk.chat.titles import title_from
from mistral_desk.core.errors import DeskError, Problem

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mistral_desk.chat.imported import Imported
    from mistral_desk.inference.protocol import Effort, Figures, Role


BIN_DAYS: Final = 30
"""How long what was deleted can be brought back."""


class History(Listed, Chosen):
    """Open it with `open` or `temporary`, close it with `close`.

    Every method may raise `history.disk_full`, `history.read_only`, `history.busy`, `history.unreadable` or
    `history.failed`; those that take an id raise `history.missing` when it is not there. A call that is cancelled
    while it waits still does its work.
    """

    def __init__(self, store: Store) -> None:
        """`store` is open."""
        super().__init__(store)
        self._leaving = False
        self._indexing = Indexing(store, the_time())
        store.index_made_anew = self.settle

    @classmethod
    async def open(cls, path: Path) -> tuple[History, Problem | None]:
        """Open the history at `path`, or make a new one there.

        A damaged file is set aside and the newest good copy takes its place; the second value then says so
        (`history.damaged`, `history.damaged_empty`, `history.vanished`). Raises `history.newer`,
        `history.read_only`, `history.busy`, `history.disk_full` or `history.failed`, with nothing changed.
        """
        store = Store(path)
        notice = await store.open()
        return cls(store), notice

    @classmethod
    async def temporary(cls) -> History:
        """A history in memory: for chats that are kept nowhere, and for when the file cannot be used."""
        store = Store(None)
        await store.open()
        return cls(store)

    @property
    def path(self) -> Path | None:
        """The file; None for a temporary history."""
        return self._store.path

    @property
    def is_temporary(self) -> bool:
        """True if nothing is kept after `close`."""
        return self._store.path is None

    async def close(self) -> None:
        """Finish what was asked for, keep a copy if something changed, and let go of the file. Idempotent."""
        self._leaving = True
        try:
            await self._indexing.close()
        finally:
            await self._store.close()

    async def indexed(self) -> None:
        """Wait until everything that was said can be searched for; after an update that takes a while."""
        await self._indexing.done()

    def settle(self) -> None:
        """See to the index in the background: what was deleted for good leaves its pages, what is missing comes in."""
        self._indexing.look()

    async def keep_copy(self, target: Path) -> None:
        """Make a copy of the whole history; `copies.Backups` is who asks for it."""
        await self._store.keep(target)

    async def replace_by(self, work: Callable[[Path], None]) -> None:
        """Let `work` overwrite the history's file while nobody writes to it."""
        try:
            await self._indexing.close()
            await self._store.replace(work)
        finally:
            if not self._leaving:
                self._indexing = Indexing(self._store, the_time())

    # --- messages -----------------------------------------------------------------------------------

    async def messages(
        self, conversation_id: int, *, tokens: bool = True, last: int | None = None
    ) -> tuple[Message, ...]:
        """The branch that is shown, root → leaf, or the `last` of its messages; without token ids unless `tokens`."""

        def work(connection: sqlite3.Connection) -> tuple[Message, ...]:
            leaf = rows.conversation(connection, conversation_id).leaf
            return () if leaf is None else rows.path(connection, leaf, tokens=tokens, last=last)

        return await self._store.read(work)

    async def tree(self, conversation_id: int) -> tuple[Message, ...]:
        """Every version of every turn of a conversation, by id: a parent stands before its children."""
        return await self._store.read(lambda c: copying.tree(c, conversation_id))

    async def branch(self, message_id: int, *, tokens: bool = True, last: int | None = None) -> tuple[Message, ...]:
        """The messages from the root to this one, or the `last` of them; without token ids unless `tokens`."""
        found = await self._store.read(lambda c: rows.path(c, message_id, tokens=tokens, last=last))
        if not found:
            raise DeskError("history.missing")
        return found

    async def message(self, message_id: int) -> Message:
        """One message."""
        return await self._store.read(lambda c: rows.message(c, message_id))

    async def versions(self, message_id: int) -> tuple[int, ...]:
        """The ids of all versions of this turn, the oldest first (the message itself is one of them)."""
        return await self._store.read(lambda c: rows.versions(c, message_id))

    async def add(
        self,
        conversation_id: int,
        parent: int | None,
        role: Role,
        parts: Sequence[Part],
        *,
        model: str = "",
        effort: Effort = "none",
        ending: Ending = "",
    ) -> Message:
        """Add a message below `parent` (None: a root); it becomes the conversation's leaf."""
        now = the_time()

        def work(connection: sqlite3.Connection) -> Message:
            new = rows.NewMessage(role, parts, model, effort, ending)
            key = rows.insert_message(connection, conversation_id, parent, new, now)
            return rows.message(connection, key)

        return await self._store.write(work)

    async def begin_turn(
        self,
        conversation_id: int | None,
        text: str,
        *,
        attached: Sequence[Part] = (),
        parent: int | Literal["leaf"] | None = "leaf",
        model: str = "",
        effort: Effort = "none",
        settings: ConversationSettings | None = None,
    ) -> tuple[Conversation, Message, Message]:
        """In one transaction: the person's message, and its answer, still empty and `unfinished`.

        The message follows `parent`: the branch that is shown, a message, or None for a new root.
        `attached` are pictures and files, before the text. `conversation_id` None makes a new conversation. One
        without a title gets it from the text, else from what is attached.
        """
        now = the_time()
        chosen = settings or ConversationSettings()
        names = names_of(attached)

        def work(connection: sqlite3.Connection) -> tuple[Conversation, Message, Message]:
            owner = conversation_id
            if owner is None:
                owner = rows.insert_conversation(connection, "", now, chosen)
            head = rows.conversation(connection, owner)
            if not head.title:
                rows.update_conversation(connection, owner, "title", title_from(clean(text)) or title_from(names))
            above = head.leaf if parent == "leaf" else parent
            person = rows.NewMessage("user", [*attached, Part("text", text)])
            user = rows.insert_message(connection, owner, above, person, now)
            answer = rows.insert_message(connection, owner, user, _empty_answer(model, effort), now)
            return (
                rows.conversation(connection, owner),
                rows.message(connection, user),
                rows.message(connection, answer),
            )

        return await self._store.write(work)

    async def begin_version(
        self, user_message: int, *, model: str = "", effort: Effort = "none"
    ) -> tuple[Conversation, Message, Message]:
        """A new answer, empty and `unfinished`, beside those that a person's message already has."""
        now = the_time()

        def work(connection: sqlite3.Connection) -> tuple[Conversation, Message, Message]:
            user = rows.message(connection, user_message)
            answer = rows.insert_message(connection, user.conversation, user.id, _empty_answer(model, effort), now)
            return rows.conversation(connection, user.conversation), user, rows.message(connection, answer)

        return await self._store.write(work)

    async def update_answer(
        self,
        message_id: int,
        parts: Sequence[Part],
        *,
        tokens: Sequence[int] = (),
        vocabulary: str = "",
        ending: Ending = "unfinished",
        figures: Figures | None = None,
        model: str | None = None,
    ) -> Message:
        """Replace what an answer holds, the token ids included; `model` None leaves the model's name as it is."""
        state = rows.AnswerState(parts, tokens, vocabulary, ending, figures, model)
        return await self.finish_answer(message_id, state)

    async def save_answer(self, message_id: int, state: rows.AnswerState) -> None:
        """As `update_answer`, for an answer that still grows: nothing is read back."""
        now = the_time()
        await self._store.write(lambda c: rows.update_answer(c, message_id, state, now))

    async def finish_answer(self, message_id: int, state: rows.AnswerState) -> Message:
        """As `update_answer`; returns the message as it is stored."""
        now = the_time()

        def work(connection: sqlite3.Connection) -> Message:
            rows.update_answer(connection, message_id, state, now)
            return rows.message(connection, message_id)

        return await self._store.write(work)

    async def save(self, message: Message) -> Message:
        """Save an answer that could not be saved before (a full disk, for example) as it stands in `message`."""
        return await self.update_answer(
            message.id,
            message.parts,
            tokens=message.tokens,
            vocabulary=message.vocabulary,
            ending=message.ending,
            figures=message.figures,
            model=message.model,
        )

    # --- whole conversations --------------------------------------------------------------------------

    async def branch_off(
        self, message_id: int, title: str = "", told: Callable[[int, int], None] = lambda _done, _all: None
    ) -> Conversation:
        """A new conversation with copies of the messages from the root to this one; `title` empty: the same title.

        A long one is copied in steps, with everything else in between: `told` hears how many of how many messages are.
        Cancelled, nothing of it is left. Raises `history.missing`, also where the chat is deleted for good meanwhile.
        """
        made = await branching.branch_off(self._store, message_id, title, told)
        self.settle()
        return made

    async def put(self, new: Imported) -> Conversation | None:
        """Take in a conversation from elsewhere; None where its origin is here already, and not in the bin."""
        now = the_time()
        return await self._store.write(lambda c: copying.put(c, new, now), self.settle)

    async def origin(self, conversation_id: int) -> str:
        """What a conversation is called in an export, so that no import takes it in twice."""
        return await self._store.read(lambda c: copying.origin(c, conversation_id))

    async def select(self, message_id: int) -> Conversation:
        """Show the branch that goes through this message (a version of a turn), to its newest end."""

        def work(connection: sqlite3.Connection) -> Conversation:
            owner = rows.message(connection, message_id).conversation
            rows.update_conversation(connection, owner, "leaf", rows.newest_below(connection, message_id))
            return rows.conversation(connection, owner)

        return await self._store.write(work)


def _empty_answer(model: str, effort: Effort) -> rows.NewMessage:
    return rows.NewMessage("assistant", (), model, effort, "unfinished")
