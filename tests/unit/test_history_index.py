"""The full-text index: always what the messages say, made behind everything else, and never in anybody's way."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from mistral_desk.chat import database, schema
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from tests.fixtures.engines import run
from tests.fixtures.history_state import promises_of_tables
from tests.fixtures.index import found, index_differs

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / "history.sqlite3"


def test_what_is_deleted_for_good_is_not_left_in_the_file(path: Path) -> None:
    """Neither the text nor the index's notes of its letters."""

    async def promise() -> None:
        history, _ = await History.open(path)
        for number in range(50):
            await history.begin_turn(None, f"kept {number}")
        chat, _, answer = await history.begin_turn(None, "Xylographic Quokkas " * 300)
        await history.update_answer(answer.id, [Part("text", "WombatZebra " * 1000)], ending="stop")
        size = "SELECT sum(length(block)) FROM words_data"
        (before,) = await history._store.read(lambda c: c.execute(size).fetchone())
        await history.purge_many([chat.id])
        history.settle()
        await history.indexed()
        (after,) = await history._store.read(lambda c: c.execute(size).fetchone())
        assert after < before
        (segments,) = await history._store.read(
            lambda c: c.execute("SELECT count(DISTINCT segid) FROM words_idx").fetchone()
        )
        assert segments == 1, "all is merged"
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())
    raw = path.read_bytes()
    assert b"kept 49" in raw
    for word in (b"Quokka", b"WombatZebra", b"ylo", b"uok"):
        assert word not in raw


def test_what_is_deleted_for_good_is_not_left_in_the_log_of_a_history_that_stays_open(path: Path) -> None:
    """An app that runs for weeks closes nothing; and while another program reads, the log is emptied after it."""

    async def promise() -> None:
        history, _ = await History.open(path)
        chat, *_ = await history.begin_turn(None, "Xylographic Quokkas " * 300)
        await history.indexed()
        assert any(b"Quokka" in file.read_bytes() for file in path.parent.glob("history.sqlite3*"))
        with contextlib.closing(database.connect(path, query_only=True)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM part").fetchone()
            await history.purge_many([chat.id])
            assert not await history._store.shed()
            history.settle()
        await history.indexed()
        for file in path.parent.glob("history.sqlite3*"):
            assert b"Quokka" not in file.read_bytes(), file.name
        await history.begin_turn(None, "it goes on")
        await history.close()

    run(promise())


@pytest.mark.allow_log("broken", "mistral_desk.chat.index_rows")
@pytest.mark.parametrize(
    ("first", "how"),
    [("search", "leaves"), *((first, how) for first in ("write", "end", "purge") for how in ("leaves", "root"))],
)
def test_a_broken_index_is_made_anew_and_refuses_nothing(path: Path, first: str, how: str) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        other, *_ = await history.begin_turn(None, "this will go")
        chat, _, answer = await history.begin_turn(None, "before it broke")
        await history.update_answer(answer.id, [Part("text", "an okapi")], ending="stop")
        await history.search("okapi")
        await history.close()
        connection = database.connect(path)
        connection.execute(
            "UPDATE words_data SET block = X'FFFFFFFF' || zeroblob(20) WHERE id > 10"
            if how == "leaves"
            else "UPDATE words_data SET block = X'FFFFFFFF' WHERE id = 10"
        )
        connection.close()

        history, notice = await History.open(path)
        assert notice is None
        match first:
            case "search":
                await history.search("okapi")
            case "write":
                await history.begin_turn(None, "and then")
            case "end":
                await history.update_answer(answer.id, [Part("text", "an okapi again")], ending="stop")
            case _:
                await history.purge(other.id)
        await history.search("okapi")
        await history.indexed()
        assert [hit.message for hit in (await history.search("okapi")).hits] == [answer.id]
        assert await history._store.read(index_differs) == ""
        assert len(await history.messages(chat.id)) == 2
        await history.close()

    run(promise())


def test_an_answer_is_in_the_index_when_it_ends_and_is_found_before(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        _, _, answer = await history.begin_turn(None, "well?")
        words = "SELECT count(*) FROM temp.terms"
        before = await history._store.look(lambda c: c.execute(words).fetchone())
        for text in ("grow", "growing", "growing zebras"):
            await history.update_answer(answer.id, [Part("text", text)])
            assert await found(history, "grow") == [(answer.id, "grow")]
        assert await history._store.look(lambda c: c.execute(words).fetchone()) == before
        assert (await history.search("zebras")).left == 0, "nothing is behind"
        await history.update_answer(answer.id, [Part("text", "growing zebras")], ending="stop")
        assert await history._store.look(lambda c: c.execute(words).fetchone()) > before
        assert await found(history, "zebras") == [(answer.id, "zebras")]
        await history.update_answer(answer.id, [Part("text", "growing lions")])  # it goes on
        await history.update_answer(answer.id, [Part("text", "growing lions today")], ending="stop")
        assert await found(history, "zebras") == []
        assert await found(history, "lions") == [(answer.id, "lions")]
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())


def test_after_an_update_everything_gets_into_the_index_in_the_background(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(database, "MIGRATIONS", schema.MIGRATIONS[:2])
            path.parent.mkdir()
            path.touch()
            connection = database.connect(path)
            database.prepare(connection, None, lambda _: None)
            for chat in range(30):
                connection.execute("INSERT INTO conversation (title, created, updated) VALUES ('t', 1, 1)")
                for number in range(10):
                    connection.execute(
                        "INSERT INTO message (conversation, role, created, ending) VALUES (?, ?, ?, ?)",
                        (chat + 1, "assistant" if number else "user", 1000.0, "unfinished" if number == 9 else "stop"),
                    )
                    connection.execute(
                        "INSERT INTO part (message, \"order\", kind, body) VALUES (last_insert_rowid(), 0, 'text', ?)",
                        (f"walrus {chat * 10 + number}",),
                    )
            connection.close()

    async def promise() -> None:
        old()
        history, notice = await History.open(path)
        assert notice is None
        first = await history.search("walrus 299")
        assert first.hits, "the newest are found at once"
        await history.indexed()
        assert [hit.snippet for hit in (await history.search('"walrus 11"')).hits if hit.message] == [
            *(f"walrus {number}" for number in range(119, 109, -1)),
            "walrus 11",
        ]
        assert (await history.search("walrus 0")).left == 0
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())


def test_what_comes_in_is_in_the_index_also_where_nobody_waits_for_it_any_more(path: Path) -> None:
    """Who calls an import off leaves the conversation that is just being taken in: it is there, and is found."""

    async def promise() -> None:
        history, _ = await History.open(path)
        await history.indexed()
        said = ImportedMessage("a", None, "user", 1000.0, (Part("text", "walrus"),))
        coming = asyncio.ensure_future(history.put(Imported("t", 1000.0, 1000.0, (said,))))
        await asyncio.sleep(0)
        coming.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await coming
        assert coming.cancelled()
        await history._store.write(lambda _: None)  # what was asked for before is done
        await history.indexed()
        assert [words for _, words in await found(history, "walrus")] == ["walrus"]
        assert await history._store.read(lambda c: list(promises_of_tables(c))) == []
        await history.close()

    run(promise())


def test_a_branch_is_put_into_the_index_when_it_is_whole(path: Path) -> None:
    """While it is being copied it stands in no list, and nothing is promised of it."""

    async def promise() -> None:
        history, _ = await History.open(path)
        _, _, answer = await history.begin_turn(None, "well?")
        await history.update_answer(answer.id, [Part("text", "walrus")], ending="stop")
        seen: list[list[str]] = []

        def look(_done: int, _all: int) -> None:
            with contextlib.closing(database.connect(path, query_only=True)) as connection:
                missing = connection.execute("SELECT count(*) FROM message WHERE place IS NULL").fetchone()
                assert missing == (2,)
                seen.append(list(promises_of_tables(connection)))

        await history.branch_off(answer.id, told=look)
        assert seen == [[]]
        await history.indexed()
        assert len(await found(history, "walrus")) == 2
        assert await history._store.read(lambda c: list(promises_of_tables(c))) == []
        await history.close()

    run(promise())
