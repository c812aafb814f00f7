"""Rows that nobody can read, an index that has to wait, searches at their bounds, and who else holds the file."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import sys
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat import branching, database, index_rows, indexing, kept_settings, search, searching
from mistral_desk.chat.attachments import Pictures, Pixels
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import ConversationSettings, Part
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.tidying import tidy
from tests.fixtures.engines import problem_of, run
from tests.fixtures.index import found, index_differs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME: Final = "history.sqlite3"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / NAME


@contextlib.contextmanager
def held(path: Path, what: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
    """Another program that writes, or reads."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute(what)
        yield other
        other.execute("ROLLBACK")


def messages(*said: tuple[str, str], at: float = 1.0) -> tuple[ImportedMessage, ...]:
    return tuple(
        ImportedMessage(str(n), str(n - 1) if n else None, role, at, (Part("text", text),))  # type: ignore[arg-type]
        for n, (role, text) in enumerate(said)
    )


# --- rows ---------------------------------------------------------------------------------------------------


@pytest.mark.allow_log("unreadable", "mistral_desk.chat")
@pytest.mark.parametrize("odd", ["{", "[]", "7", '{"generated_tokens": "many"}', "[" * 100_000])
def test_settings_and_figures_that_nobody_can_read_hide_no_chat(odd: str) -> None:
    async def promise() -> None:
        history = await History.temporary()
        chat, _, answer = await history.begin_turn(None, "hello", settings=ConversationSettings(system="Be kind."))
        await history._store.write(lambda c: c.execute("UPDATE message SET figures = ?", (odd,)))
        await history._store.write(lambda c: c.execute("UPDATE conversation SET settings = ?", (odd,)))
        assert [one.text for one in await history.messages(chat.id)] == ["hello", ""]
        assert (await history.message(answer.id)).figures is None
        assert (await history.settings(chat.id)).system == ""
        await history.close()

    run(promise())


@pytest.mark.parametrize(
    ("name", "value"), [("longest", 0), ("longest", 2**40), ("think_tokens", -1), ("think_seconds", 10**9)]
)
def test_a_bound_that_no_answer_could_keep_counts_as_not_said(name: str, value: int) -> None:
    made = kept_settings.from_values({name: value, "system": "Be kind."})
    assert getattr(made, name) == getattr(ConversationSettings(), name)
    assert made.system == "Be kind."


# --- the index ----------------------------------------------------------------------------------------------


def test_a_message_goes_into_the_index_once_and_instructions_never_do(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        await history.put(Imported("x", 1.0, 2.0, messages(("user", "Wombat"), ("system", "Quokka"))))
        await history.indexed()
        user, system = (one.id for one in await history.tree(1))
        for key in (user, system, 99):
            assert await history._store.write(lambda c, key=key: index_rows.put(c, key)) == 0  # type: ignore[misc]
        assert await history._store.read(index_differs) == ""
        assert await found(history, "Wombat") == [(user, "Wombat")]
        assert await found(history, "Quokka") == []
        for key in (user, system, 99):
            await history._store.write(lambda c, key=key: index_rows.take(c, key))  # type: ignore[misc]
        assert await history._store.read(index_differs) == ""
        assert await history._store.read(lambda c: index_rows.is_behind(c, 0.0)), "both are to be put there again"
        await history.close()

    run(promise())


def test_a_message_has_a_place_of_its_own_also_where_all_that_are_tried_are_taken() -> None:
    async def promise() -> None:
        history = await History.temporary()
        await history.put(Imported("x", 1.0, 2.0, messages(*(("user", f"word {n}") for n in range(41)))))
        await history.indexed()

        def crowd(connection: sqlite3.Connection) -> int:
            for (key,) in connection.execute("SELECT id FROM message").fetchall():
                index_rows.take(connection, key)
            wanted: set[int] = set()
            for key in range(1, 41):  # each takes the next place that the last message would have had
                place = index_rows._free_place(connection, 41, 1.0)
                connection.execute("UPDATE message SET place = ? WHERE id = ?", (place, key))
                assert place not in wanted
                wanted.add(place)
            place = index_rows._free_place(connection, 41, 1.0)
            assert place not in wanted
            return max(wanted) - place

        assert await history._store.write(crowd) == -1, "behind all others"
        await history.close()

    run(promise())


@pytest.mark.allow_log("made anew", "mistral_desk.chat")
def test_of_long_messages_fewer_go_into_the_index_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_rows, "_STEP_LETTERS", 50)

    async def promise() -> None:
        history = await History.temporary()
        await history.put(Imported("x", 1.0, 2.0, messages(*(("user", f"word{n} " * 9) for n in range(5)))))
        await history.indexed()
        await history._store.write(index_rows.make_anew)
        step = [await history._store.write(lambda c: index_rows.step(c, 100, 0.0)) for _ in range(6)]
        assert step == [1, 1, 1, 1, 1, 0]
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())


def test_the_log_is_emptied_of_what_was_deleted_as_soon_as_nobody_reads(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "READER_S", 0.01)
    log = path.with_name(f"{NAME}-wal")

    async def promise() -> None:
        history, _ = await History.open(path)
        chat, *_ = await history.begin_turn(None, "Quokka " * 500)
        await history.indexed()
        with held(path, "BEGIN") as other:
            other.execute("SELECT count(*) FROM message").fetchone()
            await history.purge_many([chat.id])
            history.settle()
            waiting = asyncio.ensure_future(history.indexed())
            shed = history._store.shed
            assert not await shed(), "somebody reads"
            assert not waiting.done()
        await waiting
        assert b"Quokka" not in await asyncio.to_thread(log.read_bytes)
        await history.close()

    run(promise())


@pytest.mark.allow_log("SQLITE_BUSY|left to the next start|made anew", "mistral_desk.chat")
def test_an_index_that_cannot_be_written_is_left_to_the_next_start(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)

    async def promise() -> None:
        history, _ = await History.open(path)
        await history.put(Imported("x", 1.0, 2.0, messages(("user", "Wombat"))))
        await history.indexed()
        await history._store.write(index_rows.make_anew)
        with held(path):
            history.settle()
            await history.indexed()
        assert [key for key, _ in await found(history, "Wombat")] == [1], "it is looked through all the same"
        await history.close()
        again, _ = await History.open(path)
        await again.indexed()
        assert await again._store.read(index_differs) == ""
        assert not await again._store.read(lambda c: index_rows.is_behind(c, 0.0))
        await again.close()

    run(promise())


# --- searching ----------------------------------------------------------------------------------------------


def test_more_titles_than_are_wanted_are_told_as_more() -> None:
    async def promise() -> None:
        history = await History.temporary()
        for number in range(6):
            await history.create(f"Quokka {number}")
        few = await history.search("quokka", limit=3)
        assert (len(few.hits), few.more) == (3, True)
        every = await history.search("quokka", limit=10)
        assert (len(every.hits), every.more) == (6, False)
        known = await history._store.read(lambda c: search.Titles().with_all(c, ("quokka",), 2, archived=True))
        assert (len(known[0]), known[1]) == (2, True), "no further one is looked at"
        await history.close()

    run(promise())


def test_a_title_that_was_deleted_since_it_was_learnt_is_not_found() -> None:
    async def promise() -> None:
        history = await History.temporary()
        one, two = [(await history.create(f"Quokka {n}")).id for n in range(2)]

        class Late(search.Titles):
            def with_all(
                self, connection: sqlite3.Connection, *given: object, **more: object
            ) -> tuple[list[int], bool]:
                known = super().with_all(connection, *given, **more)  # type: ignore[arg-type]
                connection.execute("UPDATE conversation SET deleted_at = 1.0 WHERE id = ?", (one,))
                return known

        def look(connection: sqlite3.Connection) -> search.Found:
            search.prepare(connection)
            return search.Search(connection, "quokka", 10, archived=False, titles=Late()).run()

        hits = (await history._store.write(look)).hits
        assert [hit.conversation.id for hit in hits] == [two]
        await history.close()

    run(promise())


@pytest.mark.parametrize(("query", "finds"), [("é0", 0), ("ßx", 0), ("ка", 1), ("ка и", 1), ("ка 世界", 0)])
def test_two_letters_that_stand_nowhere_find_nothing(query: str, finds: int) -> None:
    async def promise() -> None:
        history = await History.temporary()
        await history.begin_turn(None, "кам и вода")
        await history.indexed()
        assert len(await found(history, query)) == finds
        await history.close()

    run(promise())


def test_two_letters_that_go_on_in_too_many_ways_say_that_there_may_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "_MOST_ENDS", 3)

    async def promise() -> None:
        history = await History.temporary()
        await history.create("other")
        await history.put(
            Imported("x", 1.0, 2.0, messages(("user", " ".join(f"世界{chr(0x4E10 + n)}" for n in range(9)))))
        )
        await history.indexed()
        few = await history.search("世界")
        assert (few.more, [hit.message for hit in few.hits]) == (True, [1])
        await history.close()

    run(promise())


@pytest.mark.allow_log("SQLITE_ERROR", "mistral_desk.chat")
def test_what_is_wrong_with_a_search_itself_does_not_make_the_index_anew(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        await history.begin_turn(None, "Wombat")
        await history.indexed()
        assert (await problem_of(history._store.look(lambda c: c.execute("SELECT nothing").fetchall())))[0] == (
            "history.failed"
        )
        await history._store._in(history._store._searcher, lambda: _drop(history._store._searching()))
        assert (await problem_of(history.search("wo")))[0] == "history.failed"
        assert await history._store.read(index_differs) == ""
        await history.close()

    def _drop(connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA query_only = OFF")
        connection.execute("DROP TABLE temp.terms")

    run(promise())


@pytest.mark.parametrize(
    ("text", "query", "line", "marked"),
    [
        ("a" + "\u0301" * 60 + "x wombat", "wombat", "…x wombat", ["wombat"]),
        ("x" * 300 + " wombat", "wombat", None, ["wombat"]),
        ("wombat " + "x" * 200 + " wombat", "wombat", None, ["wombat"]),
    ],
)
def test_what_is_shown_begins_at_a_letter_and_marks_only_what_is_seen(
    text: str, query: str, line: str | None, marked: list[str]
) -> None:
    shown = searching.shown(text, searching.terms_of(query))
    assert [shown.text[low:high] for low, high in shown.marks] == marked
    assert line is None or shown.text == line
    assert len(shown.text) <= searching.SNIPPET + 2


# --- who else holds the file --------------------------------------------------------------------------------


@pytest.mark.allow_log("SQLITE_BUSY|left to the next tidying", "mistral_desk.chat")
def test_a_branch_that_cannot_even_be_taken_back_is_seen_by_nobody(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_S", 0.05)
    monkeypatch.setattr(branching, "STEP", 100)

    async def promise() -> None:
        history, _ = await History.open(path)
        await history.put(Imported("x", 1.0, 2.0, messages(*(("user", f"word {n}") for n in range(300)))))
        leaf = (await history.conversation(1)).leaf
        assert leaf is not None
        with contextlib.ExitStack() as stack:

            def told(done: int, _all: int) -> None:
                if done < 300:
                    stack.enter_context(held(path))

            asked = history.branch_off(leaf, "copy", told)
            assert (await problem_of(asked))[0] == "history.busy"
        assert [chat.title for chat in await history.conversations()] == ["x"]
        assert await history.deleted() == ()
        await history.close()

    run(promise())


def test_a_check_that_another_program_does_not_let_through_is_no_damage(tmp_path: Path) -> None:
    place = tmp_path / "a.sqlite3"
    with contextlib.closing(sqlite3.connect(place)) as made:
        made.execute("CREATE TABLE t (x)")
        made.commit()
    with (
        held(place, "BEGIN EXCLUSIVE"),
        contextlib.closing(sqlite3.connect(place, timeout=0)) as connection,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        database.check(connection, 60.0)


@pytest.mark.allow_log("takes no write-ahead log", "mistral_desk.chat")
@pytest.mark.skipif(sys.platform == "win32", reason="SQLite has no such way of locking there")
def test_a_file_system_without_shared_memory_will_do(tmp_path: Path) -> None:
    where = f"file:{tmp_path / 'a.sqlite3'}?vfs=unix-dotfile"
    with contextlib.closing(sqlite3.connect(where, uri=True, isolation_level=None)) as connection:
        database.prepare(connection, None, lambda _: None)
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"
        assert connection.execute("SELECT count(*) FROM conversation").fetchone() == (0,)


# --- tidying ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("temporary", [True, False])
def test_an_old_picture_that_a_chat_shows_stays_and_one_that_nobody_shows_goes(path: Path, *, temporary: bool) -> None:
    async def promise() -> None:
        history = await History.temporary() if temporary else (await History.open(path))[0]
        store = Pictures(path.parent / "pictures")
        used, loose = [await store.put(Pixels(1, 1, name)) for name in (b"abc", b"xyz")]
        await history.begin_turn(None, "look", attached=[picture_part(used, "a.png")])
        for one in (used, loose):
            os.utime(store.path(one.sha256), (1_000_000_000, 1_000_000_000))
        for _ in range(2):  # the second time nothing is to be done
            await tidy(history, store, (), closing=True)
            assert store.all() == {used.sha256}
        await history.close()

    run(promise())
