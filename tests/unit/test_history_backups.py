"""Backups as a person uses them: which there are, one more, an older one in the history's place. Nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat import backups, database, schema
from mistral_desk.chat.copies import Backup, Backups
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Draft, Part
from mistral_desk.chat.session import Ended, Writing
from mistral_desk.inference.client import ModelSpec
from mistral_desk.services import Services
from tests.fixtures import fake_worker
from tests.fixtures.engines import problem_of, run
from tests.fixtures.index import index_differs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DAMAGE = pytest.mark.allow_log(".", "mistral_desk.chat")


async def _nothing() -> None:
    return None


@contextlib.asynccontextmanager
async def opened(path: Path) -> AsyncIterator[tuple[History, Backups]]:
    history, notice = await History.open(path)
    assert notice is None
    try:
        yield history, Backups(lambda: history, _nothing)
    finally:
        await history.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / "history.sqlite3"


def content(file: str | Path) -> bytes:
    return Path(file).read_bytes()


async def titles(history: History) -> list[str]:
    return sorted(chat.title for chat in await history.conversations())


def test_a_backup_brings_back_what_was_and_keeps_what_is(path: Path) -> None:
    heard: list[int] = []

    async def promise() -> None:
        async with opened(path) as (history, copies):
            old, user, answer = await history.begin_turn(None, "old words")
            await history.update_answer(answer.id, [Part("text", "an answer")], tokens=(1, 2), ending="stop")
            made = await copies.make()
            assert (made.kind, made.conversations, made.messages) == ("own", 1, 2)
            assert made.bytes == len(content(made.path))
            new, *_ = await history.begin_turn(None, "new words")
            await history.delete(old.id)

            forget = copies.listen(lambda: heard.append(1))
            restored = await copies.restore(made)
            assert heard == [1]
            assert await titles(history) == ["old words"]
            assert [m.tokens for m in await history.messages(old.id)] == [(), (1, 2)]
            assert {hit.message for hit in (await history.search("words")).hits} == {user.id, None}
            assert restored.kept is not None
            assert (restored.kept.kind, restored.kept.conversations) == ("replaced", 1), "the bin does not count"

            later, *_ = await history.begin_turn(None, "later words")
            assert later.id > new.id, "no id is given twice: a draft or an export may still mean the other chat"
            await copies.restore(restored.kept)
            assert await titles(history) == ["new words"]
            assert [chat.title for chat in await history.deleted()] == ["old words"]
            assert await history._store.read(index_differs) == ""
            forget()
            assert [copy.path for copy in await copies.list() if copy.kind == "own"].count(made.path) == 1
            assert heard == [1, 1]
        async with opened(path) as (history, copies):
            assert await titles(history) == ["new words"], "after a restart, too"
            kinds = [copy.kind for copy in await copies.list()]
            assert (kinds.count("own"), kinds.count("replaced")) == (1, 2)

    run(promise())


@pytest.mark.allow_log("cannot be looked into", "mistral_desk.chat.copies")
def test_backups_say_what_they_are(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as (history, copies):
            assert await copies.list() == ()
            await history.begin_turn(None, "a")
        async with opened(path) as (history, copies):
            await history._store._in(history._store._copier, lambda: None)
            own = await copies.make()
            shutil.copy(own.path, backups.before_format(path, 2))
            broken = backups.folder_of(path) / "own-broken.sqlite3"
            broken.write_bytes(b"x" * 5000)
            found = await copies.list()
            assert {(copy.kind, copy.conversations) for copy in found} == {
                *(("daily", 1), ("closed", 1), ("own", 1), ("migration", 1), ("own", None))
            }
            assert [copy.created for copy in found] == sorted((copy.created for copy in found), reverse=True)
            bad = next(copy for copy in found if copy.conversations is None)
            await copies.delete(bad)
            assert not broken.exists()
            assert (await problem_of(copies.delete(Backup(str(path), "own", 0.0, 0, 0, 0))))[0] == "history.missing"
            assert content(path)
            names = {file.name for file in backups.folder_of(path).iterdir()}
            assert all(name.endswith(".sqlite3") for name in names), "looking leaves nothing behind"

    run(promise())


@DAMAGE
@pytest.mark.parametrize("how", ["empty", "torn", "foreign", "text", "gone", "newer", "flipped"])
def test_a_bad_backup_changes_nothing(path: Path, how: str) -> None:
    async def promise() -> None:
        async with opened(path) as (history, copies):
            for number in range(40):
                await history.begin_turn(None, f"chat {number} " * 50)
            made = await copies.make()
            spoil(Path(made.path), how)
            before = await titles(history)
            names = {file.name for file in path.parent.iterdir()}
            assert (await problem_of(copies.restore(made)))[0] == (
                "history.newer" if how == "newer" else "backup.unusable"
            )
            assert await titles(history) == before
            assert {file.name for file in path.parent.iterdir()} == names, "and leaves nothing"
            await history.begin_turn(None, "and it goes on")

    run(promise())


def spoil(copy: Path, how: str) -> None:
    raw = copy.read_bytes()
    match how:
        case "empty":
            copy.write_bytes(b"")
        case "torn":
            copy.write_bytes(raw[: len(raw) // 2])
        case "foreign":
            copy.unlink()
            with contextlib.closing(sqlite3.connect(copy)) as other:
                other.execute("CREATE TABLE other (x)")
        case "text":
            copy.write_bytes(b"Dear diary. " * 1000)
        case "gone":
            copy.unlink()
        case "newer":
            with contextlib.closing(sqlite3.connect(copy)) as other:
                other.execute("PRAGMA user_version = 99")
        case "flipped":
            for at in range(4096 * 3, len(raw), 4096):
                raw = raw[:at] + b"\xff" * 64 + raw[at + 64 :]
            copy.write_bytes(raw)


def punched(history: History) -> int:
    """Break the open file behind SQLite's back, in the writing thread; its size."""
    connection, path = history._store._write_connection, history.path
    assert connection is not None
    assert path is not None
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = path.stat().st_size
    with path.open("rb+") as file:
        for page in range(8, size // 4096, 3):
            file.seek(page * 4096)
            file.write(b"\xff" * 4096)
    return size


@DAMAGE
def test_a_damaged_history_is_kept_as_it_is_when_a_backup_takes_its_place(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as (history, copies):
            for number in range(60):
                await history.begin_turn(None, f"chat {number} " * 100)
            made = await copies.make()
            size = await history._store._in(history._store._writer, lambda: punched(history))
            restored = await copies.restore(made)
            assert restored.kept is None
            aside = list(path.parent.glob("history-damaged-*"))
            assert [file.stat().st_size for file in aside if file.suffix == ".sqlite3"] == [size]
            assert len(await titles(history)) == 60
            new, *_ = await history.begin_turn(None, "goes on")
            assert new.id > backups.GAP, "nobody knows which ids it had given"

    run(promise())


def test_an_old_backup_is_brought_up_to_date_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.parent.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:1])
        path.touch()
        with contextlib.closing(database.connect(path)) as connection:
            database.prepare(connection, None, lambda _: None)
            connection.execute("INSERT INTO conversation (title, created, updated) VALUES ('from long ago', 1, 1)")
            connection.execute("INSERT INTO message (conversation, role, created) VALUES (1, 'user', 1)")
            connection.execute("INSERT INTO part (message, \"order\", kind, body) VALUES (1, 0, 'text', 'ichthyosaur')")

    async def promise() -> None:
        async with opened(path) as (history, copies):
            (before,) = [copy for copy in await copies.list() if copy.kind == "migration"]
            await history.rename(1, "newer")
            raw = content(before.path)
            await copies.restore(before)
            assert content(before.path) == raw, "a backup is only read"
            assert await titles(history) == ["from long ago"]
            await history.indexed()
            assert [hit.message for hit in (await history.search("ichthyosaur")).hits] == [1]

    run(promise())


@DAMAGE
def test_a_full_disk_while_a_backup_takes_its_place_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    async def promise() -> None:
        async with opened(path) as (history, copies):
            await history.begin_turn(None, "one")
            made = await copies.make()
            await history.begin_turn(None, "two")
            for room, name in ((backups, "keep"), (backups, "beyond"), (shutil, "copyfile")):
                with monkeypatch.context() as patch:
                    patch.setattr(room, name, full)
                    assert (await problem_of(copies.restore(made)))[0] == "history.disk_full"
                assert await titles(history) == ["one", "two"]
            assert not list(path.parent.glob("*.restored*"))
            await copies.restore(made)
            assert await titles(history) == ["one"]

    run(promise())


def test_an_answer_that_is_being_made_ends_and_is_kept_in_what_was(home: Path, tmp_path: Path) -> None:
    async def promise() -> None:
        services = await Services.open(engine=fake_worker.command(tmp_path, fake_worker.endless()))
        first, *_ = await services.history.begin_turn(None, "kept")
        made = await services.backups.make()
        ended: list[str] = []
        writing = asyncio.Event()

        async def chat() -> None:
            async for event in services.session.reply(None, Draft("go"), model_spec=ModelSpec("/models/one.gguf")):
                if isinstance(event, Writing):
                    writing.set()
                if isinstance(event, Ended):
                    ended.append(event.message.ending)

        answering = asyncio.ensure_future(chat())
        await writing.wait()
        restored = await services.backups.restore(made)
        await answering
        assert ended == ["stopped"]
        assert await titles(services.history) == ["kept"]
        assert restored.kept is not None
        with contextlib.closing(sqlite3.connect(restored.kept.path)) as copy:
            endings = copy.execute("SELECT ending FROM message ORDER BY id DESC LIMIT 1").fetchall()
        assert endings == [("stopped",)]
        again = services.session.reply(first.id, Draft("and now?"), model_spec=ModelSpec("/models/one.gguf"))
        words = 0
        async for event in again:
            if isinstance(event, Writing):
                words += 1
                services.session.stop()
        assert words, "the history that is there now is answered"
        await services.close()

    run(promise())


def test_what_was_exported_is_known_again_after_a_restore(path: Path) -> None:
    """A history and its copies are one and the same; a chat that came after the copy was made is another one."""

    async def promise() -> None:
        async with opened(path) as (history, copies):
            one, *_ = await history.begin_turn(None, "one")
            made = await copies.make()
            two, *_ = await history.begin_turn(None, "two")
            names = [await history.origin(chat.id) for chat in (one, two)]
            await copies.restore(made)
            three, *_ = await history.begin_turn(None, "three")
            assert three.id not in {one.id, two.id}
            said = (ImportedMessage("a", None, "user", 1.0, (Part("text", "two"),)),)
            assert await history.put(Imported("one", 1.0, 1.0, said, origin=names[0])) is None
            back = await history.put(Imported("two", 1.0, 1.0, said, origin=names[1]))
            assert back is not None
            assert await history.put(Imported("two", 1.0, 1.0, said, origin=names[1])) is None
            assert await titles(history) == ["one", "three", "two"]

    run(promise())


def test_nothing_that_did_not_change_is_copied(path: Path) -> None:
    async def promise() -> None:
        async with opened(path) as (history, _):
            await history.begin_turn(None, "one")
        async with opened(path) as (history, _):
            await history.indexed()  # the answer that nobody writes any more
            await history._store._in(history._store._copier, lambda: None)
        (daily,) = backups.dailies(path)
        closed = backups.closing(path).stat()
        os.utime(path, (1_700_000_000, 1_700_000_000))
        os.utime(daily, (1_700_000_001, 1_700_000_001))
        assert not backups.is_due(path, 1_700_300_000), "days went by, and nobody wrote"
        os.utime(path, (1_700_200_000, 1_700_200_000))
        assert backups.is_due(path, 1_700_300_000)
        assert not backups.is_due(path, 1_700_080_000), "not yet a day"
        os.utime(daily, (1_800_000_000, 1_800_000_000))
        assert backups.is_due(path, 1_700_300_000), "the clock was set back"
        async with opened(path) as (history, _):
            await history.conversations()
            await history.purge_deleted(0)
        assert backups.closing(path).stat().st_mtime_ns == closed.st_mtime_ns

    run(promise())
