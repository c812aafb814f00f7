"""The copies of the history: when they are made, that each is of one moment, and what they are good for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import Final

import pytest

from mistral_desk.chat import backups, database, store
from mistral_desk.chat.copies import Backups
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Part
from mistral_desk.core.errors import DeskError
from tests.fixtures.engines import run

NAME: Final = "history.sqlite3"


def said(copy: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(copy)) as connection:
        return [str(row[0]) for row in connection.execute("SELECT body FROM part ORDER BY message")]


def test_a_daily_copy_is_made_while_the_app_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LOOK_EVERY_S", 0.0)
    path = tmp_path / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        await history._store._in(history._store._copier, lambda: None)
        assert backups.copies(path) == [], "there is nothing to keep"
        for day in range(8):
            await history.begin_turn(None, f"day {day}")
            await history._store._in(history._store._copier, lambda: None)
            await history.begin_turn(None, "at once")
            await history._store._in(history._store._copier, lambda: None)
            made = backups.dailies(path)
            assert said(made[0]).count(f"day {day}") == 1
            assert said(made[0]).count("at once") == day, "not due again"
            assert len(made) == min(day + 1, 5), "the last five are kept"
            for number, copy in enumerate(made):  # a day goes by
                old = 1_700_000_000 - number * 86_400
                copy.rename(copy.with_name(f"daily-{8 - day}{number}-old.sqlite3"))
                os.utime(copy.with_name(f"daily-{8 - day}{number}-old.sqlite3"), (old, old))
        await history.close()

    run(promise())


def test_a_copy_is_of_one_moment_while_others_write(tmp_path: Path) -> None:
    path = tmp_path / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        _, _, answer = await history.begin_turn(None, "x" * 40_000_000)
        await history.update_answer(answer.id, [Part("text", "0" * 100_000)])
        target = path.with_name("copy.sqlite3")

        def copy() -> None:
            with contextlib.closing(database.connect(path, query_only=True)) as source:
                backups.keep(source, target)

        copying = asyncio.ensure_future(asyncio.to_thread(copy))
        written = 0
        while not copying.done():
            written += 1
            await history.update_answer(answer.id, [Part("text", str(written % 10) * 100_000)])
        await copying
        with contextlib.closing(sqlite3.connect(target)) as other:
            (body,) = other.execute("SELECT body FROM part WHERE message = ?", (answer.id,)).fetchone()
            assert body == body[0] * 100_000
        await history.close()

    run(promise())


def test_a_large_history_closes_without_waiting_for_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backups, "QUICK_BYTES", 0)
    path = tmp_path / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        await history.begin_turn(None, "hello")
        await history.close()
        assert not backups.closing(path).exists()

    run(promise())


def test_the_copy_of_a_close_goes_where_no_other_will_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a history that has become large: what is deleted for good must not stay in it for ever."""
    path = tmp_path / NAME

    async def session(words: str) -> None:
        history, _ = await History.open(path)
        await history.begin_turn(None, words)
        await history._store._in(history._store._copier, lambda: None)
        await history.close()

    run(session("one"))
    closed = backups.closing(path)
    assert said(closed)
    monkeypatch.setattr(backups, "QUICK_BYTES", 0)
    for old in (*backups.dailies(path), path):
        os.utime(old, (1_700_000_000, 1_700_000_000))
    os.utime(closed, (1_900_000_000, 1_900_000_000))
    run(session("two"))
    assert closed.exists(), "nothing newer is there"
    os.utime(closed, (1_700_000_000, 1_700_000_000))
    run(session("three"))
    assert not closed.exists()
    assert backups.dailies(path)


async def nobody() -> None:
    """Nothing is being answered."""


@pytest.mark.allow_log("SQLITE_BUSY|locked", "mistral_desk.chat")
def test_a_restore_does_not_wait_for_ever_for_another_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.1)
    path = tmp_path / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        chat, *_ = await history.begin_turn(None, "first")
        every = Backups(lambda: history, nobody)
        made = await every.make()
        await history.begin_turn(chat.id, "second")
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DeskError) as busy:
                await every.restore(made)
            other.execute("ROLLBACK")
        assert busy.value.problem.id == "history.busy"
        assert [one.text for one in await history.messages(chat.id)][::2] == ["first", "second"], "all is as it was"
        await every.restore(made)
        assert [one.text for one in await history.messages(chat.id)][::2] == ["first"]
        await history.close()

    run(promise())


@pytest.mark.parametrize("change", ["DROP TABLE tokens", "ALTER TABLE message DROP COLUMN figures", "DELETE FROM fact"])
def test_a_backup_that_somebody_has_changed_takes_no_historys_place(tmp_path: Path, change: str) -> None:
    path = tmp_path / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        chat, *_ = await history.begin_turn(None, "hello")
        every = Backups(lambda: history, nobody)
        made = await every.make()
        with contextlib.closing(sqlite3.connect(made.path)) as copy:
            copy.execute(change)
            copy.commit()
        with pytest.raises(DeskError) as refused:
            await every.restore(made)
        assert refused.value.problem.id == "backup.unusable"
        assert [one.text for one in await history.messages(chat.id)] == ["hello", ""]
        await history.close()

    run(promise())


_EVERYTHING = "CREATE TRIGGER t AFTER INSERT ON conversation BEGIN DELETE FROM conversation WHERE id < new.id; END"
_ENDLESS = (
    "ALTER TABLE conversation RENAME TO other;"
    "CREATE VIEW conversation AS WITH RECURSIVE more (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM more) "
    "SELECT id, '' AS title, NULL AS deleted_at FROM more"
)


@pytest.mark.allow_log("cannot be looked into", "mistral_desk.chat.copies")
@pytest.mark.parametrize("made_by", [_EVERYTHING, _ENDLESS], ids=["trigger", "view"])
def test_what_acts_in_a_backup_that_somebody_made_takes_no_chat_and_no_time(tmp_path: Path, made_by: str) -> None:
    path = tmp_path / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        chat, *_ = await history.begin_turn(None, "hello")
        every = Backups(lambda: history, nobody)
        made = await every.make()
        with contextlib.closing(sqlite3.connect(made.path)) as copy:
            copy.executescript(made_by)
        (found,) = [one for one in await every.list() if one.path == made.path]  # the day's own may be there by now
        assert (found.conversations, found.messages) == (None, None)
        with pytest.raises(DeskError) as refused:
            await every.restore(made)
        assert refused.value.problem.id == "backup.unusable"
        await history.begin_turn(None, "more")
        assert [one.text for one in await history.messages(chat.id)] == ["hello", ""]
        await history.close()

    run(promise())


@pytest.mark.allow_log("of no use|is gone", "mistral_desk.chat")
@pytest.mark.parametrize("made_by", [_EVERYTHING, _ENDLESS], ids=["trigger", "view"])
def test_nor_does_it_take_the_place_of_a_history_that_is_gone(tmp_path: Path, made_by: str) -> None:
    path = tmp_path / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        chat, *_ = await history.begin_turn(None, "hello")
        every = Backups(lambda: history, nobody)
        good, crafted = [Path((await every.make()).path) for _ in range(2)]
        await history.close()
        with contextlib.closing(sqlite3.connect(crafted)) as copy:
            copy.executescript(made_by)
        os.utime(good, (1.7e9, 1.7e9))
        for other in {path, *backups.copies(path)} - {good, crafted}:  # the day's own may be there
            other.unlink()
        assert backups.copies(path) == [crafted, good]

        history, notice = await History.open(path)
        assert notice is not None
        assert notice.id == "history.vanished"
        await history.begin_turn(None, "more")
        assert [one.text for one in await history.messages(chat.id)] == ["hello", ""]
        await history.close()

    run(promise())


@pytest.mark.allow_log("is gone|restor|no copy", "mistral_desk.chat")
@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be deleted there")
def test_a_file_that_is_deleted_under_the_open_app_comes_back(tmp_path: Path) -> None:
    path = tmp_path / NAME

    async def promise() -> None:
        history, _ = await History.open(path)
        chat, _, _ = await history.begin_turn(None, "still here?")
        for suffix in ("", "-wal", "-shm"):
            path.with_name(NAME + suffix).unlink()
        await history.begin_turn(chat.id, "and here?")
        await history.close()
        assert not path.exists(), "no empty file takes its place"

        history, notice = await History.open(path)
        assert notice is not None
        assert notice.id == "history.vanished"
        assert [message.text for message in await history.messages(chat.id)] == ["still here?", "", "and here?", ""]
        await history.close()

    run(promise())


@pytest.mark.parametrize("name", ["with space", "ümlaut 世界", "per%20cent", "ques?tion#hash&x=y", "a'quote"])
def test_any_name_of_a_folder_will_do(tmp_path: Path, name: str) -> None:
    if sys.platform == "win32":
        name = name.replace("?", "")
    path = tmp_path / name / NAME

    async def promise() -> None:
        for _ in range(2):
            history, notice = await History.open(path)
            assert notice is None
            await history.begin_turn(None, "hello")
            await history.close()

    run(promise())
    assert sorted(file.name for file in path.parent.iterdir()) == ["history-backups", NAME]
    assert path.stat().st_size > 4096
