"""Search over all chats: everything that was said is found where it stands, and nothing else ever is."""

from __future__ import annotations

import asyncio
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mistral_desk.chat import database, schema, search, searching
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from tests.fixtures.engines import run
from tests.fixtures.index import index_differs

if TYPE_CHECKING:
    from pathlib import Path

TEXT = st.text(
    st.one_of(st.sampled_from("aAbß İı ﬁ é e\u0301 Å世界한글 \n\0\"*(-'"), st.characters(exclude_categories=["Cs"])),
    max_size=60,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "Daten von Jürgen" / "history.sqlite3"


async def said(history: History, *texts: str) -> list[int]:
    """One chat each, with that question; the ids of the questions."""
    return [(await history.begin_turn(None, text))[1].id for text in texts]


async def found(history: History, query: str, **more: bool) -> list[tuple[int | None, str]]:
    """The messages that are found (without titles), and what of each is marked."""
    return [
        (hit.message, "|".join(hit.snippet[low:high] for low, high in hit.marks))
        for hit in (await history.search(query, **more)).hits
        if hit.message is not None
    ]


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Die Straße nach Süden", "STRASSE", "Straße"),
        ("Die Straße nach Süden", "ras", "raß"),
        ("Die STRASSE nach Süden", "straße süden", "STRASSE|Süden"),
        ("in İstanbul gewesen", "istanbul", "İstanbul"),
        ("ein e\u0301clair bitte", "éclair", "e\u0301clair"),
        ("ein cafe\u0301 bitte", "cafe", "cafe\u0301"),
        ("ein cafe\u0301", "cafe", "cafe\u0301"),
        ("ganz ﬁnster hier", "fin", "ﬁn"),
        ("ganz ﬁnster hier", "inster", "ﬁnster"),
        ("今日は世界の終わり", "世界", "世界"),
        ("今日は世界の終わり", "世界の終", "世界の終"),
        ("終わりの世界", "世界", "世界"),
        ("안녕하세요", "안녕", "안녕"),
        ("ΟΔΥΣΣΕΥΣ", "οδυσσευς", "ΟΔΥΣΣΕΥΣ"),
        ("one\n\n  two", '"one two"', ""),
        ("one two three", '"one two" three', "one two|three"),
        ("x == y", "==", "=="),
        ("a\0b then", "then", "then"),
        ("costs 100% of it", "100%", "100%"),
        ("snake_case here", "e_c", "e_c"),
        ("👩‍👩‍👧 family", "👩‍👩‍👧", "👩‍👩‍👧"),
    ],
)
def test_a_word_is_found_and_marked_whatever_its_case_and_accents(
    path: Path, text: str, query: str, marked: str
) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        (message,) = await said(history, text)
        expected = [(message, marked)] if marked else []
        assert await found(history, query) == expected
        await history.close()

    run(promise())


HOSTILE = (
    *('"', "'", "*", "NEAR(a b)", "a AND", "OR", "NOT a", "text:a", "-a", "^a", "(", ")", "a*", '""', '"a', "{a b}: c"),
    *("words", "rank", "--", ";", "'; DROP TABLE message; --", "%", "_", "\\", "\0", "\u0301", "\u202e", "[", "+"),
    *("🙂", "a" * 3000, '"' * 999, "aa " * 999, "AND OR NOT", "a:b:c", "\ud800", "xyz\ud800"),
)


@pytest.mark.parametrize("in_memory", [False, True])
def test_no_query_is_taken_for_syntax(path: Path, in_memory: bool) -> None:
    async def promise() -> None:
        history = await History.temporary() if in_memory else (await History.open(path))[0]
        texts = [one for one in HOSTILE if "\ud800" not in one and len(one) < 100]
        ids = dict(zip(texts, await said(history, *(f"say {text} twice" for text in texts)), strict=True))
        for query in HOSTILE:
            everything = await found(history, query, thorough=True)
            exactly = f'"{query}"' if '"' not in query else query
            if query in ids and searching.terms_of(exactly):
                got = [message for message, _ in await found(history, exactly, thorough=True)]
                assert ids[query] in got, query
            assert {message for message, _ in everything} <= set(ids.values())
        assert (await history.search("")).hits == (await history.search("  \n")).hits == ()
        await history.close()

    run(promise())


def test_what_was_deleted_or_only_thought_is_never_found(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chat, user, answer = await history.begin_turn(None, "Tell me of platypuses")
        await history.update_answer(
            answer.id, [Part("thinking", "a secret xylophone"), Part("text", "They lay eggs")], ending="stop"
        )
        other, *_ = await history.begin_turn(None, "Another platypus")
        assert await found(history, "xylophone") == await found(history, "secret xylo") == []
        assert await found(history, "eggs") == [(answer.id, "eggs")]
        assert len((await history.search("platypus")).hits) == 4, "two titles, two messages"
        await history.archive(other.id)
        assert len((await history.search("platypus")).hits) == 4
        assert len((await history.search("platypus", archived=False)).hits) == 2
        await history.delete(chat.id)
        assert {hit.conversation.id for hit in (await history.search("platypus")).hits} == {other.id}
        assert await found(history, "eggs") == []
        await history.restore(chat.id)
        assert await found(history, "eggs") == [(answer.id, "eggs")]
        await history.purge_many([chat.id, other.id])
        assert (await history.search("platypus")).hits == ()
        left = await history._store.look(lambda c: c.execute("SELECT count(*) FROM temp.terms").fetchone())
        assert left == (0,), "the index has nothing of it any more"
        assert user.id != answer.id
        await history.close()

    run(promise())


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


@pytest.mark.allow_log("broken", "mistral_desk.chat.index_rows")
@pytest.mark.parametrize(
    ("first", "how"),
    [("search", "leaves"), *((first, how) for first in ("write", "end", "purge") for how in ("leaves", "root"))],
)
def test_a_broken_index_is_made_anew_and_refuses_nothing(path: Path, first: str, how: str) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
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
                gone = await history.branch_off(answer.id)
                await history.purge(gone.id)
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


def test_names_of_attachments_are_found_and_their_contents_are_not(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        picture = Part("image", '{"sha256":"' + "ab" * 32 + '","width":1,"height":1,"name":"Großmutter.png"}')
        file = Part("file", '{"name":"invoice.txt","text":"forty-two camels"}')
        _, user, _ = await history.begin_turn(None, "what is this?", attached=[picture, file])
        assert await found(history, "grossmutter") == [(user.id, "Großmutter")]
        assert await found(history, "invoice") == [(user.id, "invoice")]
        assert await found(history, "camels") == await found(history, "abababab") == []
        await history.close()

    run(promise())


def test_the_newest_comes_first_also_after_old_chats_were_imported(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        (new,) = await said(history, "new sheep")
        old = tuple(
            ImportedMessage(str(n), str(n - 1) if n else None, "user", 1_000_000.0, (Part("text", "old sheep"),))
            for n in range(300)
        )
        chat = await history.put(Imported("flock", 1_000_000.0, 1_000_300.0, old))
        assert chat is not None
        result = await history.search("sheep", limit=10)
        assert next(hit.message for hit in result.hits if hit.message) == new
        assert (len(result.hits), result.more) == (10, True)
        every = await history.search("sheep", limit=1000)
        assert (len(every.hits), every.more) == (302, False)  # with the new chat's title
        assert [hit.created for hit in every.hits] == sorted((hit.created for hit in every.hits), reverse=True)
        assert await history._store.read(index_differs) == ""
        await history.close()

    run(promise())


def test_every_query_that_is_thorough_finds_what_reading_everything_finds(path: Path) -> None:
    """Against the plain way: fold every message and look."""
    texts = [
        *(f"hay {number} needless" for number in range(500)),
        *("a needle in it", "NÉEDLE", "wörld 世界", "世", "界", "世界", "n", "ne", "never", "end: ne", "é n", ""),
    ]

    async def promise() -> None:
        history, _ = await History.open(path)
        new = (ImportedMessage(str(n), None, "user", 1.0, (Part("text", text),)) for n, text in enumerate(texts))
        chat = await history.put(Imported("x", 1.0, 1.0, tuple(new)))
        assert chat is not None
        ids = {message.id: message.text for message in await history.tree(chat.id)}
        assert list(ids.values()) == texts
        for query in ("needle", "ne", "世界", "n", "needle in", "no such thing", "e n", "世", "zz", "needless 499"):
            expected = {
                key
                for key, text in ids.items()
                if all(term in searching.fold(text) for term in searching.terms_of(query))
            }
            got = {message for message, _ in await found(history, query)}
            every = await history.search(query, limit=1000, thorough=True)
            assert {hit.message for hit in every.hits if hit.message} == expected, query
            assert got <= expected
        await history.close()

    run(promise())


@pytest.mark.parametrize("of", ["reading", "SQLite"])
def test_a_search_that_would_take_too_long_ends_and_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    if of == "reading":
        monkeypatch.setattr(search, "LOOKS", 50)
        text = "änother other {}"  # no ASCII: it has to be read
    else:
        monkeypatch.setattr(search, "STEPS", 1)
        monkeypatch.setattr(search, "_STEP", 500)
        text = "another other {}"

    async def promise() -> None:
        history, _ = await History.open(path)
        new = (ImportedMessage(str(n), None, "user", 1.0, (Part("text", text.format(n)),)) for n in range(300))
        await history.put(Imported("x", 1.0, 1.0, tuple(new)))
        result = await history.search("otheranother")
        assert (result.hits, result.more) == ((), False), "the letters between the words are known to be missing"
        every = await history.search("r other 0", limit=400, thorough=True)
        result = await history.search("r other 0", limit=400)
        assert not every.more
        assert result.more
        assert len(result.hits) < len(every.hits)
        assert result.hits == every.hits[: len(result.hits)], "the newest of them"
        await history.close()

    run(promise())


def test_a_search_that_nobody_waits_for_any_more_ends(path: Path) -> None:
    async def promise() -> None:
        history, _ = await History.open(path)
        chat = await history.create("x")
        for number in range(300):
            await history.add(chat.id, None, "user", [Part("text", f"letter {number}")])
        searching_now = asyncio.ensure_future(history.search("q", thorough=True))
        await asyncio.sleep(0)
        searching_now.cancel()
        with pytest.raises(asyncio.CancelledError):
            await searching_now
        assert (await history.search("letter 299")).hits, "and the next one is answered"
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


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXT, query=TEXT)
@example(text="e\u0301" * 3, query="e")
@example(text="ﬁﬁﬁ", query="if")
@example(text="x" * 300 + "\u0301 ß" + "y" * 300, query="ss")
def test_marks_stand_where_the_words_are(text: str, query: str) -> None:
    terms = searching.terms_of(query)
    shown = searching.shown(text, terms)
    assert len(shown.text) <= searching.SNIPPET + len(query) * 3 + 80 or terms
    end = 0
    for low, high in shown.marks:
        assert end <= low < high <= len(shown.text)
        end = high
        folded = searching.fold(shown.text[low:high])
        assert any(term in folded or folded in term for term in terms) or " " in folded
        if high < len(shown.text):
            assert not unicodedata.combining(shown.text[high])
    whole = searching.fold(text)
    assert whole == "".join(searching.fold(letter) for letter in text), "or places would be counted wrongly"
    if any(term in whole for term in terms):
        assert shown.marks or not searching.fold(shown.text).strip()
