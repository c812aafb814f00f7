"""What the history promises in good times: what was written is there, in order, in every version, after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat import database, schema
from mistral_desk.chat.history import History
from mistral_desk.chat.message import ConversationSettings, Message, Part
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Figures
from tests.fixtures.engines import problem_of, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path


@contextlib.asynccontextmanager
async def opened(path: Path) -> AsyncIterator[History]:
    """A history that opens without a word and is closed in the end."""
    history, notice = await History.open(path)
    try:
        assert notice is None
        yield history
    finally:
        await history.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / "history.sqlite3"


async def asked(history: History, question: str) -> list[tuple[object, ...]]:
    """The rows of a question in SQL."""
    return await history._store.read(lambda c: c.execute(question).fetchall())


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


def test_a_turn_is_kept_through_a_restart(path: Path) -> None:
    figures = Figures(prompt_tokens=7, generated_tokens=3, first_token_s=0.25, tokens_per_s=12.5, seed=4)

    async def promise() -> None:
        async with opened(path) as history:
            chat, user, answer = await history.begin_turn(None, "Grüße, 世界 👩‍👩‍👧", model="builtin", effort="high")
            assert (answer.ending, answer.parts, answer.parent) == ("unfinished", (), user.id)
            saved = await history.update_answer(
                answer.id,
                [Part("thinking", "hm"), Part("text", "Hello\0you")],
                tokens=[0, 1, 131_071, 2**31 - 1],
                vocabulary="abc",
                ending="stop",
                figures=figures,
            )
        async with opened(path) as history:
            assert await history.messages(chat.id) == (user, saved)
            assert saved.parts == (Part("thinking", "hm"), Part("text", "Hello\0you"))
            assert (saved.tokens, saved.vocabulary) == ((0, 1, 131_071, 2**31 - 1), "abc")
            assert (saved.figures, saved.ending, saved.model, saved.effort) == (figures, "stop", "builtin", "high")

    run(promise())


def test_a_written_message_is_in_the_file_when_the_call_returns(path: Path) -> None:
    """Seen by another connection, without waiting for a close."""

    async def promise() -> None:
        async with opened(path) as history:
            await history.begin_turn(None, "here already")
            with contextlib.closing(sqlite3.connect(path)) as other:
                assert other.execute("SELECT body FROM part").fetchall() == [("here already",)]

    run(promise())


def test_the_file_says_whose_it_is_and_writes_through(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            assert await asked(history, "PRAGMA application_id") == [(schema.APPLICATION_ID,)]
            assert await asked(history, "PRAGMA user_version") == [(len(schema.MIGRATIONS),)]
            assert await asked(history, "PRAGMA journal_mode") == [("wal",)]
            full = await history._store.write(lambda c: c.execute("PRAGMA synchronous").fetchall())
            keys = await history._store.write(lambda c: c.execute("PRAGMA foreign_keys").fetchall())
            assert (full, keys) == ([(2,)], [(1,)])

    run(promise())


def test_versions_are_siblings_and_can_be_chosen(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            chat, user, first = await history.begin_turn(None, "question")
            await history.update_answer(first.id, [Part("text", "first")], ending="stop")
            await history.begin_turn(chat.id, "and then?")
            _, _, second = await history.begin_version(user.id)
            await history.update_answer(second.id, [Part("text", "second")], ending="stop")
            assert await history.versions(first.id) == (first.id, second.id)
            assert texts(await history.messages(chat.id)) == ["question", "second"]

            await history.select(first.id)
            assert texts(await history.messages(chat.id)) == ["question", "first", "and then?", ""]
            await history.select(second.id)
            assert texts(await history.messages(chat.id)) == ["question", "second"]

            _, edited, _ = await history.begin_turn(chat.id, "another question", parent=user.parent)
            assert await history.versions(user.id) == (user.id, edited.id)
            assert texts(await history.messages(chat.id)) == ["another question", ""]
            assert texts(await history.branch(second.id)) == ["question", "second"]

    run(promise())


def test_the_list_has_pinned_chats_first_then_the_latest(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000, 2000))
    for room in ("history", "listed"):
        monkeypatch.setattr(f"mistral_desk.chat.{room}.the_time", lambda: float(next(clock)))

    async def titles(history: History) -> list[str]:
        return [chat.title for chat in await history.conversations()]

    async def promise() -> None:
        async with opened(path) as history:
            made = [await history.create(title) for title in ("a", "b", "c", "d")]
            assert await titles(history) == ["d", "c", "b", "a"]
            await history.begin_turn(made[1].id, "news")
            await history.pin(made[0].id)
            await history.archive(made[2].id)
            assert await titles(history) == ["a", "b", "d"]
            assert [chat.title for chat in await history.conversations(archived=True)] == ["c"]
            assert [chat.title for chat in await history.conversations(limit=1, offset=1)] == ["b"]
            await history.rename(made[3].id, "D")
            assert await titles(history) == ["a", "b", "D"], "a new title is no new message"

    run(promise())


def test_delete_can_be_undone_until_it_is_purged(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            chat, user, _ = await history.begin_turn(None, "keep me")
            await history.delete(chat.id)
            assert await history.conversations() == ()
            assert [gone.id for gone in await history.deleted()] == [chat.id]
            assert (await problem_of(history.messages(chat.id)))[0] == "history.missing"
            assert (await problem_of(history.begin_turn(chat.id, "more")))[0] == "history.missing"

            await history.restore(chat.id)
            assert texts(await history.messages(chat.id)) == ["keep me", ""]

            await history.delete(chat.id)
            assert await history.purge_deleted(older_than_s=3600) == 0
            assert await history.purge_deleted(older_than_s=-1) == 1
            assert (await problem_of(history.message(user.id)))[0] == "history.missing"
            for question in ("SELECT * FROM message", "SELECT * FROM part", "SELECT * FROM tokens"):
                assert await asked(history, question) == []

    run(promise())


def test_a_very_long_chat_can_be_read_and_purged(path: Path) -> None:
    """SQLite's own cascades and triggers end at a depth of 1,000."""

    def fill(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO conversation (title, created, updated) VALUES ('long', 0, 0)")
        for number in range(1, 5001):
            connection.execute(
                "INSERT INTO message (conversation, parent_id, role, created) VALUES (1, ?, 'user', 0)",
                (number - 1 or None,),
            )
        connection.execute("UPDATE conversation SET leaf = 5000")

    async def promise() -> None:
        async with opened(path) as history:
            await history._store.write(fill)
            assert [message.id for message in await history.messages(1)] == list(range(1, 5001))
            assert (await history.select(1)).leaf == 5000
            await history.purge(1)
            assert (await problem_of(history.messages(1)))[0] == "history.missing"

    run(promise())


def test_what_is_not_there_is_missing(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            one, _, _ = await history.begin_turn(None, "one")
            _, foreign, _ = await history.begin_turn(None, "two")
            for wrong in (
                history.messages(99),
                history.message(99),
                history.branch(99),
                history.versions(99),
                history.select(99),
                history.rename(99, "x"),
                history.settings(99),
                history.update_answer(99, []),
                history.begin_version(99),
                history.begin_turn(99, "x"),
                history.begin_turn(one.id, "x", parent=foreign.id),
                history.add(99, None, "user", [Part("text", "x")]),
            ):
                assert (await problem_of(wrong))[0] == "history.missing"
            assert len(await history.conversations()) == 2, "what failed left nothing behind"

    run(promise())


def test_settings_belong_to_one_chat(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            chat = await history.create(settings=ConversationSettings(system="Be brief.\ud800"))
            assert await history.settings(chat.id) == ConversationSettings(system="Be brief.�")
            await history.set_settings(chat.id, ConversationSettings(model="builtin", think=True))
            assert await history.settings(chat.id) == ConversationSettings(model="builtin", think=True)
            assert await history.settings((await history.create()).id) == ConversationSettings()

    run(promise())


def test_halves_of_characters_are_stored_as_what_can_be_stored(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            chat, user, _ = await history.begin_turn(None, "a\ud83d\ude00b\udfff")
            assert (user.text, chat.title) == ("a😀b�", "a😀b�")

    run(promise())


def test_a_temporary_history_leaves_nothing(tmp_path: Path) -> None:
    async def promise() -> None:
        history = await History.temporary()
        chat, _, answer = await history.begin_turn(None, "secret")
        await history.update_answer(answer.id, [Part("text", "kept nowhere")], ending="stop")
        assert texts(await history.messages(chat.id)) == ["secret", "kept nowhere"]
        assert history.is_temporary
        await history.close()

    run(promise())
    assert list(tmp_path.iterdir()) == []


def test_a_call_that_is_cancelled_still_does_its_work(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            chat = await history.create("chat")
            task = asyncio.ensure_future(history.begin_turn(chat.id, "sent while closing"))
            await asyncio.sleep(0)  # lets the task reach the writer
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await history.create("after it")  # the writer works in order
            assert texts(await history.messages(chat.id)) == ["sent while closing", ""]

    run(promise())


def test_many_at_once_are_written_one_after_the_other(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            chats = await asyncio.gather(*(history.begin_turn(None, f"number {n}") for n in range(50)))
            assert len({chat.id for chat, _, _ in chats}) == 50
            assert len(await history.conversations()) == 50

    run(promise())


def test_a_migration_keeps_a_copy_of_the_old_format(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def promise() -> None:
        async with opened(path) as history:
            chat, _, _ = await history.begin_turn(None, "old times")
        newer = (*schema.MIGRATIONS, ("ALTER TABLE message ADD COLUMN mood TEXT", "UPDATE message SET mood = 'good'"))
        with monkeypatch.context() as patch:
            patch.setattr(database, "MIGRATIONS", newer)
            async with opened(path) as history:
                assert texts(await history.messages(chat.id)) == ["old times", ""]
                assert await asked(history, "SELECT DISTINCT mood FROM message") == [("good",)]
        before = len(schema.MIGRATIONS)
        copy = path.parent / "history-backups" / f"before-migration-from-{before}.sqlite3"
        with contextlib.closing(sqlite3.connect(copy)) as old:
            assert old.execute("PRAGMA user_version").fetchone() == (before,)
            assert old.execute("SELECT body FROM part").fetchall() == [("old times",)]

    run(promise())


@pytest.mark.allow_log("no such table", "mistral_desk.chat.store")
def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (*schema.MIGRATIONS, ("ALTER TABLE message ADD COLUMN mood TEXT", "UPDATE nowhere SET x = 1"))

    async def promise() -> None:
        async with opened(path) as history:
            chat, _, _ = await history.begin_turn(None, "old times")
        with monkeypatch.context() as patch:
            patch.setattr(database, "MIGRATIONS", broken)
            assert (await problem_of(History.open(path)))[0] == "history.failed"
        async with opened(path) as history:
            assert texts(await history.messages(chat.id)) == ["old times", ""]
            assert "mood" not in str(await asked(history, "PRAGMA table_info(message)"))

    run(promise())


def test_a_closed_history_says_so(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        await history.close()
        await history.close()
        with pytest.raises(DeskError, match="is closing"):
            await history.create()

    run(promise())


def test_every_error_of_sqlite_has_a_name_for_people() -> None:
    for code in range(1, 30):
        error = sqlite3.OperationalError("words of a library")
        error.sqlite_errorcode, error.sqlite_errorname = code, f"SQLITE_{code}"
        named = database.named(error, "file")
        assert isinstance(named, DeskError)
        assert named.problem.id.startswith("history.")
        assert "words of a library" in named.problem.detail
