"""The history against a plain model of it in dictionaries, through restarts and pulled plugs in any order."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from mistral_desk.chat.history import History
from mistral_desk.chat.message import Conversation, Message, Part
from mistral_desk.core.errors import DeskError
from tests.fixtures.index import index_differs

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")

# Everything that UTF-8 knows, NUL included; what it does not know is tested by itself.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PARTS = st.lists(st.builds(Part, st.sampled_from(("text", "thinking", "image", "file")), TEXT), max_size=4)
IDS = st.lists(st.integers(0, 2**31 - 1), max_size=20)


class HistoryMachine(RuleBasedStateMachine):
    """`chats` and `messages` are what must be there; `gone` are ids that must not."""

    chat_ids = Bundle("chat_ids")
    message_ids = Bundle("message_ids")

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="history "))
        self.loop = asyncio.new_event_loop()
        self.chats: dict[int, Conversation] = {}
        self.messages: dict[int, Message] = {}
        self.history, notice = self.do(History.open(self.folder / "history.sqlite3"))
        assert notice is None

    def teardown(self) -> None:
        self.do(self.history.close())
        self.loop.close()
        shutil.rmtree(self.folder)

    def do(self, work: Coroutine[object, object, T]) -> T:
        return self.loop.run_until_complete(work)

    def is_gone(self, work: Coroutine[object, object, object]) -> None:
        with pytest.raises(DeskError, match=r"history\.missing"):
            self.do(work)

    def heard(self, chat: Conversation) -> None:
        """Take over the times that the history has chosen; everything else must be as the model says."""
        expected = self.chats[chat.id]
        assert chat.updated >= expected.updated
        assert chat == msgspec.structs.replace(expected, updated=chat.updated)
        self.chats[chat.id] = chat

    # --- what can happen ----------------------------------------------------------------------------

    @rule(target=chat_ids, title=TEXT)
    def create(self, title: str) -> int:
        chat = self.do(self.history.create(title))
        assert chat.title == title
        assert chat.id not in self.chats
        self.chats[chat.id] = chat
        return chat.id

    @rule(target=message_ids, chat_id=chat_ids, text=TEXT.filter(str.strip))
    def send(self, chat_id: int, text: str) -> object:
        if chat_id not in self.chats or self.chats[chat_id].deleted_at:
            self.is_gone(self.history.begin_turn(chat_id, text))
            return multiple()
        before = self.chats[chat_id]
        chat, user, answer = self.do(self.history.begin_turn(chat_id, text, model="m", effort="high"))
        title = before.title or chat.title
        self.chats[chat_id] = msgspec.structs.replace(before, title=title, leaf=answer.id)
        self.heard(chat)
        assert (user.parent, user.text, user.role) == (before.leaf, text, "user")
        assert (answer.parent, answer.ending, answer.parts) == (user.id, "unfinished", ())
        assert user.id not in self.messages
        self.messages |= {user.id: user, answer.id: answer}
        return multiple(user.id, answer.id)

    @rule(message_id=message_ids, parts=PARTS, ids=IDS, ending=st.sampled_from(("unfinished", "stop", "failed")))
    def answer(self, message_id: int, parts: list[Part], ids: list[int], ending: str) -> None:
        work = self.history.update_answer(
            message_id, parts, tokens=ids, vocabulary="v", ending="stop" if ending == "stop" else "unfinished"
        )
        if message_id not in self.messages:
            self.is_gone(work)
            return
        self.messages[message_id] = msgspec.structs.replace(
            self.messages[message_id],
            parts=tuple(parts),
            tokens=tuple(ids),
            vocabulary="v" if ids else "",
            ending="stop" if ending == "stop" else "unfinished",
            figures=None,
        )
        assert self.do(work) == self.messages[message_id]
        owner = self.messages[message_id].conversation
        if not self.chats[owner].deleted_at:
            self.heard(self.do(self.history.conversation(owner)))

    @rule(target=message_ids, message_id=message_ids)
    def answer_again(self, message_id: int) -> object:
        if message_id not in self.messages:
            self.is_gone(self.history.begin_version(message_id))
            return multiple()
        owner = self.messages[message_id].conversation
        if self.chats[owner].deleted_at:
            self.is_gone(self.history.begin_version(message_id))
            return multiple()
        chat, user, answer = self.do(self.history.begin_version(message_id))
        assert user == self.messages[message_id]
        self.chats[owner] = msgspec.structs.replace(self.chats[owner], leaf=answer.id)
        self.heard(chat)
        self.messages[answer.id] = answer
        return answer.id

    @rule(message_id=message_ids)
    def select(self, message_id: int) -> None:
        if message_id not in self.messages or self.chats[self.messages[message_id].conversation].deleted_at:
            self.is_gone(self.history.select(message_id))
            return
        owner = self.messages[message_id].conversation
        newest = max(found for found in self.messages if message_id in self.branch(found))
        self.chats[owner] = msgspec.structs.replace(self.chats[owner], leaf=newest)
        self.heard(self.do(self.history.select(message_id)))

    @rule(chat_id=chat_ids, title=TEXT)
    def rename(self, chat_id: int, title: str) -> None:
        if chat_id in self.chats:
            self.chats[chat_id] = msgspec.structs.replace(self.chats[chat_id], title=title)
            self.heard(self.do(self.history.rename(chat_id, title)))
        else:
            self.is_gone(self.history.rename(chat_id, title))

    @rule(chat_id=chat_ids, pinned=st.booleans(), archived=st.booleans())
    def mark(self, chat_id: int, pinned: bool, archived: bool) -> None:
        if chat_id in self.chats:
            self.chats[chat_id] = msgspec.structs.replace(self.chats[chat_id], pinned=pinned, archived=archived)
            self.do(self.history.pin(chat_id, pinned))
            self.heard(self.do(self.history.archive(chat_id, archived)))

    @rule(chat_id=chat_ids)
    def delete(self, chat_id: int) -> None:
        if chat_id in self.chats:
            chat = self.do(self.history.delete(chat_id))
            assert chat.deleted_at
            self.chats[chat_id] = msgspec.structs.replace(self.chats[chat_id], deleted_at=chat.deleted_at)
            self.heard(chat)

    @rule(chat_id=chat_ids)
    def restore(self, chat_id: int) -> None:
        if chat_id in self.chats:
            self.chats[chat_id] = msgspec.structs.replace(self.chats[chat_id], deleted_at=None)
            self.heard(self.do(self.history.restore(chat_id)))

    @rule(chat_id=consumes(chat_ids))
    def purge(self, chat_id: int) -> None:
        self.do(self.history.purge(chat_id))
        self.chats.pop(chat_id, None)
        self.messages = {key: found for key, found in self.messages.items() if found.conversation != chat_id}

    @rule(target=chat_ids, message_id=message_ids)
    def branch_off(self, message_id: int) -> object:
        if message_id not in self.messages or self.chats[self.messages[message_id].conversation].deleted_at:
            self.is_gone(self.history.branch_off(message_id))
            return multiple()
        chat = self.do(self.history.branch_off(message_id))
        assert chat.title == self.chats[self.messages[message_id].conversation].title
        copies = self.do(self.history.messages(chat.id))
        assert self.do(self.history.tree(chat.id)) == copies
        for key, copy in zip(self.branch(message_id), copies, strict=True):
            old = self.messages[key]
            ending = "stopped" if old.ending == "unfinished" else old.ending
            same = msgspec.structs.replace(old, id=copy.id, conversation=chat.id, parent=copy.parent, ending=ending)
            assert copy == same
        assert [copy.parent for copy in copies] == [None, *(copy.id for copy in copies[:-1])]
        assert not {copy.id for copy in copies} & self.messages.keys()
        self.chats[chat.id] = chat
        self.messages |= {copy.id: copy for copy in copies}
        return chat.id

    @rule(chats=st.lists(chat_ids, max_size=4, unique=True), archived=st.booleans(), deleted=st.booleans())
    def change_many(self, chats: list[int], archived: bool, deleted: bool) -> None:
        if not all(key in self.chats for key in chats):
            self.is_gone(self.history.change(chats, archived=archived, deleted=deleted))
            return
        for chat in self.do(self.history.change(chats, archived=archived, deleted=deleted)):
            assert (chat.archived, chat.deleted_at is not None) == (archived, deleted)
            at = chat.deleted_at
            self.chats[chat.id] = msgspec.structs.replace(self.chats[chat.id], archived=archived, deleted_at=at)
            self.heard(chat)

    @rule()
    def restart(self) -> None:
        self.do(self.history.close())
        self.history, notice = self.do(History.open(self.folder / "history.sqlite3"))
        assert notice is None

    @rule()
    def pull_the_plug(self) -> None:
        """Go on with the files as they lie on the disk now, as after a crash: log and all, nothing closed."""
        self.do(self.history.indexed())  # no thread writes while the files are copied
        crashed = Path(tempfile.mkdtemp(prefix="crash "))
        for file in self.folder.glob("history.sqlite3*"):
            if not file.name.endswith("-shm"):  # shared memory does not survive
                shutil.copy(file, crashed)
        self.do(self.history.close())
        shutil.rmtree(self.folder)
        self.folder = crashed
        self.history, notice = self.do(History.open(self.folder / "history.sqlite3"))
        assert notice is None

    # --- what must hold -----------------------------------------------------------------------------

    def branch(self, leaf: int | None) -> list[int]:
        found: list[int] = []
        while leaf is not None:
            found.insert(0, leaf)
            leaf = self.messages[leaf].parent
        return found

    @invariant()
    def the_lists_are_right(self) -> None:
        if not hasattr(self, "history"):
            return
        alive = [chat for chat in self.chats.values() if chat.deleted_at is None]
        for archived in (False, True):
            wanted = sorted(
                (chat for chat in alive if chat.archived == archived),
                key=lambda chat: (chat.pinned, chat.updated, chat.id),
                reverse=True,
            )
            assert self.do(self.history.conversations(archived=archived)) == tuple(wanted)
        assert {chat.id for chat in self.do(self.history.deleted())} == set(self.chats) - {chat.id for chat in alive}

    @invariant()
    def the_index_is_right(self) -> None:
        if hasattr(self, "history"):
            assert self.do(self.history._store.read(index_differs)) == ""

    @invariant()
    def every_branch_is_right(self) -> None:
        if not hasattr(self, "history"):
            return
        for chat in self.chats.values():
            if chat.deleted_at is None:
                wanted = tuple(self.messages[key] for key in self.branch(chat.leaf))
                assert self.do(self.history.messages(chat.id)) == wanted


TestHistoryAgainstItsModel = HistoryMachine.TestCase
TestHistoryAgainstItsModel.settings = settings(
    max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck)
)
